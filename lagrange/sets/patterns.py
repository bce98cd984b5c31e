"""Fine-grained structure: n of every m entries, and kernels with one of a few patterns."""

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.config import register
from lagrange.sets.size import Size, code_bits, is_whole, number_bits
from lagrange.vectors import Array

PAIRWISE = 16  # groups up to this size are ranked by comparing all pairs
Pattern = tuple[tuple[int, ...], ...]


@register
@dataclass(frozen=True)
class NM(StoredSet):
    """{v : at most n nonzero entries in every m consecutive ones along ``axis``}.

    The m divides the length of the axis; with ``ragged`` a shorter last group may keep n too. Each
    group keeps its n largest magnitudes, the earlier ones of those that tie.
    """

    n: int
    m: int
    axis: int = -1
    ragged: bool = False

    def __post_init__(self) -> None:
        if not (is_whole(self.n) and is_whole(self.m) and 1 <= self.n <= self.m):
            raise ValueError(f"n of m needs whole numbers 1 ≤ n ≤ m, got n {self.n} and m {self.m}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        self._require_shape(v)
        host = arrays.to_host(v)
        answer = arrays.empty_like(host)
        given, out = self._moved(host), self._moved(answer)
        whole = given.shape[-1] // self.m * self.m
        for piece, width in ((slice(0, whole), self.m), (slice(whole, None), None)):
            values = given[..., piece]
            if values.size:
                groups = values.reshape(-1, width or values.shape[-1])
                kept = _keep_largest(groups, self.n, arrays.is_float(v))
                out[..., piece] = kept.reshape(values.shape)
        return arrays.from_host(v, answer)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        self._require_shape(v)
        taken = np.moveaxis(arrays.numbers(v) != 0, self.axis, -1)
        whole = taken.shape[-1] // self.m * self.m
        groups = taken[..., :whole].reshape(-1, self.m)
        counts = groups.T.sum(axis=0)
        rest = taken[..., whole:].sum(axis=-1)
        most = max(int(counts.max(initial=0)), int(rest.max(initial=0)))
        return most <= self.n and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        """n values a group, zeros among them too, each with its place in the group."""
        self._require_shape(v)
        total, length = math.prod(v.shape), int(v.shape[self.axis])
        lines, rest = total // max(1, length), length % self.m
        groups = length // self.m * lines
        values = groups * self.n + lines * min(self.n, rest)
        places = groups * min(self.m, self.n * code_bits(self.m))
        places += lines * min(rest, self.n * code_bits(rest))
        return Size(values * number_bits(v.dtype), places)

    def _moved(self, host: Array) -> Any:
        """The numbers as integers (floats by their bits), the axis last."""
        bits = arrays.bits(arrays.flat(host)).reshape(tuple(host.shape))
        return np.moveaxis(bits, self.axis, -1)

    def _require_shape(self, v: Array) -> None:
        dims = len(v.shape)
        if not -dims <= self.axis < dims:
            raise ValueError(f"there is no axis {self.axis} in the shape {tuple(v.shape)}")
        if v.shape[self.axis] % self.m and not self.ragged:
            raise ValueError(
                f"{self.m} must divide the length of axis {self.axis}, got {v.shape[self.axis]}; "
                "ragged=True lets the last group be shorter"
            )


def _keep_largest(groups: Any, n: int, floats: bool) -> Any:
    """(groups, m) integers: in each row the n of largest magnitude, 0 elsewhere."""
    kept = np.empty_like(groups)
    step = max(1, arrays.CHUNK // groups.shape[1])
    for start in range(0, len(groups), step):
        piece = groups[start : start + step]
        keys = piece & np.iinfo(piece.dtype).max if floats else np.abs(piece.astype(np.int64))
        np.multiply(piece, _first_ranks(keys, n), out=kept[start : start + step])
    return kept


def _first_ranks(keys: Any, n: int) -> Any:
    """Masks of the n largest keys of each row, the earlier ones of those that tie."""
    m = keys.shape[1]
    if m > PAIRWISE:
        mask = np.zeros(keys.shape, bool)
        np.put_along_axis(mask, np.argsort(-keys, axis=1, kind="stable")[:, :n], True, axis=1)
        return mask
    columns: Any = np.ascontiguousarray(keys.T)
    ranks = np.empty(columns.shape, np.int8)
    ranks[...] = np.arange(m - 1, -1, -1)[:, None]  # as if all later ones were larger
    for i, j in combinations(range(m), 2):
        first = np.greater_equal(columns[i], columns[j]).view(np.int8)
        ranks[i] -= first
        ranks[j] += first
    return np.ascontiguousarray((ranks < n).T)


@register
@dataclass(frozen=True)
class PatternSparsity(StoredSet):
    """{v : in each kernel the nonzero entries lie within one of the patterns}.

    patterns: tables of 0 and 1 of one shape, that of the kernels on the last two axes. Each kernel
    takes the pattern that keeps the largest sum of squares, the first of those that tie.
    """

    patterns: tuple[Pattern, ...]

    def __post_init__(self) -> None:
        tables = [np.array(pattern, dtype=object) for pattern in self.patterns]
        shapes = {table.shape for table in tables}
        if len(shapes) != 1 or any(len(shape) != 2 for shape in shapes):
            raise ValueError(f"patterns must be tables of one shape, got the shapes {shapes}")
        wrong = {entry for table in tables for entry in table.flat} - {0, 1}
        if wrong:
            raise ValueError(f"patterns hold 0 and 1 only, got {wrong}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        host = arrays.to_host(v)
        answer = arrays.empty_like(host)
        table = self._table(v)
        given = arrays.bits(arrays.flat(host)).reshape(-1, table.shape[1])
        values = arrays.flat(host).reshape(-1, table.shape[1])
        out = arrays.bits(arrays.flat(answer)).reshape(-1, table.shape[1])
        step = max(1, arrays.CHUNK // table.shape[1])
        for start in range(0, len(out), step):
            piece = slice(start, start + step)
            energies = arrays.doubles(values[piece])
            top = np.abs(energies).max(axis=1, keepdims=True)
            np.divide(energies, np.exp2(np.frexp(top)[1] - 1.0), out=energies)  # near 1
            best = ((energies * energies) @ table.T).argmax(axis=1)
            np.multiply(given[piece], table[best].astype(bool), out=out[piece])
        return arrays.from_host(v, answer)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        table = self._table(v)
        taken = (arrays.numbers(v) != 0).reshape(-1, table.shape[1])
        beyond = taken.astype(np.float64) @ (1.0 - table.T)  # (kernels, patterns)
        return bool((beyond == 0).any(axis=1).all()) and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        """As many values a kernel as the fullest pattern has, and the number of its pattern."""
        table = self._table(v)
        count = math.prod(v.shape) // table.shape[1]
        values = count * int(table.sum(axis=1).max()) * number_bits(v.dtype)
        return Size(values, count * code_bits(len(table)))

    def _table(self, v: Array) -> Any:
        """(patterns, entries of a kernel) of 0.0 and 1.0."""
        table = np.array(self.patterns, dtype=np.float64)
        if tuple(v.shape[-2:]) != table.shape[1:]:
            raise ValueError(
                f"the patterns are for kernels of shape {table.shape[1:]}, "
                f"got an array of shape {tuple(v.shape)}"
            )
        return table.reshape(len(table), -1)


def patterns_of(entries: int, shape: tuple[int, int] = (3, 3)) -> tuple[Pattern, ...]:
    """All patterns with so many ones, the center among them if the shape has one."""
    height, width = shape
    places = [(i, j) for i in range(height) for j in range(width)]
    center = (height // 2, width // 2) if height % 2 and width % 2 else None
    return tuple(
        tuple(tuple(int((i, j) in chosen) for j in range(width)) for i in range(height))
        for chosen in combinations(places, entries)
        if center is None or center in chosen
    )
