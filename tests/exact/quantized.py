"""Brute force for quantized sets, in whole numbers: data are integers, so every comparison is exact.

With a free scale the nearest member on the levels q explains ⟨v, q⟩² / ⟨q, q⟩ of ‖v‖²; a projection is
optimal if its own levels explain as much as the best of all q with ⟨v, q⟩ ≥ 0.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

SYMMETRIC_3 = range(-3, 4)
ZERO_FREE_2 = (-2, -1, 1, 2)
MIDRISE_2 = (-3, -1, 1, 3)
POWERS_2 = (-2, -1, 1, 2)
POWERS_3 = (-8, -4, -2, -1, 1, 2, 4, 8)


def shifted(top: int) -> list[range]:
    return [range(-z, top - z + 1) for z in range(top + 1)]


def members(levels: Iterable[Sequence[int]], n: int, k: int | None = None) -> Any:
    """All q (m, n) out of each of the level sets; with k at most k entries, zero always a level."""
    found = set[tuple[int, ...]]()
    for each in levels:
        found.update(product(set(each) | ({0} if k is not None else set()), repeat=n))
    if k is not None:
        found = {q for q in found if np.count_nonzero(q) <= k}
    return np.array([q for q in sorted(found) if any(q)])


def best_gain(v: Any, table: Any) -> Fraction:
    """max ⟨v, q⟩² / ⟨q, q⟩ over the rows q of the table with ⟨v, q⟩ > 0; 0 if there are none."""
    A, B = table @ v, np.sum(table * table, axis=1)
    A, B = A[A > 0], B[A > 0]
    if not A.size:
        return Fraction(0)
    at = int(np.argmax(A * A / B))
    assert (A * A * int(B[at]) <= int(A[at]) ** 2 * B).all()  # the float comparison was right
    return Fraction(int(A[at]) ** 2, int(B[at]))


def levels_of(z: Any, most: int) -> Any:
    """Integers q, not above ``most`` in magnitude, with z ≈ s q; None if there are none."""
    top = float(np.abs(z).max())
    for level in range(1, most + 1):
        q = z / top * level
        if np.abs(q - np.rint(q)).max() < 1e-9 * level:
            return np.rint(q).astype(int)
    return None


def gain_of(v: Any, z: Any, most: int) -> Fraction:
    """What the levels of z explain of ‖v‖² at their best scale; −1 where z has none."""
    if not np.any(z):
        return Fraction(0)
    q = levels_of(z, most)
    if q is None:
        return Fraction(-1)
    return Fraction(int(q @ v) ** 2, int(q @ q))


def is_best(v: Any, z: Any, table: Any) -> bool:
    """z has levels of the table's kind that explain the most, at their best scale up to rounding."""
    most = int(np.abs(table).max())
    if gain_of(v, z, most) != best_gain(v, table):
        return False
    # the distance itself: ‖v‖² minus the gain
    wanted = float(sum(int(x) ** 2 for x in v) - best_gain(v, table))
    return abs(float(np.sum((v - z) ** 2)) - wanted) <= 1e-13 * (1 + float(v @ v))


def distance_squared(v: Sequence[float], z: Sequence[float]) -> Fraction:
    return sum(((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(v, z, strict=True)), Fraction(0))


def nearest_of(value: float, levels: Sequence[float]) -> float:
    """The nearest level, ties to the smaller magnitude and then to the positive one."""
    return min(levels, key=lambda q: (abs(Fraction(value) - Fraction(q)), abs(q), -q))


def error_of_groups(v: Any, groups: Any) -> Fraction:
    """Σ over the groups of the squared error to their mean; group −1 is at zero."""
    total = Fraction(0)
    for g in set(groups):
        inside = [int(x) for x, label in zip(v, groups, strict=True) if label == g]
        squares, mean = sum(x * x for x in inside), Fraction(sum(inside), len(inside))
        total += squares if g == -1 else squares - mean * sum(inside)
    return total


def best_groups(v: Any, labelings: Any) -> Fraction:
    """The least error over labelings (m, n) with labels −1 (at zero), 0, 1, …: in whole numbers."""
    n = v.size
    scale = int(np.lcm.reduce(np.arange(1, n + 1)))
    total = np.full(len(labelings), scale * int(v @ v))
    for g in range(int(labelings.max()) + 1):
        inside = labelings == g
        count, s = inside.sum(axis=1), inside @ v
        total -= scale // np.maximum(count, 1) * s * s
    return Fraction(int(total.min()), scale)


def group_labels(z: Any, zero_is_free: bool) -> list[int]:
    """Equal numbers share a label; zero has the label −1 if it is free."""
    distinct = sorted(set(z.tolist()))
    return [-1 if zero_is_free and x == 0 else distinct.index(x) for x in z.tolist()]
