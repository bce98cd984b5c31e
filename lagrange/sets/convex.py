"""Convex sets."""

import math
from dataclasses import dataclass

from lagrange.vectors import Array


@dataclass(frozen=True)
class Box:
    """{v : low ≤ v ≤ high} entry by entry; either end may be infinite."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high) or self.low > self.high:
            raise ValueError(f"low must be ≤ high, got {self.low} and {self.high}")

    def project(self, v: Array) -> Array:
        return v.clip(min=self.low, max=self.high)

    def contains(self, v: Array) -> bool:
        return bool((v >= self.low).all()) and bool((v <= self.high).all())
