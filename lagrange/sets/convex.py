"""Convex sets whose projection has a closed form: box, nonnegative numbers, Euclidean ball."""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, distance_between
from lagrange.sets.config import register
from lagrange.sets.size import Size, is_real, number_bits
from lagrange.vectors import Array


@register
@dataclass(frozen=True)
class Box(StoredSet):
    """{v : low ≤ v ≤ high} entry by entry; either end may be infinite."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (is_real(self.low) and is_real(self.high) and self.low <= self.high):
            raise ValueError(f"low must be a number ≤ high, got {self.low!r} and {self.high!r}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        return v.clip(min=self.low, max=self.high)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        inside = bool((v >= self.low).all()) and bool((v <= self.high).all())
        return inside and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        return dense(v)


@register
@dataclass(frozen=True)
class Nonnegative(StoredSet):
    """{v : v ≥ 0} entry by entry."""

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        return v.clip(min=0)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return bool((v >= 0).all()) and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        return dense(v)


@register
@dataclass(frozen=True)
class L2Ball(StoredSet):
    """{v : ‖v‖ ≤ radius}, the norm up to rounding: v inside, v · radius / ‖v‖ outside."""

    radius: float

    def __post_init__(self) -> None:
        require_radius(self.radius, "radius")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        norm = _norm(v)
        if self._holds(v, norm):
            return arrays.copy(v)
        values = arrays.doubles(v)
        if math.isinf(norm):  # though every entry is finite: go on with a smaller one like it
            values /= 4 * math.sqrt(values.size)
            norm = _norm(values)
        return arrays.like(v, values * (self.radius / norm))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return arrays.is_finite(v) and self._holds(v, _norm(v))

    def size(self, v: Array) -> Size:
        return dense(v)

    def _holds(self, v: Array, norm: float) -> bool:
        return norm <= self.radius + rounding(v, self.radius)


def require_radius(value: float, name: str) -> None:
    """Refuses what is no radius: it must be a finite number ≥ 0."""
    if not (is_real(value) and 0 <= value < math.inf):
        raise ValueError(f"{name} must be a finite number ≥ 0, got {value!r}")


def rounding(v: Array, total: float) -> float:
    """The error of a sum of magnitudes that make ``total``, each rounded once in v's precision."""
    count = math.prod(v.shape)
    relative = arrays.precision(v) + count * float(np.finfo(float).eps)
    return relative * total + count * arrays.smallest(v)


def dense(v: Array) -> Size:
    """All numbers, one after the other."""
    return Size(math.prod(v.shape) * number_bits(v.dtype))


def _norm(v: Array) -> float:
    return distance_between({"": v}, {"": 0 * v})
