"""Solutions of linear equations."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, same_settings
from lagrange.sets.config import register
from lagrange.sets.convex import dense
from lagrange.sets.size import Size
from lagrange.vectors import Array

FAR = 400  # exponents up to here: products of such numbers and their sums do not overflow


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

    def __eq__(self, other: object) -> bool:
        return same_settings(self, other)

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.A.shape)))

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {len(self._rows)} equations")
        self._require_shape(v)
        if self.contains(v):
            return arrays.copy(v)
        free, power = _near(arrays.doubles(v).reshape(-1))
        size = np.inf
        # where little of a part is left, rounding of the whole is in it: it is projected again
        while (left := float(np.abs(free).max(initial=0.0))) < size / 2:
            size = left
            for _ in range(2):
                free = free - self._rows.T @ (self._rows @ free)
        with np.errstate(over="ignore"):
            answer = arrays.like(v, (np.ldexp(free, power) + self._point).reshape(v.shape))
        if not arrays.is_finite(answer):
            raise ValueError(
                f"the nearest solution of the equations is beyond the range of {v.dtype}, the array "
                f"reaches {np.abs(arrays.doubles(v)).max()}: scale it and b down"
            )
        return answer

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        self._require_shape(v)
        if not arrays.is_finite(v):
            return False
        (rows, large), (x, far) = (
            _near(arrays.doubles(self.A)),
            _near(arrays.doubles(v).reshape(-1)),
        )
        b = np.ldexp(arrays.doubles(self.b), -large - far)
        scale = np.abs(rows) @ np.abs(x) + np.abs(b)
        tolerance = arrays.precision(v) + 4 * (x.size + len(b)) * np.finfo(float).eps
        # the rounding of an entry of A's largest row reaches all rows through the decomposition
        tiny = np.ldexp(arrays.smallest(v), -far) * np.abs(rows).sum()
        slack = tolerance * scale.max(initial=0.0) + tiny
        return bool((np.abs(rows @ x - b) <= slack).all())

    def size(self, v: Array) -> Size:
        return dense(v)

    def _require_shape(self, v: Array) -> None:
        if math.prod(v.shape) != self.A.shape[1]:
            raise ValueError(
                f"the equations are on {self.A.shape[1]} entries, the array has "
                f"{math.prod(v.shape)} (shape {tuple(v.shape)})"
            )


def _near(x: Any) -> tuple[Any, int]:
    """x / 2^power and the power ≥ 0 that keeps sums of products in range, 0 unless x is huge."""
    power = max(0, math.frexp(float(np.abs(x).max(initial=0.0)))[1] - FAR)
    return np.ldexp(x, -power), power
