"""Exact squared distances of points in whole numbers to sets whose nearest member is no float: searches
over all faces, runs or supports, or a formula in fractions.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product

Ints = list[int]


def simplex_distance(row: Sequence[Fraction], total: Fraction) -> Fraction:
    """Over every face: lower its entries by one number; those that stay ≥ 0 are candidates."""
    best = None
    for many in range(1, len(row) + 1):
        for face in combinations(range(len(row)), many):
            theta = (sum(row[i] for i in face) - total) / many
            if any(row[i] < theta for i in face):
                continue
            away = many * theta**2 + sum(row[i] ** 2 for i in range(len(row)) if i not in face)
            best = away if best is None else min(best, away)
    assert best is not None
    return best


def l1_distance(row: Ints, radius: int) -> Fraction:
    sizes = [Fraction(abs(x)) for x in row]
    if sum(sizes) <= radius:
        return Fraction(0)
    return (
        simplex_distance(sizes, Fraction(radius))
        if radius
        else sum((x * x for x in sizes), Fraction(0))
    )


def l2_distance(row: Ints, radius: int) -> Fraction:
    """(‖v‖ − r)², with ‖v‖ by a whole root of 10^60 ‖v‖²."""
    norm = Fraction(math.isqrt(sum(x * x for x in row) * 10**60), 10**30)
    return max(norm - radius, Fraction(0)) ** 2


def monotone_distance(row: Ints, sign: int = 1) -> Fraction:
    """Over every cut into runs: their means, if these are in order."""
    n, best = len(row), None
    for cuts in product((False, True), repeat=n - 1):
        ends = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), n]
        runs = [row[a:b] for a, b in pairwise(ends)]
        means = [Fraction(sum(run), len(run)) for run in runs]
        if all(sign * a <= sign * b for a, b in pairwise(means)):
            away = sum((x - m) ** 2 for run, m in zip(runs, means, strict=True) for x in run)
            best = away if best is None else min(best, away)
    assert best is not None
    return best


EQUATIONS = [[1, 2, 0, -1], [0, 1, 1, 1], [1, 3, 1, 0]]  # the third is the sum of the others
RIGHT = [3, -1, 2]


def affine_distance(row: Ints) -> Fraction:
    """rᵀ (A Aᵀ)⁻¹ r of the two independent equations, r = A v − b."""
    a, b = EQUATIONS[:2]
    r, s = (
        sum(c * x for c, x in zip(e, row, strict=True)) - k
        for e, k in zip((a, b), RIGHT, strict=False)
    )
    aa, ab, bb = (
        sum(p * q for p, q in zip(x, y, strict=True)) for x, y in ((a, a), (a, b), (b, b))
    )
    return Fraction(bb * r * r - 2 * ab * r * s + aa * s * s, aa * bb - ab * ab)


def rank_one_distance(row: Ints) -> Fraction:
    """Of a 2 × 3 matrix: the smaller eigenvalue of its Gram matrix, the root to 30 digits."""
    a, b = row[:3], row[3:]
    aa, ab, bb = (
        sum(p * q for p, q in zip(x, y, strict=True)) for x, y in ((a, a), (a, b), (b, b))
    )
    root = math.isqrt(((aa - bb) ** 2 + 4 * ab * ab) * 10**60)
    return (Fraction(aa + bb) - Fraction(root, 10**30)) / 2
