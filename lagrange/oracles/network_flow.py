"""Flows of several commodities in one network: balance at the nodes, capacity on the arcs.

Together they split multi-commodity flow, x − z = 0: x balances every commodity on its own, z shares
the arcs. Arrays are (commodities, arcs).
"""

import math
from dataclasses import dataclass, field

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.rounding import surely_below
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


@dataclass(frozen=True)
class BalancedFlow:
    """f(x) = Σ_k ⟨cost_k, x_k⟩ + curvature/2 ‖x‖² s.t. N x_k = supply_k, image = {row: x}.

    incidence N (nodes, arcs), +1 where an arc leaves and −1 where it enters; cost (K, arcs),
    supply (K, nodes), each summing to 0; x may be negative. With node potentials π,
    x = −(cost + price + π N)/curvature, N Nᵀ πᵀ given by the supply; to prices alone every π proves
    the bound −‖cost + price + π N‖²/(2 curvature) − ⟨π, supply⟩ if curvature > 0.
    """

    incidence: FloatArray
    cost: FloatArray
    supply: FloatArray
    curvature: float
    row: str
    _laplace: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        N = finite_array("incidence", self.incidence, 2)
        cost, supply = finite_array("cost", self.cost, 2), finite_array("supply", self.supply, 2)
        nodes, arcs = N.shape
        if cost.shape != (len(supply), arcs) or supply.shape[1] != nodes:
            raise ValueError(
                f"with {nodes} nodes and {arcs} arcs, cost must be (K, {arcs}) and supply "
                f"(K, {nodes}), got {cost.shape} and {supply.shape}"
            )
        if not (math.isfinite(self.curvature) and self.curvature >= 0):
            raise ValueError(f"curvature must be a finite number ≥ 0, got {self.curvature}")
        laplace = np.linalg.pinv(N @ N.T, hermitian=True)
        missed = np.abs(supply - (supply @ laplace) @ (N @ N.T)).max()
        if missed > 1e-9 * (1 + np.abs(supply).max()):
            raise ValueError(
                f"supply cannot be balanced, even with arcs of any capacity: {missed} is left over; "
                "in every connected part it must sum to 0"
            )
        names = ("incidence", "cost", "supply", "_laplace")
        for name, value in zip(names, (N, cost, supply, laplace), strict=True):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        N, slope, curvature = self.incidence, self.cost + p, self.curvature
        if query is not None:
            slope = slope + query.rho * query.offset[self.row]
            curvature = curvature + query.rho
        elif curvature == 0:  # unbounded in general; the flow of least norm is as good as any
            x = (self.supply @ self._laplace) @ N
            return Response({self.row: x}, self.total(x), -math.inf, x.copy())
        potentials = -(slope @ N.T + curvature * self.supply) @ self._laplace  # (K, nodes)
        x = -(slope + potentials @ N) / curvature
        bound = self._bound(p, potentials) if query is None else -math.inf
        return Response({self.row: x}, self.total(x), bound, x.copy())

    def total(self, x: FloatArray) -> float:
        """f(x)."""
        return float((self.cost * x).sum()) + 0.5 * self.curvature * float((x * x).sum())

    def _bound(self, p: FloatArray, potentials: FloatArray) -> float:
        reduced = self.cost + p + potentials @ self.incidence
        sizes = np.abs(self.cost) + np.abs(p) + np.abs(potentials) @ np.abs(self.incidence)
        value = -float((reduced * reduced).sum()) / (2 * self.curvature)
        # the square of a rounded sum is off by 2 · roundings · its size, not its own value
        magnitude = 2 * float((np.abs(reduced) * sizes + sizes * 1e-12 * sizes).sum())
        magnitude /= 2 * self.curvature
        magnitude += float((np.abs(potentials) * np.abs(self.supply)).sum())
        value -= float((potentials * self.supply).sum())
        return surely_below(value, magnitude, 2 * (sum(self.incidence.shape) + p.size) + 8)


@dataclass(frozen=True)
class SharedCapacity:
    """{z ≥ 0 : Σ_k z_k ≤ capacity on every arc}, cost 0, image = {row: −z}; capacity (arcs,) ≥ 0.

    With a pull: Euclidean projection, arc by arc, by sorting. To prices alone: the whole arc to the
    commodity with the highest price, the first one where there are several, if that is positive.
    """

    capacity: FloatArray
    row: str

    def __post_init__(self) -> None:
        capacity = finite_array("capacity", self.capacity, 1)
        if capacity.min() < 0:
            raise ValueError(f"capacity must be ≥ 0, got {capacity.min()}")
        object.__setattr__(self, "capacity", capacity)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is not None:
            z = self.project(query.offset[self.row] + p / query.rho)
            return Response({self.row: -z}, 0.0, -math.inf, z)
        best = np.argmax(p, axis=0)
        highest = np.maximum(p[best, np.arange(p.shape[1])], 0.0)
        z = np.zeros_like(p)
        z[best, np.arange(p.shape[1])] = np.where(highest > 0, self.capacity, 0.0)
        value = float(highest @ self.capacity)
        return Response({self.row: -z}, 0.0, surely_below(-value, value, p.size + 2), z)

    def project(self, v: FloatArray) -> FloatArray:
        """The nearest member of the set. (K, arcs)"""
        positive = np.maximum(v, 0.0)
        full = positive.sum(axis=0) > self.capacity
        if not full.any():
            return positive
        w = -np.sort(-v[:, full], axis=0)  # descending
        above = np.cumsum(w, axis=0) - self.capacity[full]
        ranks = np.arange(1, len(v) + 1)[:, None]
        # the number of commodities that stay above the water level; the first one always does
        kept = np.maximum((w * ranks > above).sum(axis=0), 1)
        level = above[kept - 1, np.arange(w.shape[1])] / kept
        positive[:, full] = np.maximum(v[:, full] - level, 0.0)
        return positive
