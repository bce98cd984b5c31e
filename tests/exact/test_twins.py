"""The exact twins against brute force in rationals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange.certificates import Infeasible, float_above, float_below
from problems.assignment_data import AssignmentData
from problems.assignment_exact import ExactAssignment
from problems.lasso_exact import ExactLasso
from tests.exact.instances import all_assignments, assignments, whole

fractions = st.builds(Fraction, st.integers(-40, 40), st.sampled_from((1, 2, 3, 7, 2**80 + 1)))


def enumerated_dual(data, prices) -> Fraction:
    """Σ_i min over all subsets that agent i can carry, minus Σ_j λ_j."""
    total, jobs = -sum(prices), range(len(prices))
    for cost, weight, capacity in zip(data.cost, data.weight, data.capacity, strict=True):
        subsets = itertools.product((0, 1), repeat=len(prices))
        total += min(
            sum((x[j] * (int(cost[j]) + prices[j]) for j in jobs), Fraction(0))
            for x in subsets
            if sum(x[j] * int(weight[j]) for j in jobs) <= capacity
        )
    return total


@settings(max_examples=150)
@given(data=assignments(), prices=st.lists(fractions, min_size=4, max_size=4))
def test_assignment_dual_value(data, prices):
    prices = prices[: data.cost.shape[1]]
    assert ExactAssignment(data).dual_value({"assign": prices}) == enumerated_dual(data, prices)


@settings(max_examples=60)
@given(data=assignments())
def test_assignment_cost_and_feasibility(data):
    twin = ExactAssignment(data)
    for agent, cost, feasible in all_assignments(data):
        if feasible:
            assert twin.cost({"agent": agent}) == cost
        else:
            with pytest.raises(Infeasible, match="capacity"):
                twin.cost({"agent": agent})


def test_assignment_points_that_are_none():
    rng = np.random.default_rng(0)
    data = AssignmentData(rng.integers(0, 9, (2, 3)), np.ones((2, 3), dtype=int), np.array([3, 3]))
    twin = ExactAssignment(data)
    for agent, word in (([0, 1], "2 entries"), ([0, 1, 2], "agent 2"), ([0, 1, -1], "agent -1")):
        with pytest.raises(Infeasible, match=word):
            twin.cost({"agent": agent})


@st.composite
def tables(draw):
    """Two columns, so that the normal equations can be solved by Cramer's rule."""
    A = draw(whole(-4, 4, 3, 2)) / 10
    b = draw(whole(-9, 9, 3)) / 10
    return A, b, draw(st.integers(0, 30)) / 10


def objective(A, b, weight, x) -> Fraction:
    """½ ‖A x − b‖² + weight ‖x‖₁ term by term."""
    rows = zip(A.tolist(), b.tolist(), strict=True)
    squares = (
        (sum(Fraction(a) * Fraction(t) for a, t in zip(row, x, strict=True)) - Fraction(e)) ** 2
        for row, e in rows
    )
    return sum(squares) / 2 + Fraction(weight) * sum(abs(Fraction(t)) for t in x)


def cramer(A, b, y) -> Fraction | None:
    """min ½ ‖A x − b‖² + ⟨y, x⟩ for two columns, at the solution of AᵀA x = Aᵀb − y."""
    A = [[Fraction(a) for a in row] for row in A.tolist()]
    b = [Fraction(e) for e in b.tolist()]
    p, q, r = (sum(row[i] * row[j] for row in A) for i, j in ((0, 0), (0, 1), (1, 1)))
    u, v = (sum(row[j] * e for row, e in zip(A, b, strict=True)) - y[j] for j in (0, 1))
    determinant = p * r - q * q
    if determinant == 0:
        return None
    x = ((u * r - v * q) / determinant, (v * p - u * q) / determinant)
    residual = [row[0] * x[0] + row[1] * x[1] - e for row, e in zip(A, b, strict=True)]
    return sum(t * t for t in residual) / 2 + y[0] * x[0] + y[1] * x[1]


@settings(max_examples=200)
@given(table=tables(), prices=st.lists(fractions, min_size=2, max_size=2))
def test_lasso_dual_value(table, prices):
    """q(y) for y in the box; outside it the value of the nearest y inside, never an invalid one."""
    A, b, weight = table
    box = Fraction(weight)
    clipped = [max(-box, min(box, y)) for y in prices]
    assert ExactLasso(A, b, weight).dual_value({"split": prices}) == cramer(A, b, clipped)


@settings(max_examples=100)
@given(table=tables(), prices=st.lists(fractions, min_size=2, max_size=2))
def test_lasso_cost_and_weak_duality(table, prices):
    A, b, weight = table
    twin = ExactLasso(A, b, weight)
    bound = twin.dual_value({"split": prices})
    for x in itertools.product((-1.5, 0.0, 0.1, 2.0), repeat=2):
        cost = twin.cost({"point": np.array(x)})
        assert cost == objective(A, b, weight, x)
        assert bound is None or bound <= cost
        assert twin.facts({"point": np.array(x)}) == {"nonzeros": 2 - x.count(0.0)}


def test_lasso_points_of_another_length_are_refused():
    with pytest.raises(Infeasible, match="3 entries"):
        ExactLasso(np.eye(2), np.ones(2), 1.0).cost({"point": np.zeros(3)})


@given(value=fractions, shift=st.integers(-80, 80))
def test_rounding_to_the_proved_side(value, shift):
    value = value * Fraction(2) ** shift
    below, above = float_below(value), float_above(value)
    assert Fraction(below) <= value <= Fraction(above)
    assert below == above == float(value) or np.nextafter(below, np.inf) == above


def test_an_integer_bound_above_two_to_the_53_is_not_rounded_up():
    from lagrange.certificates import prove

    class Huge:
        integral = True
        fact_names = ()

        def dual_value(self, multipliers):
            return Fraction(2**53 + 3)

        def cost(self, point):
            return None

        def facts(self, point):
            return {}

    assert Fraction(prove(Huge(), {}, None, "min").lower_bound) <= 2**53 + 3
