"""Instances made around their optimum, in rational arithmetic: shared steps.

Every number of a planted instance is a fraction that a float holds exactly, so that a solver gets the
very instance whose optimum is known.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from problems.tables import FloatArray

Row: TypeAlias = list[Fraction]
Matrix: TypeAlias = list[Row]


def whole(rng: np.random.Generator, low: int, high: int, size: int) -> Row:
    """Whole numbers from low to high, both included."""
    return [Fraction(int(e)) for e in rng.integers(low, high + 1, size)]


def whole_matrix(rng: np.random.Generator, low: int, high: int, rows: int, columns: int) -> Matrix:
    """A matrix of whole numbers from low to high, both included."""
    return [whole(rng, low, high, columns) for _ in range(rows)]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """⟨a, b⟩."""
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def times(A: Matrix, x: Sequence[Fraction]) -> Row:
    """A x."""
    return [dot(row, x) for row in A]


def transposed(A: Matrix) -> Matrix:
    """Aᵀ."""
    return [list(column) for column in zip(*A, strict=True)]


def times_self(F: Matrix) -> Matrix:
    """Fᵀ F."""
    columns = transposed(F)
    return [[dot(a, b) for b in columns] for a in columns]


def identity(n: int) -> Matrix:
    """The identity of that size."""
    return [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]


def sign_or(x: Sequence[Fraction], otherwise: Sequence[Fraction]) -> Row:
    """The sign of every entry of x that is not 0, and ``otherwise`` where it is."""
    return [Fraction((e > 0) - (e < 0)) if e else o for e, o in zip(x, otherwise, strict=True)]


def regression_around(
    x: Row, slope: Row, rows: int, rng: np.random.Generator
) -> tuple[Matrix, Row, Row]:
    """(A, b, r) with r = A x − b and Aᵀ r = −slope: x minimizes ½ ‖A x − b‖² + any convex function
    that has the subgradient ``slope`` at x.

    A is a whole-number matrix over an identity: r is free in its first ``rows`` entries, and the rest
    of it makes up for them.
    """
    n = len(x)
    B = whole_matrix(rng, -3, 3, rows, n)
    free = whole(rng, -4, 4, rows)
    spent = times(transposed(B), free)
    r = [*free, *(-s - t for s, t in zip(slope, spent, strict=True))]
    A = [*B, *identity(n)]
    b = [value - t for value, t in zip(times(A, x), r, strict=True)]
    return A, b, r


def floats(numbers: Any) -> FloatArray:
    """The same numbers as floats; ValueError where a float cannot hold one exactly."""
    array = np.array(numbers, dtype=object)
    result = array.astype(np.float64)
    for given, held in zip(array.ravel(), result.ravel().tolist(), strict=True):
        if Fraction(held) != given:
            raise ValueError(f"{given} is no float: plant halves, quarters or whole numbers")
    return result
