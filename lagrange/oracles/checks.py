"""Checks at the door that numpy oracles share."""

import math
from typing import Any

import numpy as np

from lagrange.vectors import Vector

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def finite_array(name: str, value: Any, ndim: int) -> FloatArray:
    """Value as a float array of ``ndim`` dimensions, refused if empty or not finite."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{name} must be a non-empty {ndim}-d array, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a NaN or an infinity")
    return array


def require_prices_only(query: object, block: str) -> None:
    """Refuses a query that a price-only block would have to ignore: its answer would be wrong."""
    if query is not None:
        raise ValueError(
            f"{block} answers prices only, it was asked with the query {type(query).__name__}: use "
            "Subgradient or SurrogateLagrangian without rho, or a block that answers this query"
        )


def price_of(price: Vector, row: str) -> FloatArray:
    """The prices of one row, refused if they are not finite: a wrong answer would look right."""
    if row not in price:
        raise ValueError(f"the prices have no row {row!r}; they have {sorted(price)}")
    p: FloatArray = price[row]
    # one inner product is finite for all prices but absurd ones: only then is every entry looked at
    if not math.isfinite(np.vdot(p, p)) and not np.isfinite(p).all():
        raise ValueError(f"the prices of row {row!r} hold a NaN or an infinity: {p}")
    return p
