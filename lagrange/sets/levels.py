"""Families of level sets, on flat doubles: what the quantized sets are made of.

    Fixed     Q^n                                 given levels Q
    Scaled    {s q : s ≥ 0, q ∈ Q^n}              Q = ±ladder, one free scale
    Shifted   {s q : s ≥ 0, q ∈ {−z, …, top − z}^n}, the zero point z given or free

``values`` is a nearest member (its numbers are of the array's precision), ``holds`` the exact test.

Floats. A scale is a number of the array's precision, and a member has the entries fl(s q), rounded
once. ``holds`` decides whether such a scale exists, trying every scale that could have made the largest
magnitude. What is a member is its own projection, bit for bit. The best scale is found among all real
numbers (``lagrange.sets.steps``) and rounded, which moves the error by rounding only. A zero array is
a member of every scaled family (s = 0).
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lagrange.sets.nearest import Floats, Mask, Precision, nearest
from lagrange.sets.steps import best_shifted, best_step

PROBE = 4096  # entries looked at first: data that are no member have too many magnitudes among them


class Family(Protocol):
    """A closed set of flat arrays x (n,), finite doubles that are numbers of the precision p."""

    def values(self, x: Floats, p: Precision) -> Floats:
        """The nearest member."""
        ...

    def holds(self, x: Floats, p: Precision) -> bool:
        """Exact membership."""
        ...

    def with_zero(self) -> "Family":
        """The family in which an entry may also be zero."""
        ...


@dataclass(frozen=True, eq=False)
class Fixed:
    """Entries out of given levels, ascending; each is rounded to the precision first."""

    levels: Floats

    def values(self, x: Floats, p: Precision) -> Floats:
        return nearest(x, self.rounded(p))

    def holds(self, x: Floats, p: Precision) -> bool:
        return bool(np.isin(x, self.rounded(p)).all())

    def with_zero(self) -> "Fixed":
        return Fixed(np.union1d(self.levels, [0.0]))

    def rounded(self, p: Precision) -> Floats:
        """The levels in a precision; refuses those beyond its range."""
        levels = p.round(self.levels)
        if not np.isfinite(levels).all():
            worst = float(self.levels[np.argmax(abs(self.levels))])
            raise ValueError(
                f"the level {worst} is beyond the range of {p.name}, which ends at {p.largest}; "
                "take smaller levels or a wider type"
            )
        lost = float(self.levels[np.argmax((levels == 0) & (self.levels != 0))])
        if ((levels == 0) & (self.levels != 0)).any():
            raise ValueError(
                f"the level {lost} is zero in {p.name}, whose smallest number is {p.smallest}; "
                "take larger levels or a wider type"
            )
        return np.unique(levels)


@dataclass(frozen=True, eq=False)
class Scaled:
    """A free scale times integer levels ±ladder; ``ladder`` (m,) ascends from 0 or more.

    budget : of the search for the scale (``lagrange.sets.steps``)
    """

    ladder: Floats
    budget: float = math.inf

    def values(self, x: Floats, p: Precision) -> Floats:
        if self.holds(x, p):
            return x.copy()
        unit, power = normalized(abs(x))
        return snapped(x, self.scale(unit), power, self.signed(), p)

    def scale(self, magnitudes: Floats) -> float:
        """The best scale for magnitudes whose largest is in [1/2, 1)."""
        return best_step(magnitudes, self.ladder, self.budget).step

    def holds(self, x: Floats, p: Precision) -> bool:
        if not x.any():
            return True
        if not self._may_hold(x[:PROBE]):
            return False
        magnitudes = np.unique(abs(x))
        return self._may_hold(magnitudes) and scales(magnitudes, self.ladder, p).size > 0

    def _may_hold(self, x: Floats) -> bool:
        return np.unique(abs(x)).size <= self.ladder.size

    def with_zero(self) -> "Scaled":
        return Scaled(np.union1d(self.ladder, [0.0]), self.budget)

    def signed(self) -> Floats:
        """All levels over the scale, ascending."""
        return np.concatenate([-self.ladder[self.ladder > 0][::-1], self.ladder])


@dataclass(frozen=True, eq=False)
class Shifted:
    """A free scale times −z, …, top − z; the zero point z is chosen with it if None.

    budget : of the search for the scale
    """

    top: int
    zero_point: int | None
    budget: float = math.inf

    def values(self, x: Floats, p: Precision) -> Floats:
        if self.holds(x, p):
            return x.copy()
        unit, power = normalized(x)
        found = best_shifted(unit, self.top, self.zero_point, self.budget)
        if found.gain == 0:
            return np.zeros_like(x)
        levels = np.arange(-found.zero_point, self.top - found.zero_point + 1.0)
        return snapped(x, found.step, power, levels, p)

    def holds(self, x: Floats, p: Precision) -> bool:
        if not x.any():
            return True
        if np.unique(x[:PROBE]).size > self.top + 1:
            return False
        x = np.unique(x)
        ladder = np.arange(self.top + 1.0)
        if x.size > ladder.size:
            return False
        ends = np.array([x[-1], -x[0]]).clip(min=0.0)
        for s in scales(np.unique(abs(x)), ladder, p):
            up, down = np.searchsorted(p.product(s, ladder), ends)
            if self.zero_point is None and up + down <= self.top:
                return True
            if self.zero_point is not None and down <= self.zero_point <= self.top - up:
                return True
        return False

    def with_zero(self) -> "Shifted":
        return self  # zero is a level already


def normalized(x: Floats) -> tuple[Floats, int]:
    """x / 2^power with its largest magnitude in [1/2, 1); x is not all zero."""
    power = math.frexp(float(abs(x).max()))[1]
    if abs(power) < 1000:
        return x * 2.0**-power, power
    return np.ldexp(x, -power), power


def snapped(x: Floats, step: float, power: int, levels: Floats, p: Precision) -> Floats:
    """Nearest levels s q with the scale s = step · 2^power, as near as the precision allows.

    levels : integers q, ascending
    """
    scales = _usable(scale_in(p, step, power), p, levels)
    grids = [p.product(float(s), levels) for s in scales]
    answers = [nearest(x, grid[np.isfinite(grid)]) for grid in grids]
    if len(answers) == 1:
        return answers[0]
    errors = [_squared(np.ldexp(x - z, 1 - power)) for z in answers]
    return answers[errors.index(min(errors))]


def scale_in(p: Precision, step: float, power: int) -> Floats:
    """The candidates for s: the nearest number; below the normal range, where spacing is coarse, the
    numbers on both sides.
    """
    exponent = math.frexp(step)[1] + power
    if math.ldexp(1.0, max(exponent - p.digits - 1, -1100)) >= p.smallest:
        return p.round(np.array([math.ldexp(step, power)]))
    units = math.ldexp(step, power - math.frexp(p.smallest)[1] + 1)  # s in smallest numbers
    return p.smallest * np.unique([math.floor(units), math.ceil(units)])


def _usable(s: Floats, p: Precision, levels: Floats) -> Floats:
    """The scales and, where a level overflows, the largest scale at which none does."""
    most = float(abs(levels).max())
    if np.isfinite(p.product(s, most)).all():
        return s
    limit = p.round(np.array([p.largest / most]))
    while not np.isfinite(p.product(limit, most)).all():
        limit = p.round(limit * (1 - 2.0**-p.digits))
    return np.concatenate([s, limit])


def scales(magnitudes: Floats, ladder: Floats, p: Precision) -> Floats:
    """All scales s of the precision for which every magnitude is fl(s l) with l in the ladder.

    magnitudes : distinct, ascending, not all zero
    """
    positive = ladder[ladder > 0]
    top = magnitudes[-1]
    around = p.around(top / positive)  # (m, 9)
    made = (p.product(around, positive[:, None]) == top) & (around > 0)
    candidates = np.unique(around[made])
    for m in magnitudes[::-1]:
        if m == 0 and ladder[0] != 0:
            return candidates[:0]
        candidates = candidates[_makes(candidates, m, ladder, p)]
        if not candidates.size:
            break
    return candidates


def _makes(candidates: Floats, m: float, ladder: Floats, p: Precision) -> Mask:
    """Which candidates s have a level with fl(s l) = m: the level nearest to m / s or its neighbors."""
    at = np.searchsorted(ladder, m / candidates)[:, None] + np.arange(-1, 2)  # (c, 3)
    levels = ladder[at.clip(0, ladder.size - 1)]
    return (p.product(candidates[:, None], levels) == m).any(axis=1)


def _squared(x: Floats) -> float:
    return float(np.sum(x * x))
