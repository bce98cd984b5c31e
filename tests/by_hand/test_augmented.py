"""Method of multipliers: two steps by hand, its limit, and when ρ grows."""

import numpy as np
import pytest

from lagrange import AugmentedLagrangian, Problem, ResidualBelow, Start, Status, StepLimit, solve
from lagrange.oracles.closed_form import LeastSquares
from lagrange.testing import check_solver
from tests.tolerances import EXACT

RNG = np.random.default_rng(5)
A, B, C = RNG.normal(size=(7, 4)), RNG.normal(size=7), RNG.normal(size=4)
PROBLEM = Problem((LeastSquares(A, B, "x"),), {"x": C})  # ½‖A x − b‖² s.t. x = c
CLOSE = EXACT(size=50, scale=100)


def test_three_steps_by_hand():
    rho, y, before, left = 0.3, np.zeros(4), np.nan, 1
    for steps in (1, 2, 3):
        x = np.linalg.solve(A.T @ A + rho * np.eye(4), A.T @ B - y + rho * C)
        y = y + rho * (x - C)
        solution = solve(PROBLEM, AugmentedLagrangian(0.3, 2.0, 0.5, 1), stop=StepLimit(steps))
        record = solution.state.record
        assert record.rho == rho
        assert record.residual == pytest.approx(np.linalg.norm(x - C), abs=CLOSE)
        assert solution.multipliers["x"] == pytest.approx(y, abs=CLOSE)
        assert solution.responses[0].point == pytest.approx(x, abs=CLOSE)
        length = np.linalg.norm(x - C)
        if left and length > 0.5 * before:
            rho, left = 2 * rho, left - 1
        before = length
    assert left == 0, "ρ shall have grown"


@pytest.mark.parametrize("rho", [1e-3, 1.0, 1e3])
def test_the_limit_is_the_kkt_point(rho):
    solution = solve(PROBLEM, AugmentedLagrangian(rho), stop=ResidualBelow(1e-11) | StepLimit(500))
    assert solution.status is Status.CONVERGED
    assert solution.responses[0].point == pytest.approx(C, abs=1e-9)
    assert solution.multipliers["x"] == pytest.approx(A.T @ (B - A @ C), abs=1e-6)


def test_without_growth_rho_stays():
    trace = solve(PROBLEM, AugmentedLagrangian(0.01, 1.0), stop=StepLimit(20)).trace
    assert set(trace.column("rho")) == {0.01}
    grown = solve(PROBLEM, AugmentedLagrangian(0.01, changes=2), stop=StepLimit(20)).trace
    assert sorted(set(grown.column("rho"))) == pytest.approx([0.01, 0.1, 1.0])


def test_it_is_a_lawful_solver():
    check_solver(PROBLEM, AugmentedLagrangian(0.1), 6)


def test_it_starts_where_it_is_told():
    multipliers = {"x": A.T @ (B - A @ C)}
    solver = AugmentedLagrangian(1.0)
    start = solver.init(PROBLEM, Start(multipliers))
    assert solve(PROBLEM, solver, stop=StepLimit(1), start=start).state.record.residual <= CLOSE
