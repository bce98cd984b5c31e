"""What carries over from stage to stage, and the library's progressive runs held against it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lagrange.engine import solve
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.subgradient import Subgradient
from lagrange.stages import in_stages
from lagrange.step_sizes import Constant
from lagrange.stopping import StepLimit
from proofs_checks import progressive as claims
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import as_problem, rationals
from tests.proofs.instances import finite_problems, priced

ENTRY = st.builds(Fraction, st.integers(-20, 20), st.sampled_from([1, 2, 4]))


@st.composite
def staged(draw):
    """A problem, how many choices of each block a later stage keeps, and multipliers."""
    problem, multipliers, _ = draw(priced())
    allowed = tuple(draw(st.integers(1, len(block))) for block in problem.blocks)
    return problem, allowed, multipliers


def has_feasible_point(problem):
    try:
        problem.optimum()
    except HypothesisFails:
        return False
    return True


@given(staged())
def test_optima_bounds_and_points(case):
    problem, allowed, multipliers = case
    assert claims.feasibility_goes_back(problem, allowed).holds
    assume(has_feasible_point(claims.stage(problem, allowed)))
    assert claims.optima_rise(problem, allowed).holds
    assert claims.bound_carries_over(problem, allowed, multipliers).holds


@given(finite_problems())
def test_a_local_optimum_is_no_optimum_but_an_upper_bound(problem):
    assert claims.local_optimum(problem) >= problem.optimum()


@given(st.lists(ENTRY, min_size=8, max_size=8).map(tuple), st.integers(1, 8), st.integers(1, 8))
def test_projections_that_compose(w, one, two):
    few, many = sorted((one, two))
    assert claims.composes(w, claims.sparse(many), claims.sparse(few)).holds
    assert claims.composes(w, claims.n_of_m(3, 4), claims.n_of_m(2, 4)).holds
    assert claims.composes(w, claims.n_of_m(2, 4), claims.n_of_m(1, 4)).holds
    wide, narrow = (
        claims.interval(Fraction(-3), Fraction(5)),
        claims.interval(Fraction(-1), Fraction(2)),
    )
    assert claims.composes(w, wide, narrow).holds
    assert claims.distance_grows(w, claims.sparse(many), claims.sparse(few)).holds
    # 1 of 2 is a subset of 2 of 4, which is one of 4 of 8
    assert claims.distance_grows(w, claims.n_of_m(2, 4), claims.n_of_m(1, 2)).holds
    assert claims.distance_grows(w, claims.n_of_m(4, 8), claims.n_of_m(2, 4)).holds


def test_four_of_eight_then_two_of_four():
    w = claims._EIGHT
    assert claims.n_of_m(2, 4)(claims.n_of_m(4, 8)(w)) == rationals(0, 0, 7, 8, 0, 0, 0, 0)
    assert claims.n_of_m(2, 4)(w) == rationals(0, 0, 7, 8, 0, 0, 3, 4)


def test_rounding_twice():
    w = rationals(Fraction(126, 100))
    half, whole = claims.multiples(Fraction(1, 2)), claims.multiples(Fraction(1))
    assert half(w) == rationals(Fraction(3, 2))
    assert whole(half(w)) == rationals(2)
    assert whole(w) == rationals(1)


@pytest.mark.parametrize("kept", [1, 2])
def test_bounds_of_a_progressive_run_hold_where_they_are_said_to(kept):
    """The records of the first stage prove bounds for both; the best of a run is the last stage's."""
    problem = claims._PAIR
    later = claims.stage(problem, (kept, 1))
    stages = in_stages([as_problem(problem), as_problem(later)])
    solver = Progressive(Subgradient(Constant(0.5)), StepLimit(4))
    solution = solve(stages, solver, stop=StepLimit(20))
    for record in solution.trace:
        stage_optimum = (problem if record.stage == 0 else later).optimum()
        assert record.lower_bound <= stage_optimum
        if record.stage == 0:
            assert record.lower_bound <= later.optimum()
    assert {record.stage for record in solution.trace} == {0, 1}
    assert np.isfinite(solution.state.best.lower_bound)
    assert solution.state.best.lower_bound <= later.optimum()
