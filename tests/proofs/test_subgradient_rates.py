"""Every move of the subgradient method obeys the master inequality, in the library as in rationals."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lagrange import Start, StepLimit, Subgradient, SurrogateLagrangian, solve
from lagrange.step_sizes import Constant
from proofs_checks import subgradient_rates
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import (
    TWO_SWITCHES,
    as_problem,
    as_vector,
    dual_maximizer,
    rationals,
)
from proofs_checks.replay import replay
from proofs_checks.subgradient_rates import RIDGE, best_iterate, master_inequality, run
from tests.proofs.instances import finite_problems, priced

STEPS = st.lists(st.fractions(Fraction(1, 9), 3, max_denominator=9), min_size=1, max_size=6)


@given(priced(), STEPS)
def test_every_exact_move(case, steps):
    problem, start, other = case
    target = problem.project(other)
    moves = run(problem, start, steps)
    assert all(master_inequality(problem, move, target).holds for move in moves)
    assert best_iterate(problem, moves, target).holds


@given(finite_problems(max_rows=1), st.fractions(-9, 9, max_denominator=4), STEPS)
def test_the_best_iterate_against_the_maximizer(problem, first, steps):
    moves = run(problem, (first,), steps)
    assert best_iterate(problem, moves, dual_maximizer(problem)).holds


def test_the_master_inequality_is_tight():
    """Where q is a straight line from λ_k to the target and P does nothing."""
    [move] = run(RIDGE, rationals(2), [Fraction(1, 3)])
    assert master_inequality(RIDGE, move, rationals(0)).margin == 0


def test_a_constant_step_keeps_its_distance():
    for step in (Fraction(1), Fraction(2, 7)):
        for count in (1, 2, 50):
            assert subgradient_rates.constant_step_floor(step, count).holds


def test_hypotheses_are_checked():
    inequality = replace(RIDGE, inequality=(True,))
    moves = run(inequality, rationals(1), [Fraction(1)] * 2)
    with pytest.raises(HypothesisFails, match="negative entry"):
        master_inequality(inequality, moves[0], rationals(-1))
    with pytest.raises(HypothesisFails, match="negative entry"):
        best_iterate(inequality, moves, rationals(-1))
    with pytest.raises(HypothesisFails, match="is negative"):
        master_inequality(RIDGE, moves[0]._replace(step=Fraction(-1)), rationals(0))
    with pytest.raises(HypothesisFails, match="follow each other"):
        best_iterate(RIDGE, [moves[0], moves[0]], rationals(0))
    with pytest.raises(HypothesisFails, match="at least one move"):
        best_iterate(RIDGE, [], rationals(0))
    with pytest.raises(HypothesisFails, match="every step"):
        best_iterate(RIDGE, [moves[0]._replace(step=Fraction(0))], rationals(0))


# ------------------------------------------------------------------ the library
# Integer data and steps of 1/4: no float of these runs is rounded, so nothing is tolerated.


@given(priced())
def test_the_library_subgradient_method_moves_like_the_exact_one(case):
    problem, start, other = case
    start = problem.project(rationals(*(int(v) for v in start)))
    replayed = list(replay(problem, Subgradient(Constant(0.25)), 6, Start(as_vector(start))))
    moves = [move for move, _ in replayed]
    exact = run(problem, start, [Fraction(1, 4)] * len(moves))
    target = problem.project(other)
    for (move, record), expected in zip(replayed, exact, strict=True):
        assert move.multipliers == expected.multipliers
        assert move.after == expected.after
        assert move.point == expected.point
        assert master_inequality(problem, move, target).holds
        assert record.lower_bound <= problem.optimum()
        assert record.lagrangian == problem.dual(move.multipliers)


@given(priced(), st.integers(1, 2))
def test_the_library_surrogate_method_obeys_the_master_inequality(case, group):
    """x_k need not minimize: L(x_k, λ_k) stands where q(λ_k) stood."""
    problem, start, other = case
    start = problem.project(rationals(*(int(v) for v in start)))
    solver = SurrogateLagrangian(Constant(0.25), group=group)
    target = problem.project(other)
    for move, record in replay(problem, solver, 12, Start(as_vector(start))):
        assert master_inequality(problem, move, target).holds
        assert record.lagrangian == problem.lagrangian(move.point, move.multipliers)
        assert not record.lower_bound > problem.optimum()


def test_the_library_keeps_the_same_distance_with_a_constant_step():
    problem, solver = as_problem(RIDGE), Subgradient(Constant(1.0))
    start = solver.init(replace(problem, integral=False), Start(as_vector(rationals(0.5))))
    solution = solve(replace(problem, integral=False), solver, stop=StepLimit(50), start=start)
    assert solution.trace.column("lagrangian") == [-0.5] * 50


def test_a_replay_ends_with_its_solver():
    start = Start(as_vector(rationals(1)))
    moves = list(replay(TWO_SWITCHES, SurrogateLagrangian(Constant(0.25)), 9, start))
    assert 1 <= len(moves) < 9
