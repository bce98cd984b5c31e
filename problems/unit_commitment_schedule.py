"""One thermal unit at given prices: the best schedule, by dynamic programming over starts and stops.

    min Σ_t (running + fuel p_t) u_t + starting · (starts) + ⟨λ, p⟩ − ⟨μ, most u⟩
    over u ∈ {0, 1}^T with minimum up and down times,  least u_t ≤ p_t ≤ most u_t

λ are the prices of row ``demand`` (image p), μ those of ``reserve`` (image −most u). An hour on costs
c_t, at the better end of the output; with its sums C from the first hour

    off(t)   = min(0, min_{s ≥ t + down} start(s))                    from hour t on, stopped at t
    start(s) = starting − C(s) + min_{e ≥ s + up} C(e) + off(e)       started at s; e = T is the end

A run that the end of the day cuts off counts as long enough. All in O(T).
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, price_of, require_prices_only
from lagrange.oracles.rounding import surely_below
from lagrange.vectors import Vector
from problems.unit_commitment_data import Unit

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class UnitSchedule:
    """The block of one unit over ``hours``; ``point`` is u (T,) as booleans. Exact."""

    unit: Unit
    hours: int

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "UnitSchedule")
        unit, T = self.unit, self.hours
        fuel = unit.fuel + price_of(price, "demand")
        reserve = price_of(price, "reserve")
        level = np.where(fuel < 0, unit.most, unit.least)
        hourly = unit.running + fuel * level - unit.most * reserve  # (T,)
        on, value = _best(unit, hourly)
        # C and the path through it: at most 2T roundings a run and T/(up + down) + 1 runs
        terms = abs(unit.running) + unit.most * (
            abs(unit.fuel) + np.abs(price["demand"]) + np.abs(reserve)
        )
        operations = 2 * T * (T // (unit.up + unit.down) + 2)
        bound = surely_below(value, float(terms.sum()) + T * unit.starting, operations)
        output = np.where(on, level, 0)
        cost = int(unit.running * on.sum() + unit.fuel * output.sum())
        cost += unit.starting * starts_of(unit, on)
        image = {"demand": output.astype(np.float64), "reserve": -unit.most * on.astype(np.float64)}
        return Response(image, float(cost), bound, on)


def _best(unit: Unit, hourly: FloatArray) -> tuple[BoolArray, float]:
    """The best schedule and its value."""
    T, up, down = hourly.size, unit.up, unit.down
    C = [0.0, *np.cumsum(hourly).tolist()]
    # [t]: the best value and its hour among t, t + 1, …; the end T needs no stop
    stop: list[tuple[float, int]] = [(C[T], T)] * (T + 1)  # of C(e) + off(e)
    begin: list[tuple[float, int]] = [(0.0, T)] * (T + 1)  # of start(s); s = T: never, for nothing
    for t in reversed(range(T)):
        stop[t] = min(stop[t + 1], (C[t] + begin[min(t + down, T)][0], t))
        after, _ = stop[min(t + up, T)]
        begin[t] = min(begin[t + 1], (unit.starting - C[t] + after, t))
    t, on = min(unit.bound_hours, T), np.zeros(T, dtype=np.bool_)
    runs = unit.before > 0
    value = stop[t][0] if runs else begin[t][0]
    since = 0
    while True:  # alternately: until when does it run, when does it start again
        if runs:
            _, end = stop[t]
            on[since:end] = True
            t = min(end + down, T)
            if end == T:
                return on, value
        else:
            _, since = begin[t]
            t = min(since + up, T)
            if since == T:
                return on, value
        runs = not runs


def starts_of(unit: Unit, on: BoolArray) -> int:
    """How often it starts."""
    before = np.concatenate([[unit.before > 0], on[:-1]])
    return int((on & ~before).sum())


def runs_of(on: BoolArray) -> list[tuple[int, int]]:
    """First hour and hour after the last, for every stretch of hours on."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int64), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def is_legal(unit: Unit, on: BoolArray) -> bool:
    """Does it keep its minimum times, those of the hours before the first one too?"""
    T = on.size
    if (on[: unit.bound_hours] != (unit.before > 0)).any():
        return False
    runs = runs_of(on)
    gaps = [(e, s) for (_, e), (s, _) in pairwise(runs)]
    if unit.before > 0 and runs and runs[0][0] > 0:
        gaps.insert(0, (0, runs[0][0]))
    long = [(s, e) for s, e in runs if e < T and not (s == 0 and unit.before > 0)]
    return all(e - s >= unit.up for s, e in long) and all(s - e >= unit.down for e, s in gaps)
