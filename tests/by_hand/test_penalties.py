"""Rules for ρ by hand, and what ADMM does with them."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from lagrange import ADMM, ResidualBelow, Status, StepLimit, solve
from lagrange.penalties import ConstantPenalty, ResidualBalancing, Spectral, Sweep
from problems.lasso import build, kkt_violation
from tests.tolerances import EXACT

ROW = {"r": np.zeros(2)}


def sweep(
    step: int = 10, residual: float = 1.0, dual_residual: float = 1.0, rho: float = 2.0, **more
):
    vectors = {"effective": ROW, "multipliers": ROW, "first": ROW, "second": ROW, **more}
    return Sweep(step, rho, residual, dual_residual, **vectors)


@pytest.mark.parametrize(
    ("residual", "dual_residual", "expected"),
    [
        (16.0, 1.0, 8.0),  # √16 = 4 times more
        (1.0, 16.0, 0.5),
        (1e6, 1.0, 20.0),  # at most the factor
        (1.0, 1e6, 0.2),
        (3.0, 1.0, 2.0),  # within the ratio
        (0.0, 1.0, 0.2),
        (1.0, 0.0, 20.0),
        (0.0, 0.0, 2.0),  # nothing to balance
        (1.0, math.nan, 2.0),
    ],
)
def test_residual_balancing(residual, dual_residual, expected):
    rule = ResidualBalancing(2.0)
    rho, left = rule.next(sweep(10, residual, dual_residual), 5)
    assert rho == pytest.approx(expected, rel=1e-15)
    assert left == (5 if expected == 2.0 else 4)
    assert rule.next(sweep(11, residual, dual_residual), 5) == (2.0, 5)  # not its turn
    assert rule.next(sweep(10, residual, dual_residual), 0) == (2.0, 0)  # no changes left


def test_spectral_finds_the_curvatures_of_two_quadratics():
    """F = ½ 3 |u|², G = ½ 12 |v|²: −λ̂ = 3 u and −λ = 12 v, so ρ = √(3 · 12) = 6."""
    rule = Spectral(5.0)
    u, v = np.array([1.0, -2.0]), np.array([0.5, 1.0])

    def at(step, t):
        return sweep(
            step,
            rho=5.0,
            effective={"r": -3 * t * u},
            multipliers={"r": -12 * t * v},
            first={"r": t * u},
            second={"r": t * v},
        )

    rho, memory = rule.init()
    rho, memory = rule.next(at(2, 1.0), memory)
    assert rho == 5.0
    rho, memory = rule.next(at(4, 1.5), memory)
    assert rho == pytest.approx(6.0, rel=1e-12)


def test_spectral_keeps_rho_where_price_and_image_disagree():
    rule = Spectral(5.0)
    first = sweep(2, rho=5.0, effective={"r": np.array([1.0, 0.0])}, first={"r": np.zeros(2)})
    second = sweep(4, rho=5.0, effective=ROW, first={"r": np.array([0.0, 1.0])})
    _, memory = rule.next(first, rule.init()[1])
    assert rule.next(second, memory)[0] == 5.0


def table(seed: int, scale: float):
    rng = np.random.default_rng(seed)
    A, b = scale * rng.normal(size=(30, 60)), rng.normal(size=30)
    return A, b, 0.1 * float(np.abs(A.T @ b).max())


@pytest.mark.parametrize("rule", [ResidualBalancing, Spectral])
@pytest.mark.parametrize("first", [1e-5, 1e6])
@pytest.mark.parametrize("scale", [0.1, 10.0])
def test_adapting_rho_solves_what_a_bad_constant_does_not(rule, first, scale):
    A, b, weight = table(1, scale)
    problem, stop = build(A, b, weight), StepLimit(3000) | ResidualBelow(1e-10, 1e-10)
    adapted = solve(problem, ADMM(rule(first)), stop=stop)
    assert adapted.status is Status.CONVERGED
    assert kkt_violation(A, b, weight, adapted.point) <= 1e-6 * weight
    rhos = adapted.trace.column("rho")
    assert rhos[0] == first
    assert sum(p != q for p, q in itertools.pairwise(rhos)) <= rule(first).changes
    fixed = solve(problem, ADMM(first), stop=stop)
    assert fixed.state.record.step > 2 * adapted.state.record.step


@dataclass(frozen=True)
class Doubling:
    """ρ, 2 ρ, 4 ρ, …"""

    first: float

    def init(self):
        return self.first, None

    def next(self, now, memory):
        return 2 * now.rho, None


def test_a_change_of_rho_leaves_the_multipliers_as_they_are():
    """Three sweeps in numpy. Scaling them with ρ is the classic fault of the scaled form."""
    A, b, weight = table(2, 1.0)
    n, rho = A.shape[1], 0.5
    z = y = np.zeros(n)
    rows = []
    for _ in range(3):
        x = np.linalg.solve(A.T @ A + rho * np.eye(n), A.T @ b - y + rho * z)
        v = x + y / rho
        z = np.sign(v) * np.maximum(np.abs(v) - weight / rho, 0.0)
        y = y + rho * (x - z)
        rows.append((rho, y))
        rho *= 2
    for steps, (expected_rho, expected) in enumerate(rows, start=1):
        solution = solve(build(A, b, weight), ADMM(Doubling(0.5)), stop=StepLimit(steps))
        assert solution.state.record.rho == expected_rho
        assert solution.multipliers["split"] == pytest.approx(expected, abs=EXACT(size=n, scale=10))


@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_the_constant_rule_is_the_number(alpha):
    A, b, weight = table(0, 1.0)
    problem, stop = build(A, b, weight), StepLimit(20)
    number = solve(problem, ADMM(0.7, relaxation=alpha), stop=stop)
    rule = solve(problem, ADMM(ConstantPenalty(0.7), relaxation=alpha), stop=stop)
    assert (number.multipliers["split"] == rule.multipliers["split"]).all()
