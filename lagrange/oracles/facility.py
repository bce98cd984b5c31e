"""A facility that may open: a continuous knapsack behind an opening cost.

    minimize  opening y + ⟨cost + price, x⟩   over   ⟨demand, x⟩ ≤ capacity y,  0 ≤ x ≤ y,  y ∈ {0, 1}

An open facility serves those that pay most for a unit of capacity, the last one in part. The minimum
over y ∈ [0, 1] is the same, so that dualizing what ties facilities gives the bound of the linear
relaxation with x ≤ y (the strong one) and no more.

Notation     r = cost + price · w price of a unit of capacity
Reference    Cornuéjols, Sridharan, Thizy, Eur. J. Oper. Res. 50 (1991) 280–297: relaxations compared
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of, require_prices_only
from lagrange.oracles.rounding import surely_below
from lagrange.vectors import Vector


class Plan(NamedTuple):
    """Open or not, the share x of each demand that is served (n,), 0 if not open, and what opening
    would cost at these prices, all told: below 0 where it pays.
    """

    is_open: bool
    share: FloatArray
    worth: float


@dataclass(frozen=True, eq=False)
class Facility:
    """min over a facility's plans; image = {row: x}, ``point`` a ``Plan``.

    cost (n,) of serving all of each demand, demand (n,) > 0, capacity ≥ 0 and opening real numbers.
    Where opening costs exactly 0 it stays closed. The bound is that of the linear program's dual at
    one w ≥ 0, which holds whatever the order of the shares: opening − capacity w − Σ max(0, −r − w d).
    """

    cost: FloatArray
    demand: FloatArray
    capacity: float
    opening: float
    row: str

    def __post_init__(self) -> None:
        for name in ("cost", "demand"):
            object.__setattr__(self, name, finite_array(name, getattr(self, name), 1))
        if self.cost.size != self.demand.size:
            raise ValueError(f"{self.cost.size} costs but {self.demand.size} demands")
        if self.demand.min() <= 0:
            raise ValueError(f"demand must be > 0, got {self.demand.min()}")
        if not 0 <= self.capacity < math.inf:
            raise ValueError(f"capacity must be a finite number ≥ 0, got {self.capacity}")
        if not math.isfinite(self.opening):
            raise ValueError(f"opening must be a finite number, got {self.opening}")

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Facility")
        p = price_of(price, self.row)
        if p.shape != self.cost.shape:
            raise ValueError(
                f"the prices of row {self.row!r} have shape {p.shape}, the costs {self.cost.shape}"
            )
        r = self.cost + p
        x, w = self._served(r)
        worth = self.opening + float(r @ x)
        if not worth < 0:
            x = np.zeros_like(x)
        bound = min(0.0, self._bound(r, np.abs(self.cost) + np.abs(p), w))
        cost = self.opening + float(self.cost @ x) if worth < 0 else 0.0
        return Response({self.row: x}, cost, bound, Plan(worth < 0, x.copy(), worth))

    def _served(self, r: FloatArray) -> tuple[FloatArray, float]:
        """The shares of an open facility and the price of its capacity."""
        x = np.zeros_like(r)
        paying = np.flatnonzero(r < 0)
        demand = self.demand[paying]
        order = np.argsort(r[paying] / demand, kind="stable")
        filled = np.cumsum(demand[order])
        fits = int(np.searchsorted(filled, self.capacity, side="right"))
        x[paying[order[:fits]]] = 1.0
        if fits == paying.size:
            return x, 0.0
        last = paying[order[fits]]
        room = self.capacity - (float(filled[fits - 1]) if fits else 0.0)
        x[last] = min(1.0, room / float(self.demand[last]))
        return x, -float(r[last] / self.demand[last])

    def _bound(self, r: FloatArray, size: FloatArray, w: float) -> float:
        rent = w * self.demand
        value = self.opening - self.capacity * w - float(np.maximum(-r - rent, 0.0).sum())
        magnitude = abs(self.opening) + self.capacity * w + float((size + rent).sum())
        return surely_below(value, magnitude, r.size + 8)
