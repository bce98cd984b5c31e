"""The convex world: lasso on the diabetes table."""

import numpy as np
import pytest
from scipy.optimize import minimize

from lagrange import ADMM, ResidualBelow, Status, StepLimit, solve
from problems import lasso
from tests.tolerances import CERTIFIED, CONVERGED, EXACT
from tests.worlds.runs import executed

KKT = 1e-8  # what is promised


def test_admm_reaches_the_optimum_of_the_diabetes_table():
    run = executed("lasso", "admm")
    assert run.solution.status is Status.CONVERGED
    measured = run.instance.measure(run.solution)
    assert measured["kkt_violation"] <= KKT
    exact = run.instance.exact
    dual, cost = _proved(run, exact)
    assert dual <= cost
    assert cost - dual <= CERTIFIED(float(cost))
    assert float(cost) == pytest.approx(run.solution.upper_bound, abs=EXACT(float, 442 * 10))


def test_the_answer_is_sparse_and_real():
    """5 of 10 columns are kept at a tenth of the largest weight; the strongest is the body mass."""
    z = executed("lasso", "admm").solution.point
    assert z.shape == (10,)
    assert 1 <= np.count_nonzero(z) < 10
    assert int(np.abs(z).argmax()) in (2, 8)  # bmi and s5: known from the published analyses


@pytest.mark.parametrize("rho", (0.03, 1.0, 30.0))
def test_any_rho_leads_to_the_same_point(rho):
    reference = executed("lasso", "admm").solution.point
    solution = executed("lasso", "admm", rho=rho).solution
    assert solution.status is Status.CONVERGED
    assert np.abs(solution.point - reference).max() <= KKT


def test_random_tables_agree_with_a_general_minimizer():
    """The same optimum as scipy on the smooth form z = p − q, p, q ≥ 0."""
    for seed in range(3):
        run = executed("lasso", "admm", table="random", rows=30, columns=6, seed=seed)
        A, b = (run.method.problem.blocks[0].A, run.method.problem.blocks[0].b)
        weight, n = run.method.problem.blocks[1].weight, A.shape[1]

        def value(pq, A=A, b=b, weight=weight, n=n):
            residual = A @ (pq[:n] - pq[n:]) - b
            slope = A.T @ residual
            objective = 0.5 * residual @ residual + weight * pq.sum()
            return objective, np.concatenate([slope, -slope]) + weight

        other = minimize(
            value, np.zeros(2 * n), jac=True, bounds=[(0, None)] * (2 * n), tol=1e-15
        ).fun
        assert run.solution.upper_bound <= other + CERTIFIED(other)
        assert run.solution.upper_bound == pytest.approx(other, rel=1e-6)


def test_kkt_violation_is_zero_at_the_optimum_only():
    run = executed("lasso", "admm")
    A, b = run.method.problem.blocks[0].A, run.method.problem.blocks[0].b
    weight, z = run.method.problem.blocks[1].weight, run.solution.point
    gradient = A.T @ (A @ z - b)
    assert np.abs(gradient).max() <= weight + KKT
    assert lasso.kkt_violation(A, b, weight, z) <= KKT
    for j in range(len(z)):
        moved = z + 1e-4 * np.eye(len(z))[j]
        assert lasso.kkt_violation(A, b, weight, moved) > KKT


def test_relative_stopping_is_looser_than_absolute():
    run = executed("lasso", "admm")
    problem = run.method.problem
    tolerance = 1e-4
    rough = solve(problem, ADMM(1.0), stop=ResidualBelow(0.0, tolerance) | StepLimit(5000))
    assert rough.status is Status.CONVERGED
    assert rough.state.record.step < run.solution.state.record.step
    distance = np.abs(rough.point - run.solution.point).max()
    assert distance <= CONVERGED(tolerance)


def _proved(run, exact):
    from fractions import Fraction

    rows = {name: [Fraction(x) for x in a.tolist()] for name, a in run.solution.multipliers.items()}
    return exact.dual_value(rows), exact.cost(run.point)
