"""The exact twin of a location instance: bounds and points recomputed in whole numbers.

Shares no code with the blocks and the solvers. Money is counted in 1/unit and goods in 1/grain, as the
file has them; flows are whole numbers of grains, so that a point is feasible exactly or not at all.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lagrange.certificates import Infeasible, entries_of, row_of
from problems.location_data import LocationData


class ExactLocation:
    """Minimization; ``relax`` names what was relaxed: demand or capacity."""

    integral = False  # shares of a cost need not be whole
    fact_names: tuple[str, ...] = ("sites_open",)

    def __init__(self, data: LocationData, relax: str) -> None:
        self._opening = data.opening.tolist()
        self._service = data.service.tolist()
        self._capacity = data.capacity.tolist()
        self._demand = data.demand.tolist()
        self._unit = data.unit
        self._grain = data.grain
        self._value = {"demand": self._demand_relaxed, "capacity": self._capacity_relaxed}[relax]

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(λ) of the relaxation; None if the multipliers prove nothing."""
        return self._value(multipliers)

    def _demand_relaxed(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction:
        """Σ_i min(0, f_i + the knapsack of site i) − Σ_j λ_j, in multiples of 1/(unit · scale)."""
        prices = row_of(multipliers, "serve", len(self._demand))
        scale = math.lcm(*(price.denominator for price in prices))
        scaled = [int(price * scale) * self._unit for price in prices]
        total = Fraction(-sum(scaled))
        for i, opening in enumerate(self._opening):
            r = [c * scale + p for c, p in zip(self._service[i], scaled, strict=True)]
            total += min(Fraction(0), opening * scale + self._knapsack(r, self._capacity[i]))
        return total / (self._unit * scale)

    def _knapsack(self, r: list[int], room: int) -> Fraction:
        """min ⟨r, x⟩ over 0 ≤ x ≤ 1, ⟨demand, x⟩ ≤ room."""
        total = Fraction(0)
        items = [(Fraction(c, d), c, d) for c, d in zip(r, self._demand, strict=True) if c < 0]
        for each, c, d in sorted(items):
            if d > room:
                return total + each * room
            total, room = total + c, room - d
        return total

    def _capacity_relaxed(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """Σ_j min_i (c_ij + μ_i d_j) + Σ_i min(0, f_i − μ_i u_i), goods as the file has them."""
        prices = row_of(multipliers, "capacity", len(self._capacity))
        if min(prices) < 0:
            return None
        rent = [price * self._unit / self._grain for price in prices]  # money for a grain
        total = Fraction(0)
        for j, wanted in enumerate(self._demand):
            total += min(row[j] + r * wanted for row, r in zip(self._service, rent, strict=True))
        for opening, room, r in zip(self._opening, self._capacity, rent, strict=True):
            total += min(Fraction(0), opening - r * room)
        return total / self._unit

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The cost of ``point["flow"]`` (m · n), grains from each site to each customer, with every
        site open that sends some; Infeasible if it breaks a rule.
        """
        m, n = len(self._capacity), len(self._demand)
        flow = entries_of(point, "flow", m * n)
        for k, amount in enumerate(flow):
            if amount < 0 or amount.denominator != 1:
                i, j = divmod(k, n)
                raise Infeasible(
                    f"site {i + 1} sends {amount} to customer {j + 1}, not a whole number ≥ 0"
                )
        for j, wanted in enumerate(self._demand):
            if sum(flow[j::n]) != wanted:
                raise Infeasible(f"customer {j + 1} gets {sum(flow[j::n])}, it demands {wanted}")
        total = Fraction(0)
        for i, room in enumerate(self._capacity):
            sent = flow[i * n : (i + 1) * n]
            if sum(sent) > room:
                raise Infeasible(f"site {i + 1} sends {sum(sent)}, its capacity is {room}")
            shares = zip(sent, self._service[i], self._demand, strict=True)
            total += sum((Fraction(c * int(f), d) for f, c, d in shares if f), Fraction(0))
            total += self._opening[i] if any(sent) or self._opening[i] < 0 else 0
        return total / self._unit

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """How many sites send something."""
        n = len(self._demand)
        return {"sites_open": int(np.asarray(point["flow"]).reshape(-1, n).any(axis=1).sum())}
