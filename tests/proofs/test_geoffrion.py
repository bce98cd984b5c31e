"""Lagrangian and linear bounds, exactly, and against HiGHS."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, linprog, milp

from lagrange.engine import solve
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Diminishing
from lagrange.stopping import StepLimit
from proofs_checks import geoffrion as claims
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import as_problem
from proofs_checks.geoffrion import Assignment, Knapsack
from proofs_checks.rational_programs import minimize
from tests.proofs.instances import finite_problems
from tests.tolerances import CERTIFIED


@st.composite
def assignments(draw, jobs=3):
    """Two agents, jobs, and an assignment that fits."""
    table = st.lists(st.integers(1, 5), min_size=jobs, max_size=jobs).map(tuple)
    cost, weight = (draw(st.tuples(table, table)) for _ in range(2))
    agent = [draw(st.integers(0, 1)) for _ in range(jobs)]
    room = [sum(weight[i][j] for j in range(jobs) if agent[j] == i) for i in range(2)]
    return Assignment(cost, weight, tuple(max(1, r + draw(st.integers(0, 1))) for r in room))


@settings(max_examples=40)
@given(assignments())
def test_order_and_integrality(data):
    assert claims.between(data).holds
    assert claims.between(data, claims.capacities_relaxed).holds
    assert claims.no_gain(data).holds
    assert claims.dual_is_attained(data.jobs_relaxed()).holds
    assert claims.dual_is_attained(data.capacities_relaxed()).holds


@settings(max_examples=15)
@given(assignments())
def test_relaxations_agree_with_highs(data):
    c = np.array(data.cost).ravel()
    n = len(data.cost[0])
    jobs = np.tile(np.eye(n), 2)
    loads = np.kron(np.eye(2), np.ones(n)) * np.array(data.weight).ravel()
    found = linprog(c, A_ub=loads, b_ub=data.capacity, A_eq=jobs, b_eq=np.ones(n), method="highs")
    assert found.fun == pytest.approx(float(data.linear_relaxation()), abs=1e-7)
    rows = [LinearConstraint(jobs, 1, 1), LinearConstraint(loads, -np.inf, data.capacity)]
    whole = milp(c, constraints=rows, integrality=np.ones(2 * n), bounds=(0, 1))
    assert whole.fun == pytest.approx(data.jobs_relaxed().optimum(), abs=1e-6)


def test_the_gain_is_real_somewhere():
    data = claims._TWO_AGENTS
    assert data.linear_relaxation() == Fraction(9, 2)
    assert claims.jobs_relaxed(data) == data.jobs_relaxed().optimum() == 6
    assert claims.gains(data, Fraction(3, 2)).holds
    assert not claims.gains(data, Fraction(3, 2) + Fraction(1, 100)).holds


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 6)), min_size=1, max_size=5),
    st.integers(1, 15),
)
def test_knapsack(items, room):
    profits, weights = zip(*items, strict=True)
    assert claims.knapsack_bound(Knapsack(profits, weights, room)).holds


@settings(max_examples=60)
@given(finite_problems())
def test_the_dual_of_any_finite_problem(problem):
    """z_LD = q(λ*) ≤ f*, and no multipliers do better."""
    value = claims.lagrangian_dual(problem).value
    assert claims.dual_is_attained(problem).holds
    prices = claims.dual_prices(problem)
    assert problem.is_dual_feasible(prices)
    assert value <= problem.optimum()
    for shift in (Fraction(1, 3), Fraction(-1, 3)):
        moved = problem.project(tuple(p + shift for p in prices))
        assert problem.dual(moved) <= value


@settings(max_examples=10)
@given(assignments())
def test_the_library_never_proves_more_than_the_dual(data):
    problem = data.jobs_relaxed()
    solution = solve(as_problem(problem), Subgradient(Diminishing(2.0)), stop=StepLimit(60))
    value = claims.lagrangian_dual(problem).value
    for bound in solution.trace.column("lower_bound"):
        assert bound <= -(-value // 1)  # integral costs: rounded up
    assert solution.state.best.lower_bound >= float(value) - 4


# ------------------------------------------------------------------ linear programs


@given(st.integers(1, 5), st.integers(1, 3), st.data())
def test_minimize_agrees_with_highs(n, m, data):
    entry = st.integers(-3, 3)
    A = [[data.draw(entry) for _ in range(n)] for _ in range(m)]
    b = [data.draw(entry) for _ in range(m)]
    c = [data.draw(entry) for _ in range(n)]
    found = linprog(c, A_eq=A, b_eq=b, method="highs")
    try:
        optimum = minimize(c, A, b)
    except HypothesisFails:
        assert found.status in (2, 3, 4)
        return
    assert found.status == 0
    assert float(optimum.value) == pytest.approx(found.fun, abs=CERTIFIED(found.fun) * 100)
    assert min(optimum.x) >= 0
    for row, right in zip(A, b, strict=True):
        assert sum(a * x for a, x in zip(row, optimum.x, strict=True)) == right
    for j in range(n):  # the prices prove it
        assert sum(p * row[j] for p, row in zip(optimum.prices, A, strict=True)) <= c[j]
    assert sum(p * right for p, right in zip(optimum.prices, b, strict=True)) == optimum.value


def test_a_program_without_an_answer_is_refused():
    with pytest.raises(HypothesisFails, match="no feasible point"):
        minimize([1], [[1]], [-1])
    with pytest.raises(HypothesisFails, match="no minimum"):
        minimize([-1, 0], [[1, -1]], [0])
