"""The step of a grid with the least squared error, and the zero point with it.

The search itself is ``lagrange.sets.step_search``; here is what it is given. Of small steps and large:

    no step above max a / l, l the smallest positive level, is better than that one;
    where all levels in use are halves (thirds) of levels, half (a third of) the step is as good;
    G(s) ≤ 2 s l_m Σ a, so small steps are out as soon as any gain is known.
"""

import math

import numpy as np

from lagrange.sets.ladders import Ladder, Window, running_sums, sorted_floats
from lagrange.sets.nearest import Floats
from lagrange.sets.step_search import Found, Search, bounded


def best_step(magnitudes: Floats, levels: Floats, budget: float = math.inf) -> Found:
    """The best step for magnitudes (n,) with maximum in [1/2, 1] and the levels of a ladder."""
    if levels[-1] == levels.size - 1 == 1:
        return ternary(magnitudes)
    if levels.size == 1:
        mean = float(np.mean(magnitudes))
        return Found(mean / float(levels[0]), mean * mean * magnitudes.size)
    ladder = Ladder(magnitudes, levels)
    positive = levels[levels > 0]
    low = max(float(positive[0]) / ladder.top, ladder.first_scale())
    near, reach = float(positive[-1]) / ladder.top, float(positive[-1]) * ladder.total
    squared, size = _squared(magnitudes), magnitudes.size
    return bounded(Search(ladder.sums, (ladder,), low, near, reach, squared, size), budget)


def best_shifted(x: Floats, top: int, zero_point: int | None, budget: float = math.inf) -> Found:
    """The best step and zero point z (free if None) of the levels −z … top − z; max |x| in [1/2, 1].

    A gain of 0: no level but zero is of use.
    """
    if zero_point is None:
        return _best_window(x, top, budget)
    ends = (top - zero_point) * (x > 0) + zero_point * (x < 0)
    x = x[ends > 0]  # the others are zero for every step
    if not x.size:
        return Found(0.0, 0.0, zero_point=zero_point)
    levels = np.arange(top + 1.0)
    up = Ladder(x[x > 0], levels[: top - zero_point + 1])
    down = Ladder(-x[x < 0], levels[: zero_point + 1])

    def sums(r: Floats) -> tuple[Floats, Floats]:
        above, below = up.sums(r), down.sums(r)
        return above[0] + below[0], above[1] + below[1]

    used = tuple(side for side in (up, down) if side.a.size)
    largest, total = max(up.top, down.top), up.total + down.total
    low = max(1.0 / largest, min(side.first_scale() for side in used))
    search = Search(sums, used, low, top / largest, top * total, _squared(x), x.size)
    return bounded(search, budget)._replace(zero_point=zero_point)


def _best_window(x: Floats, top: int, budget: float) -> Found:
    """Unless more than half of the levels are in use, half the step is as good."""
    window = Window(x, top)
    spread, largest = float(window.a[-1] - window.a[0]), float(abs(x).max())
    low, total = max(1.0 / largest, (top / 2 - 1) / spread), float(abs(x).sum())
    search = Search(window.sums, (), low, top / largest, top * total, _squared(x), x.size)
    found = bounded(search, budget)
    z = window.zero_points(np.array([1 / found.step]))
    return found._replace(zero_point=int(z[0]))


def ternary(magnitudes: Floats) -> Found:
    """Levels 0 and 1: the j largest magnitudes at their mean, where (Σ of them)² / j is largest."""
    sums = running_sums(sorted_floats(magnitudes)[::-1])
    gains = sums * sums / np.arange(1, magnitudes.size + 1)
    j = int(np.argmax(gains))
    return Found(float(sums[j]) / (j + 1), float(gains[j]))


def _squared(x: Floats) -> float:
    return float(np.sum(x * x))
