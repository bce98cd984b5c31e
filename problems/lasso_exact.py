"""The exact twin of a lasso instance: objective and dual value in rational arithmetic.

The instance *is* its floats; each is a rational number. All are brought to one power of two first,
so that sums are sums of integers.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lagrange.certificates import entries_of, row_of


class ExactLasso:
    """min ½ ‖A x − b‖² + weight ‖x‖₁, A (m, n) with few columns."""

    integral = False
    fact_names = ("nonzeros",)

    def __init__(self, A: Any, b: Any, weight: float) -> None:
        rows = [[*row, entry] for row, entry in zip(A.tolist(), b.tolist(), strict=True)]
        self._unit, integers = _as_integers(rows)
        self._A = [row[:-1] for row in integers]
        self._b = [row[-1] for row in integers]
        self._weight = Fraction(weight)

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(y) = ½‖b‖² − ½ vᵀ(AᵀA)⁻¹v, v = Aᵀb − y, where |y| ≤ weight; else −∞.

        y is clipped to that box first: the bound is the one of the clipped multipliers. None if AᵀA
        is singular.
        """
        y = [
            max(-self._weight, min(self._weight, p))
            for p in row_of(multipliers, "split", len(self._A[0]))
        ]
        scale = self._unit**2
        columns = list(zip(*self._A, strict=True))
        gram = [[_dot(p, q) for q in columns] for p in columns]
        v = [_dot(p, self._b) - scale * t for p, t in zip(columns, y, strict=True)]
        u = _solve(gram, v)
        if u is None:
            return None
        return (_dot(self._b, self._b) - _dot(v, u)) / (2 * Fraction(scale))

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The objective at ``point["point"]``: every x is feasible."""
        x = entries_of(point, "point", len(self._A[0]))
        (unit, (whole,)) = _as_integers([[float(entry) for entry in point["point"]]])
        squares = sum(
            (_dot(row, whole) - b * unit) ** 2 for row, b in zip(self._A, self._b, strict=True)
        )
        return Fraction(squares, 2 * (self._unit * unit) ** 2) + self._weight * sum(map(abs, x))

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, int]:
        """The number of nonzeros."""
        return {"nonzeros": sum(1 for entry in point["point"] if entry != 0)}


def _as_integers(rows: list[list[float]]) -> tuple[int, list[list[int]]]:
    """(unit, rows · unit): floats have powers of two as denominators, the largest serves all."""
    ratios = [[entry.as_integer_ratio() for entry in row] for row in rows]
    unit = max(below for row in ratios for _, below in row)
    return unit, [[above * (unit // below) for above, below in row] for row in ratios]


def _dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    return sum(p * q for p, q in zip(a, b, strict=True))


def _solve(matrix: list[list[int]], right: Sequence[Fraction]) -> list[Fraction] | None:
    """Gaussian elimination in rationals; None if the matrix is singular."""
    rows = [
        [Fraction(e) for e in row] + [Fraction(r)] for row, r in zip(matrix, right, strict=True)
    ]
    n = len(rows)
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k] != 0), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    x = [Fraction(0)] * n
    for k in reversed(range(n)):
        known = sum((rows[k][j] * x[j] for j in range(k + 1, n)), Fraction(0))
        x[k] = (rows[k][n] - known) / rows[k][k]
    return x
