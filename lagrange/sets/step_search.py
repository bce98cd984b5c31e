"""Branch and bound for the scale with the largest gain.

For magnitudes a_i ≥ 0 and integers 0 ≤ l_0 < … < l_m (a *ladder*) the squared error of the nearest
levels s l is Σ a_i² − G(s); with r = 1/s

    G = H(r) / r²,    H(r) = Σ_i max_j (2 l_j a_i r − l_j²) = 2 r A − B,    A = Σ l a,  B = Σ l².

H is convex and piecewise linear: on [r₀, r₁] it lies below its chord α + β r, and the maximum of
(α + β r) / r² is known in closed form. So a branch and bound over intervals of r needs H at their ends
only: intervals whose chord cannot beat the best known A² / B (the best step for an assignment) go. The
others are cut into as many parts as their bounds seem to need: chords err by the square of the width.
Once few kinks of H lie in what is left, they are enumerated: put into bins, H summed up over the bins,
and only where a bin's chord could still win are its kinks taken one by one.

With a free zero point H is the largest of those of all zero points (``lagrange.sets.ladders.Window``),
convex and piecewise linear again; its kinks are not enumerated.

What is left out is below 2^−48 Σ a_i²: what rounding of the sums does anyway. A proof takes about as
many evaluations as there are levels. A search with a ``budget`` (evaluations at the cost of rounding
all magnitudes) may end without: then the kinks around the best scale met are enumerated, and the step
is at least a local optimum. Of steps of equal error the first met is taken, the same every time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from lagrange.sets.ladders import SEARCH, Floats, Indices, Kinks, Ladder, Mask, running_sums

FIRST = 64  # intervals to begin with
MOST_PARTS = 8  # that an interval is cut into at once
DESCENTS = 4  # before the search
SLACK = 2.0**-48  # of the squared norm
KINKS = 2**17  # enumerated at most at once
FREE = 2**18  # magnitudes that may be rounded whatever the budget,
FREE_SUMS = 640  # in this many evaluations at most
KINK = 16  # enumerating a kink takes as long as rounding so many magnitudes

Sums: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]


class Found(NamedTuple):
    """A step and the gain of its assignment.

    proved     : no step gains more
    zero_point : of the levels, where they have one
    """

    step: float
    gain: float
    proved: bool = True
    zero_point: int = 0


@dataclass(frozen=True)
class Search:
    """What there is to search.

    sums    : A and B (R,) at scales (R,)
    ladders : whose kinks can be enumerated; none if the zero point is free
    low     : no smaller scale is better than all others
    near    : a scale to try first
    reach   : l_m Σ a_i; G(s) ≤ 2 s reach, so small steps are out as soon as any gain is known
    squared : Σ a_i²
    size    : how many magnitudes
    """

    sums: Sums
    ladders: tuple[Ladder, ...]
    low: float
    near: float
    reach: float
    squared: float
    size: int

    def crossed(self, low: float, high: float) -> float:
        if not self.ladders:
            return math.inf
        return sum(ladder.crossed(low, high) for ladder in self.ladders)

    def kinks(self, low: float, high: float) -> Kinks:
        parts = [ladder.kinks(low, high) for ladder in self.ladders]
        r, rise_A, rise_B = (
            np.concatenate(column) for column in list(zip(*parts, strict=True))[:3]
        )
        return Kinks(r, rise_A, rise_B, sum(x.A for x in parts), sum(x.B for x in parts))

    @property
    def width(self) -> int:
        """Magnitudes that an evaluation rounds, about."""
        return sum(min(x.a.size, SEARCH * x.levels.size) for x in self.ladders)


def bounded(search: Search, budget: float = math.inf) -> Found:
    """Branch and bound over r ≥ low."""
    best = _best_of(*search.sums(np.array([search.low, search.near])), Found(0.0, 0.0))
    r = np.geomspace(search.low, 2 * search.reach / best.gain, FIRST + 1)
    A, B = search.sums(r)
    best = _polished(search.sums, _best_of(A, B, best), DESCENTS)
    H = 2 * r * A - B  # (R,)
    ends = r[:-1], r[1:], H[:-1], H[1:]
    slack, left_over = (
        SLACK * search.squared,
        budget * search.size + min(FREE, FREE_SUMS * search.size),
    )
    while True:
        bound = chord_bound(*ends)
        open_ = bound > best.gain + slack
        open_ &= ends[1] - ends[0] > 4 * 2.0**-52 * ends[0]
        if not open_.any():
            return best
        left, right, H_left, H_right = (column[open_] for column in ends)
        parts = _parts(left, right, H_left, H_right, bound[open_], best.gain)
        fresh = int(parts.sum()) - parts.size
        low, high = float(left[0]), float(right[-1])
        crossed = search.crossed(low, high)
        if crossed <= KINKS and KINK * crossed <= fresh * search.width + 2**15:
            return _polished(search.sums, enumerated(search, low, high, best))
        left_over -= fresh * search.width
        if left_over < 0:
            trials = int(left_over / search.width) + fresh
            gains = np.maximum(H_left / left**2, H_right / right**2)
            return _unproved(search, left, right, gains, trials, best)
        lefts, rights, inner = _cut(left, right, parts)
        new = search.sums(lefts[inner])
        best = _best_of(*new, best)
        H_new = 2 * lefts[inner] * new[0] - new[1]
        ends = lefts, rights, *_both(H_left, H_right, H_new, parts, inner)


def _parts(
    left: Floats, right: Floats, H_left: Floats, H_right: Floats, bound: Floats, gain: float
) -> Indices:
    """Into how many parts to cut each interval, 2 … MOST_PARTS, to get its bound below the gain."""
    at_ends = np.maximum(H_left / left**2, H_right / right**2)
    excess, room = bound - at_ends, np.maximum(gain - at_ends, 1e-300)
    wanted = np.sqrt(np.where(bound > gain, excess / room, 0.0))
    return np.ceil(1.1 * np.minimum(wanted, MOST_PARTS)).clip(2, MOST_PARTS).astype(np.intp)


def _cut(left: Floats, right: Floats, parts: Indices) -> tuple[Floats, Floats, Mask]:
    """The ends of all parts (P,), and which of the left ends are new."""
    whole = np.repeat(np.arange(parts.size), parts)
    place = np.arange(whole.size) - (np.cumsum(parts) - parts)[whole]
    lefts = left[whole] + (right - left)[whole] * (place / parts[whole])
    rights = np.append(lefts[1:], 0.0)
    rights[np.cumsum(parts) - 1] = right
    return lefts, rights, place > 0


def _both(
    H_left: Floats, H_right: Floats, H_new: Floats, parts: Indices, inner: Mask
) -> tuple[Floats, Floats]:
    """H at the left and at the right ends of all parts (P,)."""
    lefts = np.repeat(H_left, parts)
    lefts[inner] = H_new
    rights = np.append(lefts[1:], 0.0)
    rights[np.cumsum(parts) - 1] = H_right
    return lefts, rights


def _unproved(
    search: Search, left: Floats, right: Floats, at_ends: Floats, trials: int, best: Found
) -> Found:
    """More scales are tried in the best of the intervals, then all kinks around the best of them."""
    if trials > 0:
        order = np.argsort(-at_ends, kind="stable")[: max(1, trials // MOST_PARTS)]
        parts = np.full(order.size, trials // order.size + 1, dtype=np.intp)
        lefts, _, inner = _cut(left[order], right[order], parts)
        best = _polished(search.sums, _best_of(*search.sums(lefts[inner]), best))
    center, most = 1 / best.step, min(KINKS, 2**13 + search.size)
    low, high = min(float(left[0]), center), max(float(right[-1]), center)
    share = min(1.0, most / search.crossed(low, high))
    low, high = center - share * (center - low), center + share * (high - center)
    found = enumerated(search, low, high, best)
    return _polished(search.sums, found)._replace(proved=False)


def enumerated(search: Search, low: float, high: float, best: Found) -> Found:
    """Every assignment that is nearest for some r in [low, high] and can be better than the best."""
    kinks = search.kinks(low, high)
    bins = max(1, kinks.r.size)
    width = (high - low) / bins
    at = ((kinks.r - low) / width).astype(np.intp)
    np.clip(at, 0, bins - 1, out=at)
    A_at = running_sums(np.append(kinks.A, np.bincount(at, kinks.rise_A, bins)))
    B_at = np.cumsum(np.append(kinks.B, np.bincount(at, kinks.rise_B, bins)))
    best = _best_of(A_at, B_at, best)
    several = np.flatnonzero(np.bincount(at, minlength=bins) > 1)  # the others are done
    edges = low + width * np.arange(bins + 1.0)
    r0, r1 = edges[several], edges[several + 1]
    H0, H1 = 2 * r0 * A_at[several] - B_at[several], 2 * r1 * A_at[several + 1] - B_at[several + 1]
    bound = chord_bound(r0, r1, H0, H1)
    open_ = np.zeros(bins, bool)
    open_[several] = bound > best.gain + SLACK * search.squared
    chosen = np.flatnonzero(open_[at])
    chosen = chosen[np.argsort(kinks.r[chosen], kind="stable")]
    begin = np.flatnonzero(np.diff(at[chosen], prepend=-1))
    return _best_of(
        _within(A_at, kinks.rise_A, at, chosen, begin),
        _within(B_at, kinks.rise_B, at, chosen, begin),
        best,
    )


def _within(sums: Floats, rises: Floats, at: Indices, chosen: Indices, begin: Indices) -> Floats:
    """The sums (k,) after each of the chosen kinks, those of a bin one after the other."""
    run = np.cumsum(rises[chosen])
    before = np.repeat(np.append(0.0, run)[begin], np.diff(begin, append=chosen.size))
    return sums[at[chosen]] + run - before


def _polished(sums: Sums, best: Found, most: float = math.inf) -> Found:
    """Nearest levels and best step in turn: a local descent, to bound away more from the start."""
    while most > 0:
        better = _best_of(*sums(np.array([1 / best.step])), best)
        if better.gain <= best.gain:
            return best
        best, most = better, most - 1
    return best


def chord_bound(r0: Floats, r1: Floats, H0: Floats, H1: Floats) -> Floats:
    """max (α + β r) / r² over [r0, r1] for the chord through H0 and H1 there: (I,)."""
    beta = (H1 - H0) / (r1 - r0)
    alpha = H0 - beta * r0
    bound = np.maximum(H0 / (r0 * r0), H1 / (r1 * r1))
    falling = (alpha < 0) & (beta > 0)
    peak = np.divide(-2 * alpha, beta, where=falling, out=np.zeros_like(beta))
    inside = falling & (r0 < peak) & (peak < r1)
    over = np.divide(beta * beta, -4 * alpha, where=inside, out=np.full_like(beta, -math.inf))
    return np.maximum(bound, over)


def _best_of(A: Floats, B: Floats, best: Found) -> Found:
    """The best of assignments (R,) with sums A and B, and of what is known."""
    gains = np.divide(A * A, B, where=(B > 0) & (A > 0), out=np.zeros_like(A))
    most = float(gains.max(initial=0.0))
    if most <= best.gain:
        return best
    at = int(np.argmax(gains))
    return Found(float(A[at] / B[at]), most)
