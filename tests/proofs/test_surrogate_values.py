"""Surrogate values: above q(λ), possibly above f*, below a level while the steps are short."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lagrange import Start, StepLimit, SurrogateLagrangian, solve
from lagrange.step_sizes import Constant
from proofs_checks import surrogate_values
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import (
    TWO_SWITCHES,
    as_problem,
    as_vector,
    dual_maximizer,
    rationals,
    squared,
)
from proofs_checks.surrogate_values import Iterate, block_update, short_step, surrogate_stays_below
from tests.proofs.instances import finite_problems, priced


@given(priced())
def test_above_the_dual_and_equal_exactly_at_minimizers(case):
    problem, multipliers, _ = case
    for point in problem.points():
        comparison = surrogate_values.surrogate_is_above(problem, point, multipliers)
        assert comparison.holds
        minimizes = all(
            problem.block_value(i, c, multipliers)
            == problem.block_value(i, problem.answer(i, multipliers), multipliers)
            for i, c in enumerate(point)
        )
        assert (comparison.margin == 0) == minimizes


def test_above_the_optimum_after_a_strict_improvement():
    assert surrogate_values.surrogate_exceeds_optimum().holds


def test_the_library_does_not_report_that_value_as_a_bound():
    problem = as_problem(TWO_SWITCHES)
    responses = tuple(block.response(0) for block in problem.blocks)
    solver = SurrogateLagrangian(Constant(0.25))
    start = solver.init(problem, Start(as_vector(rationals(5)), responses))
    solution = solve(problem, solver, stop=StepLimit(1), start=start)
    record = solution.trace[0]
    assert record.accepted
    assert record.lagrangian == 6 > TWO_SWITCHES.optimum() == 2
    assert math.isnan(record.lower_bound)
    assert solution.lower_bound == -math.inf


@given(priced(), st.data())
def test_one_short_step_with_projection(case, data):
    """The inequality is algebra: it holds for any level above the value, in any dimension."""
    problem, multipliers, _ = case
    point = data.draw(st.sampled_from(list(problem.points())))
    now = Iterate(point, problem.project(multipliers))
    if not any(problem.residual(point)):
        return
    level = problem.lagrangian(*now) + data.draw(st.integers(1, 5))
    share = Fraction(data.draw(st.integers(1, 9)), 10)
    block = data.draw(st.integers(0, len(problem.blocks) - 1))
    assert surrogate_stays_below(problem, now, level, share, block_update(block)).holds


@given(finite_problems(max_rows=1), st.fractions(-9, 9, max_denominator=4), st.integers(1, 9))
def test_a_run_of_short_steps_stays_below_the_optimum(problem, first, tenths):
    top = problem.dual(dual_maximizer(problem))
    multipliers = problem.project((first,))
    now, share = Iterate(problem.minimizer(multipliers), multipliers), Fraction(tenths, 10)
    for k in range(6):
        value, g = problem.lagrangian(*now), problem.residual(now.point)
        if not (value < top and any(g)):
            return
        update = block_update(k % len(problem.blocks))
        assert surrogate_stays_below(problem, now, top, share, update).holds
        now = moved(problem, now, short_step(share, top - value, squared(g)), update)
        assert problem.lagrangian(*now) < top <= problem.optimum()


def test_the_level_lemma_is_tight():
    now = Iterate((0, 0), rationals(0))  # the block's best answer at λ' = 1/2 is to stay
    update = block_update(0)
    comparison = surrogate_stays_below(TWO_SWITCHES, now, Fraction(2), Fraction(1, 2), update)
    assert comparison.margin == 0


def test_a_pinned_run_takes_all_its_steps():
    """Guards the property above against instances that end at once."""
    now, steps = Iterate((0, 0), rationals(0)), 0
    for k in range(20):
        value, g = TWO_SWITCHES.lagrangian(*now), TWO_SWITCHES.residual(now.point)
        update = block_update(k % 2)
        assert surrogate_stays_below(TWO_SWITCHES, now, Fraction(2), Fraction(1, 2), update).holds
        step = short_step(Fraction(1, 2), 2 - value, squared(g))
        now, steps = moved(TWO_SWITCHES, now, step, update), steps + 1
    assert steps == 20
    assert Fraction(199, 100) < TWO_SWITCHES.lagrangian(*now) < 2


def test_hypotheses_are_checked():
    now, half = Iterate((0, 0), rationals(0)), Fraction(1, 2)
    update = block_update(0)
    with pytest.raises(HypothesisFails, match="not below the level"):
        surrogate_stays_below(TWO_SWITCHES, now, Fraction(0), half, update)
    with pytest.raises(HypothesisFails, match="share"):
        surrogate_stays_below(TWO_SWITCHES, now, Fraction(2), Fraction(1), update)
    with pytest.raises(HypothesisFails, match="must not vanish"):
        surrogate_stays_below(
            TWO_SWITCHES, Iterate((1, 1), rationals(0)), Fraction(3), half, update
        )
    with pytest.raises(HypothesisFails, match="negative"):
        inequality = replace(TWO_SWITCHES, inequality=(True,))
        surrogate_stays_below(inequality, Iterate((0, 0), rationals(-1)), Fraction(2), half, update)


def moved(problem, now, step, update):
    g = problem.residual(now.point)
    pairs = zip(now.multipliers, g, strict=True)
    multipliers = problem.project(tuple(m + step * v for m, v in pairs))
    return Iterate(update(problem, now, multipliers), multipliers)
