"""Solutions of linear equations."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.convex import dense
from lagrange.sets.size import Size
from lagrange.vectors import Array

PASSES = 4  # the error of a pass is that of the last times the precision


@register
@dataclass(frozen=True, eq=False)
class Affine(StoredSet):
    """{v : A v = b} over all n entries of an array in row-major order.

    A: (m, n), of any rank; b: (m,), in the range of A. Π(v) = v − A⁺(A v − b), with the pseudoinverse
    from a singular value decomposition made once. The equations hold up to rounding in v's precision.
    """

    A: Array
    b: Array
    _rows: Any = field(init=False, repr=False)  # (r, n): orthonormal, they span the rows of A
    _point: Any = field(init=False, repr=False)  # (n,): the solution of least norm

    def __post_init__(self) -> None:
        A, b = arrays.doubles(self.A), arrays.doubles(self.b)
        if A.ndim != 2 or b.shape != A.shape[:1]:
            raise ValueError(f"A must be (m, n) and b (m,), got {A.shape} and {b.shape}")
        if not (np.isfinite(A).all() and np.isfinite(b).all()):
            raise ValueError("A and b must be finite, got a NaN or an infinity in them")
        left, sigma, rows = np.linalg.svd(A, full_matrices=False)
        top = float(sigma.max(initial=0.0))
        rank = int((sigma > top * max(A.shape) * np.finfo(float).eps).sum())
        point = rows[:rank].T @ ((left[:, :rank].T @ b) / sigma[:rank])
        object.__setattr__(self, "_rows", rows[:rank])
        object.__setattr__(self, "_point", point)
        gap = np.abs(A @ point - b)
        slack = np.abs(A) @ np.abs(point) + np.abs(b)
        if (gap > 1e-10 * slack.max(initial=0.0)).any():
            raise ValueError(
                f"A x = b must have a solution; the nearest b that has one is {gap.max()} away"
            )

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {len(self._rows)} equations")
        self._require_shape(v)
        if self.contains(v):
            return arrays.copy(v)
        z = arrays.doubles(v).reshape(-1)
        for _ in range(PASSES):  # a huge v leaves rounding behind: what is left is projected again
            z = z - self._rows.T @ (self._rows @ (z - self._point))
        return arrays.like(v, z.reshape(v.shape))

    def contains(self, v: Array) -> bool:
        self._require_shape(v)
        if not arrays.is_finite(v):
            return False
        x, A, b = arrays.doubles(v).reshape(-1), arrays.doubles(self.A), arrays.doubles(self.b)
        scale = np.abs(A) @ np.abs(x) + np.abs(b)
        tolerance = arrays.precision(v) + 4 * (x.size + len(b)) * np.finfo(float).eps
        # the rounding of an entry of A's largest row reaches all rows through the decomposition
        slack = tolerance * scale.max(initial=0.0) + arrays.smallest(v) * np.abs(A).sum()
        return bool((np.abs(A @ x - b) <= slack).all())

    def size(self, v: Array) -> Size:
        return dense(v)

    def _require_shape(self, v: Array) -> None:
        if math.prod(v.shape) != self.A.shape[1]:
            raise ValueError(
                f"the equations are on {self.A.shape[1]} entries, the array has "
                f"{math.prod(v.shape)} (shape {tuple(v.shape)})"
            )
