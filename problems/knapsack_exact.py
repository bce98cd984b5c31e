"""The exact twin of a multidimensional knapsack, for both relaxations: integers and rationals only."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lagrange.certificates import Infeasible, entries_of, row_of
from problems.exact_knapsack import most_profit
from problems.knapsack_data import KnapsackData

Multipliers = Mapping[str, Sequence[Fraction]]


def copy_row(i: int) -> str:
    """The coupling row that ties the copy of row i to that of row 0."""
    return f"copy{i}"


class ExactKnapsack:
    """Minimization of −profit; ``keep`` is the row that is not relaxed, None: every row has a copy."""

    integral = True
    fact_names = ("items_chosen",)

    def __init__(self, data: KnapsackData, keep: int | None) -> None:
        self._profit = data.profit.tolist()
        self._weight = data.weight.tolist()
        self._capacity = data.capacity.tolist()
        self._keep = keep

    def dual_value(self, multipliers: Multipliers) -> Fraction | None:
        """q(λ), less what ``most_profit`` rounds; None where a multiplier of a ≤ row is negative."""
        if self._keep is None:
            return self._of_copies(multipliers)
        k = self._keep
        others = [i for i in range(len(self._capacity)) if i != k]
        prices = row_of(multipliers, "capacity", len(others))
        if min(prices) < 0:
            return None
        left = [
            p - sum(price * self._weight[i][j] for price, i in zip(prices, others, strict=True))
            for j, p in enumerate(self._profit)
        ]
        paid = sum(price * self._capacity[i] for price, i in zip(prices, others, strict=True))
        return -paid - self._most(left, k)

    def _of_copies(self, multipliers: Multipliers) -> Fraction:
        n = len(self._profit)
        tied = range(1, len(self._capacity))
        prices = [row_of(multipliers, copy_row(i), n) for i in tied]
        first = [p - sum(row[j] for row in prices) for j, p in enumerate(self._profit)]
        shares = sum((self._most(prices[i - 1], i) for i in tied), Fraction(0))
        return -self._most(first, 0) - shares

    def _most(self, profit: Sequence[Fraction], row: int) -> Fraction:
        unit = math.lcm(*(p.denominator for p in map(Fraction, profit)))
        whole = [int(p * unit) for p in profit]
        return Fraction(most_profit(whole, self._weight[row], self._capacity[row]), unit)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """−profit of ``point["chosen"]``, 0 or 1 an item; Infeasible if it does not fit."""
        x = entries_of(point, "chosen", len(self._profit))
        for j, entry in enumerate(x):
            if entry not in (0, 1):
                raise Infeasible(f"item {j} is chosen {entry} times, it must be 0 or 1")
        for i, (weight, capacity) in enumerate(zip(self._weight, self._capacity, strict=True)):
            used = sum(w for w, entry in zip(weight, x, strict=True) if entry)
            if used > capacity:
                raise Infeasible(f"row {i} is loaded {used}, its capacity is {capacity}")
        return -Fraction(sum(p for p, entry in zip(self._profit, x, strict=True) if entry))

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """How many items are chosen."""
        return {"items_chosen": sum(1 for entry in point["chosen"] if entry)}
