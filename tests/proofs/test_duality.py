"""Weak duality in rationals, and the library's bounds held against it without a tolerance."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lagrange import bounds
from lagrange.blocks import Response
from proofs_checks import duality
from proofs_checks.comparison import HypothesisFails
from proofs_checks.duality import Answer
from proofs_checks.finite import (
    TWO_SWITCHES,
    Choice,
    FiniteProblem,
    as_problem,
    as_vector,
    dual_maximizer,
    multipliers_of,
    rationals,
)
from tests.proofs.instances import finite_problems, priced
from tests.tolerances import CERTIFIED

TENTHS = duality._TENTHS


@given(priced())
def test_weak_duality(case):
    problem, multipliers, _ = case
    assert duality.weak_duality(problem, multipliers).holds


@given(priced())
def test_subgradient_inequality(case):
    problem, multipliers, other = case
    assert duality.subgradient_inequality(problem, multipliers, other).holds
    for point in problem.points():
        assert duality.surrogate_subgradient(problem, point, multipliers, other).holds


@given(priced(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3))
def test_inexact_bound(case, errors):
    problem, multipliers, _ = case
    answers = inexact_answers(problem, multipliers, errors)
    assert duality.inexact_bound(problem, multipliers, answers).holds


@given(priced())
def test_integral_rounding(case):
    problem, multipliers, _ = case
    assert duality.integral_rounding(problem, problem.project(multipliers)).holds


@given(finite_problems(max_rows=1), st.fractions(-9, 9, max_denominator=9))
def test_the_dual_maximizer_is_one(problem, other):
    best = dual_maximizer(problem)
    assert problem.is_dual_feasible(best)
    assert problem.dual(problem.project((other,))) <= problem.dual(best) <= problem.optimum()


def test_hypotheses_are_checked():
    infeasible = FiniteProblem(((Choice(0, (1,)),),), (0,), (False,))
    with pytest.raises(HypothesisFails, match="no feasible point"):
        duality.weak_duality(infeasible, rationals(0))
    with pytest.raises(HypothesisFails, match="block 0"):
        duality.inexact_bound(TWO_SWITCHES, rationals(2), [Answer(Fraction(0), Fraction(0))] * 2)
    with pytest.raises(HypothesisFails, match="block 0"):
        duality.inexact_bound(TWO_SWITCHES, rationals(2), [Answer(Fraction(-2), Fraction(-2))] * 2)
    with pytest.raises(HypothesisFails, match="negative"):
        duality.integral_rounding(replace(TWO_SWITCHES, inequality=(True,)), rationals(-1))
    with pytest.raises(HypothesisFails, match="one coupling row"):
        dual_maximizer(FiniteProblem(((Choice(0, (0, 0)),),), (0, 0), (False, False)))


# ------------------------------------------------------------------ the library's bounds


@given(priced(denominators=range(1, 12)))
def test_exact_sweep_proves_what_it_says(case):
    problem, multipliers, _ = case
    instance = replace(as_problem(problem), integral=False)
    vector = instance.project(as_vector(multipliers))
    bound, _ = bounds.exact_sweep(instance, vector)
    exact = problem.dual(multipliers_of(problem, vector))
    assert exact - Fraction(CERTIFIED(bound)) <= Fraction(bound) <= exact <= problem.optimum()


def test_a_product_that_rounds_the_wrong_way_does_not_raise_the_bound():
    """In floats 3 · 0.7 is below three times the float 0.7, so −⟨λ, b⟩ comes out above q(λ)."""
    problem = FiniteProblem(((Choice(0, (0,)), Choice(0, (3,))),), (3,), (False,))
    exact = problem.dual(rationals(0.7))
    assert Fraction(0.0 - 0.7 * 3) > exact
    instance = replace(as_problem(problem), integral=False)
    bound, _ = bounds.exact_sweep(instance, as_vector(rationals(0.7)))
    assert exact - Fraction(CERTIFIED(bound)) <= Fraction(bound) <= exact


@given(priced(denominators=range(1, 12)))
def test_exact_sweep_rounds_up_only_what_is_proved(case):
    problem, multipliers, _ = case
    bound, _ = bounds.exact_sweep(as_problem(problem), as_vector(multipliers))
    assert bound == int(bound)
    assert bound <= problem.optimum()


def test_a_float_sum_just_above_an_integer_is_not_rounded_up():
    multipliers = rationals(-0.1)
    assert duality.float_ceiling(TENTHS, multipliers) == 1
    assert bounds.exact_sweep(as_problem(TENTHS), as_vector(multipliers))[0] == 0


@given(priced(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3))
def test_the_library_adds_up_bounds_and_not_costs(case, errors):
    """Integer multipliers, so that the floats are exact."""
    problem, multipliers, _ = case
    multipliers = problem.project(rationals(*(int(v) for v in multipliers)))
    answers = inexact_answers(problem, multipliers, errors)
    responses = [Response({}, float(a.value), float(a.bound)) for a in answers]
    instance = replace(as_problem(problem), integral=False)
    bound = bounds.certified_lower_bound(instance, as_vector(multipliers), responses)
    predicted = duality.inexact_bound(problem, multipliers, answers).measured
    assert predicted - Fraction(CERTIFIED(bound)) <= Fraction(bound) <= predicted


def test_the_library_refuses_negative_multipliers_of_inequality_rows():
    problem = replace(TWO_SWITCHES, inequality=(True,))
    responses = [Response({}, 0.0, 0.0)] * 2
    with pytest.raises(ValueError, match="must be ≥ 0"):
        bounds.certified_lower_bound(as_problem(problem), {"row0": np.array([-1.0])}, responses)


def inexact_answers(problem, multipliers, errors):
    """Bounds up to 3 below the minima of the blocks, values up to 3 above."""
    answers = []
    for i, (below, above) in zip(range(len(problem.blocks)), errors, strict=False):
        least = problem.block_value(i, problem.answer(i, multipliers), multipliers)
        answers.append(Answer(least + above, least - below))
    return answers
