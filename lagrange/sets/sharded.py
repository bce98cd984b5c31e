"""One budget of nonzeros over tensors that are spread over several processes.

Every process holds, under the same names in the same order, a piece of each tensor: the pieces of one
name laid one after the other in the order of the processes (along the first axis) are the tensor; a
piece may be empty. Tensors never travel, only counts: histograms of 2^16 bins (two rounds for single
precision, four for double) and the number of ties in each piece. The answer is bit for bit that of
``GlobalCardinality`` on the gathered tensors, ties included.

``all_sum`` adds numpy arrays over all processes and gives every process the sum. With
torch.distributed:

    def all_sum(counts):
        total = torch.from_numpy(counts)
        torch.distributed.all_reduce(total)
        return total.numpy()

Every process must call ``project``, ``contains`` and ``distance`` together; a bad number in one of
them is refused by all.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredVectorSet, distance_between
from lagrange.sets.keys import Keys, magnitudes
from lagrange.sets.selection import Bracket, Cut, descend, histogram, keep_cut
from lagrange.sets.size import Size
from lagrange.sets.sparsity import GlobalCardinality, nonzeros, require_budget
from lagrange.vectors import Vector

AllSum = Callable[[Any], Any]


@dataclass(frozen=True)
class ShardedCardinality(StoredVectorSet):
    """{named arrays over ``shards`` processes : at most k nonzero entries in all of them}.

    This process is number ``shard``, from 0. Not registered for configs: it holds a connection.
    """

    k: int
    shard: int
    shards: int
    all_sum: AllSum

    def __post_init__(self) -> None:
        require_budget(self.k)
        if not 0 <= self.shard < self.shards:
            raise ValueError(f"shard must be one of 0 … {self.shards - 1}, got {self.shard}")

    def project(self, v: Vector) -> Vector:
        arrays.require_vector(v)
        if not v:
            raise ValueError("a process must hold a piece, may be an empty one, of every tensor")
        host = {name: arrays.to_host(array) for name, array in v.items()}
        self._require_finite(host)
        flats = {name: arrays.flat(array) for name, array in host.items()}
        parts = magnitudes(flats)
        cut = self._cut(parts)
        kept = keep_cut(host, flats, parts, cut, self._ties(parts, cut))
        return {name: arrays.from_host(array, kept[name]) for name, array in v.items()}

    def contains(self, v: Vector) -> bool:
        arrays.require_vector(v)
        bad = sum(not arrays.is_finite(array) for array in v.values())
        count = sum(nonzeros(array) for array in v.values())
        taken, wrong = self.all_sum(np.array([count, bad], np.int64))
        return bool(taken <= self.k and wrong == 0)

    def distance(self, v: Vector) -> float:
        """‖v − Π(v)‖ over the whole tensors."""
        own = distance_between(v, self.project(v))
        return math.sqrt(float(self.all_sum(np.array([own**2]))[0]))

    def size(self, v: Vector) -> Size:
        """Of this process's share."""
        return GlobalCardinality(self.k).size(v)

    def _cut(self, parts: Sequence[Keys]) -> Cut:
        total = self._sum(sum(part.size for part in parts))
        k = min(self.k, total)
        bracket = Bracket(0, parts[0].limit - 1, 0, total)
        while bracket.low < bracket.high:
            bracket = descend(bracket, self.all_sum(histogram(parts, bracket)), k)
        return Cut(bracket.low, k - bracket.above, bracket.inside)

    def _ties(self, parts: Sequence[Keys], cut: Cut) -> list[int]:
        """For each array, how many ties are for this process to keep: the first of all, arrays in
        order and in each array the processes in order.
        """
        counts = np.zeros((len(parts), self.shards), np.int64)
        for row, part in enumerate(parts):
            equal = Bracket(cut.key, cut.key, 0, 0)
            counts[row, self.shard] = int(histogram([part], equal).sum())
        counts = self.all_sum(counts)
        before = np.cumsum(counts).reshape(counts.shape) - counts
        return np.clip(cut.ties - before, 0, counts)[:, self.shard].tolist()

    def _require_finite(self, v: Vector) -> None:
        bad = np.array([not arrays.is_finite(array) for array in v.values()], np.int64)
        wrong = [name for name, count in zip(v, self.all_sum(bad), strict=True) if count]
        if wrong:
            raise ValueError(
                f"cannot select the largest entries of {wrong}: NaN or infinity in some piece"
            )

    def _sum(self, count: int) -> int:
        return int(self.all_sum(np.array([count], np.int64))[0])
