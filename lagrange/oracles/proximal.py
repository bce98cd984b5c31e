"""Norms and sums whose pulled answer is a formula: the second half z of a split A x − z = 0.

All have image = {row: −z} and cost f(z), so that with v = offset + price/ρ

    argmin_z f(z) − ⟨price, z⟩ + ρ/2 ‖−z + offset‖²  =  argmin_z f(z) + ρ/2 ‖z − v‖²

Reference    Parikh, Boyd, Proximal Algorithms, Found. Trends Optim. 1 (2014) 127–239, ch. 6
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.closed_form import soft_threshold
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


def _require_nonnegative(name: str, value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number ≥ 0, got {value}")


def _wanted(price: FloatArray, query: Quadratic, row: str) -> FloatArray:
    """v: the point that the pull and the prices ask for."""
    return query.offset[row] + price / query.rho


@dataclass(frozen=True)
class ElasticNet:
    """f(z) = weight ‖z‖₁ + ridge/2 ‖z‖², ridge > 0.

    To prices p alone: soft threshold of p, divided by ridge; the minimum is
    −Σ (|p| − weight)₊² / (2 ridge).
    """

    weight: float
    ridge: float
    row: str

    def __post_init__(self) -> None:
        _require_nonnegative("weight", self.weight)
        if not (math.isfinite(self.ridge) and self.ridge > 0):
            raise ValueError(
                f"ridge must be a finite number > 0, got {self.ridge}; without it use L1Norm"
            )

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            above = soft_threshold(p, self.weight)
            value = -float(above.ravel() @ above.ravel()) / (2 * self.ridge)
            z = above / self.ridge
            return self._response(z, surely_below(value, -value, p.size + 6))
        z = soft_threshold(query.rho * query.offset[self.row] + p, self.weight)
        return self._response(z / (self.ridge + query.rho), -math.inf)

    def _response(self, z: FloatArray, bound: float) -> Response:
        flat = z.ravel()
        cost = self.weight * float(np.abs(flat).sum()) + 0.5 * self.ridge * float(flat @ flat)
        return Response({self.row: -z}, cost, bound, z)


@dataclass(frozen=True)
class GroupNorm:
    """f(z) = Σ_g weights[g] ‖z_g‖₂; z_g holds the entries i with labels[i] = g.

    labels  : whole numbers 0..G−1 in the shape of the row, each occurring
    weights : (G,), ≥ 0

    To prices p alone: z = 0 with bound 0 if every ‖p_g‖ is surely at most its weight, else −inf.
    With a pull: every group of v is shortened by weight/ρ, or becomes 0.
    """

    weights: FloatArray
    labels: Any
    row: str
    _flat: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weights = finite_array("weights", self.weights, 1)
        if weights.min() < 0:
            raise ValueError(f"weights must be ≥ 0, got {weights.min()}")
        labels = np.asarray(self.labels)
        present = np.unique(labels)
        if not np.array_equal(present, np.arange(len(weights))):
            raise ValueError(
                f"labels must be the whole numbers 0..{len(weights) - 1}, one group a weight, "
                f"each occurring; got {present.tolist()[:9]}"
            )
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "_flat", labels.ravel().astype(np.intp))

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            # the norm of n squares in floats is off by less than n + 3 roundings
            highest = self.norms(p) * (1 + 1.01 * (p.size + 3) * UNIT)
            proved = 0.0 if bool((highest <= self.weights).all()) else -math.inf
            return Response({self.row: np.zeros_like(p)}, 0.0, proved, np.zeros_like(p))
        v = _wanted(p, query, self.row)
        norms = self.norms(v)
        threshold = self.weights / query.rho
        kept = np.divide(
            norms - threshold, norms, out=np.zeros_like(norms), where=norms > threshold
        )
        z = v * kept[self._flat].reshape(v.shape)
        return Response({self.row: -z}, self.cost(z), -math.inf, z)

    def norms(self, z: FloatArray) -> FloatArray:
        """‖z_g‖₂ for every group. (G,)"""
        squares = z.ravel() ** 2
        return np.sqrt(np.bincount(self._flat, squares, minlength=len(self.weights)))

    def cost(self, z: FloatArray) -> float:
        """f(z)."""
        return float(self.weights @ self.norms(z))


@dataclass(frozen=True)
class HingeSum:
    """f(z) = weight Σ max(0, 1 − z_i).

    To prices p alone: bounded if −weight ≤ p ≤ 0, then z = 1 and the minimum is −Σ p; else −inf.
    With a pull: v where it is ≥ 1, v + weight/ρ where that is ≤ 1, and 1 between.
    """

    weight: float
    row: str

    def __post_init__(self) -> None:
        _require_nonnegative("weight", self.weight)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            bounded = float(p.max()) <= 0 and float(p.min()) >= -self.weight
            value = -math.fsum(p.ravel().tolist()) if bounded else -math.inf
            ones = np.ones_like(p)
            return Response({self.row: -ones}, 0.0, math.nextafter(value, -math.inf), ones)
        v = _wanted(p, query, self.row)
        z = v + np.minimum(np.maximum(1.0 - v, 0.0), self.weight / query.rho)
        return Response({self.row: -z}, self.cost(z), -math.inf, z)

    def cost(self, z: FloatArray) -> float:
        """f(z)."""
        return self.weight * float(np.maximum(1.0 - z, 0.0).sum())
