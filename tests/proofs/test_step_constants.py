"""The surrogate contraction: lengths follow the schedule, useless constants are refused."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lagrange import contraction
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import Progress, SurrogateContraction
from proofs_checks import step_constants
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import TWO_SWITCHES, difference, squared
from proofs_checks.replay import replay
from proofs_checks.step_constants import Contraction, Leg
from tests.proofs.instances import finite_problems
from tests.tolerances import EXACT

RATIONAL_NORM = st.sampled_from(
    [((3, 4),), ((3,), (4,)), ((5, 0), (-12,)), ((0, 7),), ((-8,), (15,))]
)
POSITIVE = st.fractions(Fraction(1, 99), 99, max_denominator=99)

HORIZON = 10**6
# M, r, log10 Π, log10 δ/Π, travel at 10^6, rounded to the last digit printed
TABLE = [
    (2, 0.5, -4.47, -1.83, 73.1),
    (2, 1, -3.52, -2.78, 604.0),
    (2, 3, -3.27, -3.03, 1080.0),
    (50, 0.3, -0.27, -7.33, 5.51e5),
    (1.5, 0.1, -103.49, 98.82, 0.547),
    (5, 0.05, -329.28, 325.59, 4.70),
]


# ------------------------------------------------------------------ R4


@given(POSITIVE, POSITIVE, RATIONAL_NORM, RATIONAL_NORM)
def test_consecutive_lengths_shrink_by_alpha(alpha, step, last, residual):
    assert step_constants.consecutive_shrink(alpha, Leg(step, last), residual).holds


@given(st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=20), st.floats(1.01, 500))
def test_the_library_rule_follows_the_schedule(norms, M):
    rule = SurrogateContraction(M, 0.3, first_step=0.5)
    memory, lengths = rule.init(), []
    for k, norm in enumerate(norms):
        step, memory = rule.next(Progress(k, norm, 0.0), memory)
        lengths.append(step * norm)
    assert lengths[0] == pytest.approx(0.5 * norms[0], abs=EXACT(scale=norms[0]))
    for k in range(1, len(norms)):
        predicted = (1 - k ** (k**-0.3) / (M * k)) * lengths[k - 1]
        error = EXACT(scale=lengths[k - 1])
        assert Comparison(lengths[k], predicted, "==", error).holds


@given(finite_problems(max_blocks=3, equalities=True))
def test_multipliers_of_a_run_follow_the_schedule_and_stay_within_its_travel(problem):
    M, r, steps = 3.0, 0.2, 25
    solver = SurrogateLagrangian(SurrogateContraction(M, r, first_step=0.5))
    moves = [move for move, _ in replay(problem, solver, steps) if move.step]
    lengths = [math.sqrt(squared(difference(m.after, m.multipliers))) for m in moves]
    for k in range(1, len(lengths)):
        scale = max(1.0, *(abs(float(v)) for v in moves[k].after))
        predicted = contraction.alpha(k, M, r) * lengths[k - 1]
        assert Comparison(lengths[k], predicted, "==", EXACT(scale=scale)).holds
    if len(lengths) > 1:
        covered = math.sqrt(squared(difference(moves[-1].after, moves[0].multipliers)))
        distance = covered / lengths[0] * (1 - EXACT(size=steps))
        assert step_constants.reaches(Contraction(M, r), distance, len(lengths) - 1).holds


def test_a_run_is_long_enough_to_say_something():
    solver = SurrogateLagrangian(SurrogateContraction(3.0, 0.2, first_step=0.1))
    moves = [move for move, _ in replay(TWO_SWITCHES, solver, 25) if move.step]
    assert len(moves) > 5


def test_hypotheses_are_checked():
    last = Leg(Fraction(1), ((3, 4),))
    with pytest.raises(HypothesisFails, match="not rational"):
        step_constants.consecutive_shrink(Fraction(1, 2), last, ((1, 1),))
    with pytest.raises(HypothesisFails, match="must not vanish"):
        step_constants.consecutive_shrink(Fraction(1, 2), last, ((0, 0),))
    with pytest.raises(HypothesisFails, match="must be > 0"):
        step_constants.consecutive_shrink(Fraction(0), last, ((3, 4),))


# ------------------------------------------------------------------ R5


@pytest.mark.parametrize(("M", "r", "product", "ratio", "travel"), TABLE)
def test_the_table(M, r, product, ratio, travel):
    schedule = Contraction(M, r)
    log10 = math.log(10)
    logs = schedule.log_products(HORIZON)
    # two formulas for the same product, each a sum of 10^6 terms
    error = EXACT(size=HORIZON, scale=1.0)
    assert Comparison(schedule.log_product(HORIZON), float(logs[-1]), "==", error).holds
    assert Comparison(schedule.log_product(HORIZON) / log10, product, "==", 0.005).holds
    measured = step_constants.log_ratio(schedule, HORIZON) / log10
    assert Comparison(measured, ratio, "==", 0.005).holds
    assert f"{step_constants.travel(schedule, HORIZON):.2e}" == f"{travel:.2e}"


@given(st.floats(1.001, 1e6), st.floats(0.01, 5), st.integers(1, 2000))
def test_products_decay_at_least_like_a_power(M, r, moves):
    assert step_constants.decays_at_least(Contraction(M, r), M, moves).holds


@given(st.floats(1.5, 500), st.floats(0.5, 4))
def test_the_ratio_falls_for_constants_that_are_valid(M, r):
    """Far out: how far depends on r, and at r < 1/2 the horizon of a test is too short."""
    assert step_constants.ratio_falls(Contraction(M, r), 10**5).holds


@pytest.mark.parametrize(("M", "r"), [(1, 0.5), (0.9, 0.5), (2, 0)])
def test_constants_that_are_not_valid_are_refused_by_check_and_library(M, r):
    assert not step_constants.ratio_falls(Contraction(M, r), 10**4).holds
    with pytest.raises(ValueError, match="must be a finite number > "):
        SurrogateContraction(M, r)


def test_at_r_zero_the_travel_is_finite():
    for M in (2, 5):
        measured = step_constants.travel(Contraction(M, 0), 10**4)
        assert Comparison(measured, M - 1, "==", EXACT(size=10**4, scale=M)).holds


def test_valid_constants_can_be_frozen():
    frozen = Contraction(1.5, 0.1)
    assert step_constants.reaches(frozen, 1.5, HORIZON).holds
    assert not step_constants.reaches(frozen, 1.6, HORIZON).holds


@pytest.mark.parametrize("moves", [50, 1000, 30_000])
@pytest.mark.parametrize("shrink", [1e-3, 0.1])
def test_constants_chosen_for_a_horizon_meet_it(moves, shrink):
    M, r = contraction.choose_constants(moves, shrink)
    assert M > 1 and r > 0
    measured = float(Contraction(M, r).log_products(moves)[-1])
    assert Comparison(measured, math.log(shrink), "==", EXACT(size=moves)).holds
