"""What serving all customers costs once it is decided which sites open: a transportation problem.

HiGHS solves it; since capacities and demands are whole numbers, so is a vertex, and what it found is
checked as such. Its multipliers say what another set of sites can save at most.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lagrange.certificates import float_above
from lagrange.oracles.facility import Facility
from lagrange.oracles.highs import UNLIMITED, LinearSolver, Status
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.sparse import SparseMatrix
from problems.location_data import FloatArray, LocationData
from problems.orlib import IntArray

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
MEMORY = 2**24  # numbers of flows that are remembered, at most


class Served(NamedTuple):
    """flow (m, n) in grains, what it costs with the sites that send something, and the prices of the
    demand rows that the flow's multipliers amount to (n,).
    """

    flow: IntArray
    cost: float
    price: FloatArray


@dataclass(frozen=True, eq=False)
class Transport:
    """Solves for sets of open sites. What was solved before is remembered, which changes no answer."""

    data: LocationData
    sites: tuple[Facility, ...]
    _known: dict[bytes, Served | None] = field(
        default_factory=lambda: dict[bytes, "Served | None"](), init=False, repr=False
    )

    def serve(self, is_open: BoolArray) -> Served | None:
        """The cheapest flow from the open sites (m,); None where they are too small."""
        key = is_open.tobytes()
        if key not in self._known:
            if (len(self._known) + 1) * self.data.service.size > MEMORY:
                self._known.clear()
            self._known[key] = self._solved(is_open)
        return self._known[key]

    def _solved(self, is_open: BoolArray) -> Served | None:
        data, sites = self.data, np.flatnonzero(is_open)
        if data.capacity[sites].sum() < data.demand.sum():
            return None
        k, n = sites.size, data.demand.size
        row = np.concatenate([np.tile(np.arange(n), k), n + np.repeat(np.arange(k), n)])
        column = np.tile(np.arange(k * n), 2)
        rows = SparseMatrix(row, column, np.ones(2 * k * n), (n + k, k * n))
        demand = data.demand.astype(np.float64)
        members = LinearSet(
            rows,
            np.concatenate([demand, np.full(k, -np.inf)]),
            np.concatenate([demand, data.capacity[sites].astype(np.float64)]),
            np.zeros(k * n),
            np.full(k * n, np.inf),
            np.zeros(k * n, dtype=np.bool_),
        )
        cost = data.service_cost[sites] / demand
        found = LinearSolver(members, UNLIMITED).minimize(cost.ravel())
        if found.status != Status.kOptimal or found.point is None:
            return None
        flow = np.zeros(data.service.shape, dtype=np.int64)
        flow[sites] = np.rint(found.point).reshape(k, n)
        return self._served(flow, -found.multipliers[:n] * demand)

    def _served(self, flow: IntArray, price: FloatArray) -> Served | None:
        data = self.data
        if (flow.sum(axis=0) != data.demand).any() or (flow.sum(axis=1) > data.capacity).any():
            return None
        return Served(flow, exact_cost(data, flow), price)

    def worth(self, price: FloatArray) -> FloatArray:
        """What opening each site would cost at these prices, all told (m,): with the sites T open the
        cost is at least Σ of T's worths − Σ price, and about that for the T that the prices are of.
        """
        plans = [site.respond({site.row: price}, None, None).point for site in self.sites]
        return np.array([plan.worth for plan in plans])


def exact_cost(data: LocationData, flow: IntArray) -> float:
    """Opening the sites that send something or pay for it, and serving: exact, rounded up."""
    opened = flow.any(axis=1) | (data.opening < 0)
    total = Fraction(sum(data.opening[opened].tolist()))
    for i, j in np.argwhere(flow).tolist():
        total += Fraction(int(data.service[i, j]) * int(flow[i, j]), int(data.demand[j]))
    return float_above(total / data.unit)
