"""The checks of solvers can fail: each broken solver is caught, and told what is wrong."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from lagrange import ADMM, Problem, Start, Subgradient, testing
from lagrange.state import Solver, State
from lagrange.step_sizes import Constant
from tests.contracts.solver_cases import assignment, assignment_costs, split_lasso


@dataclass
class BrokenSolver:
    """A sound solver whose next state is altered."""

    alter: Callable[..., State[Any]] = lambda solver, new, old: new
    inner: Solver[Any] = field(default_factory=lambda: Subgradient(Constant(0.5)))
    calls: int = 0
    alter_asks: Callable[..., Any] = lambda solver, asks: asks

    def init(self, problem: Problem[Any], start: Any = None) -> State[Any]:
        return self.inner.init(problem, start)

    def ask(self, problem: Problem[Any], state: State[Any]) -> Any:
        return self.alter_asks(self, self.inner.ask(problem, state))

    def tell(self, problem: Problem[Any], state: State[Any], answers: Sequence[Any]) -> State[Any]:
        return self.alter(self, self.inner.tell(problem, state, answers), state)


def recorded(new: State[Any], **changes: Any) -> State[Any]:
    return new._replace(record=new.record._replace(**changes))


def counts_calls(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    solver.calls += 1
    return new._replace(multipliers={"jobs": new.multipliers["jobs"] + 1e-9 * solver.calls})


def moves_in_place(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    old.multipliers["jobs"][:] = new.multipliers["jobs"]
    return new


def forgets_the_projection(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    """And the sign of the step besides, so that some multiplier falls below zero at once."""
    g = new.residual["jobs"]
    return new._replace(multipliers={"jobs": old.multipliers["jobs"] - new.record.step_size * g})


def adds_a_row(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(multipliers={**new.multipliers, "more": np.zeros(1)})


def moves_to_infinity(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(multipliers={"jobs": new.multipliers["jobs"] + math.inf})


def takes_the_lagrangian_for_a_bound(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    bound = new.record.lagrangian + new.record.residual**2
    return recorded(new, lower_bound=bound)._replace(best=new.best.with_lower(bound, {}))


def carries_the_best_bound(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(best=replace(new.best, lower_bound=new.best.lower_bound - 1.0))


def invents_a_point(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(best=replace(new.best, upper_bound=1000.0))


def swaps_answers(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(responses=new.responses[::-1])


def skips_a_step(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, step=old.record.step + 2)


def counts_no_moves(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, moves=0)


def drifts(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(residual={"jobs": new.residual["jobs"] + 1e-3})


def costs_the_last(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(cost=old.cost)


def lagrangian_at_new_prices(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    value = new.cost + float(new.multipliers["jobs"] @ new.residual["jobs"])
    return recorded(new, lagrangian=value)


def movement_too_short(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    now = new.record
    return recorded(new, movement=now.movement / 2, step_size=now.step_size / 2)


def counts_moves_twice(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, moves=2 * new.record.moves + 2)


def goes_back_a_stage(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, stage=-new.record.step)


def writes_into_answers(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    new.responses[0].image["jobs"][:] = 0.5
    return new


def movement_unmeasured(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, movement=math.nan)


def another_step_size(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, step_size=new.record.step_size * 2)


PURE, RESUME = testing.check_ask_and_tell_are_pure, testing.check_resume
ASKS, SIGNS = testing.check_asks_are_independent, testing.check_multipliers_feasible
BOUNDS, RECORDS = testing.check_bounds_hold, testing.check_records

BROKEN_SOLVERS = [
    (counts_calls, PURE, "told the same twice"),
    (counts_calls, RESUME, "resumed before round"),
    (moves_in_place, PURE, "changed its arguments"),
    (writes_into_answers, PURE, "changed its arguments"),
    (moves_in_place, testing.check_old_states_stay, "changed later"),
    (swaps_answers, ASKS, "did not answer"),
    (forgets_the_projection, SIGNS, "on the ≤ row"),
    (adds_a_row, SIGNS, "the multipliers have rows"),
    (moves_to_infinity, SIGNS, "hold a NaN or an infinity"),
    (takes_the_lagrangian_for_a_bound, BOUNDS, "claims the lower bound"),
    (carries_the_best_bound, BOUNDS, "was proved at no step"),
    (invents_a_point, BOUNDS, "was found at no step"),
    (skips_a_step, RECORDS, "was followed by 2"),
    (counts_no_moves, RECORDS, "moves leaves out"),
    (counts_moves_twice, RECORDS, "4 moves in one step"),
    (goes_back_a_stage, RECORDS, "stage 0 was followed by -1"),
    (drifts, RECORDS, "the residual is off"),
    (costs_the_last, RECORDS, ": cost is"),
    (lagrangian_at_new_prices, RECORDS, "lagrangian is"),
    (movement_too_short, RECORDS, "the multipliers moved by"),
    (movement_unmeasured, RECORDS, "movement is NaN"),
    (another_step_size, RECORDS, "is not step_size · residual"),
]


def run_check(check: Any, solver: Any) -> None:
    extra = [assignment_costs(kind="cover")] if check is BOUNDS else []
    check(assignment(kind="cover"), solver, 8, *extra)


@pytest.mark.parametrize(
    ("alter", "check", "says"),
    BROKEN_SOLVERS,
    ids=[f"{alter.__name__}-{check.__name__}" for alter, check, _ in BROKEN_SOLVERS],
)
def test_broken_solvers_are_caught(alter: Any, check: Any, says: str) -> None:
    run_check(check, BrokenSolver())
    with pytest.raises(AssertionError, match=says):
        run_check(check, BrokenSolver(alter))


def asks_by_count(solver: Any, asks: Any) -> Any:
    solver.calls += 1
    return asks[::-1] if solver.calls % 2 else asks


def asks_one_twice(solver: Any, asks: Any) -> Any:
    return (*asks[:-1], asks[0])


def asks_from_the_end(solver: Any, asks: Any) -> Any:
    return tuple(ask._replace(block=ask.block - 3) for ask in asks)


@pytest.mark.parametrize(
    ("alter", "check", "says"),
    [
        (asks_by_count, PURE, "asks differently"),
        (asks_one_twice, ASKS, "asks a block twice"),
        (asks_from_the_end, ASKS, "asks blocks"),
    ],
)
def test_broken_asks_are_caught(alter: Any, check: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        run_check(check, BrokenSolver(alter_asks=alter))


def test_a_run_that_is_different_the_second_time_is_caught() -> None:
    """Each round is pure on its own; ``init`` remembers how often it was called."""

    class Restless(BrokenSolver):
        def init(self, problem: Problem[Any], start: Any = None) -> State[Any]:
            self.calls += 1
            return super().init(problem, Start({"jobs": np.full(4, float(self.calls))}))

    with pytest.raises(AssertionError, match="a second run"):
        run_check(PURE, Restless())


def test_a_solver_that_keeps_notes_is_caught() -> None:
    def notes(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
        solver.calls += 1
        return new

    with pytest.raises(AssertionError, match="changed the right-hand side or the solver"):
        run_check(PURE, BrokenSolver(notes))


def test_blocks_that_depend_on_the_order_of_the_asks_are_caught() -> None:
    log: list[Any] = []

    @dataclass(frozen=True)
    class Listening:
        inner: Any

        def respond(self, *question: Any) -> Any:
            log.append(self)
            answer = self.inner.respond(*question)
            return replace(answer, cost=answer.cost + (log[-2:-1] == [self.inner]))

    sound = assignment()
    last = Listening(sound.blocks[2])

    @dataclass(frozen=True)
    class First(Listening):
        def respond(self, *question: Any) -> Any:
            answer = self.inner.respond(*question)
            return replace(answer, cost=answer.cost + (log.pop() is last if log else 0))

    problem = replace(sound, blocks=(First(sound.blocks[0]), sound.blocks[1], last))
    with pytest.raises(AssertionError, match="asked backwards"):
        ASKS(problem, Subgradient(), 3)


def test_a_record_that_changes_within_a_sweep_is_caught() -> None:
    def early(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
        return recorded(new, cost=0.0) if new.record.step == old.record.step else new

    problem, _ = split_lasso()
    RECORDS(problem, BrokenSolver(inner=ADMM(1.0)), 3)
    with pytest.raises(AssertionError, match="an unfinished step changed the record"):
        RECORDS(problem, BrokenSolver(early, ADMM(1.0)), 3)


def test_a_clock_that_runs_backwards_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count(0, -1)
    monkeypatch.setattr("lagrange.engine.perf_counter", lambda: float(next(ticks)))
    with pytest.raises(AssertionError, match="seconds run backwards"):
        RECORDS(assignment(), Subgradient(), 3)
