"""Whole numbers, within bounds if wanted."""

import math
from dataclasses import dataclass

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.size import Size, code_bits, is_whole, number_bits
from lagrange.vectors import Array


@register
@dataclass(frozen=True)
class IntegerLattice(StoredSet):
    """{v : every entry a whole number, low ≤ v ≤ high}; either end may be infinite.

    The nearest whole number, the even one of two; beyond an end the end itself.
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        for name, end in (("low", self.low), ("high", self.high)):
            if not (is_whole(end) or math.isinf(end)):
                raise ValueError(f"{name} must be a whole number or infinite, got {end}")
        if self.low > self.high or math.inf in (self.low, -self.high):
            raise ValueError(f"no whole number lies between {self.low} and {self.high}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        return v.round().clip(min=self.low, max=self.high)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        whole = bool((v == v.round()).all()) and arrays.is_finite(v)
        return whole and bool((v >= self.low).all()) and bool((v <= self.high).all())

    def size(self, v: Array) -> Size:
        count = math.prod(v.shape)
        if math.isinf(self.low) or math.isinf(self.high):
            return Size(count * number_bits(v.dtype))
        return Size(count * code_bits(int(self.high) - int(self.low) + 1))
