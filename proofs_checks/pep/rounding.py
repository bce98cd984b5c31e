"""From the numerical multipliers of a worst case to rational ones that prove the rate.

Given λ of the solver, S = Σ λ_i A_i − C is positive semidefinite up to rounding, and singular: its null
space is where the worst-case runs lie. Rounding λ alone would push S out of the cone. So

1. inequalities whose multiplier vanishes are left out;
2. the null space of S is rounded, as the rows of its reduced echelon form: N;
3. Σ λ_i a_i = c, S N = 0 and Σ λ_i b_i = rate are linear in λ: they are solved exactly, with the free
   multipliers rounded to small denominators;
4. λ ≥ 0 and S = L D Lᵀ with D ≥ 0 are checked exactly, for one denominator after the other.

Where the worst case is irrational there is no such N. Then a slightly larger rate is proved: among the
multipliers for it the solver finds those with S ≥ t I and λ ≥ t, t as large as possible; they are
rounded as in 3 without S N = 0, and t > 0 leaves room for the rounding.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from proofs_checks.pep.core import Estimation, Form, Inequality, matrix, worst_case

Matrix = list[list[Fraction]]
DENOMINATORS = (1, 2, 3, 4, 6, 12, 60, 1000, 10**4, 10**6)
TOLERANCES = (1e-10, 1e-9, 1e-8)  # of the solver, one after the other
_SMALL = 1e-4  # below it a multiplier or an eigenvalue of the solver counts as zero


class NotRounded(ValueError):
    """No denominator gave a proof."""


@dataclass(frozen=True)
class Proof:
    """Rational multipliers of an estimation, and its slack matrix as L D Lᵀ in sorted basis order."""

    estimation: Estimation
    bound: Fraction
    multipliers: dict[str, Fraction]
    L: Matrix
    D: list[Fraction]


def factorize(matrix: Matrix) -> tuple[Matrix, list[Fraction]] | None:
    """L, D with matrix = L D Lᵀ and D ≥ 0; None if the symmetric matrix is not semidefinite."""
    rest = [row[:] for row in matrix]
    n = len(rest)
    L = [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]
    D: list[Fraction] = []
    for k in range(n):
        pivot = rest[k][k]
        if pivot < 0 or (pivot == 0 and any(rest[i][k] for i in range(k + 1, n))):
            return None
        D.append(pivot)
        for i in range(k + 1, n) if pivot else ():
            L[i][k] = rest[i][k] / pivot
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                rest[i][j] -= L[i][k] * pivot * L[j][k]
    return L, D


def slack(estimation: Estimation, multipliers: dict[str, Fraction]) -> Matrix:
    """S = Σ λ A − C."""
    vectors, _ = estimation.names()
    weighted = (
        multipliers[i.name] * i.form for i in estimation.inequalities() if i.name in multipliers
    )
    return matrix(sum(weighted, Form()) - estimation.objective, vectors)


def proves(estimation: Estimation, multipliers: dict[str, Fraction]) -> Fraction | None:
    """The bound that the multipliers prove, None if they prove none."""
    by_name = {i.name: i for i in estimation.inequalities()}
    total = sum((v * by_name[name].form for name, v in multipliers.items()), Form())
    left = total - estimation.objective
    if (
        min(multipliers.values()) < 0
        or left.linear
        or factorize(slack(estimation, multipliers)) is None
    ):
        return None
    return sum((v * by_name[name].bound for name, v in multipliers.items()), Fraction(0))


def prove(
    estimation: Estimation,
    bound: Fraction,
    *,
    exact: bool = True,
    only: Collection[str] | None = None,
) -> Proof:
    """A proof of the bound: of the worst case itself, or of a slightly larger number.

    only : names of the inequalities that may be used; a sparse proof is easier to read
    Raises NotRounded if no accuracy and no denominator works.
    """
    trials = _boundary(estimation, only) if exact else _interior(estimation, bound, only)
    for used, numbers, null in trials:
        rows = _equations(estimation, used, null, bound)
        for denominator in DENOMINATORS:
            rounded = _solve(rows, [Fraction(v).limit_denominator(denominator) for v in numbers])
            if rounded is None:
                break
            multipliers = {i.name: v for i, v in zip(used, rounded, strict=True) if v != 0}
            if multipliers and proves(estimation, multipliers) == bound:
                factors = factorize(slack(estimation, multipliers))
                assert factors is not None
                return Proof(estimation, bound, multipliers, *factors)
    raise NotRounded(f"{estimation.title}: no rational multipliers found that prove {bound}")


Trial = tuple[list[Inequality], list[float], Matrix]


def _boundary(estimation: Estimation, only: Collection[str] | None) -> Iterator[Trial]:
    """Steps 1 and 2: the inequalities in use, their multipliers, a basis N of the null space."""
    import numpy as np

    left_out = [
        i.name for i in estimation.inequalities() if only is not None and i.name not in only
    ]
    for tolerance in TOLERANCES:
        options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
        try:
            found = worst_case(estimation, left_out, **options)
            idle = [name for name, v in found.multipliers.items() if v < _SMALL]
            found = worst_case(estimation, [*left_out, *idle], **options)
        except RuntimeError:
            continue
        used = [
            i for i in estimation.inequalities() if found.multipliers.get(i.name, 0.0) >= _SMALL
        ]
        numbers = [found.multipliers[i.name] for i in used]
        exact = {i.name: Fraction(v) for i, v in zip(used, numbers, strict=True)}
        eigenvalues, vectors = np.linalg.eigh(np.array(slack(estimation, exact), dtype=float))
        null = vectors[:, eigenvalues < _SMALL * max(1.0, eigenvalues[-1])].T
        for denominator in (30, 10**4):
            yield used, numbers, _echelon(null, denominator)


def _echelon(rows: Any, denominator: int) -> Matrix:
    """The reduced echelon form of numerical rows, rounded."""
    import numpy as np

    rows, k = rows.copy(), 0
    for j in range(rows.shape[1]):
        if k == len(rows):
            break
        best = k + int(np.abs(rows[k:, j]).argmax())
        if abs(rows[best, j]) < _SMALL:
            continue
        rows[[k, best]] = rows[[best, k]]
        rows[k] /= rows[k, j]
        for i in range(len(rows)):
            if i != k:
                rows[i] -= rows[i, j] * rows[k]
        k += 1
    return [[Fraction(float(v)).limit_denominator(denominator) for v in row] for row in rows]


def _interior(
    estimation: Estimation, bound: Fraction, only: Collection[str] | None
) -> Iterator[Trial]:
    """Multipliers for the larger bound that are far from every boundary."""
    import cvxpy as cp
    import numpy as np

    vectors, scalars = estimation.names()
    used = [i for i in estimation.inequalities() if only is None or i.name in only]
    weights: Any = cp.Variable(len(used))
    room = cp.Variable()
    S: Any = -np.array(matrix(estimation.objective, vectors), dtype=float)
    for weight, inequality in zip(weights, used, strict=True):
        S = S + weight * np.array(matrix(inequality.form, vectors), dtype=float)
    linear = np.array([[float(i.form.linear.get(s, 0)) for s in scalars] for i in used])
    target = np.array([float(estimation.objective.linear.get(s, 0)) for s in scalars])
    bounds = np.array([float(i.bound) for i in used])
    constraints = [
        S >> room * np.eye(len(vectors)),
        weights >= room,
        bounds @ weights == float(bound),
    ]
    if scalars:
        constraints.append(linear.T @ weights == target)
    cp.Problem(cp.Maximize(room), constraints).solve(solver="CLARABEL")
    if weights.value is not None:
        yield used, [float(v) for v in weights.value], []


def _equations(
    estimation: Estimation, used: Sequence[Inequality], null: Matrix, bound: Fraction
) -> Matrix:
    """Rows [coefficients of λ | right side] of step 3."""
    vectors, scalars = estimation.names()
    rows = [[i.bound for i in used] + [bound]]
    for s in scalars:
        of_all = [i.form.linear.get(s, Fraction(0)) for i in used]
        rows.append([*of_all, estimation.objective.linear.get(s, Fraction(0))])
    matrices = [matrix(i.form, vectors) for i in used] + [matrix(estimation.objective, vectors)]
    for v in null:
        for k in range(len(vectors)):
            rows.append(
                [sum((a * b for a, b in zip(A[k], v, strict=True)), Fraction(0)) for A in matrices]
            )
    return rows


def _solve(rows: Matrix, free: Sequence[Fraction]) -> list[Fraction] | None:
    """The solution in which the free unknowns have the given values; None if there is none."""
    rows = [row[:] for row in rows]
    n = len(free)
    pivots: list[int] = []
    for j in range(n):
        k = len(pivots)
        found = next((i for i in range(k, len(rows)) if rows[i][j] != 0), None)
        if found is None:
            continue
        rows[k], rows[found] = rows[found], rows[k]
        rows[k] = [v / rows[k][j] for v in rows[k]]
        for i, row in enumerate(rows):
            if i != k and row[j] != 0:
                rows[i] = [a - row[j] * b for a, b in zip(row, rows[k], strict=True)]
        pivots.append(j)
    if any(row[n] != 0 for row in rows[len(pivots) :]):
        return None
    solution = list(free)
    for row, j in zip(rows, pivots, strict=False):
        others = (row[i] * free[i] for i in range(j + 1, n) if i not in pivots)
        solution[j] = row[n] - sum(others, Fraction(0))
    return solution
