"""Defects that were found in peers: stale bounds, incumbents as bounds, no progress in silence."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from lagrange import (
    LevelBundle,
    Problem,
    Response,
    SolveError,
    Stalled,
    Start,
    Status,
    StepLimit,
    Subgradient,
    SurrogateAbsolute,
    SurrogateLagrangian,
    SurrogateLevel,
    Volume,
    solve,
)
from lagrange.oracles.folded import BinaryImages
from lagrange.oracles.knapsack import Knapsack
from lagrange.parallel import over
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.testing.solvers import rounds
from problems.assignment import build, starting_prices
from problems.assignment_data import generate
from problems.assignment_exact import ExactAssignment

DATA = generate("C", 4, 20, 0)
EXACT = ExactAssignment(DATA)
CONTRACTION = SurrogateContraction.for_horizon(200, first_step=0.05)
SOLVERS = {
    "subgradient": Subgradient(Polyak(estimate=2000.0, patience=10)),
    "surrogate": SurrogateLagrangian(CONTRACTION, sweep_every=3),
    "level": SurrogateLevel(900.0, sweep_every=3, check_every=4),
    "absolute": SurrogateAbsolute(CONTRACTION, 0.1, sweep_every=3),
    "bundle": LevelBundle(),
    "volume": Volume(Polyak(estimate=2000.0, patience=10)),
}


def loads_dropped(inner: Knapsack, answer: Response, keep: int) -> tuple[dict, float]:
    """Image and cost of the first ``keep`` items of an answer only."""
    x = answer.image["assign"] > 0.5
    x[np.flatnonzero(x)[keep:]] = False
    return {"assign": x.astype(float)}, float(inner.cost[x].sum())


@dataclass(frozen=True)
class Interrupted:
    """A knapsack whose search is stopped early: its answer is often poor, its bound loose or missing.
    Which of these depends on the prices, so that it stays a function of its arguments.
    """

    inner: Knapsack

    def respond(self, price, query, start):
        answer = self.inner.respond(price, query, start)
        luck = int(1e3 * abs(float(price["assign"] @ self.inner.weight))) % 8
        luck = luck if luck < 4 else 0
        if luck == 0:
            return answer
        image, cost = loads_dropped(self.inner, answer, keep=2)
        bound = -math.inf if luck == 1 else answer.bound - luck
        return Response(image, cost, bound, answer.point)


def interrupted(solver) -> Problem:
    exact = build(DATA)
    blocks = tuple(Interrupted(b) for b in exact.blocks)
    if isinstance(solver, SurrogateAbsolute):
        blocks = tuple(map(BinaryImages, blocks))
    return replace(exact, blocks=blocks, recover=None)


@pytest.mark.parametrize("name", SOLVERS)
def test_bounds_of_interrupted_blocks_hold_where_there_are_any(name):
    """Never above the exact dual value at the asked prices; none where some block proved none."""
    solver, problem = SOLVERS[name], interrupted(SOLVERS[name])
    start = solver.init(problem, Start({"assign": starting_prices(DATA)}))
    proved, lacking = 0, 0
    for one in rounds(problem, solver, 60, start):
        lower = one.after.record.lower_bound
        missing = any(answer.bound == -math.inf for answer in one.answers)
        if missing:
            lacking += len(one.asks) == len(problem.blocks)
            assert len(one.asks) < len(problem.blocks) or math.isnan(lower)
        if math.isnan(lower):
            continue
        proved += 1
        prices = [Fraction(v) for v in one.before.multipliers["assign"].tolist()]
        assert lower <= math.ceil(EXACT.dual_value({"assign": prices}))
    assert proved and lacking  # both happened


@pytest.mark.parametrize("name", SOLVERS)
def test_interrupted_blocks_in_parallel_prove_the_same(name):
    solver, problem = SOLVERS[name], interrupted(SOLVERS[name])
    start = solver.init(problem, Start({"assign": starting_prices(DATA)}))
    alone = solve(problem, solver, stop=StepLimit(25), start=start)
    with ThreadPoolExecutor(3) as pool:
        parallel = solve(problem, solver, stop=StepLimit(25), start=start, answer=over(pool))
    assert parallel.lower_bound == alone.lower_bound
    assert parallel.trace.column("cost") == alone.trace.column("cost")


@dataclass(frozen=True)
class Latched:
    """After its first answer it only hands back the last one, with the bound of the prices then."""

    inner: Knapsack

    def respond(self, price, query, start):
        return start or self.inner.respond(price, query, None)


def test_a_bound_kept_from_other_prices_is_found_out():
    """Old bounds stay true where prices rise; where they fall, the sum exceeds the cost of a point."""
    exact = build(DATA)
    problem = replace(exact, blocks=tuple(map(Latched, exact.blocks)))
    start = SOLVERS["bundle"].init(problem, Start({"assign": np.zeros(20)}))
    with pytest.raises(SolveError, match="the proved bounds cross"):
        solve(problem, SOLVERS["bundle"], stop=StepLimit(60), start=start)


@dataclass(frozen=True)
class Proud:
    """Takes the value of what it found for a bound, though it stopped early."""

    inner: Knapsack

    def respond(self, price, query, start):
        answer = self.inner.respond(price, query, None)
        image, cost = loads_dropped(self.inner, answer, keep=1)
        return Response(image, cost, cost + float(price["assign"] @ image["assign"]))


def test_incumbents_as_bounds_cross_the_cost_of_a_point():
    """No single answer shows it: each bound is what its answer reaches. Their sum exceeds a cost."""
    exact = build(DATA)
    problem = replace(exact, blocks=tuple(Proud(b) for b in exact.blocks))
    with pytest.raises(SolveError, match="the proved bounds cross"):
        solve(problem, SOLVERS["subgradient"], stop=StepLimit(200))


def best_of(rule, steps=150) -> float:
    problem = replace(build(DATA), recover=None, integral=False)
    run = solve(problem, Subgradient(rule), stop=StepLimit(steps))
    assert run.status is Status.STEP_LIMIT  # no claim of convergence
    assert run.gap == math.inf or math.isnan(run.gap)
    return run.lower_bound


def test_a_target_too_high_does_not_stop_the_progress():
    """Aimed at five times the optimum: steps that are halved on stall get there all the same."""
    problem = replace(build(DATA), recover=None, integral=False)
    optimum = solve(problem, LevelBundle(), stop=StepLimit(200)).lower_bound
    stubborn = best_of(Polyak(target=5 * optimum))
    halving = best_of(Polyak(target=5 * optimum, patience=5))
    assert stubborn < 0.9 * optimum  # what a peer did in silence
    assert halving > 0.98 * optimum


def test_a_run_that_stands_still_says_so():
    """Values of poor answers lie above the target: steps of 0 for ever, but not in silence."""
    solver = Subgradient(Polyak(target=450.0))
    problem = interrupted(solver)
    run = solve(problem, solver, stop=Stalled() | StepLimit(200))
    assert run.status is Status.STALLED and len(run.trace) < 200
    assert "no evidence of optimality" in run.message
