"""The ≤ form of a problem and its form with slacks are the same problem."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from lagrange import ADMM, Problem, StepLimit, solve, with_slacks
from lagrange.bounds import exact_sweep
from lagrange.stopping import ResidualBelow
from tests.by_hand.drive import Nearest
from tests.exact.finite import feasible_costs
from tests.exact.instances import coupled_problems, whole


@settings(max_examples=80)
@given(problem=coupled_problems(), price=whole(-3, 3, 4))
def test_bounds_agree_at_multipliers_of_the_right_sign(problem, price):
    width = problem.rhs["equal"].size
    at = {"equal": price[:width] / 3, "most": np.abs(price[2 : 2 + width]) / 3}
    slack = with_slacks(problem)
    bound, answers = exact_sweep(slack, at)
    assert bound == exact_sweep(problem, at)[0] <= min(feasible_costs(problem))
    assert not slack.inequality and len(answers) == len(problem.blocks) + 1


@settings(max_examples=40)
@given(problem=coupled_problems())
def test_a_negative_multiplier_proves_nothing_in_the_form_with_slacks(problem):
    """There s ≥ 0 is unbounded; the ≤ form projects and proves the bound of the projection."""
    at = {"equal": 0.0 * problem.rhs["equal"], "most": 0.0 * problem.rhs["most"] - 1e-9}
    assert np.isnan(exact_sweep(with_slacks(problem), at)[0])
    assert np.isfinite(exact_sweep(problem, at)[0])


def test_recover_sees_the_blocks_of_the_problem_only():
    seen = []

    def recover(responses):
        seen.append(len(responses))

    problem = Problem((Nearest(np.zeros(1), np.ones((1, 1))),), {"r": np.ones(1)}, frozenset("r"))
    solve(with_slacks(replace(problem, recover=recover)), ADMM(1.0), stop=StepLimit(1))
    assert seen == [1]


@pytest.mark.parametrize("order", [((0,), (1,)), ((1,), (0,))], ids=["x-s", "s-x"])
@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_admm_reaches_the_optimum_of_inequalities(order, alpha):
    """min ½ ‖x − c‖² s.t. A x ≤ b, some rows active and some not, against Clarabel."""
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(4)
    c, A = 3 * rng.normal(size=4), rng.normal(size=(5, 4))
    b = A @ (c / 2) + np.array([-1, 5, -0.5, 4, 0.1])
    problem = Problem((Nearest(c, A),), {"r": b}, frozenset({"r"}))
    solver = ADMM(1.0, order, relaxation=alpha)
    ours = solve(with_slacks(problem), solver, stop=ResidualBelow(1e-10) | StepLimit(5000))

    x = cvxpy.Variable(4)
    rows = A @ x <= b
    theirs = cvxpy.Problem(cvxpy.Minimize(0.5 * cvxpy.sum_squares(x - c)), [rows])
    theirs.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    agreed = 1e-6
    assert ours.responses[0].point == pytest.approx(x.value, abs=agreed)
    assert ours.multipliers["r"] == pytest.approx(rows.dual_value, abs=agreed)
    assert ours.state.record.cost == pytest.approx(theirs.value, abs=agreed)
    active = rows.dual_value > agreed
    assert 0 < active.sum() < 5
    assert (ours.multipliers["r"] >= -agreed).all()
