"""Cardinality: at most k nonzero entries, in one tensor or across several.

The projection keeps the k entries of largest magnitude. Among equal magnitudes the earlier ones (in
row-major order; across tensors in the order of the mapping) are kept, so the answer is deterministic
and the count exact. Kept values are unchanged.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lagrange.sets.selection import largest
from lagrange.vectors import Array, Vector


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


def _require_budget(k: int) -> None:
    if k != int(k) or k < 1:
        raise ValueError(f"k must be a whole number ≥ 1, got {k}")


@dataclass(frozen=True)
class Cardinality:
    """{v : at most k nonzero entries}. A k above the size leaves v as it is."""

    k: int

    def __post_init__(self) -> None:
        _require_budget(self.k)

    @classmethod
    def fraction(cls, keep: float, size: int) -> "Cardinality":
        """The set that keeps a fraction of ``size`` entries, 0 < keep ≤ 1."""
        return cls(budget(keep, size))

    def project(self, v: Array) -> Array:
        return GlobalCardinality(self.k).project({"": v})[""]

    def contains(self, v: Array) -> bool:
        return nonzeros(v) <= self.k


@dataclass(frozen=True)
class GlobalCardinality:
    """{named arrays : at most k nonzero entries in all of them together}."""

    k: int

    def __post_init__(self) -> None:
        _require_budget(self.k)

    @classmethod
    def fraction(cls, keep: float, sizes: Mapping[str, int]) -> "GlobalCardinality":
        """The set that keeps a fraction of all entries, 0 < keep ≤ 1."""
        return cls(budget(keep, sum(sizes.values())))

    def project(self, v: Vector) -> Vector:
        mask = largest({name: abs(array) for name, array in v.items()}, self.k)
        return {name: array * mask[name] for name, array in v.items()}

    def contains(self, v: Vector) -> bool:
        return sum(nonzeros(array) for array in v.values()) <= self.k


def nonzeros(v: Array) -> int:
    """How many entries are not zero."""
    return int((v != 0).sum())
