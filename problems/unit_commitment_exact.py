"""The exact twin of a unit commitment instance: the same prices again in whole numbers.

Its schedules come from another recursion than the block's: forward in time, over how long a unit has
been on or off.
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lagrange.certificates import Infeasible, entries_of, row_of
from problems.unit_commitment_data import Unit, UnitData


class ExactUnitCommitment:
    """Minimization of running, fuel and starting costs."""

    integral = True
    fact_names = ("starts",)

    def __init__(self, data: UnitData) -> None:
        self._units = data.units
        self._demand = data.demand.tolist()
        self._need = (data.demand + data.reserve).tolist()

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(λ, μ); None where a multiplier of the reserve is negative."""
        hours = len(self._demand)
        energy, reserve = (row_of(multipliers, row, hours) for row in ("demand", "reserve"))
        if min(reserve) < 0:
            return None
        scale = math.lcm(*(price.denominator for price in (*energy, *reserve)))
        e, r = ([int(price * scale) for price in row] for row in (energy, reserve))
        total = sum(q * n for q, n in zip(r, self._need, strict=True))
        total -= sum(p * d for p, d in zip(e, self._demand, strict=True))
        for unit in self._units:
            hourly = [
                unit.running * scale
                + min((unit.fuel * scale + p) * level for level in (unit.least, unit.most))
                - unit.most * q
                for p, q in zip(e, r, strict=True)
            ]
            total += _least(unit, hourly, unit.starting * scale)
        return Fraction(total, scale)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The cost of ``on`` and ``output``, unit by unit; Infeasible if a rule is broken."""
        hours = len(self._demand)
        on, output = (
            entries_of(point, name, len(self._units) * hours) for name in ("on", "output")
        )
        total, produced, ready = 0, [0] * hours, [0] * hours
        for i, unit in enumerate(self._units):
            u, p = (row[i * hours : (i + 1) * hours] for row in (on, output))
            total += unit.starting * _check_times(i, unit, u)
            for t in range(hours):
                low, high = unit.least * u[t], unit.most * u[t]
                if p[t].denominator != 1 or not low <= p[t] <= high:
                    raise Infeasible(
                        f"unit {i} produces {p[t]} in hour {t}, it must be whole, from {low} to {high}"
                    )
                total += int(unit.running * u[t] + unit.fuel * p[t])
                produced[t] += int(p[t])
                ready[t] += int(high)
        for t in range(hours):
            if produced[t] != self._demand[t]:
                raise Infeasible(
                    f"hour {t}: {produced[t]} is produced, demand is {self._demand[t]}"
                )
            if ready[t] < self._need[t]:
                raise Infeasible(
                    f"hour {t}: units on can give {ready[t]}, demand and reserve are {self._need[t]}"
                )
        return Fraction(total)

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """How many starts there are."""
        hours, on = len(self._demand), [int(u) for u in point["on"]]
        rows = [on[i * hours : (i + 1) * hours] for i in range(len(self._units))]
        return {"starts": sum(_starts(u, row) for u, row in zip(self._units, rows, strict=True))}


def _starts(unit: Unit, on: Sequence[Any]) -> int:
    before = [int(unit.before > 0), *on[:-1]]
    return sum(1 for old, new in zip(before, on, strict=True) if new and not old)


def _check_times(i: int, unit: Unit, on: Sequence[Fraction]) -> int:
    """The number of starts; Infeasible if the unit is switched too early."""
    is_on, since = unit.before > 0, abs(unit.before)
    for t, now in enumerate(on):
        if now not in (0, 1):
            raise Infeasible(f"unit {i} is on {now} in hour {t}, it must be 0 or 1")
        if bool(now) == is_on:
            since += 1
            continue
        if since < (unit.up if is_on else unit.down):
            state = "on" if is_on else "off"
            raise Infeasible(f"unit {i} is switched in hour {t} after {since} hours {state}")
        is_on, since = bool(now), 1
    return _starts(unit, on)


def _least(unit: Unit, hourly: Sequence[int], starting: int) -> int:
    """The cost of the best schedule, by state: (on?, hours in it, as far as they matter)."""
    longest = {True: unit.up, False: unit.down}
    is_on = unit.before > 0
    best = {(is_on, min(abs(unit.before), longest[is_on])): 0}
    for cost in hourly:
        new: dict[tuple[bool, int], int] = {}
        for (was_on, since), value in best.items():
            choices = [(was_on, min(since + 1, longest[was_on]))]
            if since >= longest[was_on]:
                choices.append((not was_on, 1))
            for state in choices:
                paid = value + (cost if state[0] else 0) + (starting if state[0] > was_on else 0)
                if state not in new or paid < new[state]:
                    new[state] = paid
        best = new
    return min(best.values())
