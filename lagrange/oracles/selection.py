"""Take it or leave it: many yes-or-no decisions that only the coupling rows tie, in one block.

    minimize ⟨cost + Aᵀ price, x⟩   over   x ∈ {0, 1}^n

Whatever pays at its price is taken. The minimum over [0, 1]^n is the same, so that dualizing rows down
to this block gives the bound of the linear relaxation (integrality property, Geoffrion 1974).
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of, require_prices_only
from lagrange.oracles.rounding import SMALLEST, UNIT
from lagrange.oracles.sparse import SparseMatrix
from lagrange.vectors import Vector

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Selected(NamedTuple):
    """What was taken (n,), at which prices (p,), and what each thing costs there (n,)."""

    chosen: BoolArray
    price: FloatArray
    reduced_cost: FloatArray


@dataclass(frozen=True, eq=False)
class Selection:
    """min ⟨cost, x⟩ + ⟨price, A x⟩ over x ∈ {0,1}^n; image = {row: A x}, ``point`` a ``Selected``.

    cost (n,) real, A (p, n). What costs exactly 0 is left. The bound is the sum of the negative
    reduced costs, each lowered by what rounding can have raised it.
    """

    cost: FloatArray
    A: SparseMatrix
    row: str
    _terms: FloatArray = field(init=False, repr=False)
    _reach: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cost = finite_array("cost", self.cost, 1)
        if cost.size != self.A.shape[1]:
            raise ValueError(f"{cost.size} costs but A has {self.A.shape[1]} columns")
        object.__setattr__(self, "cost", cost)
        object.__setattr__(self, "_terms", 1.01 * UNIT * (self.A.column_counts + 3.0))
        reach = self.A.size_of_transposed_times(np.ones(self.A.shape[0]))
        object.__setattr__(self, "_reach", reach * (1 + 1e-6))

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Selection")
        p = price_of(price, self.row)
        if p.shape != (self.A.shape[0],):
            raise ValueError(
                f"the prices of row {self.row!r} have shape {p.shape}, A has {self.A.shape[0]} rows"
            )
        reduced = self.cost + self.A.transposed_times(p)
        chosen = reduced < 0
        x = chosen.astype(np.float64)
        image = {self.row: self.A.times(x)}
        point = Selected(chosen, p.copy(), reduced)
        return Response(image, float(self.cost[chosen].sum()), self._bound(p, reduced), point)

    def _bound(self, p: FloatArray, reduced: FloatArray) -> float:
        # an entry of Aᵀp errs by terms · u · Σ_i |A_ij| |p_i|, and |p_i| is at most the largest one
        size = np.abs(self.cost) + self._reach * float(np.abs(p).max())
        surely = np.minimum(reduced - self._terms * size - SMALLEST * reduced.size, 0.0)
        total = math.fsum(surely.tolist())
        lower = math.nextafter(total * (1 + 4 * UNIT), -math.inf)
        return lower if math.isfinite(lower) else -math.inf
