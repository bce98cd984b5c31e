"""Lower bounds of linear programs that no rounding can break, from any multipliers at all.

    min ⟨d, x⟩  over  w = R x ∈ [row_lower, row_upper],  x ∈ [lower, upper]
        ≥  Σ_i min_w y_i w_i  +  Σ_j min_x (d − Rᵀ y)_j x_j                          for every y

Each minimum on the right is one product with an end of an interval. Floats are off by amounts that
are known: the priced cost and the reduced cost become intervals, each product is rounded down.

Notation     d priced cost, known up to ``off`` · y row multipliers · u unit roundoff
Reference    Neumaier, Shcherbina, Math. Program. 99 (2004) 283–296; the bound is derived above
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lagrange.oracles.checks import FloatArray, price_of
from lagrange.oracles.linear_sets import LinearSet, U
from lagrange.oracles.sparse import SparseMatrix
from lagrange.vectors import Vector

TINY = 2.0**-1000  # more than all underflows of a sum can lose


class PricedCost(NamedTuple):
    """c + Aᵀ λ in floats, and by how much each entry may be off (0: it is exact)."""

    value: FloatArray
    off: FloatArray


def priced_cost(cost: FloatArray, images: Mapping[str, SparseMatrix], price: Vector) -> PricedCost:
    """What each column costs at these prices; refuses prices that are missing, misshapen or NaN."""
    total, size = cost.copy(), np.abs(cost)
    terms = np.zeros(cost.shape, dtype=np.int64)
    for row, matrix in images.items():
        p = price_of(price, row)
        if p.shape != (matrix.shape[0],):
            raise ValueError(
                f"the prices of row {row!r} have shape {p.shape}, the block ({matrix.shape[0]},)"
            )
        total = total + matrix.transposed_times(p)
        size = size + matrix.size_of_transposed_times(p)
        terms += matrix.column_counts
    off = np.where(terms > 0, 1.01 * (terms + len(images) + 1) * U * size + TINY, 0.0)
    return PricedCost(total, off)


def safe_bound(members: LinearSet, cost: PricedCost, y: FloatArray) -> float:
    """A float that is surely at most min ⟨d, x⟩ over the box and the rows; −inf if y proves none.

    y is made to fit first: NaN, infinities and a wrong sign on a one-sided row become 0.
    """
    d, off = cost
    y = np.where(np.isfinite(y), y, 0.0)
    end = np.where(y > 0, members.row_lower, members.row_upper)
    y, end = np.where(np.isfinite(end), y, 0.0), np.where(np.isfinite(end), end, 0.0)
    reduced = d - members.rows.transposed_times(y)
    size = np.abs(d) + members.rows.size_of_transposed_times(y)
    counts = members.rows.column_counts
    off = off + np.where(counts > 0, 1.01 * (counts + 2) * U * size + TINY, 0.0)
    low = np.where(off > 0, np.nextafter(reduced - off, -np.inf), reduced)
    high = np.where(off > 0, np.nextafter(reduced + off, np.inf), reduced)
    corners = [_product(r, x) for r in (low, high) for x in members.box]
    least = np.minimum.reduce(corners)
    if not (least > -np.inf).all():
        return -math.inf
    parts = [*_product(y, end).tolist(), *least.tolist()]
    return math.nextafter(math.fsum(parts), -math.inf)


def _product(r: FloatArray, x: FloatArray) -> FloatArray:
    """R x rounded down; 0 times an infinity is 0, the limit that bounds need."""
    nothing = (r == 0) | (x == 0)
    product = np.where(nothing, 0.0, r) * np.where(nothing, 0.0, x)
    return np.where(nothing, 0.0, np.nextafter(product, -np.inf))
