"""Sums over the nearest levels of sorted magnitudes, for any number of scales at a time.

For magnitudes a_i ≥ 0, integer levels 0 ≤ l_0 < … < l_m and a scale r, with l the level nearest to
a r: A(r) = Σ l a and B(r) = Σ l². They change only at kinks, where some a_i r is midway between two
levels.

A ``Ladder`` has given levels, a ``Window`` consecutive ones about zero, placed anew for each r.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]

CHUNK = 2**16  # table entries at a time: they stay in cache
SEARCH = 16  # finding a middle among the magnitudes takes as long as rounding so many of them


class Kinks(NamedTuple):
    """Scales r (k,), in no order, how much A and B rise at each, and A and B before all of them."""

    r: Floats
    rise_A: Floats
    rise_B: Floats
    A: float
    B: float


class Ladder:
    """Distinct magnitudes, ascending, with how many there are of each, against integer levels."""

    def __init__(self, magnitudes: Floats, levels: Floats) -> None:
        ascending = sorted_floats(magnitudes)
        first = np.flatnonzero(np.diff(ascending, prepend=-1.0))
        self.a = ascending[first]
        self.counts = np.diff(first, append=ascending.size).astype(np.float64)
        self.weights = self.a * self.counts
        self.tails = np.append(running_sums(self.weights[::-1])[::-1], 0.0)  # Σ of a from each on
        self.tail_counts = np.append(np.cumsum(self.counts[::-1])[::-1], 0.0)
        self.levels = levels
        self.middles = (levels[1:] + levels[:-1]) / 2
        self.rises = np.diff(levels)
        self.square_rises = np.diff(levels * levels)
        self.even = levels.size > 1 and bool((self.rises == self.rises[0]).all())

    @property
    def total(self) -> float:
        return float(self.tails[0])

    @property
    def top(self) -> float:
        """The largest magnitude; 0 if there is none."""
        return float(self.a[-1]) if self.a.size else 0.0

    def sums(self, r: Floats) -> tuple[Floats, Floats]:
        """A and B (R,) at each r (R,)."""
        if self.even and self.a.size < SEARCH * self.levels.size:
            return in_chunks(self._rounded, r, self.a.size)
        return in_chunks(self._searched, r, self.middles.size)

    def _rounded(self, r: Floats) -> tuple[Floats, Floats]:
        """Places among even levels by rounding: midway either of the two, which gives the same H."""
        first, step = float(self.levels[0]), float(self.rises[0])
        chosen = np.multiply(r / step, self.a)  # (R, u)
        if first:
            chosen -= first / step
        np.rint(chosen, out=chosen)
        np.minimum(chosen, self.levels.size - 1.0, out=chosen)
        if first:
            np.maximum(chosen, 0.0, out=chosen)
            chosen *= step
            chosen += first
        A = chosen @ self.weights
        np.multiply(chosen, chosen, out=chosen)
        return A, chosen @ self.counts

    def _searched(self, r: Floats) -> tuple[Floats, Floats]:
        first = float(self.levels[0])
        at = np.searchsorted(self.a, self.middles / r, side="right")  # (R, m)
        A = first * self.total + self.tails[at] @ self.rises
        B = first * first * self.tail_counts[0] + self.tail_counts[at] @ self.square_rises
        return A, B

    def first_scale(self) -> float:
        """A scale below which no step is better than a smaller one: where all levels in use are f times
        smaller than others, a step f times smaller has the same values among its own.
        """
        least = 0.0
        for f in (2, 3):
            missing = np.flatnonzero(~np.isin(f * self.levels, self.levels))
            if missing.size and missing[0] > 0:
                least = max(least, float(self.middles[missing[0] - 1]))
        return least / self.top

    def crossed(self, low: float, high: float) -> int:
        """How many kinks lie between two scales, about."""
        ends = np.minimum(np.array([[low], [high]]) * self.a, self.levels[-1])
        return int((ends[1] - ends[0]).sum() / self.rises.min()) + self.a.size

    def kinks(self, low: float, high: float) -> Kinks:
        """All that lie in (low, high]."""
        begin = np.searchsorted(self.middles, self.a * low, side="left")
        end = np.searchsorted(self.middles, self.a * high, side="left")
        many = end - begin
        skipped = np.cumsum(many) - many - begin
        entry = np.repeat(np.arange(self.a.size), many)
        at = np.arange(entry.size) - skipped[entry]
        r = self.middles[at] / self.a[entry]
        start = self.levels[begin]
        return Kinks(
            r,
            self.rises[at] * self.weights[entry],
            self.square_rises[at] * self.counts[entry],
            float(start @ self.weights),
            float((start * start) @ self.counts),
        )


class Window:
    """Numbers x of both signs against integer levels −z, …, top − z, with the best z for each scale.

    x : at most 1 in magnitude, not all zero

    Let p be the middle below the level −z. One level more below and one less above adds

        2 r (Σ max(p − x, 0) − Σ max(x − q, 0)),    q = p + top / r,

    to H = 2 r A − B. That falls as p does, with every level further down: the best z is reached at the
    places p and q where both sums are equal. They move towards each other as these sums grow, so a
    table of their distance gives p for any top / r. As the largest of its values over all z, H is
    convex and piecewise linear.
    """

    def __init__(self, x: Floats, top: int) -> None:
        self.top = top
        ascending = sorted_floats(np.append(x, 0.0))
        first = np.flatnonzero(np.diff(ascending, prepend=-2.0))
        self.a = ascending[first]
        self.counts = np.diff(first, append=ascending.size).astype(np.float64)
        self.weights = self.a * self.counts
        zero = int(np.searchsorted(self.a, 0.0))
        self.beyond = _away_from(zero, self.weights)
        self.beyond_counts = abs(_away_from(zero, self.counts))
        below, above = self.a[: zero + 1], self.a[zero:][::-1]
        left, right = _excess(below, self.counts), _excess(-above, self.counts[::-1])
        excess = np.sort(np.append(left, right), kind="stable")[::-1]
        self.places = np.interp(excess, left, below)
        self.lengths = np.interp(excess, right, above) - self.places

    def zero_points(self, r: Floats) -> Floats:
        """The best z at each r, of any shape."""
        p = np.interp(self.top / r, self.lengths, self.places)
        return np.ceil(-p * r - 0.5).clip(0.0, self.top)

    def sums(self, r: Floats) -> tuple[Floats, Floats]:
        """A and B (R,) at each r (R,)."""
        if self.a.size < SEARCH * self.top:
            return in_chunks(self._rounded, r, self.a.size)
        return in_chunks(self._searched, r, self.top)

    def _rounded(self, r: Floats) -> tuple[Floats, Floats]:
        z = self.zero_points(r)
        chosen = np.multiply(r, self.a)  # (R, u)
        np.rint(chosen, out=chosen)
        np.maximum(chosen, -z, out=chosen)
        np.minimum(chosen, self.top - z, out=chosen)
        A = chosen @ self.weights
        np.multiply(chosen, chosen, out=chosen)
        return A, chosen @ self.counts

    def _searched(self, r: Floats) -> tuple[Floats, Floats]:
        middles = np.arange(0.5, self.top) - self.zero_points(r)  # (R, top)
        at = np.searchsorted(self.a, middles / r, side="right")
        rises = 2 * np.einsum("rj,rj->r", abs(middles), self.beyond_counts[at])
        return self.beyond[at].sum(axis=1), rises


def in_chunks(
    sums: Callable[[Floats], tuple[Floats, Floats]], r: Floats, width: int
) -> tuple[Floats, Floats]:
    """A and B at scales (R,) from those at columns of scales, some at a time."""
    rows = max(1, CHUNK // max(1, width))
    parts = [sums(r[i : i + rows, None]) for i in range(0, r.size, rows)]
    A, B = (np.concatenate(column) for column in zip(*parts, strict=True))
    return A, B


def _away_from(zero: int, x: Floats) -> Floats:
    """At each place among the x (u + 1,): Σ of those from it on; up to ``zero``, −Σ of those before."""
    before = -running_sums(np.append(0.0, x[:zero]))
    after = running_sums(np.append(0.0, x[zero + 1 :][::-1]))[::-1]
    return np.append(before, after)


def _excess(a: Floats, counts: Floats) -> Floats:
    """Σ (p − x) over the x < p at each p = a (u,), of ascending x with how many there are of each."""
    return running_sums(np.append(0.0, np.cumsum(counts[: a.size - 1]) * np.diff(a)))


def sorted_floats(x: Floats) -> Floats:
    """x ascending; numbers that singles hold are sorted as singles, which takes half the time."""
    with np.errstate(over="ignore"):
        narrow = x.astype(np.float32)
    return np.sort(narrow).astype(np.float64) if np.array_equal(narrow, x) else np.sort(x)


def running_sums(x: Floats) -> Floats:
    """Partial sums, accumulated in the widest format the machine has and then rounded."""
    return np.cumsum(x, dtype=np.longdouble).astype(np.float64)
