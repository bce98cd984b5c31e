"""A feasible commitment out of the units' wishes: turn on by priority, turn off what pays, dispatch.

For a given commitment the cheapest dispatch is by merit: every unit at its least output, then the
cheapest fuel first. A heuristic: it may fail, and says so by returning None.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from problems.orlib import IntArray
from problems.unit_commitment_data import Unit, UnitData
from problems.unit_commitment_schedule import BoolArray, is_legal, runs_of, starts_of

ROUNDS = 20  # over all runs of all units, at most


class Plan(NamedTuple):
    """Who is on, and the output of each unit in every hour; (N, T) both."""

    on: BoolArray
    output: IntArray


def repair(data: UnitData, wanted: BoolArray) -> Plan | None:
    """A plan near ``wanted`` (N, T), which keeps the minimum times; None where it fails."""
    on = wanted.copy()
    if not _cover(data, on):
        return None
    _improve(data, on)
    output = dispatch(data, on)
    return None if (output.sum(axis=0) != data.demand).any() else Plan(on, output)


def total_cost(data: UnitData, plan: Plan) -> int:
    """Running, fuel and starts."""
    return sum(
        int(u.running * on.sum() + u.fuel * p.sum()) + u.starting * starts_of(u, on)
        for u, on, p in zip(data.units, *plan, strict=True)
    )


def dispatch(data: UnitData, on: BoolArray) -> IntArray:
    """Output (N, T) by merit; it misses the demand where that lies outside [Σ least, Σ most]."""
    least, most, fuel = np.array([(u.least, u.most, u.fuel) for u in data.units], dtype=np.int64).T
    output: IntArray = on * least[:, None]
    order = np.argsort(fuel, kind="stable")
    room = (on * (most - least)[:, None])[order]
    before = np.cumsum(room, axis=0) - room
    wanted = np.maximum(data.demand - output.sum(axis=0), 0)
    output[order] += np.clip(wanted - before, 0, room)
    return output


def _cover(data: UnitData, on: BoolArray) -> bool:
    """Turns units on, in place, until demand and reserve can be met; was that possible?"""
    most = np.array([unit.most for unit in data.units])
    full = [u.fuel + u.running / u.most + u.starting / (u.most * u.up) for u in data.units]
    need = data.demand + data.reserve
    while True:
        short = need - most @ on
        t = int(short.argmax())
        if short[t] <= 0:
            return True
        off = [
            i
            for i, u in enumerate(data.units)
            if not on[i, t] and (u.before > 0 or t >= u.bound_hours)
        ]
        if not off:
            return False
        i = min(off, key=lambda i: full[i])
        on[i, t] = True
        _lengthen(data.units[i], on[i])


def _lengthen(unit: Unit, on: BoolArray) -> None:
    """Turns more hours on, in place, until the minimum times are kept."""
    while True:
        runs = runs_of(on)
        ends = [0 if unit.before > 0 else -unit.down, *(e for _, e in runs)]
        for (s, e), last in zip(runs, ends, strict=False):
            if s - last < unit.down:  # stopped too briefly
                on[max(last, 0) : s] = True
            elif e - s < unit.up and not (s == 0 and unit.before > 0):
                on[s : s + unit.up] = True
        if runs_of(on) == runs:
            return


def _improve(data: UnitData, on: BoolArray) -> None:
    """Turns off, in place, whole runs and their ends as long as that lowers (excess, cost)."""
    need = data.demand + data.reserve
    most = np.array([unit.most for unit in data.units])
    best = _value(data, on)
    for _ in range(ROUNDS):
        lowered = False
        for i, unit in enumerate(data.units):
            for s, e in _less(on[i]):
                trial = on.copy()
                trial[i, s:e] = False
                if not is_legal(unit, trial[i]) or (most @ trial < need).any():
                    continue
                value = _value(data, trial)
                if value < best:
                    best, lowered = value, True
                    on[i] = trial[i]
        if not lowered:
            return


def _less(on: BoolArray) -> Iterator[tuple[int, int]]:
    """Hours that might be turned off together: every run, its first and its last hour."""
    for s, e in runs_of(on):
        yield from ((s, e), (s, s + 1), (e - 1, e))


def _value(data: UnitData, on: BoolArray) -> tuple[int, int]:
    """By how much too much is produced, and the cost."""
    output = dispatch(data, on)
    return int((output.sum(axis=0) - data.demand).sum()), total_cost(data, Plan(on, output))
