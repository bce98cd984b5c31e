"""What a bound must survive: parallel and stale answers, sweeps at mixed prices, warm starts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from lagrange import Ask, Problem, Start, StepLimit, SurrogateLagrangian, solve
from lagrange.bounds import certified_lower_bound
from lagrange.engine import serially
from lagrange.parallel import over
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.starts import from_row_duals, perturbed
from lagrange.step_sizes import Constant, Polyak
from lagrange.sweeps import proved, sweep
from lagrange.target_steps import AdaptiveTarget
from tests.contracts.solver_cases import assignment
from tests.exact.finite import Finite

SOLVERS = {
    "bundle": LevelBundle(),
    "level": SurrogateLevel(30.0, sweep_every=3, check_every=4),
    "volume": Volume(AdaptiveTarget(2.0)),
    "volume-polyak": Volume(Polyak(target=12.0, patience=4)),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_parallel_answers_are_the_same_run(name):
    problem = assignment()
    with ThreadPoolExecutor(3) as pool:
        parallel = solve(problem, SOLVERS[name], stop=StepLimit(20), answer=over(pool))
    alone = solve(problem, SOLVERS[name], stop=StepLimit(20))
    pairs = zip(parallel.trace, alone.trace, strict=True)
    assert all(
        np.array_equal(a._replace(seconds=0), b._replace(seconds=0), equal_nan=True)
        for a, b in pairs
    )


OPTIMUM = -1.0


def opposed() -> Problem:
    """min −2 x + y  s.t.  x − y = 0,  x and y in {0, 1}."""
    x = Finite([0.0, -2.0], {"r": np.array([[0.0], [1.0]])})
    y = Finite([0.0, 1.0], {"r": np.array([[0.0], [-1.0]])})
    return Problem((x, y), {"r": np.zeros(1)})


def asked(problem: Problem, *prices: float, query=None):
    """Block i asked at the i-th price, and its answer."""
    asks = [Ask(i, {"r": np.array([v])}, query, None) for i, v in enumerate(prices)]
    return asks, serially(problem, asks)


def test_mixed_generations_would_exceed_the_optimum_and_are_refused():
    """Block 0 at λ = 2, block 1 at λ = −2: each bound is right, and their sum is 0 > −1."""
    problem = opposed()
    asks, answers = asked(problem, 2.0, -2.0)
    honest = [proved(problem, sweep(problem, *asked(problem, v, v))) for v in (2.0, -2.0)]
    assert max(honest) <= OPTIMUM < sum(answer.bound for answer in answers)
    with pytest.raises(ValueError, match="blocks 0 and 1 were asked at different prices"):
        sweep(problem, asks, answers)


def test_a_sweep_is_in_the_order_of_the_blocks_and_at_equal_prices():
    problem = opposed()
    asks, answers = asked(problem, 1.0, 1.0)
    backwards = sweep(problem, asks[::-1], answers[::-1])
    assert list(backwards.answers) == answers
    assert proved(problem, backwards) == certified_lower_bound(problem, asks[0].price, answers)


def test_answers_that_meet_the_rows_are_a_point_at_any_step():
    """λ = 1.5 after the first step; y follows x before both were asked there."""
    x, y = opposed().blocks
    problem = Problem((y, x), {"r": np.zeros(1)})
    run = solve(problem, SurrogateLagrangian(Constant(1.5)), stop=StepLimit(2))
    assert run.trace[1].residual == 0.0 and np.isnan(run.trace[1].lower_bound)
    assert run.trace[1].upper_bound == OPTIMUM == run.upper_bound


def test_incumbents_are_refused_as_bounds():
    """An answer whose bound is above what it reached at the prices of the sweep is no bound."""
    problem = opposed()
    price = {"r": np.array([1.0])}
    answers = serially(problem, [Ask(i, price, None, None) for i in range(2)])
    lying = [replace(answers[0], bound=answers[0].bound + 1.0), answers[1]]
    with pytest.raises(ValueError, match="above the value"):
        certified_lower_bound(problem, price, lying)


@pytest.mark.parametrize("name", SOLVERS)
def test_warm_starts_begin_where_they_say(name):
    problem = assignment()
    solver = SOLVERS[name]
    cold = solve(problem, solver, stop=StepLimit(30))
    warm = Start(cold.multipliers)
    run = solve(problem, solver, stop=StepLimit(1), start=solver.init(problem, warm))
    assert run.trace[0].lower_bound == cold.lower_bound


def test_duals_become_multipliers():
    problem = Problem(opposed().blocks, {"r": np.zeros(1)}, frozenset({"r"}))
    start = from_row_duals(problem, {"r": np.array([-3.0])})
    assert start.multipliers is not None and start.multipliers["r"].tolist() == [3.0]
    clipped = from_row_duals(problem, {"r": np.array([1e-12])})
    assert clipped.multipliers is not None and clipped.multipliers["r"].tolist() == [0.0]
    free = from_row_duals(opposed(), {"r": np.array([2.0])})
    assert free.multipliers is not None and free.multipliers["r"].tolist() == [-2.0]


def test_noise_is_relative_and_repeats():
    start = Start({"r": np.array([-4.0, 0.0, 2.0])})
    once, twice, other = (perturbed(start, 0.1, seed).multipliers for seed in (1, 1, 2))
    assert once is not None and twice is not None and other is not None
    assert once["r"].tolist() == twice["r"].tolist() != other["r"].tolist()
    assert once["r"][1] == 0.0
    assert np.all(np.abs(once["r"] - start.multipliers["r"]) <= 0.1 * np.abs([4.0, 0.0, 2.0]))
