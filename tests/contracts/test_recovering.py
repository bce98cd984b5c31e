"""A dual method with recovery beside it keeps every law of a solver, its plug-ins those of theirs."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from lagrange import Problem, StepLimit, Subgradient, solve
from lagrange.recovery.pool import RestrictedProgram
from lagrange.recovery.recovering import Recovering
from lagrange.recovery.rounding import Repair, RoundedMean
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import SurrogateContraction
from lagrange.testing.solvers import rounds
from tests.contracts.laws import laws_of
from tests.contracts.solver_cases import SolverCase, assignment, assignment_costs

KINDS = (("exactly", 4), ("cover", 4), ("pack", 3))
CONTRACTION = SurrogateContraction.for_horizon(40, first_step=0.5)


def cases():
    for kind, capacity in KINDS:
        problem, costs = assignment(capacity, kind=kind), assignment_costs(capacity, kind=kind)
        pool = RestrictedProgram(columns=5)
        solvers = {
            "bundle": Recovering(LevelBundle(), (pool,), every=2, patience=3),
            "surrogate": Recovering(SurrogateLagrangian(CONTRACTION), (pool,), every=3),
            "two": Recovering(LevelBundle(), (RoundedMean(lambda means: None), pool), every=1),
        }
        for name, solver in solvers.items():
            yield SolverCase(
                f"{kind}-{name}", problem, solver, 15, costs, over_relaxed=name != "surrogate"
            )


CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("check", laws_of(CASES.values()))
def test_solver(check):
    check.run()


@dataclass(frozen=True)
class Listening:
    """A plug-in that finds nothing and remembers everything that it was shown."""

    def init(self, problem):
        return ()

    def look(self, problem, seen, memory):
        return None, (*memory, seen)


def looks(solver, steps, problem=None):
    problem = problem or assignment()
    last = list(rounds(problem, solver, steps))[-1].after
    return last, last.memory.recoveries[0]


@pytest.mark.parametrize("every", (1, 3))
def test_every_answer_is_heard_once_and_in_order(every):
    problem = assignment()
    inner = SurrogateLagrangian(CONTRACTION)
    run = list(rounds(problem, inner, 12))
    told = [(ask.block, a) for r in run for ask, a in zip(r.asks, r.answers, strict=True)]
    _, seen = looks(Recovering(inner, (Listening(),), every=every), 12)
    heard = [pair for look in seen for pair in look.heard]
    assert [block for block, _ in heard] == [block for block, _ in told]
    assert all(
        a.cost == b.cost and (a.image["jobs"] == b.image["jobs"]).all()
        for (_, a), (_, b) in zip(heard, told, strict=True)
    )


def test_the_method_runs_as_if_it_were_alone():
    problem, inner = assignment(), LevelBundle()
    alone = [r.after for r in rounds(problem, inner, 8)]
    beside = [r.after for r in rounds(problem, Recovering(inner, (Listening(),), every=2), 8)]
    for a, b in zip(alone, beside, strict=False):
        assert (a.multipliers["jobs"] == b.multipliers["jobs"]).all()
        assert a.best.lower_bound == b.best.lower_bound


def test_it_goes_on_looking_at_the_best_prices_when_the_method_is_done():
    problem = replace(assignment(), recover=lambda responses: None)
    alone = solve(problem, LevelBundle(), stop=StepLimit(200))
    steps = alone.state.record.step
    last, seen = looks(
        Recovering(LevelBundle(), (Listening(),), every=1000, patience=4), 500, problem
    )
    assert last.record.step == steps + 4 and len(seen) == 4
    assert last.memory.finished and last.memory.idle == 4
    for look in seen:
        assert (look.multipliers["jobs"] == last.best.multipliers["jobs"]).all()
    assert [look.heard[-1][0] for look in seen] == [k % 3 for k in range(steps, steps + 4)]
    assert math.isnan(last.record.lower_bound) and math.isnan(last.record.lagrangian)


@dataclass(frozen=True)
class Once:
    """Finds a point of this cost at the look of this number."""

    number: int
    point: object

    def init(self, problem):
        return 0

    def look(self, problem, seen, memory):
        return (self.point if memory == self.number else None), memory + 1


def test_what_is_found_is_an_upper_bound_and_patience_starts_anew():
    from lagrange.problem import Feasible

    problem = replace(assignment(), recover=lambda responses: None)
    alone = solve(problem, LevelBundle(), stop=StepLimit(200)).state.record.step
    found = Feasible("it", 1000.0)
    solver = Recovering(LevelBundle(), (Once(2, found),), every=1000, patience=3)
    states = [r.after for r in rounds(problem, solver, 500)]
    assert states[-1].best.feasible == found and states[-1].best.upper_bound == 1000.0
    written = [s.record.step for s in states if s.record.upper_bound == 1000.0]
    assert written == [alone + 3]
    assert states[-1].record.step == alone + 3 + 3


def test_nothing_is_asked_once_the_gap_is_closed():
    solver = Recovering(Subgradient(), (RestrictedProgram(),), every=1)
    problem = assignment()
    state = [r.after for r in rounds(problem, solver, 3)][-1]
    closed = state._replace(
        best=replace(state.best, lower_bound=7.0, upper_bound=7.0),
        memory=state.memory._replace(finished=True),
    )
    assert solver.ask(problem, closed) == ()


def test_nothing_is_looked_at_before_the_first_steps_are_done():
    solver = Recovering(Subgradient(), (Listening(),), every=2, first=5)
    last, seen = looks(solver, 11)
    assert last.record.step == 11 and len(seen) == 3  # after 6, 8 and 10 steps
    assert [len(look.heard) for look in seen] == [18, 6, 6]  # three blocks a step


def test_repair_gets_the_answers_and_nothing_while_one_is_missing():
    asked = []

    def repair(responses):
        asked.append(len(responses))

    solver = Recovering(SurrogateLagrangian(CONTRACTION), (Repair(repair),), every=1)
    list(rounds(assignment(), solver, 5))
    assert asked == [3] * 5  # the first step of the method asks all blocks, in rounds


def test_the_mean_of_images_is_mixed_as_it_says():
    got = []
    solver = Recovering(LevelBundle(), (RoundedMean(got.append, mixing=0.75), Listening()), every=2)
    last = list(rounds(assignment(), solver, 4))[-1].after
    images = {0: [], 1: [], 2: []}
    for look in last.memory.recoveries[1]:
        for block, answer in look.heard:
            images[block].append(answer.image["jobs"])
    for block, (first, second, *rest) in images.items():
        mean = 0.75 * first + 0.25 * second
        assert np.allclose(got[0][block]["jobs"], mean, rtol=0, atol=1e-15)
        for image in rest:
            mean = 0.75 * mean + 0.25 * image
        assert np.allclose(got[1][block]["jobs"], mean, rtol=0, atol=1e-15)


def test_a_problem_is_numpy_for_the_pool():
    import torch

    row = {"jobs": torch.ones(4, dtype=torch.float64)}
    with pytest.raises(ValueError, match="numpy"):
        RestrictedProgram().init(Problem(assignment().blocks, row))
