"""What step rules promise, in rationals and for the library's rules."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from proofs_checks import subgradient_rules as claims
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import Choice, FiniteProblem, dual_maximizer, rationals
from proofs_checks.replay import replay
from proofs_checks.subgradient_rates import RIDGE, master_inequality
from tests.proofs.instances import finite_problems

STEPS = st.builds(Fraction, st.integers(1, 8), st.sampled_from([1, 2, 3]))
STARTS = st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 3]))


@given(finite_problems(max_rows=1), STARTS, STEPS, st.integers(1, 6))
def test_constant_length_and_average(problem, start, step, count):
    for check in (claims.best_of_constant_length, claims.averaged):
        try:
            assert check(problem, (start,), step, count).holds
        except HypothesisFails:
            continue


@given(finite_problems(max_rows=1), STARTS, st.sampled_from(["1/2", "1", "3/2", "19/10"]))
def test_polyak(problem, start, theta):
    multipliers = problem.project((start,))
    assume(any(problem.residual(problem.minimizer(multipliers))))
    assert claims.polyak_approaches(problem, multipliers, Fraction(theta)).holds


def test_the_library_with_the_right_target_approaches_in_every_step():
    tilted = FiniteProblem(((Choice(0, (1,)), Choice(6, (-2,)), Choice(9, (0,))),), (0,), (False,))
    target = dual_maximizer(tilted)
    best = tilted.dual(target)
    solver = Subgradient(Polyak(target=float(best)))
    distances = [abs(target[0])]
    for move, _ in replay(tilted, solver, 8):
        assert master_inequality(tilted, move, target).holds
        distances.append(abs(move.after[0] - target[0]))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0


@pytest.mark.parametrize("target", [0.5, 1.0, 2.0])
def test_a_target_above_keeps_away_by_its_excess(target):
    """λ jumps between −v and v: the floor is v."""
    comparison = claims.target_above_never_arrives(target)
    assert comparison.predicted == Fraction(target)


def test_a_vanishing_residual_is_no_run():
    flat = FiniteProblem(((Choice(0, (0,)),),), (0,), (False,))
    with pytest.raises(HypothesisFails, match="vanished"):
        claims.averaged(flat, rationals(1), Fraction(1), 2)
    with pytest.raises(HypothesisFails, match="vanished"):
        claims.best_of_constant_length(flat, rationals(1), Fraction(1), 2)


def test_the_last_iterate_can_be_the_worst():
    run = claims.moves(RIDGE, rationals(0), 2, claims.constant_length(Fraction(1)))
    assert claims.shortfalls(RIDGE, run) == [0, 1]
