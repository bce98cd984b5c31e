"""The exact twin of a set covering instance: bound and cover recomputed in whole numbers.

Shares no code with the block and the solvers.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lagrange.certificates import Infeasible, entries_of, row_of
from problems.covering_data import CoveringData


class ExactCovering:
    """Minimization; every cover costs a whole number."""

    integral = True
    fact_names: tuple[str, ...] = ()

    def __init__(self, data: CoveringData) -> None:
        self._cost = data.cost.tolist()
        self._covers = [columns.tolist() for columns in data.covers]

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(λ) = Σ_i λ_i + Σ_j min(0, c_j − Σ_{i covered by j} λ_i); None if some λ_i < 0."""
        prices = row_of(multipliers, "cover", len(self._covers))
        if min(prices) < 0:
            return None
        unit = math.lcm(*(price.denominator for price in prices))
        scaled = [int(price * unit) for price in prices]
        reduced = [cost * unit for cost in self._cost]
        for price, columns in zip(scaled, self._covers, strict=True):
            for j in columns:
                reduced[j] -= price
        return Fraction(sum(scaled) + sum(r for r in reduced if r < 0), unit)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The cost of the columns where ``point["taken"]`` is 1; Infeasible if a row is uncovered."""
        taken = entries_of(point, "taken", len(self._cost))
        for j, x in enumerate(taken):
            if x not in (0, 1):
                raise Infeasible(f"column {j + 1} is taken {x} times, it must be 0 or 1")
        for i, columns in enumerate(self._covers):
            if not any(taken[j] for j in columns):
                raise Infeasible(f"no column taken covers row {i + 1}")
        return sum((c * x for c, x in zip(self._cost, taken, strict=True)), Fraction(0))

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """Nothing besides cost."""
        return {}
