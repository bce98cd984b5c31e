"""The exact twin of least squares over a set: rational arithmetic on the floats of the instance."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol

from lagrange.certificates import Fact, entries_of, row_of
from problems.tables import FloatArray


class ExactMembers(Protocol):
    """The set of a split problem in rationals."""

    def least_value(self, curvature: Fraction, p: Sequence[Fraction]) -> Fraction:
        """min over z in S of curvature/2 ‖z‖² − ⟨p, z⟩."""
        ...

    def require(self, x: Sequence[Fraction]) -> None:
        """Raises Infeasible where x is no member."""
        ...

    @property
    def fact_names(self) -> tuple[str, ...]: ...

    def facts(self, x: Sequence[Fraction]) -> Mapping[str, Fact]: ...


class ExactSplit:
    """min ‖A x − b‖² + ridge ‖x‖² over x in ``members``, of whose curvature ``curvature`` is moved."""

    def __init__(
        self,
        A: FloatArray,
        b: FloatArray,
        ridge: float,
        curvature: float,
        members: ExactMembers,
        integral: bool = False,
    ) -> None:
        self._A = [[Fraction(e) for e in row] for row in A.tolist()]
        self._b = [Fraction(e) for e in b.tolist()]
        self._ridge, self._curvature = Fraction(ridge), Fraction(curvature)
        self._members = members
        self.integral = integral
        self.fact_names = members.fact_names

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(λ) = ‖b‖² − ½ vᵀ H⁻¹ v + min_z, H = 2 (AᵀA + ridge I) − d I, v = 2Aᵀb − λ; None where H is
        not positive definite: no curvature of this size can be moved.
        """
        prices = row_of(multipliers, "split", len(self._A[0]))
        columns = list(zip(*self._A, strict=True))
        H = [[2 * _dot(p, q) for q in columns] for p in columns]
        for i in range(len(H)):
            H[i][i] += 2 * self._ridge - self._curvature
        v = [2 * _dot(p, self._b) - y for p, y in zip(columns, prices, strict=True)]
        half = _half_inverse_form(H, v)
        if half is None:
            return None
        return _dot(self._b, self._b) - half + self._members.least_value(self._curvature, prices)

    def cost(self, point: Mapping[str, Any]) -> Fraction:
        """The objective at ``point["x"]``; Infeasible if it is not in the set."""
        x = entries_of(point, "x", len(self._A[0]))
        self._members.require(x)
        squares = ((_dot(row, x) - b) ** 2 for row, b in zip(self._A, self._b, strict=True))
        return sum(squares, Fraction(0)) + self._ridge * _dot(x, x)

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, Fact]:
        """What the set tells of its member."""
        return self._members.facts(entries_of(point, "x", len(self._A[0])))


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def _half_inverse_form(H: list[list[Fraction]], v: list[Fraction]) -> Fraction | None:
    """½ vᵀ H⁻¹ v by elimination without exchanges; None unless every pivot is > 0, that is, unless the
    symmetric H is positive definite.
    """
    total, rows = Fraction(0), [[*row, e] for row, e in zip(H, v, strict=True)]
    for k, row in enumerate(rows):
        if row[k] <= 0:
            return None
        total += row[-1] ** 2 / row[k]  # vᵀ H⁻¹ v = Σ (L⁻¹ v)_k² / pivot_k
        for other in rows[k + 1 :]:
            factor = other[k] / row[k]
            other[k:] = [e - factor * f for e, f in zip(other[k:], row[k:], strict=True)]
    return total / 2
