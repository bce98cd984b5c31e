"""Simplex and ℓ₁ ball: all entries are lowered by one threshold θ and cut off at zero.

    Π(v) = max(v − θ, 0)  with  Σ max(v − θ, 0) = total      simplex
    Π(v) = sign(v) max(|v| − θ, 0)  with the same, θ ≥ 0      ℓ₁ ball, outside of it

θ is found without a sort: starting from a θ that is too low, the entries below it are dropped and θ is
solved for on the others, until none is dropped. That takes few passes over fewer and fewer entries.
Sums are in doubles and relative to the largest entry, so that huge entries lose nothing.

Reference: C. Michelot, A finite algorithm for finding the projection of a point onto the canonical
simplex of Rⁿ, JOTA 50 (1986).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.convex import dense, require_radius, rounding
from lagrange.sets.size import Size, is_real
from lagrange.vectors import Array


@register
@dataclass(frozen=True)
class Simplex(StoredSet):
    """{v ≥ 0 : Σ v = total} over all entries of an array; the sum holds up to rounding."""

    total: float = 1.0

    def __post_init__(self) -> None:
        if not (is_real(self.total) and 0 < self.total < math.inf):
            raise ValueError(f"total must be a finite number > 0, got {self.total!r}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        if math.prod(v.shape) == 0:
            raise ValueError(f"an array without entries cannot sum to {self.total}")
        if self.contains(v):
            return arrays.copy(v)
        values = arrays.numbers(v)
        return arrays.like(v, _lowered(values, self.total))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        if not (bool((v >= 0).all()) and arrays.is_finite(v)):
            return False
        return abs(_sum(arrays.numbers(v)) - self.total) <= rounding(v, self.total)

    def size(self, v: Array) -> Size:
        return dense(v)


@register
@dataclass(frozen=True)
class L1Ball(StoredSet):
    """{v : Σ |v| ≤ radius} over all entries of an array; the sum up to rounding."""

    radius: float

    def __post_init__(self) -> None:
        require_radius(self.radius, "radius")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        if self.contains(v):
            return arrays.copy(v)
        values = arrays.numbers(v)
        if self.radius == 0:
            return arrays.like(v, np.zeros(values.shape))
        return arrays.like(v, np.copysign(_lowered(np.abs(values), self.radius), values))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        inside = _sum(np.abs(arrays.numbers(v))) <= self.radius + rounding(v, self.radius)
        return inside and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        return dense(v)


def _sum(values: Any) -> float:
    with np.errstate(over="ignore"):
        return float(values.sum(dtype=np.float64))


def _lowered(values: Any, total: float) -> Any:
    """max(v − θ, 0) with sum ``total`` > 0, in doubles."""
    with np.errstate(over="ignore"):
        below = values.astype(np.float64) - float(values.max())  # ≤ 0, the largest 0
        theta = max(-total, (float(below.sum()) - total) / below.size)
    active = below[below > theta]
    while True:
        theta = (float(active.sum()) - total) / active.size
        inside = active > theta
        if inside.all():
            break
        active = active[inside]
    return np.maximum(np.subtract(below, theta, out=below), 0.0, out=below)
