"""Data of the multidimensional knapsack problem: OR-Library files and the generator of Chu and Beasley.

Reference    Chu, Beasley, J. Heuristics 4 (1998) 63–86: weights uniform on 0 … 1000, capacities a share
             of the weight of all items, profits correlated with weights
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from problems.options import require_at_least
from problems.orlib import LARGEST, IntArray, Words
from problems.seeds import require_seed


@dataclass(frozen=True)
class KnapsackData:
    """n items, m rows: profit (n,), weight (m, n) ≥ 0, capacity (m,) ≥ 0, all whole numbers."""

    profit: IntArray
    weight: IntArray
    capacity: IntArray

    def __post_init__(self) -> None:
        m, n = self.weight.shape
        if self.profit.shape != (n,) or self.capacity.shape != (m,):
            raise ValueError(
                f"weight is {m} × {n}, but profit is {self.profit.shape} and capacity "
                f"{self.capacity.shape}"
            )
        for name, array in (("weight", self.weight), ("capacity", self.capacity)):
            if (array < 0).any():
                where = tuple(int(i) for i in np.argwhere(array < 0)[0])
                raise ValueError(f"{name}{list(where)} is {array[where]}, it must be ≥ 0")
        for name, array in (("profits", self.profit[None]), ("weights of a row", self.weight)):
            total = max(sum(map(abs, row)) for row in array.tolist())
            if total > 2**53:
                raise ValueError(f"the {name} add up to {total}, more than 2^53: divide them")

    def to_text(self) -> str:
        """The OR-Library format of one instance, optimum unknown."""
        m, n = self.weight.shape
        rows = [[n, m, 0], self.profit.tolist(), *self.weight.tolist(), self.capacity.tolist()]
        return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def read_orlib(path: Path) -> KnapsackData:
    """One instance: ``n m optimum`` (0: unknown; not used), profit n, weight m × n, capacity m."""
    words = Words(path)
    n, m = words.whole(2, "the numbers of items and of rows", 1)
    words.take(1, "the optimum")
    profit = words.whole(n, "the profits", -LARGEST)
    weight = words.whole(m * n, "the weights")
    capacity = words.whole(m, "the capacities")
    words.end()
    whole = (np.array(each, dtype=np.int64) for each in (profit, weight, capacity))
    profits, weights, capacities = whole
    return KnapsackData(profits, weights.reshape(m, n), capacities)


def generate(items: int, rows: int, tightness: float, seed: int) -> KnapsackData:
    """A random instance; ``tightness`` is capacity over the weight of all items, in (0, 1)."""
    require_at_least(1, items=items, rows=rows)
    if not 0 < tightness < 1:
        raise ValueError(f"tightness must lie in (0, 1), got {tightness}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 1001, (rows, items))
    profit = weight.sum(axis=0) // rows + rng.integers(0, 501, items)
    capacity = np.floor(tightness * weight.sum(axis=1)).astype(np.int64)
    return KnapsackData(profit, weight, capacity)
