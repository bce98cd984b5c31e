"""Monotone sequences: isotonic regression by pooling adjacent violators."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.convex import dense
from lagrange.sets.size import Size
from lagrange.vectors import Array

ROUNDS = 32  # of pooling everywhere at once, before the rest is pooled one by one


@register
@dataclass(frozen=True)
class Monotone(StoredSet):
    """{v : v₁ ≤ v₂ ≤ … along the last axis}, or ≥ if not ``increasing``.

    Neighbors in the wrong order are replaced by their mean, blocks of them likewise, until all are in
    order. Whole runs of violators are pooled at once: the result does not depend on the order.
    """

    increasing: bool = True

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        if math.prod(v.shape) == 0:
            return arrays.copy(v)
        sign = 1.0 if self.increasing else -1.0
        rows = sign * arrays.doubles(v).reshape(-1, v.shape[-1] if v.shape else 1)
        return arrays.like(v, sign * _pooled(rows).reshape(v.shape))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        if not arrays.is_finite(v):
            return False
        if not v.shape:
            return True
        left, right = v[..., :-1], v[..., 1:]
        return bool(((left <= right) if self.increasing else (left >= right)).all())

    def size(self, v: Array) -> Size:
        return dense(v)


def _pooled(rows: Any) -> Any:
    """Each row of an array (m, n) made nondecreasing."""
    top = float(np.abs(rows).max())
    power = max(0, math.frexp(top)[1] - 960)  # sums of up to 2^63 entries stay in range
    sums: Any = np.ldexp(rows, -power).reshape(-1)
    counts: Any = np.ones(sums.size, np.int64)
    row = _repeated(np.arange(rows.shape[0]), rows.shape[1])
    for _ in range(ROUNDS):
        means = sums / counts
        wrong = (means[:-1] > means[1:]) & (row[:-1] == row[1:])
        if not wrong.any():
            break
        starts = np.flatnonzero(np.concatenate([[True], ~wrong]))
        sums, counts = np.add.reduceat(sums, starts), np.add.reduceat(counts, starts)
        row = row[starts]
    else:
        sums, counts = _one_by_one(sums, counts, row)
    pooled = _repeated(np.ldexp(sums / counts, power), counts).reshape(rows.shape)
    alone = _repeated(counts == 1, counts).reshape(rows.shape)
    pooled[alone] = rows[alone]
    return pooled


def _repeated(values: Any, counts: Any) -> Any:
    return np.repeat(values, counts)


def _one_by_one(sums: Any, counts: Any, row: Any) -> tuple[Any, Any]:
    """The same from left to right: each block is pooled with those before it while it is below."""
    blocks: list[tuple[float, int, int]] = []
    for block in zip(sums.tolist(), counts.tolist(), row.tolist(), strict=True):
        total, count, at = block
        while blocks and blocks[-1][2] == at and blocks[-1][0] / blocks[-1][1] > total / count:
            before, many, _ = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count, at))
    return np.array([b[0] for b in blocks]), np.array([b[1] for b in blocks])
