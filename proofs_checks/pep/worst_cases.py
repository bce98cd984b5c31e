"""Functions on which the solvers of this library attain the worst-case rates.

A rate that a semidefinite program reports is worth as much as the function behind it: these are such
functions, as problems that the engine solves. All steps are such that floats do not round, but where a
tolerance is named.

Gradient, N steps of 1/L. q(λ) = min {½ x² + λ x : |x| ≤ 1} is minus the Huber function; from
λ = 2N + 1 every gradient is ±1 and λ_N = N + 1 is still outside the parabola:
q* − q(λ_N) = N + ½ = (2N + 1)²/(4N + 2).

Subgradient, N + 1 = n². q(λ) = min(0, min_i −λ_i) from λ = (1, …, 1), R = n, with step R/n = 1: each
step lowers one entry to zero, one entry is left and q(λ_k) = −1 = −R/√(N + 1) at every k ≤ N.

Proximal point. The method of multipliers on {0 : |x| ≤ 1, x = 0} is the proximal point method on
−q(λ) = |λ| with steps ρ_k; from λ = 2 Σ ρ_k it stops halfway: R/2 = R²/(4 Σ ρ_k).

Douglas–Rachford/ADMM. F = c/2 x² and G = 0 (flat, c = mu) or G the indicator of 0 (steep, c = L).

Monotone operators, firmly nonexpansive maps. ADMM on two lines of the plane at the angle φ turns
w = z + y/ρ by φ and shrinks it by cos φ. With cos² φ = 1 − 1/N it attains (1 − 1/N)^(N−1) / N.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.engine import serially, solve
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.sets import Box
from lagrange.solvers.admm import ADMM
from lagrange.solvers.augmented import AugmentedLagrangian
from lagrange.solvers.subgradient import Subgradient
from lagrange.state import Start, State
from lagrange.step_sizes import Constant
from lagrange.stopping import StepLimit
from lagrange.vectors import Array, Vector
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Choice, FiniteProblem, as_problem
from proofs_checks.pep import methods
from proofs_checks.pep.fixed_points import anchored_rate, averaged_rate

ROW = "row"


@dataclass(frozen=True)
class Interval:
    """f = curvature/2 x² over |x| ≤ 1, image x; answers prices, and prices with a pull."""

    curvature: float

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        slope, weight = price[ROW], self.curvature
        if query is not None:
            slope, weight = slope + query.rho * query.offset[ROW], weight + query.rho
        x = -np.sign(slope) if weight == 0 else np.clip(-slope / weight, -1.0, 1.0)
        return Response({ROW: x}, self.curvature / 2 * float(x @ x), point=x)


def _at(v: float) -> Vector:
    return {ROW: np.array([v])}


# ------------------------------------------------------------------ ascent on the dual


def gradient_run(steps: int, size: float = 1.0, start: float | None = None) -> Comparison:
    """q* − q(λ_N) of the library's dual ascent on minus the Huber function, against R²/(4N + 2)."""
    radius = 2.0 * steps + 1 if start is None else start
    problem, solver = Problem((Interval(1.0),), _at(0.0)), Subgradient(Constant(size))
    state = solver.init(problem, Start(_at(radius)))
    values = solve(problem, solver, stop=StepLimit(steps + 1), start=state).trace.column(
        "lagrangian"
    )
    rate = methods.gradient_rate(steps) * Fraction(radius) ** 2
    return Comparison(-values[steps], rate, "==")


def subgradient_run(root: int, size: float = 1.0) -> Comparison:
    """min_k q* − q(λ_k) over N + 1 = root² iterates of ``Subgradient``, against R/√(N + 1)."""
    n = root**2
    units = [Choice(0, tuple(-int(i == j) for j in range(n))) for i in range(n)]
    blocks = ((*units, Choice(0, (0,) * n)),)
    problem = as_problem(FiniteProblem(blocks, (0,) * n, (False,) * n))
    solver = Subgradient(Constant(size))
    state = solver.init(problem, Start({f"row{j}": np.ones(1) for j in range(n)}))
    trace = solve(problem, solver, stop=StepLimit(n), start=state).trace
    rate = methods.subgradient_rate(n - 1, Fraction(1, root))
    return Comparison(-max(trace.column("lagrangian")), rate * root, "==")


def proximal_run(steps: int, growth: float = 1.0, start: float | None = None) -> Comparison:
    """q* − q(λ_N) of ``AugmentedLagrangian`` on −|λ|, against R²/(4 Σ ρ); growth 2 doubles ρ."""
    problem, solver = Problem((Interval(0.0),), _at(0.0)), AugmentedLagrangian(1.0, growth)
    grown = [1.0] + [growth**k for k in range(steps - 1)]  # ρ grows after the second step and on
    state = solver.init(problem, Start(_at(2 * sum(grown) if start is None else start)))
    radius = Fraction(float(state.multipliers[ROW][0]))
    end = solve(problem, solver, stop=StepLimit(steps), start=state)
    rhos = [Fraction(rho) for rho in end.trace.column("rho")]
    left = abs(float(end.state.multipliers[ROW][0]))
    return Comparison(left, methods.proximal_rate(rhos) * radius**2, "==")


# ------------------------------------------------------------------ ADMM


@dataclass(frozen=True)
class Parabola:
    """f = curvature/2 x², image x."""

    curvature: float

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        pulled = price[ROW] + query.rho * query.offset[ROW]
        x = -pulled / (self.curvature + query.rho)
        return Response({ROW: x}, self.curvature / 2 * float(x @ x), point=x)


@dataclass(frozen=True)
class Line:
    """{t d}; d (2,)."""

    direction: tuple[float, float]

    def project(self, v: Array) -> Array:
        """((v, d) / (d, d)) d."""
        d = np.array(self.direction)
        return (v @ d) / (d @ d) * d

    def contains(self, v: Array) -> bool:
        """Is v on the line?"""
        return bool(v[0] * self.direction[1] == v[1] * self.direction[0])


@dataclass(frozen=True)
class LineBlock:
    """x on a line, image x: the first half of a split; ``SetBlock`` is the second."""

    line: Line

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        x = self.line.project(-(query.offset[ROW] + price[ROW] / query.rho))
        return Response({ROW: x}, 0.0, point=x)


def admm_states(
    problem: Problem[Any], solver: ADMM, w: Any, rho: float, sweeps: int
) -> Iterator[State[Any]]:
    """States after 0, 1, … sweeps from z = the second block's answer at w and λ = ρ (w − z)."""
    second: Any = problem.blocks[1]
    z = second.nearest({ROW: w})
    state = solver.init(problem, Start({ROW: rho * (w - z.point[ROW])}, (None, z)))
    yield state
    for _ in range(sweeps):
        for _ in solver.order:
            state = solver.tell(problem, state, serially(problem, solver.ask(problem, state)))
        yield state


def combined(state: State[Any], rho: float) -> Any:
    """w = z + λ/ρ."""  # (n,)
    return state.responses[1].point[ROW] + state.multipliers[ROW] / rho  # type: ignore[union-attr]


def splitting_run(
    curvature: float, second: Box, case: tuple[Fraction, Fraction, Fraction, Fraction]
) -> Comparison:
    """‖w⁺ − w*‖²/‖w − w*‖² of one sweep of ADMM, against the rate of (mu, L, 1/ρ, relaxation)."""
    rho, relaxation = float(1 / case[2]), float(case[3])
    problem = Problem((Parabola(curvature), SetBlock.per_row({ROW: second})), _at(0.0))
    solver = ADMM(rho, relaxation=relaxation)
    before, after = admm_states(problem, solver, np.array([1.0]), rho, 1)
    w, moved = (Fraction(float(combined(s, rho)[0])) for s in (before, after))
    return Comparison((moved / w) ** 2, methods.douglas_rachford_rate(*case), "==")


def two_lines(d: tuple[float, float]) -> Problem[Any]:
    """Two lines of the plane, one horizontal."""
    blocks = (LineBlock(Line((1.0, 0.0))), SetBlock.per_row({ROW: Line(d)}))
    return Problem(blocks, {ROW: np.zeros(2)})


def lines_run(
    steps: int, d: tuple[float, float], error: float = 0.0, relaxation: float = 1.0
) -> Comparison:
    """‖w_N − w_{N−1}‖² of ADMM on two lines, ‖w_0‖ = 1, against (1 − 1/N)^(N−1) / N."""
    solver = ADMM(1.0, relaxation=relaxation)
    states = admm_states(two_lines(d), solver, np.array([0.0, 1.0]), 1.0, steps)
    ws = [combined(s, 1.0) for s in states]
    moved = ws[steps] - ws[steps - 1]
    return Comparison(float(moved @ moved), methods.monotone_rate(steps), "==", error)


# ------------------------------------------------------------------ fixed points


def averaged_run(steps: int, weight: Fraction, error: float = 1e-15) -> Comparison:
    """‖x_n − N(x_n)‖²/4 of ADMM on two lines at the worst angle: N turns by twice that angle, and
    w⁺ − w = γ (N(w) − w), γ half the relaxation.
    """
    sine2 = 1 / (4 * float(weight * (1 - weight)) * (steps + 1))
    solver = ADMM(1.0, relaxation=2 * float(weight))
    lines = two_lines((math.sqrt(1 - sine2), math.sqrt(sine2)))
    ws = [
        combined(s, 1.0) for s in admm_states(lines, solver, np.array([0.0, 1.0]), 1.0, steps + 1)
    ]
    moved = (ws[steps + 1] - ws[steps]) / (2 * float(weight))
    return Comparison(float(moved @ moved), averaged_rate(steps, weight), "==", error)


def anchored_run(steps: int, offset: int = 2) -> Comparison:
    """‖x_n − N(x_n)‖²/4 from x_0 = 1 for N(x) = x − 2 min(x, 1/(n + 1)): x_k = 1 − k/(n + 1)."""
    c, x = Fraction(1, steps + 1), Fraction(1)
    for k in range(steps):
        share = Fraction(1, k + offset)
        x = share + (1 - share) * (x - 2 * min(x, c))
    return Comparison(min(x, c) ** 2, anchored_rate(steps), "==")


_FREE, _POINT = Box(-np.inf, np.inf), Box(0.0, 0.0)
_CASE = (Fraction(1), Fraction(4), Fraction(1, 3), Fraction(1))

RUNS: dict[str, Callable[[], Comparison]] = {
    "gradient-1": lambda: gradient_run(1),
    "gradient-2": lambda: gradient_run(2),
    "gradient-5": lambda: gradient_run(5),
    "gradient-10": lambda: gradient_run(10),
    "subgradient-3": lambda: subgradient_run(2),
    "subgradient-8": lambda: subgradient_run(3),
    "proximal-1": lambda: proximal_run(1),
    "proximal-4": lambda: proximal_run(4, growth=2.0),
    "splitting-flat": lambda: splitting_run(1.0, _FREE, _CASE),
    "splitting-steep": lambda: splitting_run(
        3.0, _POINT, (Fraction(1), Fraction(3), Fraction(1), Fraction(1))
    ),
    "splitting-relaxed": lambda: splitting_run(1.0, _FREE, (*_CASE[:3], Fraction(3, 2))),
    "monotone-2": lambda: lines_run(2, (1.0, 1.0)),
    "averaged-2": lambda: averaged_run(2, Fraction(1, 2)),
    "averaged-3": lambda: averaged_run(3, Fraction(3, 4)),
    "anchored-1": lambda: anchored_run(1),
    "anchored-3": lambda: anchored_run(3),
    "anchored-6": lambda: anchored_run(6),
    "monotone-5": lambda: lines_run(5, (2.0, 1.0), error=1e-15),
}
