"""Codebooks: few levels anywhere.

    Codebook(levels)         the levels are given
    LearnedCodebook(count)   at most ``count`` distinct values, whichever fit best

The second is one-dimensional k-means, solved exactly by dynamic programming over the sorted distinct
values: clusters of an optimum are intervals, and the first entry of the last cluster moves up with the
prefix, so that each of the ``count`` rounds is a divide and conquer (``lagrange.sets.clusters``). Time
grows like count · d log d and memory like count · d for d distinct values. Ties go to the smaller
magnitude, of clusterings to the one whose last cluster begins first.
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.sets.clusters import Clusters, Sorted
from lagrange.sets.config import register
from lagrange.sets.levels import Family, Fixed, normalized
from lagrange.sets.nearest import Floats, Precision, nearest
from lagrange.sets.quantized import Quantized, require_axis
from lagrange.sets.size import Size, code_bits, is_real, is_whole, number_bits
from lagrange.vectors import Array

MOST = 2**12  # levels of a learned codebook


@dataclass(frozen=True, eq=False)
class Learned:
    """At most ``count`` distinct values; ``zero``: and zero, which is free."""

    count: int
    zero: bool = False

    def values(self, x: Floats, p: Precision) -> Floats:
        if self.holds(x, p):
            return x.copy()
        unit, power = normalized(x)
        centers = Clusters(Sorted.of(unit), self.count).centers(free_zero=self.zero)
        levels = np.unique(p.round(np.ldexp(centers, power)))
        return nearest(x, levels)

    def holds(self, x: Floats, p: Precision) -> bool:
        distinct = np.unique(x)
        free = self.zero and bool((distinct == 0).any())
        return distinct.size - free <= self.count

    def with_zero(self) -> "Learned":
        return Learned(self.count, zero=True)


@register
@dataclass(frozen=True)
class Codebook(Quantized):
    """Entries out of given levels; in single and half precision out of the levels rounded to it."""

    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.levels, tuple):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError(
                f"levels must be a tuple of numbers, got {type(self.levels).__name__}: tuple(levels)"
            )
        if not self.levels:
            raise ValueError("a codebook needs at least one level, got none")
        for level in self.levels:
            if not (is_real(level) and math.isfinite(level)):
                raise ValueError(f"levels must be finite numbers, got {level!r}")
        if len(set(self.levels)) < len(self.levels):
            raise ValueError(f"levels must be distinct, got {self.levels}")

    def family(self) -> Family:
        return Fixed(np.sort(np.array(self.levels, np.float64)))

    def code_bits(self) -> int:
        return code_bits(len(self.levels))

    def row_bits(self, number: int) -> int:
        return 0

    def rows_along(self) -> int | None:
        return None

    def size(self, v: Array) -> Size:
        entries = math.prod(v.shape)
        return Size(entries * self.code_bits(), codebook=len(self.levels) * number_bits(v.dtype))


@register
@dataclass(frozen=True)
class LearnedCodebook(Quantized):
    """At most ``count`` distinct values; ``axis``: rows along it have values of their own."""

    count: int
    axis: int | None = None

    def __post_init__(self) -> None:
        require_axis(self.axis)
        if not is_whole(self.count) or not 1 <= self.count <= MOST:
            raise ValueError(f"count must be a whole number from 1 to {MOST}, got {self.count!r}")

    def family(self) -> Family:
        return Learned(self.count)

    def code_bits(self) -> int:
        return code_bits(self.count)

    def row_bits(self, number: int) -> int:
        return self.count * number

    def rows_along(self) -> int | None:
        return self.axis

    def size(self, v: Array) -> Size:
        rows = 1 if self.axis is None else v.shape[self.axis]
        books = rows * self.row_bits(number_bits(v.dtype))
        return Size(math.prod(v.shape) * self.code_bits(), codebook=books)
