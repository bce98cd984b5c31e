"""The exact twin of an assignment instance: the same numbers again in integers and rationals.

Shares no code with the blocks or the solvers: its knapsack counts values only, in exact arithmetic,
so that a bound which it confirms does not rest on theirs.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lagrange.certificates import Infeasible, entries_of, row_of
from problems.assignment_data import AssignmentData


class ExactAssignment:
    """Minimization of ``data.cost`` (a maximization has its profits negated before)."""

    integral = True
    fact_names: tuple[str, ...] = ()

    def __init__(self, data: AssignmentData) -> None:
        self._cost = data.cost.tolist()
        self._weight = data.weight.tolist()
        self._capacity = data.capacity.tolist()

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction:
        """q(λ) = Σ_i min_x Σ_j (c_ij + λ_j) x_ij − Σ_j λ_j over the knapsacks of the agents."""
        prices = row_of(multipliers, "assign", len(self._cost[0]))
        unit = math.lcm(*(price.denominator for price in prices))
        scaled = [int(price * unit) for price in prices]
        total = -sum(scaled)
        for cost, weight, capacity in zip(self._cost, self._weight, self._capacity, strict=True):
            profit = [-(c * unit + p) for c, p in zip(cost, scaled, strict=True)]
            total -= _most_profit(profit, weight, capacity)
        return Fraction(total, unit)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The cost of ``point["agent"]``, the agent of each job; Infeasible if it breaks a rule."""
        agents = entries_of(point, "agent", len(self._cost[0]))
        load = [0] * len(self._capacity)
        cost = 0
        for j, agent in enumerate(agents):
            i = int(agent)
            if i != agent or not 0 <= i < len(load):
                raise Infeasible(f"job {j} has agent {agent}, there are {len(load)}")
            load[i] += self._weight[i][j]
            cost += self._cost[i][j]
        for i, (used, capacity) in enumerate(zip(load, self._capacity, strict=True)):
            if used > capacity:
                raise Infeasible(f"agent {i} is loaded {used}, its capacity is {capacity}")
        return Fraction(cost)

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """Nothing besides cost."""
        return {}


def _most_profit(profit: list[int], weight: list[int], capacity: int) -> int:
    """The value of a 0/1 knapsack with whole profits of any size."""
    items = [(p, w) for p, w in zip(profit, weight, strict=True) if p > 0 and w <= capacity]
    if sum(w for _, w in items) <= capacity:
        return sum(p for p, _ in items)
    small = sum(p for p, _ in items) < 2**62
    best = np.zeros(capacity + 1, dtype=np.int64 if small else object)
    for p, w in items:
        best[w:] = np.maximum(best[w:], best[: capacity + 1 - w] + p)
    return int(best[capacity])
