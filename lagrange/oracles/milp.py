"""A mixed-integer linear program as a block, solved by HiGHS.

Problem      min ⟨c + Σ_r A_rᵀ λ_r, x⟩ over x in a ``LinearSet``;  image = {r: A_r x},  cost ⟨c, x⟩
Bound        without integer columns: that of ``safe_bound`` at HiGHS's row multipliers. It is proved
             whatever HiGHS did; rounding is accounted for.
             With integer columns: HiGHS's dual bound (never the objective of its point), less what
             its tolerances can have put it off. *It relies on HiGHS*: that presolve, cuts and
             pruning are right up to these tolerances.
             −inf where a column has no bound, of its own or from the rows, and one is needed.
Caveat       a search for the best integer point may take any time: see ``Limits``. Ctrl-C is heard
             when HiGHS is done. ``start`` is not used.

Notation     c cost · λ price · R rows of the set · d = c + Aᵀλ · y multipliers of the rows
Reference    Huangfu, Hall, Math. Program. Comput. 10 (2018) 119–142: HiGHS
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, require_prices_only
from lagrange.oracles.highs import (
    STOPPED,
    TOLERANCE,
    UNLIMITED,
    Found,
    Limits,
    LinearSolver,
    Status,
)
from lagrange.oracles.linear_bounds import PricedCost, priced_cost, safe_bound
from lagrange.oracles.linear_sets import LinearSet, U
from lagrange.oracles.sparse import SparseMatrix
from lagrange.vectors import Vector

POINT_TOLERANCE = 1e-6  # to which rows with fractions hold at a point, relative to its terms


@dataclass(frozen=True, eq=False)
class MilpBlock:
    """min ⟨cost + Aᵀ price, x⟩ + offset over ``members``; ``point`` is x.

    cost (n,); images: coupling row -> sparse (p, n), one for each row that the block touches. The
    entries of x that must be whole are, exactly; whether x is in the set is checked here and not by
    HiGHS. Without rows the answer is a formula and HiGHS is not asked.
    Raises ValueError where the block has no point or no minimum, where a limit struck before a point
    was found, and where HiGHS's point turns out not to be one. Safe to ask from several threads.
    """

    cost: FloatArray
    members: LinearSet
    images: Mapping[str, SparseMatrix]
    offset: float = 0.0
    name: str = "milp"
    limits: Limits = UNLIMITED
    _solver: LinearSolver = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cost = finite_array("cost", self.cost, 1)
        n = self.members.lower.size
        if cost.size != n:
            raise ValueError(f"{cost.size} costs but {n} columns")
        if not self.images:
            raise ValueError("images must name at least one coupling row, got none")
        for row, matrix in self.images.items():
            if matrix.shape[1] != n:
                raise ValueError(f"the image on row {row!r} has {matrix.shape[1]} columns, not {n}")
        if not math.isfinite(self.offset):
            raise ValueError(f"offset must be a finite number, got {self.offset}")
        object.__setattr__(self, "cost", cost)
        object.__setattr__(self, "images", dict(self.images))
        object.__setattr__(self, "_solver", LinearSolver(self.members, self.limits))

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "MilpBlock")
        cost = priced_cost(self.cost, self.images, price)
        if self.members.rows.shape[0] == 0:
            return self._cheapest_corner(cost)
        found = self._solver.minimize(cost.value)
        x = self._point_of(found)
        if self.members.integer.any():
            return self.response(x, self._bound_by_highs(cost, found, x))
        bound = safe_bound(self.members, cost, found.multipliers)
        if bound == -math.inf:
            bound = self._bound_nearby(cost)
        # the point is feasible to a tolerance, so that its value may lie below the minimum
        return self.response(x, min(bound, float(cost.value @ x)))

    def response(self, x: FloatArray, bound: float = -math.inf) -> Response:
        """The response that does x; ``bound`` is that of the minimum without the offset."""
        proved = bound if self.offset == 0 else math.nextafter(bound + self.offset, -math.inf)
        image = {row: matrix.times(x) for row, matrix in self.images.items()}
        return Response(image, float(self.cost @ x) + self.offset, proved, x)

    def _cheapest_corner(self, cost: PricedCost) -> Response:
        lower, upper = self.members.lower, self.members.upper
        nearest_zero = np.minimum(np.maximum(0.0, lower), upper)
        d = cost.value
        x = np.where(d > 0, lower, np.where(d < 0, upper, nearest_zero)) + 0.0
        if not np.isfinite(x).all():
            raise ValueError(self._unbounded(int(np.flatnonzero(~np.isfinite(x))[0])))
        return self.response(x, safe_bound(self.members, cost, np.zeros(0)))

    def _point_of(self, found: Found) -> FloatArray:
        """HiGHS's point, rounded and checked."""
        if found.point is None or found.status not in (Status.kOptimal, *STOPPED):
            raise ValueError(self._no_point(found.status))
        x = self.members.rounded(found.point)
        broken = self.members.violation(x, POINT_TOLERANCE)
        if broken is not None:
            raise ValueError(
                f"{self.name}: the point of HiGHS, rounded, is not feasible: {broken}; scale the "
                "rows so that coefficients lie nearer to 1"
            )
        return x

    def _no_point(self, status: Status) -> str:
        if status == Status.kUnboundedOrInfeasible:
            status = self._solver.minimize(np.zeros_like(self.cost)).status
            status = Status.kUnbounded if status == Status.kOptimal else status
        if status == Status.kInfeasible:
            return f"{self.name} has no feasible point: its rows and bounds contradict each other"
        if status == Status.kUnbounded:
            loose = np.flatnonzero(~np.isfinite(self.members.box[1] - self.members.box[0]))
            return self._unbounded(int(loose[0]) if loose.size else 0)
        if status in STOPPED:
            return f"{self.name}: no point was found within {self.limits}; allow more"
        return f"{self.name}: HiGHS ended with status {status.name} and no point"

    def _unbounded(self, column: int) -> str:
        lower, upper = (end[column] for end in self.members.box)
        return (
            f"{self.name} has no minimum at these prices: its column {column} lies in "
            f"[{lower}, {upper}]; give it finite bounds or start from other multipliers"
        )

    def _bound_by_highs(self, cost: PricedCost, found: Found, x: FloatArray) -> float:
        """HiGHS's dual bound, moved down by what its tolerance τ allows.

        At the optimum of a linear program of its tree reduced costs may have a wrong sign by τ, and
        so may multipliers of rows; making the latter 0 moves the former by τ Σ_i |R_ij|. Each is
        worth the width of its column. Points better by τ are not searched for. The priced cost and
        HiGHS's sums are rounded besides.
        """
        lower, upper = self.members.box
        if not np.isfinite(upper - lower).all():
            return -math.inf
        reach = np.maximum(np.abs(lower), np.abs(upper))
        rows = self.members.rows
        shift = 1.0 + rows.size_of_transposed_times(np.ones(rows.shape[0]))
        slack = TOLERANCE * (1.0 + float(shift @ (upper - lower)))
        rounding = cost.off + (x.size + 3) * U * np.abs(cost.value)
        slack += float(rounding @ reach)
        value = min(found.dual_bound, float(cost.value @ x))
        return math.nextafter(value - 1.01 * slack, -math.inf)

    def _bound_nearby(self, cost: PricedCost) -> float:
        """The safe bound where columns without an end need reduced costs of one sign for sure: with
        these columns a little cheaper than they are, multipliers that fit leave them a little to
        spare. It costs four tolerances a unit of the column.
        """
        lower, upper = self.members.box
        spare = 4 * TOLERANCE * (1.0 + np.abs(cost.value))
        nearby = cost.value - np.where(np.isinf(upper), spare, 0.0)
        nearby = nearby + np.where(np.isinf(lower), spare, 0.0)
        return safe_bound(self.members, cost, self._solver.minimize(nearby).multipliers)
