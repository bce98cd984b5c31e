"""The tolerance policy: one function per kind of comparison, so that no literal stands in a test.

Nothing is loosened without a comment naming the cause.
"""

from typing import Any

import numpy as np


def EXACT(dtype: Any = float, size: int = 1, scale: float = 1.0) -> float:
    """Algebra: what rounding may do to ``size`` operations on numbers of size ``scale``.

    ``dtype`` is a numpy or torch dtype, or any Python float (which is a float64).
    """
    if isinstance(dtype, float):
        dtype = float
    itemsize = getattr(dtype, "itemsize", None)  # a dtype of torch or numpy; not a scalar class
    if not isinstance(itemsize, int):
        itemsize = np.dtype(dtype).itemsize
    eps = 2.0**-52 if itemsize >= 8 else 2.0**-23
    return 1e2 * eps * max(size, 1) * scale


def CERTIFIED(value: float) -> float:
    """Slack of an inequality that is claimed to be proved."""
    return 1e-9 * (1 + abs(value))


def CONVERGED(tolerance: float) -> float:
    """How far an answer may be from its limit when the solver stopped at ``tolerance``."""
    return 10 * tolerance
