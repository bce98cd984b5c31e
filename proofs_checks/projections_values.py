"""Projections on sets of values, against brute force, in rationals.

J9   Uniform grid with ends: round, then clip to the grid's own ends. Each entry is on its own.
J10  {a b : a ≥ 0, b ∈ {±1}^n}: b = sign w, a = mean |w|. For fixed b the best a is ⟨w, b⟩/n, and
     ‖w − a b‖² = ‖w‖² − ⟨w, b⟩²/n is least where ⟨w, b⟩ = Σ |w_i|.
J11  {a t : a ≥ 0, t ∈ {−1, 0, 1}^n}: the j largest |w| at their mean, with the j of the largest
     (Σ |w|)²/j. For fixed t the best a is ⟨w, t⟩/‖t‖², and the loss ‖w‖² − ⟨w, t⟩²/‖t‖².
J12  {0, ±2^e, low ≤ e ≤ high}: nearest in *value*: 2^e gives way to 2^(e+1) at 1.5 · 2^e.
J13  {s q : s ≥ 0, q ∈ Q^n} for a finite Q: the loss at the best q for s is piecewise quadratic in s; q
     changes only where s (q + q')/2 = w_i for neighbors q, q'. Between two such s the best s is
     ⟨w, q⟩/‖q‖², so going through all of them finds the least loss; one start of Lloyd's does not.

The proofs above are complete. Convex sets and rank are in ``projections_convex``.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise, product

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Rationals, difference, dot, rationals, squared
from proofs_checks.projections import ZERO, largest, nearest

# ------------------------------------------------------------------ J9, J12


def round_then_clip(v: Fraction, low: int, high: int) -> Fraction:
    """The nearest integer in [low, high]."""
    return Fraction(min(max(round(v), low), high))


def one_end_too_far(v: Fraction, low: int, high: int) -> Fraction:
    """Wrong: clips to [−high − 1, high] on a grid without −high − 1."""
    return Fraction(min(max(round(v), -high - 1), high))


def uniform_grid(
    w: Rationals, low: int, high: int, project: Callable[..., Fraction] = round_then_clip
) -> Comparison:
    """J9: entry by entry, on the integers from low to high."""
    z = tuple(project(v, low, high) for v in w)
    values = rationals(*range(low, high + 1))
    least = sum((min((v - q) ** 2 for q in values) for v in w), ZERO)
    inside = all(v in values for v in z)
    return Comparison(squared(difference(w, z)) if inside else math.inf, least, "==")


def power_values(low: int, high: int) -> list[Fraction]:
    """0 and ±2^e."""
    positive = [Fraction(2) ** e for e in range(low, high + 1)]
    return [ZERO, *positive, *(-v for v in positive)]


def nearest_in_value(v: Fraction, low: int, high: int) -> Fraction:
    """Switches at 1.5 · 2^e; 0 below half of the smallest."""
    a = abs(v)
    if 2 * a <= Fraction(2) ** low:
        return ZERO
    e = low
    while e < high and 2 * a > 3 * Fraction(2) ** e:
        e += 1
    return (1 if v > 0 else -1) * Fraction(2) ** e


def nearest_in_logarithm(v: Fraction, low: int, high: int) -> Fraction:
    """Wrong: rounds log₂ |w|, switching at √2 · 2^e."""
    if v == 0:
        return ZERO
    e = min(max(round(math.log2(abs(v))), low), high)
    return (1 if v > 0 else -1) * Fraction(2) ** e


def powers_of_two(
    w: Rationals, low: int, high: int, project: Callable[..., Fraction] = nearest_in_value
) -> Comparison:
    """J12: entry by entry."""
    z = tuple(project(v, low, high) for v in w)
    values = power_values(low, high)
    least = sum((min((v - q) ** 2 for q in values) for v in w), ZERO)
    return Comparison(squared(difference(w, z)), least, "==")


# ------------------------------------------------------------------ J10, J11, J13


def best_scale(w: Rationals, pattern: Sequence[Fraction]) -> Rationals:
    """s · pattern for the best s ≥ 0."""
    length2 = squared(pattern)
    s = max(dot(w, pattern) / length2, ZERO) if length2 else ZERO
    return tuple(s * q for q in pattern)


def mean(values: Sequence[Fraction]) -> Fraction:
    """Their mean."""
    return sum(values, ZERO) / len(values)


def binary(w: Rationals, scale: Callable[[Sequence[Fraction]], Fraction] = mean) -> Comparison:
    """J10: sign w times the mean of |w|; ``scale`` of anything else is wrong."""
    a = scale([abs(v) for v in w])
    z = tuple(a if v >= 0 else -a for v in w)
    members = (best_scale(w, b) for b in product(rationals(-1, 1), repeat=len(w)))
    return nearest(w, z, members, a >= 0)


def best_count(w: Rationals) -> int:
    """The j with the largest (Σ of the j largest |w|)²/j."""
    ordered = sorted(map(abs, w), reverse=True)
    totals = [sum(ordered[: j + 1], ZERO) ** 2 / (j + 1) for j in range(len(w))]
    return totals.index(max(totals)) + 1


def above_threshold(w: Rationals) -> int:
    """Wrong: how many |w| exceed 0.7 times their mean."""
    return max(1, sum(abs(v) > Fraction(7, 10) * mean([abs(u) for u in w]) for v in w))


def ternary(w: Rationals, count: Callable[[Rationals], int] = best_count) -> Comparison:
    """J11: the ``count`` largest |w| at their mean."""
    kept = set(largest([abs(v) for v in w], count(w)))
    pattern = [Fraction((v > 0) - (v < 0)) if i in kept else ZERO for i, v in enumerate(w)]
    members = (best_scale(w, t) for t in product(rationals(-1, 0, 1), repeat=len(w)))
    return nearest(w, best_scale(w, pattern), members, True)


def at_scale(w: Rationals, values: Rationals, s: Fraction) -> Rationals:
    """The nearest q ∈ Q^n at scale s."""
    return tuple(min(values, key=lambda q: abs(v - s * q)) for v in w)


def all_breakpoints(w: Rationals, values: Rationals) -> Rationals:
    """One scale between any two neighboring breakpoints, and one beyond the last."""
    middles = [(a + b) / 2 for a, b in pairwise(sorted(values))]
    where = sorted({v / m for v in w for m in middles if m != 0 and v / m > 0} | {ZERO})
    return tuple([(a + b) / 2 for a, b in pairwise(where)] + [where[-1] + 1])


def one_start(w: Rationals, values: Rationals) -> Rationals:
    """Wrong: Lloyd's iteration from max |w| / max |q|, until nothing changes."""
    s = max(map(abs, w)) / max(map(abs, values))
    for _ in range(50):
        pattern = at_scale(w, values, s)
        length2 = squared(pattern)
        if not length2 or dot(w, pattern) / length2 == s:
            break
        s = dot(w, pattern) / length2
    return (s,)


def free_scale(
    w: Rationals,
    values: Rationals,
    scales: Callable[[Rationals, Rationals], Rationals] = all_breakpoints,
) -> Comparison:
    """J13: the best of the patterns at all ``scales``."""
    found = [best_scale(w, at_scale(w, values, s)) for s in scales(w, values)]
    z = min(found, key=lambda c: squared(difference(w, c)))
    members = (best_scale(w, q) for q in product(values, repeat=len(w)))
    return nearest(w, z, members, True)


# ------------------------------------------------------------------ mutants, pinned

_SIGNS = rationals(-1, 0, 1)

CLAIMS = (
    Claim(
        "J9",
        "nearest-on-uniform-grid",
        "rounding and clipping to the ends of the grid is a nearest point",
        (),
        "derived",
        uniform_grid,
        (
            Mutant(
                "an end that the grid does not have",
                lambda: uniform_grid(rationals(-200, 3), -127, 127, one_end_too_far),
                lambda: uniform_grid(rationals(-200, 3), -127, 127),
            ),
        ),
    ),
    Claim(
        "J10",
        "nearest-binary",
        "sign w times the mean of |w| is a nearest point of {a b : a ≥ 0, b ∈ {±1}^n}",
        (),
        "derived",
        binary,
        (
            Mutant(
                "largest |w| for the mean",
                lambda: binary(rationals(3, -1, 2), max),
                lambda: binary(rationals(3, -1, 2)),
            ),
        ),
    ),
    Claim(
        "J11",
        "nearest-ternary",
        "the j largest |w| at their mean, j with the largest (Σ |w|)²/j, are a nearest point",
        (),
        "derived",
        ternary,
        (
            Mutant(
                "threshold at 0.7 of the mean",
                lambda: ternary(rationals(10, 4, 4), above_threshold),
                lambda: ternary(rationals(10, 4, 4)),
            ),
        ),
    ),
    Claim(
        "J12",
        "nearest-power-of-two",
        "2^e gives way to 2^(e+1) at 1.5 · 2^e",
        (),
        "derived",
        powers_of_two,
        (
            Mutant(
                "rounded logarithm",
                lambda: powers_of_two(rationals(Fraction(23, 16)), -3, 3, nearest_in_logarithm),
                lambda: powers_of_two(rationals(Fraction(23, 16)), -3, 3),
            ),
        ),
    ),
    Claim(
        "J13",
        "nearest-with-free-scale",
        "the best scale between every two breakpoints includes the best scale of all",
        ("Q finite",),
        "derived",
        free_scale,
        (
            Mutant(
                "one start of Lloyd's iteration",
                lambda: free_scale(rationals(1, -2), _SIGNS, one_start),
                lambda: free_scale(rationals(1, -2), _SIGNS),
            ),
        ),
    ),
)
