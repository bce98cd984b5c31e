"""Cardinality: at most k nonzero entries, in one tensor or across several.

The projection keeps the k entries of largest magnitude. Among equal magnitudes the earlier ones (in
row-major order; across tensors in the order of the mapping) are kept, so the answer is deterministic
and the count exact. Kept values are unchanged.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, StoredVectorSet
from lagrange.sets.config import register
from lagrange.sets.selection import keep_largest
from lagrange.sets.size import Size, index_bits, is_whole, most_within, number_bits
from lagrange.vectors import Array, Vector

NAME = "the array"  # how an array without a name is called in errors


def budget(fraction: float, total: int) -> int:
    """How many of ``total`` entries a fraction in (0, 1] keeps, rounded down; at least one."""
    if not 0 < fraction <= 1:
        raise ValueError(f"the fraction of entries to keep must lie in (0, 1], got {fraction}")
    if total < 1:
        raise ValueError(f"there are {total} entries to keep a fraction of")
    kept = math.floor(fraction * total + 1e-9)  # 0.05 * 100 shall be 5
    if kept < 1:
        raise ValueError(f"keeping {fraction} of {total} entries rounds to nothing: keep more")
    return kept


def budget_of_bits(bits: int, total: int, each: int) -> int:
    """How many of ``total`` entries fit in ``bits``, ``each`` bits a value, indices included."""
    kept = most_within(bits, total, each)
    if kept < 1:
        raise ValueError(
            f"no entry fits in {bits} bits: a value takes {each} and its index among {total} some "
            "more; allow more bits"
        )
    return kept


def require_budget(k: int) -> None:
    """Refuses what is no count of things to keep."""
    if not is_whole(k) or k < 1:
        raise ValueError(f"k must be a whole number ≥ 1, got {k!r}")


@register
@dataclass(frozen=True)
class Cardinality(StoredSet):
    """{v : at most k nonzero entries}. A k above the size leaves v as it is."""

    k: int

    def __post_init__(self) -> None:
        require_budget(self.k)

    @classmethod
    def fraction(cls, keep: float, size: int) -> "Cardinality":
        """The set that keeps a fraction of ``size`` entries, 0 < keep ≤ 1."""
        return cls(budget(keep, size))

    @classmethod
    def bits(cls, bits: int, size: int, each: int = 32) -> "Cardinality":
        """The largest such set whose members fit in ``bits``, at ``each`` bits a value."""
        return cls(budget_of_bits(bits, size, each))

    def project(self, v: Array) -> Array:
        name = f"the array on {self}"
        arrays.require_floats(v, name)
        return keep_largest({name: v}, self.k)[name]

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return nonzeros(v) <= self.k and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        return GlobalCardinality(self.k).size({NAME: v})


@register
@dataclass(frozen=True)
class GlobalCardinality(StoredVectorSet):
    """{named arrays : at most k nonzero entries in all of them together}.

    floors: entries that an array keeps at least, whatever the others need. A member fits if k places
    can be given out, at least the floor in each array, that cover all nonzeros:
    Σ max(nonzeros, floor) ≤ k.
    """

    k: int
    floors: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)

    def __post_init__(self) -> None:
        require_budget(self.k)
        for name, floor in self.floors.items():
            if not is_whole(floor) or floor < 0:
                raise ValueError(f"the floor of {name!r} must be a whole number ≥ 0, got {floor!r}")
        if sum(self.floors.values()) > self.k:
            raise ValueError(
                f"the floors add up to {sum(self.floors.values())}, more than k, which is {self.k}"
            )

    @classmethod
    def fraction(cls, keep: float, sizes: Mapping[str, int]) -> "GlobalCardinality":
        """The set that keeps a fraction of all entries, 0 < keep ≤ 1."""
        return cls(budget(keep, sum(sizes.values())))

    @classmethod
    def bits(cls, bits: int, sizes: Mapping[str, int], each: int = 32) -> "GlobalCardinality":
        """The largest such set whose members fit in ``bits``; an index counts through all arrays."""
        return cls(budget_of_bits(bits, sum(sizes.values()), each))

    def project(self, v: Vector) -> Vector:
        """Arrays whose share of the k largest is below their floor get just that; the others share
        what is left. That can only lower the others' shares, so it is repeated.
        """
        arrays.require_vector(v)
        self._require_floors(v)
        left, free = self.k, dict(v)
        kept: dict[str, Array] = {}
        while True:
            shares = keep_largest(free, left) if free and left else _zeros(free)
            floors = [(n, floor) for n, floor in self.floors.items() if n in shares]
            short = [n for n, floor in floors if nonzeros(shares[n]) < floor]
            if not short:
                kept.update(shares)
                return {name: kept[name] for name in v}
            for name in short:
                floor = self.floors[name]
                kept[name] = keep_largest({name: free.pop(name)}, floor)[name]
                left -= floor

    def contains(self, v: Vector) -> bool:
        arrays.require_vector(v)
        self._require_floors(v)
        taken = sum(max(nonzeros(a), self.floors.get(name, 0)) for name, a in v.items())
        return taken <= self.k and all(arrays.is_finite(a) for a in v.values())

    def size(self, v: Vector) -> Size:
        total = sum(math.prod(a.shape) for a in v.values())
        kept = {name: nonzeros(a) for name, a in v.items()}
        values = sum(kept[name] * number_bits(a.dtype) for name, a in v.items())
        return Size(values, index_bits(sum(kept.values()), total))

    def _require_floors(self, v: Vector) -> None:
        for name, floor in self.floors.items():
            if name not in v:
                raise ValueError(f"there is a floor for {name!r}, but the arrays are {list(v)}")
            if floor > math.prod(v[name].shape):
                raise ValueError(
                    f"the floor of {name!r} is {floor}, but it has {math.prod(v[name].shape)} entries"
                )


def nonzeros(v: Array) -> int:
    """How many entries are not zero."""
    return int(np.count_nonzero(v)) if arrays.is_numpy(v) else int(v.count_nonzero())


def _zeros(v: Vector) -> Vector:
    return {name: 0 * array for name, array in v.items()}
