"""Paired comparisons: what changed at each seed, its mean, an interval, and a verdict in words.

    differences d_s = other − baseline at the same seed s,  n of them, mean m, standard deviation σ
    interval m ± t σ / √n,   t the two-sided quantile of Student's t, n − 1 degrees of freedom

The interval is exact for normal differences, and a good approximation for means of many.

References   Student, Biometrika 6 (1908) 1–25; Abramowitz, Stegun, Handbook (1964), 26.7.3–4: the
             distribution for whole degrees of freedom
"""

import math
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

ROUNDING = 4 * sys.float_info.epsilon  # of a difference of two decimal numbers, relative to them
HALVINGS = 100  # of [0, π/2]: beyond what floats resolve


class Spread(NamedTuple):
    """Of n numbers. ``deviation`` and ``half_width`` (of the mean's interval) are NaN for n < 2."""

    n: int
    mean: float
    deviation: float
    half_width: float

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width


class Comparison(NamedTuple):
    """Differences, and what they say."""

    spread: Spread
    verdict: str


def spread(values: Sequence[float], confidence: float) -> Spread:
    """Mean, standard deviation (n − 1) and half the width of the t interval of the mean."""
    n = len(values)
    if n == 0:
        return Spread(0, math.nan, math.nan, math.nan)
    if n == 1:
        return Spread(1, values[0], math.nan, math.nan)
    if min(values) == max(values):  # a rounded mean would differ from them
        return Spread(n, values[0], 0.0, 0.0)
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (n - 1))
    half = t_quantile(confidence, n - 1) * deviation / math.sqrt(n)
    return Spread(n, mean, deviation, half)


def compare(
    baseline: Mapping[int | None, float], other: Mapping[int | None, float], confidence: float
) -> Comparison:
    """By seed; seeds that only one of the two has are left out. A mean of differences that is no more
    than the rounding of what is subtracted is 0, and differences apart by no more than it are equal.
    """
    both = [(other[seed], baseline[seed]) for seed in other if seed in baseline]
    found = spread([after - before for after, before in both], confidence)
    rounding = ROUNDING * max((abs(value) for pair in both for value in pair), default=0.0)
    if found.deviation <= rounding:
        found = found._replace(deviation=0.0, half_width=0.0)
    if abs(found.mean) <= rounding:
        found = found._replace(mean=0.0)
    return Comparison(found, _verdict(found))


def _verdict(found: Spread) -> str:
    if found.n == 0:
        return "no seed in common"
    if found.n == 1:
        return "one seed: no interval, nothing can be said"
    if found.deviation == 0:
        return (
            "identical at every seed" if found.mean == 0 else _direction(found) + " at every seed"
        )
    if found.low <= 0 <= found.high:
        return "cannot be told apart"
    return _direction(found)


def _direction(found: Spread) -> str:
    return "higher" if found.mean > 0 else "lower"


def t_quantile(confidence: float, degrees: int) -> float:
    """The t with P(|T| ≤ t) = confidence in (0, 1), for Student's T with ``degrees`` ≥ 1."""
    low, high = 0.0, math.pi / 2
    for _ in range(HALVINGS):  # in θ = atan(t / √degrees), in which the distribution is smooth
        middle = (low + high) / 2
        if _within(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return math.tan((low + high) / 2) * math.sqrt(degrees)


def _within(theta: float, degrees: int) -> float:
    """P(|T| ≤ √degrees tan θ)."""
    odd = degrees % 2
    sine, cosine = math.sin(theta), math.cos(theta)
    term = cosine if odd else 1.0
    total = 0.0
    for j in range(degrees // 2):  # terms in cos^(2j + odd)
        total += term
        term *= cosine**2 * (2 * j + 1 + odd) / (2 * j + 2 + odd)
    return 2 / math.pi * (theta + sine * total) if odd else sine * total
