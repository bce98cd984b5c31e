"""ADMM with three blocks diverges on a 3 × 3 linear system.

    minimize 0   subject to   A₁ x₁ + A₂ x₂ + A₃ x₃ = 0,   A = [[1, 1, 1], [1, 1, 2], [1, 2, 2]]

A is regular, so x = 0 is the only solution. One sweep  x₁ → x₂ → x₃ → λ ← λ + ρ A x  is linear in what
the next one starts from, (x₂, x₃, λ) ∈ R⁵; with λ in units of ρ it does not contain ρ at all. Its
spectral radius is 1.02784 > 1: from almost every start the residual grows by e^0.02746 a sweep.

M1   radius: from the sweep of the library's ADMM, probed on the five unit vectors.
M2   exact: some eigenvalue of the rational matrix lies outside the closed unit disk, by the recursion
     of Schur and Cohn. For p(z) = a_n z^n + … + a_0 the product of the roots is ± a_0/a_n, so
     |a_0| > |a_n| proves a root outside. Where |a_0| < |a_n|, (a_n p(z) − a_0 p*(z)) / z, of degree
     n − 1, with p*(z) = z^n p(1/z), has as many roots outside as p (|p| = |p*| on the unit circle;
     Rouché), and one goes on with it.
M3   the run: the residual of ADMM is far above its first value after 500 sweeps; with the last two
     blocks merged into one, which is plain ADMM, it falls to zero.

The paper, C. Chen, B. He, Y. Ye, X. Yuan, Math. Program. 155 (2016) 57–79, shows that the direct
extension need not converge (abstract). The example is as restated by D. G. Luenberger and Y. Ye, Linear
and Nonlinear Programming, 5th ed., §14.6; the numbers are our own computation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.engine import solve
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.records import Record
from lagrange.solvers.admm import ADMM
from lagrange.state import Start
from lagrange.stopping import StepLimit
from lagrange.vectors import Vector
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Rationals, dot

SOURCE = "C. Chen, B. He, Y. Ye, X. Yuan, Math. Program. 155 (2016) 57–79 (abstract); numbers ours"

ROWS = ((1, 1, 1), (1, 1, 2), (1, 2, 2))
COLUMNS = tuple(zip(*ROWS, strict=True))
SEPARATE = ((0,), (1,), (2,))
MERGED = ((0,), (1, 2))  # columns 2 and 3 answer together

Groups = Sequence[Sequence[int]]

# ------------------------------------------------------------------ the library's ADMM


@dataclass(frozen=True)
class ColumnBlock:
    """f = 0, image = C x for some columns C of A, x free."""

    columns: Any  # (3, n)

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        pulled = -(query.offset["rows"] + price["rows"] / query.rho)  # (3,)
        x = np.linalg.lstsq(self.columns, pulled, rcond=None)[0]
        return self.at(x)

    def at(self, x: Any) -> Response:
        """What the block says at x."""
        return Response({"rows": self.columns @ x}, 0.0, point=x)


def system(groups: Groups) -> tuple[Problem[Quadratic], tuple[ColumnBlock, ...]]:
    """The problem with one block for each group of columns."""
    A = np.array(ROWS, dtype=np.float64)
    blocks = tuple(ColumnBlock(A[:, list(group)]) for group in groups)
    return Problem(blocks, {"rows": np.zeros(3)}), blocks


def admm(groups: Groups, rho: float) -> ADMM:
    """Each group on its own turn."""
    order = tuple((i,) for i in range(len(groups)))
    return ADMM(rho, order, heuristic=len(order) > 2)


def sweep_by_lagrange(rho: float) -> Any:
    """The matrix of one sweep on (x₂, x₃, λ), as the library does it."""  # (5, 5)
    problem, blocks = system(SEPARATE)
    columns = []
    for unit in np.eye(5):
        points = (np.zeros(1), unit[:1], unit[1:2])
        responses = tuple(block.at(x) for block, x in zip(blocks, points, strict=True))
        solver = admm(SEPARATE, rho)
        start = solver.init(problem, Start({"rows": unit[2:]}, responses))
        end = solve(problem, solver, stop=StepLimit(1), start=start)
        second, third = (r.point for r in end.responses[1:])
        columns.append(np.concatenate([second, third, end.state.multipliers["rows"]]))
    return np.column_stack(columns)


def spectral_radius(matrix: Any) -> float:
    """The largest modulus of an eigenvalue."""
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def radius(
    rho: float, sweep: Callable[[float], Any] = sweep_by_lagrange, printed: float = 1.02784
) -> Comparison:
    """M1: the spectral radius, to the digits printed."""
    return Comparison(spectral_radius(sweep(rho)), printed, "==", error=5e-6)


def residuals(groups: Groups, sweeps: int, rho: float = 1.0) -> list[float]:
    """‖r‖ after every sweep, from multipliers (1, 0, 0)."""
    problem, _ = system(groups)
    solver = admm(groups, rho)
    lengths: list[float] = []

    def observe(record: Record) -> None:
        lengths.append(record.residual)

    start = solver.init(problem, Start({"rows": np.array([1.0, 0.0, 0.0])}))
    solve(problem, solver, stop=StepLimit(sweeps), observe=observe, start=start)
    return lengths


def residual_grows(groups: Groups = SEPARATE, sweeps: int = 500) -> Comparison:
    """M3: a thousandfold of the first residual is exceeded within the last 50 sweeps."""
    lengths = residuals(groups, sweeps)
    return Comparison(1000 * lengths[0], max(lengths[-50:]), "<=")


# ------------------------------------------------------------------ exact


def exact_sweep(state: Rationals, rho: Fraction, dual_step: Fraction = Fraction(1)) -> Rationals:
    """One sweep on (x₂, x₃, λ₁, λ₂, λ₃) in rationals; ``dual_step`` scales the move of λ."""
    x, multipliers = [Fraction(0), *state[:2]], state[2:]
    for i, column in enumerate(COLUMNS):
        others = [sum((row[j] * x[j] for j in range(3) if j != i), Fraction(0)) for row in ROWS]
        pulled = [o + m / rho for o, m in zip(others, multipliers, strict=True)]
        x[i] = -dot(pulled, column) / dot(column, column)
    moved = [m + dual_step * rho * dot(x, row) for m, row in zip(multipliers, ROWS, strict=True)]
    return (x[1], x[2], *moved)


def exact_matrix(rho: Fraction, dual_step: Fraction = Fraction(1)) -> list[list[Fraction]]:
    """Its matrix, row by row."""
    units = [tuple(Fraction(int(i == j)) for i in range(5)) for j in range(5)]
    columns = [exact_sweep(unit, rho, dual_step) for unit in units]
    return [list(row) for row in zip(*columns, strict=True)]


def characteristic(matrix: list[list[Fraction]]) -> list[Fraction]:
    """Coefficients of det(z I − A), a_0 first, by Faddeev and LeVerrier."""
    n = len(matrix)
    coefficients = [Fraction(1)]
    power = [[Fraction(0)] * n for _ in range(n)]
    for k in range(1, n + 1):
        for i in range(n):
            power[i][i] += coefficients[0]
        columns = list(zip(*power, strict=True))
        power = [[dot(row, column) for column in columns] for row in matrix]
        coefficients.insert(0, -sum((power[i][i] for i in range(n)), Fraction(0)) / k)
    return coefficients


def largest_reflection(coefficients: list[Fraction]) -> Fraction:
    """max |a_0/a_n| along the recursion of Schur and Cohn, up to the first that is ≥ 1.

    < 1: all roots lie inside the unit disk. > 1: at least one lies outside.
    """
    p, largest = list(coefficients), Fraction(0)
    while len(p) > 1 and largest < 1:
        largest = max(largest, abs(p[0] / p[-1]))
        p = [p[-1] * a - p[0] * b for a, b in zip(p, reversed(p), strict=True)][1:]
    return largest


def has_root_outside(rho: Fraction, dual_step: Fraction = Fraction(1)) -> Comparison:
    """M2: 1 ≤ |a_0/a_n| somewhere along the recursion (the test suite asks for <)."""
    reflection = largest_reflection(characteristic(exact_matrix(rho, dual_step)))
    return Comparison(1, reflection, "<=")


# ------------------------------------------------------------------ mutants


def unrelated_sweep(rho: float) -> Any:
    """Wrong: blocks that do not see each other's answers within the sweep."""  # (5, 5)
    A, _ = np.array(ROWS, dtype=np.float64), rho
    scaled = A / (A * A).sum(0)  # columns / ‖column‖²
    x = np.hstack([np.eye(3)[:, 1:] - scaled.T @ A[:, 1:], -scaled.T])  # (3, 5)
    return np.vstack([x[1:], np.hstack([np.zeros((3, 2)), np.eye(3)]) + A @ x])


CLAIMS = (
    Claim(
        "M1",
        "three-block-radius",
        "the sweep of three-block ADMM has spectral radius 1.02784 on the 3 × 3 example, for every ρ",
        ("f = 0", "exact answers", "Gauss–Seidel order 1, 2, 3"),
        SOURCE,
        radius,
        (Mutant("all blocks at once", lambda: radius(1.0, unrelated_sweep), lambda: radius(1.0)),),
    ),
    Claim(
        "M2",
        "three-block-root",
        "an eigenvalue of the sweep lies outside the unit disk",
        ("as M1",),
        SOURCE,
        has_root_outside,
        (
            Mutant(
                "dual step a tenth",
                lambda: has_root_outside(Fraction(1), Fraction(1, 10)),
                lambda: has_root_outside(Fraction(1)),
            ),
        ),
    ),
    Claim(
        "M3",
        "three-block-growth",
        "the residual of three-block ADMM grows without bound on the 3 × 3 example",
        ("as M1", "multipliers start at (1, 0, 0)"),
        SOURCE,
        residual_grows,
        (Mutant("two blocks", lambda: residual_grows(MERGED), residual_grows),),
    ),
)
