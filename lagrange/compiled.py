"""Whether inner loops run compiled. Those of the library give the same answers either way, bit for bit;
a family may offer methods that need them (assignment: exchanges, the branch-and-bound).
"""

from functools import cache
from importlib.util import find_spec


@cache
def is_available() -> bool:
    """Is numba installed (extra ``fast``)? It is not imported before it is needed."""
    return find_spec("numba") is not None
