"""Matrices of low rank."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.size import Size, is_whole, number_bits
from lagrange.vectors import Array


@register
@dataclass(frozen=True)
class LowRank(StoredSet):
    """{V : rank V ≤ rank}; an array of more axes counts as a matrix of its first axis by the rest.

    Π keeps the largest singular values (Eckart and Young); where the last kept and the first dropped
    are equal there are many nearest matrices and the decomposition chooses one. Membership up to
    rounding: singular values below max(m, n) times the spacing of floats at the largest count as zero.
    """

    rank: int

    def __post_init__(self) -> None:
        if not is_whole(self.rank) or self.rank < 1:
            raise ValueError(f"rank must be a whole number ≥ 1, got {self.rank!r}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        matrix, power = _matrix(v)
        if self.rank >= min(matrix.shape):
            return arrays.copy(v)
        left, sigma, right = np.linalg.svd(matrix, full_matrices=False)
        if self._holds(v, sigma, power):
            return arrays.copy(v)
        r = self.rank
        nearest = (left[:, :r] * sigma[:r]) @ right[:r]
        return arrays.like(v, np.ldexp(nearest, power).reshape(v.shape))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        if not arrays.is_finite(v):
            return False
        matrix, power = _matrix(v)
        if self.rank >= min(matrix.shape):
            return True
        return self._holds(v, np.linalg.svd(matrix, compute_uv=False), power)

    def size(self, v: Array) -> Size:
        """Of the two factors, (m, rank) and (rank, n), or of the matrix where that is less."""
        m, n = _shape(v)
        return Size(min(self.rank * (m + n), m * n) * number_bits(v.dtype))

    def _holds(self, v: Array, sigma: Any, power: int) -> bool:
        spacing = arrays.precision(v) * sigma[0] + np.ldexp(arrays.smallest(v), -power)
        return bool(sigma[self.rank] <= max(_shape(v)) * spacing)


def _shape(v: Array) -> tuple[int, int]:
    if len(v.shape) < 2:
        raise ValueError(f"a matrix or more axes are needed, got the shape {tuple(v.shape)}")
    return int(v.shape[0]), math.prod(v.shape[1:])


def _matrix(v: Array) -> tuple[Any, int]:
    """v / 2^power as a matrix of doubles whose largest entry is near 1."""
    matrix = arrays.doubles(v).reshape(_shape(v))
    top = float(np.abs(matrix).max(initial=0.0))
    power = math.frexp(top)[1]
    return np.ldexp(matrix, -power), power
