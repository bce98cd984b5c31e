"""The step of a grid with the least squared error, found globally.

For magnitudes a_i ≥ 0 and integers 0 ≤ l_0 < … < l_m (a *ladder*) the squared error of the nearest
levels s l is Σ a_i² − G(s); with r = 1/s

    G = H(r) / r²,    H(r) = Σ_i max_j (2 l_j a_i r − l_j²) = 2 r A − B,    A = Σ l a,  B = Σ l².

H is convex and piecewise linear: on [r₀, r₁] it lies below its chord α + β r, and the maximum of
(α + β r) / r² is known in closed form. So a branch and bound over intervals of r needs H at their ends
only: intervals whose chord cannot beat the best known A² / B (the best step for an assignment) go.
What is left out is below 2^−48 Σ a_i²: what rounding of the sums does anyway. Few breakpoints are
enumerated instead, which is exact in the same sense.

Of steps of equal error the first met is taken, which is the same every time.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lagrange.sets.nearest import Floats

ENUMERATED = 2**15  # so many breakpoints are cheaper to sort than to bound
PARTS = 4  # an interval is cut into so many
FIRST = 64  # intervals to begin with
SLACK = 2.0**-48  # of the squared norm
CHUNK = 2**21  # table entries at a time

Sums = Callable[[Floats], tuple[Floats, Floats]]


class Found(NamedTuple):
    """A step, the gain of its assignment, and which column of the sums it belongs to."""

    step: float
    gain: float
    column: int


class Ladder:
    """Sorted magnitudes with tail sums, against integer levels: sums for any r without a pass over
    the data.
    """

    def __init__(self, magnitudes: Floats, levels: Floats) -> None:
        self.sorted = sorted_floats(magnitudes)
        self.tails = np.append(running_sums(self.sorted[::-1])[::-1], 0.0)  # (n + 1,)
        self.levels = levels
        self.middles = (levels[1:] + levels[:-1]) / 2
        self.rises = np.diff(levels)
        self.square_rises = np.diff(levels * levels)

    @property
    def total(self) -> float:
        return float(self.tails[0])

    def sums(self, r: Floats) -> tuple[Floats, Floats]:
        """A and B (R, 1) at each r (R,)."""
        rows = max(1, CHUNK // max(1, min(self.levels.size, self.sorted.size)))
        parts = [self._sums(r[i : i + rows]) for i in range(0, r.size, rows)]
        A, B = (np.concatenate(column) for column in zip(*parts, strict=True))
        return A[:, None], B[:, None]

    def _sums(self, r: Floats) -> tuple[Floats, Floats]:
        first, n = self.levels[0], self.sorted.size
        if n < self.levels.size:
            at = np.searchsorted(self.middles, np.outer(r, self.sorted), side="left")
            chosen = self.levels[at]  # (R, n)
            return chosen @ self.sorted, np.sum(chosen * chosen, axis=1)
        at = np.searchsorted(self.sorted, self.middles / r[:, None], side="right")  # (R, m)
        A = first * self.total + self.tails[at] @ self.rises
        B = first * first * n + (n - at) @ self.square_rises
        return A, B

    def truncated_sums(self, r: Floats) -> tuple[Floats, Floats]:
        """A and B (R, m + 1) at each r for the ladders that end at each of the levels."""
        at = np.searchsorted(self.sorted, self.middles / r[:, None], side="right")  # (R, m)
        first, start = self.levels[0], np.zeros((r.size, 1))
        up = np.cumsum(self.tails[at] * self.rises, axis=1)
        up2 = np.cumsum((self.sorted.size - at) * self.square_rises, axis=1)
        A = first * self.total + np.hstack([start, up])
        B = first * first * self.sorted.size + np.hstack([start, up2])
        return A, B


def best_step(magnitudes: Floats, levels: Floats) -> Found:
    """The best step for magnitudes (n,) with maximum in [1/2, 1] and the levels of a ladder."""
    if levels[-1] == levels.size - 1 == 1:
        return ternary(magnitudes)
    if levels.size == 1:
        mean = float(np.mean(magnitudes))
        return Found(mean / float(levels[0]), mean * mean * magnitudes.size, 0)
    ladder = Ladder(magnitudes, levels)
    positive = levels[levels > 0]
    if magnitudes.size * levels.size <= ENUMERATED:
        return enumerated(ladder)
    top = float(ladder.sorted[-1])
    low, near = float(positive[0]) / top, float(positive[-1]) / top
    return bounded(ladder.sums, low, near, float(positive[-1]) * ladder.total, _squared(magnitudes))


def best_shifted(x: Floats, top: int, zero_point: int | None) -> Found:
    """The best step and zero point z (free if None) of the levels −z … top − z; max |x| in [1/2, 1].

    The column of the answer is z. A gain of 0: no level but zero is of use.
    """
    levels = np.arange(top + 1.0)
    if zero_point is None:
        up, down = Ladder(x[x > 0], levels), Ladder(-x[x < 0], levels)
    else:
        ends = (top - zero_point) * (x > 0) + zero_point * (x < 0)
        x = x[ends > 0]  # the others are zero for every step
        up = Ladder(x[x > 0], levels[: top - zero_point + 1])
        down = Ladder(-x[x < 0], levels[: zero_point + 1])

    def sums(r: Floats) -> tuple[Floats, Floats]:
        if zero_point is not None:
            above, below = up.sums(r), down.sums(r)
            return above[0] + below[0], above[1] + below[1]
        above, below = up.truncated_sums(r), down.truncated_sums(r)
        return above[0][:, ::-1] + below[0], above[1][:, ::-1] + below[1]

    if not x.size:
        return Found(0.0, 0.0, zero_point or 0)
    largest, total = float(abs(x).max()), top * (up.total + down.total)
    found = bounded(sums, 1.0 / largest, top / largest, total, _squared(x))
    return found if zero_point is None else found._replace(column=zero_point)


def ternary(magnitudes: Floats) -> Found:
    """Levels 0 and 1: the j largest magnitudes at their mean, where (Σ of them)² / j is largest."""
    sums = running_sums(sorted_floats(magnitudes)[::-1])
    gains = sums * sums / np.arange(1, magnitudes.size + 1)
    j = int(np.argmax(gains))
    return Found(float(sums[j]) / (j + 1), float(gains[j]), 0)


def enumerated(ladder: Ladder) -> Found:
    """Every assignment that is nearest for some step: breakpoints sorted, sums accumulated."""
    a = ladder.sorted[ladder.sorted > 0]
    kinks = (ladder.middles[:, None] / a).ravel()  # r at which an entry takes its next level
    order = np.argsort(kinks, kind="stable")
    more = (ladder.rises[:, None] * a).ravel()[order]
    more2 = np.repeat(ladder.square_rises, a.size)[order]
    first = float(ladder.levels[0])
    A = running_sums(np.append(first * ladder.total, more))
    B = running_sums(np.append(first * first * ladder.sorted.size, more2))
    return _best_of(A[:, None], B[:, None], Found(0.0, 0.0, 0))


def bounded(sums: Sums, low: float, near: float, reach: float, squared: float) -> Found:
    """Branch and bound over r ≥ low; ``near`` is an r to try first.

    reach : l_m Σ a_i; G(s) ≤ 2 s reach, so small steps are out as soon as any gain is known
    """
    best = _best_of(*sums(np.array([low, near])), Found(0.0, 0.0, 0))
    r = np.geomspace(low, 2 * reach / best.gain, FIRST + 1)
    first = sums(r)
    best = _polished(sums, _best_of(*first, best))
    H = 2 * r[:, None] * first[0] - first[1]  # (R, C)
    left, right, H_left, H_right = r[:-1], r[1:], H[:-1], H[1:]
    while True:
        bound = chord_bound(left, right, H_left, H_right)
        open_ = (bound > best.gain + SLACK * squared).any(axis=1)
        open_ &= right - left > 4 * 2.0**-52 * left
        if not open_.any():
            return best
        r = _cut(left[open_], right[open_])  # (I, PARTS + 1)
        new = r[:, 1:-1].ravel()
        fresh = sums(new)
        best = _best_of(*fresh, best)
        inner = (2 * new[:, None] * fresh[0] - fresh[1]).reshape(r.shape[0], PARTS - 1, -1)
        ends = np.concatenate([H_left[open_, None], inner, H_right[open_, None]], axis=1)
        left, right = r[:, :-1].ravel(), r[:, 1:].ravel()
        H_left = ends[:, :-1].reshape(left.size, -1)
        H_right = ends[:, 1:].reshape(left.size, -1)


def _cut(left: Floats, right: Floats) -> Floats:
    """The ends of PARTS equal parts of each interval: (I, PARTS + 1)."""
    inner = left[:, None] + (right - left)[:, None] * (np.arange(1, PARTS) / PARTS)
    return np.column_stack([left, inner, right])


def _polished(sums: Sums, best: Found) -> Found:
    """Nearest levels and best step in turn: a local descent, to bound away more from the start."""
    while True:
        better = _best_of(*sums(np.array([1 / best.step])), best)
        if better.gain <= best.gain:
            return best
        best = better


def chord_bound(left: Floats, right: Floats, H_left: Floats, H_right: Floats) -> Floats:
    """max (α + β r) / r² over [left, right] for the chord through both ends: (I, C)."""
    r0, r1 = left[:, None], right[:, None]
    beta = (H_right - H_left) / (r1 - r0)
    alpha = H_left - beta * r0
    bound = np.maximum(H_left / (r0 * r0), H_right / (r1 * r1))
    falling = (alpha < 0) & (beta > 0)
    peak = np.divide(-2 * alpha, beta, where=falling, out=np.zeros_like(beta))
    inside = falling & (r0 < peak) & (peak < r1)
    over = np.divide(beta * beta, -4 * alpha, where=inside, out=np.full_like(beta, -math.inf))
    return np.maximum(bound, over)


def _best_of(A: Floats, B: Floats, best: Found) -> Found:
    """The best of assignments (R, C) with sums A and B, and of what is known."""
    gains = np.divide(A * A, B, where=(B > 0) & (A > 0), out=np.zeros_like(A))
    most = float(gains.max())
    if most <= best.gain:
        return best
    row, column = np.unravel_index(int(np.argmax(gains)), gains.shape)
    return Found(float(A[row, column] / B[row, column]), most, int(column))


def sorted_floats(x: Floats) -> Floats:
    """x ascending; numbers that singles hold are sorted as singles, which takes half the time."""
    with np.errstate(over="ignore"):
        narrow = x.astype(np.float32)
    return np.sort(narrow).astype(np.float64) if np.array_equal(narrow, x) else np.sort(x)


def running_sums(x: Floats) -> Floats:
    """Partial sums, accumulated in the widest format the machine has and then rounded."""
    return np.cumsum(x, dtype=np.longdouble).astype(np.float64)


def _squared(x: Floats) -> float:
    return float(np.sum(x * x))
