"""Sums of convex functions of one variable each, on intervals: the answer is a formula an entry.

Each answers prices alone with a proved bound: a convex function lies above its tangent at the answer.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.rounding import UNIT, surely_below, tangent_loss
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


@dataclass(frozen=True)
class BoxQuadratic:
    """f(x) = Σ ½ d_i x_i² + q_i x_i on low ≤ x ≤ high, image = {row: sign · x}; sign is 1 or −1.

    diagonal d ≥ 0, linear q, low, high : (n,), or numbers that stand for all entries; the ends of
    the interval may be infinite. With d = q = 0 it is the box itself.
    """

    diagonal: FloatArray
    linear: FloatArray
    low: FloatArray
    high: FloatArray
    row: str
    sign: float = 1.0

    def __post_init__(self) -> None:
        given = [np.asarray(a, dtype=np.float64) for a in (self.diagonal, self.linear)]
        ends = [np.asarray(a, dtype=np.float64) for a in (self.low, self.high)]
        d, q, low, high = np.broadcast_arrays(*given, *ends)
        if not (np.isfinite(d).all() and np.isfinite(q).all()):
            raise ValueError("diagonal and linear must be finite")
        if d.min() < 0:
            raise ValueError(f"diagonal must be ≥ 0, got {d.min()}: the function is not convex")
        if not bool((low <= high).all()):
            raise ValueError(f"low must be ≤ high, got {self.low} and {self.high}")
        if self.sign not in (1.0, -1.0):
            raise ValueError(f"sign must be 1 or −1, got {self.sign}")
        for name, value in (("diagonal", d), ("linear", q), ("low", low), ("high", high)):
            object.__setattr__(self, name, value.copy())

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = self.sign * price_of(price, self.row)
        c = self.linear + p
        if query is not None:
            slope = c + self.sign * query.rho * query.offset[self.row]
            x = self._clipped(-slope / (self.diagonal + query.rho))
            return self._response(x, -math.inf)
        bent = self.diagonal > 0
        x = np.where(bent, -c / np.where(bent, self.diagonal, 1.0), self._cheap_end(c))
        x = self._clipped(x)
        return self._response(x, self._bound(x, c, p))

    def _cheap_end(self, c: FloatArray) -> FloatArray:
        """Where ⟨c, x⟩ alone is least: an end, and 0 or the end nearest to it where c is 0."""
        end = np.where(c > 0, self.low, np.where(c < 0, self.high, 0.0))
        return np.where(np.isfinite(end), end, 0.0)

    def _clipped(self, x: FloatArray) -> FloatArray:
        return np.minimum(np.maximum(x, self.low), self.high)

    def _bound(self, x: FloatArray, c: FloatArray, p: FloatArray) -> float:
        d = self.diagonal
        slope = d * x + c
        error = 4 * UNIT * (d * np.abs(x) + np.abs(self.linear) + np.abs(p))
        loss = tangent_loss(slope, error, x, self.low, self.high)
        strong = (np.abs(slope) + error) ** 2 / (2 * np.where(d > 0, d, 1.0))
        loss = np.where(d > 0, np.minimum(loss, strong), loss)
        terms = 0.5 * d * x * x + c * x
        magnitude = 0.5 * d * x * x + (np.abs(self.linear) + np.abs(p)) * np.abs(x)
        off = float(loss.sum()) * (1 + 1e-12)
        return surely_below(float(terms.sum()), float(magnitude.sum()), x.size + 6, off)

    def _response(self, x: FloatArray, bound: float) -> Response:
        return Response({self.row: self.sign * x}, self.cost(x), bound, x)

    def cost(self, x: FloatArray) -> float:
        """f(x)."""
        return float((0.5 * self.diagonal * x * x + self.linear * x).sum())


@dataclass(frozen=True)
class LogUtility:
    """f(x) = −Σ w_i log(base_i + x_i) on 0 ≤ x ≤ high, image = {row: x}; w, base, high > 0: (n,).

    To prices p alone: base + x = w/p within the interval (water filling). With a pull: the positive
    root of u² − (base + v) u − w/ρ = 0, u = base + x, v = −offset − p/ρ, within the interval.
    """

    weight: FloatArray
    base: FloatArray
    high: FloatArray
    row: str

    def __post_init__(self) -> None:
        arrays = {n: finite_array(n, getattr(self, n), 1) for n in ("weight", "base", "high")}
        if len({array.shape for array in arrays.values()}) > 1:
            shapes: Any = {name: array.shape for name, array in arrays.items()}
            raise ValueError(f"weight, base and high must have one length, got {shapes}")
        for name, array in arrays.items():
            if array.min() <= 0:
                raise ValueError(f"{name} must be > 0, got {array.min()}")
            object.__setattr__(self, name, array)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            # at prices this low, negative ones among them, the answer is the upper end
            low = self.weight / (2 * (self.base + self.high))
            x = self._clipped(self.weight / np.maximum(p, low) - self.base)
            return Response({self.row: x}, self.cost(x), self._bound(x, p), x.copy())
        t = self.base - query.offset[self.row] - p / query.rho
        root = np.sqrt(t * t + 4 * self.weight / query.rho)
        # the positive root without cancellation, whatever the sign of t
        share: FloatArray = 2 * self.weight / (query.rho * (root + np.abs(t)))
        x = self._clipped(np.where(t > 0, 0.5 * (t + root), share) - self.base)
        return Response({self.row: x}, self.cost(x), -math.inf, x.copy())

    def _clipped(self, x: FloatArray) -> FloatArray:
        return np.minimum(np.maximum(x, 0.0), self.high)

    def _bound(self, x: FloatArray, p: FloatArray) -> float:
        u: FloatArray = self.base + x
        slope = p - self.weight / u
        error = 4 * UNIT * (np.abs(p) + self.weight / u)
        loss = tangent_loss(slope, error, x, np.zeros_like(x), self.high)
        logs = np.log(u)
        value = float((p * x - self.weight * logs).sum())
        # one unit more a logarithm: base + x is rounded before it is taken, and libraries may be
        # off by a few units in its last place
        magnitude = float((np.abs(p * x) + self.weight * (np.abs(logs) + 1)).sum())
        return surely_below(value, magnitude, x.size + 12, float(loss.sum()) * (1 + 1e-12))

    def cost(self, x: FloatArray) -> float:
        """f(x)."""
        return -float(self.weight @ np.log(self.base + x))
