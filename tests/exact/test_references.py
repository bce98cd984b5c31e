"""The same small instances by other people's solvers: Clarabel through cvxpy, HiGHS through scipy."""

import numpy as np
import pytest

from lagrange import GapBelow, Start, StepLimit, Subgradient, SurrogateLagrangian, solve
from lagrange.bounds import exact_sweep
from lagrange.solvers.admm import ADMM
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.stopping import ResidualBelow
from problems import assignment, lasso
from problems.assignment_data import generate
from tests.tolerances import CERTIFIED, CONVERGED

AGREED = 1e-6  # what is asked of two solvers of one convex problem


@pytest.mark.parametrize(("rows", "columns", "seed"), [(30, 8, 0), (12, 20, 1), (60, 25, 2)])
def test_lasso_agrees_with_clarabel(rows, columns, seed):
    """Also where the table is wide and the loss alone has no unique minimizer."""
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, columns)) / np.sqrt(rows)
    b = A @ (rng.normal(size=columns) * (rng.random(columns) < 0.3)) + rng.normal(size=rows) / 10
    weight = 0.1 * float(np.abs(A.T @ b).max())

    solver = ADMM(0.5, relaxation=1.6)
    solution = solve(
        lasso.build(A, b, weight), solver, stop=ResidualBelow(1e-11) | StepLimit(20_000)
    )

    x = cvxpy.Variable(columns)
    loss = 0.5 * cvxpy.sum_squares(A @ x - b) + weight * cvxpy.norm1(x)
    theirs = cvxpy.Problem(cvxpy.Minimize(loss))
    theirs.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    assert theirs.status == "optimal"
    assert solution.point == pytest.approx(x.value, abs=AGREED)
    assert solution.upper_bound == pytest.approx(theirs.value, abs=AGREED)
    assert lasso.kkt_violation(A, b, weight, solution.point) <= CONVERGED(1e-9)
    if rows > columns:  # strong duality, and the final multipliers prove it
        inside = np.clip(solution.multipliers["split"], -weight, weight)
        proved, _ = exact_sweep(lasso.build(A, b, weight), {"split": inside})
        assert proved <= solution.upper_bound <= proved + AGREED


def highs(data, integral: bool) -> float:
    """The generalized assignment as one integer (or linear) program."""
    optimize = pytest.importorskip("scipy.optimize")
    m, n = data.cost.shape
    once = np.tile(np.eye(n), m)
    load = np.zeros((m, m * n))
    for i in range(m):
        load[i, i * n : (i + 1) * n] = data.weight[i]
    answer = optimize.milp(
        data.cost.ravel(),
        constraints=[
            optimize.LinearConstraint(once, 1, 1),
            optimize.LinearConstraint(load, -np.inf, data.capacity),
        ],
        integrality=np.full(m * n, int(integral)),
        bounds=optimize.Bounds(0, 1),
    )
    assert answer.status == 0
    return float(answer.fun)


@pytest.mark.parametrize("kind", "ACDE")
def test_assignment_brackets_the_optimum_of_highs(kind):
    data = generate(kind, 3, 15, 1)
    optimum, relaxed = highs(data, integral=True), highs(data, integral=False)
    problem = assignment.build(data)
    start = Start({"assign": assignment.starting_prices(data)})
    rule = SurrogateContraction.for_horizon(900, first_step=optimum / 75)
    for solver, steps in (
        (Subgradient(Polyak(optimum, patience=20)), 300),
        (SurrogateLagrangian(rule, sweep_every=30), 900),
    ):
        at = solver.init(problem, start)
        solution = solve(problem, solver, stop=GapBelow() | StepLimit(steps), start=at)
        # knapsack blocks prove more than the linear relaxation can (Geoffrion 1974)
        assert relaxed < solution.lower_bound <= optimum + CERTIFIED(optimum)
        assert optimum <= solution.upper_bound + CERTIFIED(optimum)
        assert solution.upper_bound <= 1.01 * optimum
