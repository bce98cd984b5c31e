"""Sums of a sparse and a low-rank matrix.

    {S + L : at most k nonzeros in S, rank L ≤ rank}

No closed form is known for the nearest member, and none is claimed: ``exact`` is False. S and L are
projected in turn, each exactly, on what the other leaves; the error falls until it moves no more.

    S ← k largest entries of v − L,   L ← rank largest singular values of v − S

Two starts are tried, S = 0 and L = 0, and the better end is taken; so it is never worse than the best
sparse or the best low-rank matrix alone.

Reference: T. Zhou, D. Tao, GoDec: randomized low-rank & sparse matrix decomposition in noisy case,
ICML (2011), without the randomization.
"""

from dataclasses import dataclass
from typing import NamedTuple

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, distance_between
from lagrange.sets.config import register
from lagrange.sets.rank import LowRank
from lagrange.sets.size import Size, is_whole
from lagrange.sets.sparsity import Cardinality
from lagrange.vectors import Array

SETTLED = 1e-9  # a round that lowers the error by less, relatively, is the last


class Parts(NamedTuple):
    """The two terms, of the shape, type and library of what was projected."""

    sparse: Array
    low_rank: Array


@register
@dataclass(frozen=True)
class SparsePlusLowRank(StoredSet):
    """Matrices (arrays of more axes: first axis by the rest) that are such a sum.

    rounds : at most so many rounds from each start
    """

    k: int
    rank: int
    rounds: int = 200

    def __post_init__(self) -> None:
        Cardinality(self.k)
        LowRank(self.rank)
        if not is_whole(self.rounds) or self.rounds < 1:
            raise ValueError(f"rounds must be a whole number ≥ 1, got {self.rounds!r}")

    @property
    def exact(self) -> bool:
        """False: a local search."""
        return False

    def project(self, v: Array) -> Array:
        """The sum of ``parts``."""
        sparse, low_rank = self.parts(v)
        return sparse + low_rank

    def parts(self, v: Array) -> Parts:
        """S and L of a member near v."""
        arrays.require_finite(v, f"an array on {self}")
        ends = [self._descended(v, Cardinality(self.k).project(v)), self._descended(v, 0.0 * v)]
        return min(ends, key=lambda parts: _error(v, parts))

    def contains(self, v: Array) -> bool:
        """Whether the search finds v itself, up to rounding: True is right, False proves nothing."""
        arrays.require_floats(v)
        if not arrays.is_finite(v):
            return False
        size = distance_between({"": v}, {"": 0.0 * v})
        return _error(v, self.parts(v)) <= sum(v.shape) * arrays.precision(v) * size

    def size(self, v: Array) -> Size:
        """Both terms side by side."""
        return Cardinality(self.k).size(v) + LowRank(self.rank).size(v)

    def _descended(self, v: Array, sparse: Array) -> Parts:
        low_rank = LowRank(self.rank).project(v - sparse)
        parts = Parts(sparse, low_rank)
        error = _error(v, parts)
        for _ in range(self.rounds):
            sparse = Cardinality(self.k).project(v - parts.low_rank)
            new = Parts(sparse, LowRank(self.rank).project(v - sparse))
            now = _error(v, new)
            if now >= error:
                break
            settled = now > error * (1 - SETTLED)
            parts, error = new, now
            if settled:
                break
        return parts


def _error(v: Array, parts: Parts) -> float:
    return distance_between({"": v}, {"": parts.sparse + parts.low_rank})
