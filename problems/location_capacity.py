"""Facility location with the capacities relaxed, for comparison: the weak bound.

    max over μ ≥ 0 of   Σ_j min_i (c_ij + μ_i d_j) + Σ_i min(0, f_i − μ_i u_i)      (row ``capacity``)

Each customer chooses a site and each site opens by itself; x ≤ y is given up. Both choices have the
integrality property: the bound is that of the linear relaxation without x ≤ y, far below the strong
one where capacities are wide.
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, price_of, require_prices_only
from lagrange.oracles.rounding import surely_below
from lagrange.oracles.selection import Selection
from lagrange.oracles.sparse import SparseMatrix
from lagrange.vectors import Vector

ROW = "capacity"


@dataclass(frozen=True, eq=False)
class Customers:
    """min Σ_j (service + price · demand)[site_j, j]; image = {capacity: loads (m,)}.

    service (m, n), demand (n,); ``point`` is the site of each customer (n,)
    """

    service: FloatArray
    demand: FloatArray

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Customers")
        p = price_of(price, ROW)
        priced = self.service + p[:, None] * self.demand
        site, customers = priced.argmin(axis=0), np.arange(self.demand.size)
        cost = self.service[site, customers]
        size = np.abs(cost) + np.abs(p[site]) * self.demand
        value, magnitude = priced[site, customers], float(size.sum())
        bound = surely_below(math.fsum(value.tolist()), magnitude, customers.size + 4)
        load = np.bincount(site, self.demand, minlength=p.size)
        return Response({ROW: load}, float(cost.sum()), bound, site)


def openings(opening: FloatArray, capacity: FloatArray) -> Selection:
    """min Σ_i (f_i − μ_i u_i) y_i over y ∈ {0,1}^m."""
    sites = np.arange(opening.size)
    return Selection(opening, SparseMatrix(sites, sites, -capacity, (sites.size, sites.size)), ROW)
