"""Whether inner loops run compiled. They give the same answers either way, bit for bit."""

from functools import cache
from importlib.util import find_spec


@cache
def is_available() -> bool:
    """Is numba installed (extra ``fast``)? It is not imported before it is needed."""
    return find_spec("numba") is not None
