"""The exact twin of an assignment instance whose capacities are relaxed: integers and rationals."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lagrange.certificates import row_of
from problems.assignment_data import AssignmentData
from problems.assignment_exact import ExactAssignment


class ExactCapacity:
    """Minimization of ``data.cost``; points are those of ``ExactAssignment``, bounds other ones."""

    integral = True
    fact_names: tuple[str, ...] = ()

    def __init__(self, data: AssignmentData) -> None:
        self._points = ExactAssignment(data)
        self._cost = data.cost.tolist()
        self._weight = data.weight.tolist()
        self._capacity = data.capacity.tolist()

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(μ) = Σ_j min_i (c_ij + μ_i w_ij) − Σ_i μ_i C_i; None where a μ_i is negative."""
        prices = row_of(multipliers, "capacity", len(self._capacity))
        if min(prices) < 0:
            return None
        unit = math.lcm(*(price.denominator for price in prices))
        whole = [int(price * unit) for price in prices]
        total = -sum(p * room for p, room in zip(whole, self._capacity, strict=True))
        for j in range(len(self._cost[0])):
            total += min(
                cost[j] * unit + p * weight[j]
                for cost, weight, p in zip(self._cost, self._weight, whole, strict=True)
            )
        return Fraction(total, unit)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The cost of ``point["agent"]``; Infeasible if it breaks a rule."""
        return self._points.cost(point)

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """Nothing besides cost."""
        return {}
