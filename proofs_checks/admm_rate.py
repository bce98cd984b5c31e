"""The linear rate of ADMM as a small semidefinite program, and as a formula.

    minimize F(x) + G(z)   subject to   A x + B z = c
    F m-strongly convex with L-Lipschitz gradient, G convex, A invertible, B of full column rank
    m̂ = m/σ₁(A)², L̂ = L/σ_p(A)², κ = L̂/m̂, ρ = √(m̂ L̂) ρ₀, relaxation α

A number τ is a rate, ‖state_k − state*‖ ≤ C τ^k, if for some P ≻ 0 (2 × 2) and λ₁, λ₂ ≥ 0

    [ÂᵀPÂ − τ²P  ÂᵀPB̂; B̂ᵀPÂ  B̂ᵀPB̂] + Wᵀ diag(λ₁ M₁, λ₂ M₂) W ⪯ 0,   W = [C₁ D₁; C₂ D₂],

with the matrices in ``inequality``: quadratic constraints for both gradients along the recursion of the
state. Multiplied by (state, gradients) from both sides it says that ‖·‖²_P falls by τ² (R. Nishihara,
L. Lessard, B. Recht, A. Packard, M. I. Jordan, ICML 2015; the matrices as in a public implementation).

C1   The least such τ is  |1 − α/2| + (α/2) max((L̂/ρ − 1)/(L̂/ρ + 1), (1 − m̂/ρ)/(1 + m̂/ρ)), the rate
     of Douglas–Rachford (P. Giselsson, S. Boyd, IEEE Trans. Automat. Contr. 62 (2017) 532–544).
C2   At τ + 10⁻⁴ the solver's P and λ, rounded, satisfy the inequality exactly: an exact proof of a
     slightly weaker rate. At κ = 4, α = ρ₀ = 1 the rate 2/3 itself is proved, by
     P = [[2, −1], [−1, 2]]/4 and λ = (2/9, 1/4).
C3   The library's ADMM does not contract slower than C1, on an instance with A = diag(σ₁, σ₂) that
     attains it: F = ½ Σ h_i x_i² with h_i/σ_i² = m̂, L̂, G = 0.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.sets import Box
from lagrange.solvers.admm import ADMM
from lagrange.vectors import Vector
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.pep.rounding import Matrix, factorize
from proofs_checks.pep.worst_cases import ROW, admm_states, combined

SOURCE = (
    "R. Nishihara et al., ICML 2015; P. Giselsson, S. Boyd, IEEE Trans. Automat. Contr. 62 (2017)"
)


class Case(NamedTuple):
    """κ a square, so that √κ is rational; relaxation α; ρ₀."""

    kappa: Fraction
    relaxation: Fraction
    rho0: Fraction


def case(kappa: int, relaxation: Any = 1, rho0: Any = 1) -> Case:
    """The numbers as fractions."""
    return Case(Fraction(kappa), Fraction(relaxation), Fraction(rho0))


def root(v: Fraction) -> Fraction:
    """√v of a square."""
    found = Fraction(math.isqrt(v.numerator), math.isqrt(v.denominator))
    if found**2 != v:
        raise ValueError(f"{v} is no square of a rational number")
    return found


def closed_form(which: Case) -> Fraction:
    """|1 − α/2| + (α/2) max((√κ/ρ₀ − 1)/(√κ/ρ₀ + 1), (1 − 1/(√κ ρ₀))/(1 + 1/(√κ ρ₀)))."""
    kappa, relaxation, rho0 = which
    steep, flat = root(kappa) / rho0, 1 / (root(kappa) * rho0)
    q = max((steep - 1) / (steep + 1), (1 - flat) / (1 + flat))
    return abs(1 - relaxation / 2) + relaxation / 2 * q


class Parts(NamedTuple):
    """[Â B̂] (2, 4), W (4, 4), M₁ and M₂ (2, 2)."""

    step: Any
    outer: Any
    M1: Any
    M2: Any


def parts(which: Case) -> Parts:
    """The matrices of the inequality, in rationals."""
    kappa, al, rho0 = which
    mixed = (1 / root(kappa) + root(kappa)) / rho0
    step = [[1, al - 1, al, -1], [0, 0, 0, -1]]
    outer = [[-1, -1, -1, 0], [0, 0, 1, 0], [1, al - 1, al, -1], [0, 0, 0, 1]]
    slopes = [[-2 / rho0**2, mixed], [mixed, -2]]
    return Parts(*(_rational(rows) for rows in (step, outer, slopes, [[0, 1], [1, 0]])))


def _rational(rows: list[list[Any]]) -> Any:
    return np.array([[Fraction(v) for v in row] for row in rows], dtype=object)


def left_side(
    matrices: Parts, rate2: Any, P: Any, l1: Any, l2: Any, transposed: bool = True
) -> Any:
    """The left side of the inequality, (4, 4); not ``transposed`` is wrong.

    Takes rational matrices and numbers, or the solver's variables.
    """
    step, outer, M1, M2 = matrices
    kept, zero = np.eye(2, 4, dtype=int), np.zeros((2, 2), dtype=int)
    total = step.T @ P @ step - rate2 * (kept.T @ P @ kept)
    for weight, M, position in ((l1, M1, 0), (l2, M2, 1)):
        blocks = [[zero, zero], [zero, zero]]
        blocks[position][position] = M
        middle = np.block(blocks)
        total = total + weight * ((outer.T if transposed else outer) @ middle @ outer)
    return total


class Found(NamedTuple):
    """A rate with the solver's P and λ₁, λ₂; rate 1 where none below it was found."""

    rate: float
    P: Any  # (2, 2)
    weights: tuple[float, float]


def least_rate(which: Case, transposed: bool = True, tolerance: float = 2e-7) -> Found:
    """Bisection over τ; at each the largest eigenvalue of the left side is minimized by Clarabel."""
    import cvxpy as cp  # takes seconds to import; the exact parts do without

    matrices = Parts(*(np.array(m, dtype=float) for m in parts(which)))
    P: Any = cp.Variable((2, 2), symmetric=True)
    l1: Any = cp.Variable(nonneg=True)
    l2: Any = cp.Variable(nonneg=True)
    t: Any = cp.Variable()
    rate2: Any = cp.Parameter(nonneg=True)
    left = left_side(matrices, rate2, P, l1, l2, transposed)
    constraints = [
        P >> 1e-3 * np.eye(2),
        cp.trace(P) == 1,
        (left + left.T) / 2 << t * np.eye(4),
        t >= -1,
    ]
    problem: Any = cp.Problem(cp.Minimize(t), constraints)
    low, best = 0.0, Found(1.0, None, (math.nan, math.nan))
    while best.rate - low > tolerance:
        middle = (low + best.rate) / 2
        rate2.value = middle**2
        problem.solve(solver="CLARABEL")
        if problem.status == "optimal" and float(t.value) <= 1e-7:
            best = Found(middle, P.value, (float(l1.value), float(l2.value)))
        else:
            low = middle
    return best


def rate_is_the_closed_form(which: Case, transposed: bool = True) -> Comparison:
    """C1: the least rate, to 1e-6."""
    return Comparison(least_rate(which, transposed).rate, closed_form(which), "==", 1e-6)


# ------------------------------------------------------------------ exact


class Certificate(NamedTuple):
    """P, λ₁ and λ₂ in rationals."""

    P: Matrix
    l1: Fraction
    l2: Fraction


def certificate(which: Case, rate: Fraction, denominator: int = 10**6) -> Certificate:
    """The solver's certificate a little above the rate, rounded."""
    found = least_rate(which, tolerance=float(rate - closed_form(which)) / 2)
    rounded = [
        Fraction(float(v)).limit_denominator(denominator) for v in found.P[[0, 0, 1], [0, 1, 1]]
    ]
    weights = (Fraction(v).limit_denominator(denominator) for v in found.weights)
    return Certificate([rounded[:2], rounded[1:]], *weights)


def certified_rate(which: Case, rate: Fraction, given: Certificate) -> Comparison:
    """C2: the certificate proves ``rate`` (otherwise 1, which any run has), near the closed form."""
    P, l1, l2 = given
    left = left_side(parts(which), rate**2, np.array(P, dtype=object), l1, l2)
    definite = factorize(P)
    proved = (
        definite is not None
        and min(definite[1]) > 0
        and min(l1, l2) >= 0
        and factorize((-left).tolist()) is not None
    )
    return Comparison(rate if proved else 1, closed_form(which) + Fraction(1, 10**4), "<=")


# ------------------------------------------------------------------ the library's run


@dataclass(frozen=True)
class Scaled:
    """f = ½ Σ h_i x_i², image (σ_i x_i)_i."""

    curvature: tuple[float, ...]
    scale: tuple[float, ...]

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        h, s = np.array(self.curvature), np.array(self.scale)
        x = -s * (price[ROW] + query.rho * query.offset[ROW]) / (h + query.rho * s * s)
        return Response({ROW: s * x}, 0.5 * float(h @ (x * x)), point=x)


def run_contracts(power: int = 2, sweeps: int = 5) -> Comparison:
    """C3: ‖w⁺‖/‖w‖ over the sweeps against the closed form; m = 1, L = 4, σ = (2, 1/2), G = 0.

    κ = (L/σ_p^power)/(m/σ₁^power); another ``power`` than 2 is wrong.
    """
    m, L, scale = Fraction(1), Fraction(4), (Fraction(2), Fraction(1, 2))
    rho = float(root((m / scale[0] ** 2) * (L / scale[1] ** 2)))
    block = Scaled((float(m), float(L)), tuple(float(s) for s in scale))
    problem = Problem(
        (block, SetBlock.per_row({ROW: Box(-math.inf, math.inf)})), {ROW: np.zeros(2)}
    )
    states = admm_states(problem, ADMM(rho), np.array([1.0, 0.0]), rho, sweeps)
    lengths = [float(np.linalg.norm(combined(s, rho))) for s in states]
    measured = max(b / a for a, b in pairwise(lengths))
    kappa = (L / scale[1] ** power) / (m / scale[0] ** power)
    predicted = closed_form(Case(kappa, Fraction(1), Fraction(1)))
    return Comparison(measured, predicted, "<=", error=1e-14)


# ------------------------------------------------------------------ mutants, pinned

_EASY = case(4)
_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_PROOF = Certificate([[_HALF, -_QUARTER], [-_QUARTER, _HALF]], Fraction(2, 9), _QUARTER)


def _certified(rate: Fraction, **changed: Any) -> Comparison:
    return certified_rate(_EASY, rate, _PROOF._replace(**changed))


CLAIMS = (
    Claim(
        "C1",
        "admm-linear-rate",
        "the least rate of the matrix inequality is the rate of Douglas–Rachford",
        ("F strongly convex with Lipschitz gradient", "A invertible, B of full column rank"),
        SOURCE,
        rate_is_the_closed_form,
        (
            Mutant(
                "left factor not transposed",
                lambda: rate_is_the_closed_form(_EASY, transposed=False),
                lambda: rate_is_the_closed_form(_EASY),
            ),
        ),
    ),
    Claim(
        "C2",
        "admm-exact-rate",
        "a rational P and λ prove the rate of C1 up to 10⁻⁴",
        ("as C1",),
        SOURCE,
        certified_rate,
        (
            Mutant(
                "P = I/2",
                lambda: _certified(Fraction(2, 3), P=[[_HALF, 0 * _HALF], [0 * _HALF, _HALF]]),
                lambda: _certified(Fraction(2, 3)),
            ),
            Mutant(
                "convexity of G counted double",
                lambda: _certified(Fraction(2, 3), l2=_HALF),
                lambda: _certified(Fraction(2, 3)),
            ),
        ),
    ),
    Claim(
        "C3",
        "admm-rate-of-a-run",
        "ADMM contracts at least as fast as C1 says",
        ("as C1", "κ = (L/σ_p²)/(m/σ₁²)"),
        SOURCE,
        run_contracts,
        (
            Mutant(
                "κ with σ in place of σ²",
                lambda: run_contracts(power=1),
                run_contracts,
            ),
        ),
    ),
)
