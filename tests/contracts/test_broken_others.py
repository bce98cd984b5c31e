"""The checks of sets, step rules and solvers can fail: each broken one is caught by its check."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from lagrange import Problem, Subgradient, testing
from lagrange.sets import Box, Cardinality
from lagrange.state import Solver, State
from lagrange.step_sizes import Constant, Progress
from tests.contracts.solver_cases import assignment, assignment_costs

V = np.array([1.0, -3.0, 2.0, 0.0])
INSIDE = [V * np.eye(4)[i] for i in range(4)]
OUTSIDE = [np.array([1.0, 1.0, 0.0, 0.0])]


def top_by_signed_value(v: Any) -> Any:
    return v * (np.arange(4) == np.argmax(v))


def all_that_tie(v: Any) -> Any:
    """Keeps whatever reaches the threshold: too many under ties."""
    return v * (np.abs(v) >= np.abs(v).max())


def shrunk(v: Any) -> Any:
    return 0.9 * Cardinality(1).project(v)


def in_place(v: Any) -> Any:
    v[:] = Cardinality(1).project(v)
    return v.copy()


def a_view(v: Any) -> Any:
    return v if Cardinality(1).contains(v) else Cardinality(1).project(v)


BUFFER = np.zeros(4)


def into_a_buffer(v: Any) -> Any:
    BUFFER[:] = Cardinality(1).project(v)
    return BUFFER


def single_precision(v: Any) -> Any:
    return Cardinality(1).project(v).astype(np.float32)


def drawn(v: Any) -> Any:
    """Breaks ties at random."""
    ties = np.flatnonzero(np.abs(v) == np.abs(v).max())
    return v * (np.arange(4) == DRAW.choice(ties))


DRAW = np.random.default_rng(0)


def nothing(v: Any) -> Any:
    return 0.0 * v


@dataclass(frozen=True)
class BrokenSet:
    how: Callable[[Any], Any]
    k: int = 1

    def project(self, v: Any) -> Any:
        return self.how(v)

    def contains(self, v: Any) -> bool:
        return Cardinality(self.k).contains(v)


TIES = np.array([2.0, -2.0, 2.0, 2.0])
POINTS = [V, TIES, *(TIES + 0 for _ in range(8)), INSIDE[1]]


@pytest.mark.parametrize(
    "how",
    [
        top_by_signed_value,
        all_that_tie,
        shrunk,
        in_place,
        a_view,
        into_a_buffer,
        single_precision,
        drawn,
        nothing,
    ],
)
def test_broken_projections_are_caught(how: Any) -> None:
    points = [p.copy() for p in POINTS]
    testing.check_projection(BrokenSet(Cardinality(1).project), points, inside=INSIDE)
    with pytest.raises(AssertionError, match=r"project|member"):
        testing.check_projection(BrokenSet(how), points, inside=INSIDE)


def test_only_the_members_betray_a_projection_that_is_not_nearest() -> None:
    def second_best(v: Any) -> Any:
        return v if Cardinality(1).contains(v) else top_by_signed_value(v)

    testing.check_projection(BrokenSet(lambda v: second_best(v).copy()), [V], inside=INSIDE[2:])
    with pytest.raises(AssertionError, match="is only"):
        testing.check_projection(BrokenSet(lambda v: second_best(v).copy()), [V], inside=INSIDE)


def test_a_wrong_contains_is_caught() -> None:
    with pytest.raises(AssertionError, match="is no member, contains says it is"):
        testing.check_projection(BrokenSet(nothing, k=2), [], outside=OUTSIDE)
    with pytest.raises(AssertionError, match="is a member, contains says it is not"):
        testing.check_projection(BrokenSet(nothing, k=1), [], inside=OUTSIDE)


def test_a_projection_on_no_convex_set_is_caught() -> None:
    points = [np.array([1.0, 0.9]), np.array([0.9, 1.0])]
    testing.check_nonexpansive(Box(0, 1), points)
    with pytest.raises(AssertionError, match="their projections"):
        testing.check_projection(Cardinality(1), points, convex=True)


@dataclass
class BrokenRule:
    """``step`` sees (rule, now, memory) and returns (step, memory)."""

    step: Callable[..., tuple[float, Any]]
    memory: Any = 0
    calls: int = field(default=0)

    def init(self) -> Any:
        return self.memory

    def next(self, now: Progress, memory: Any) -> tuple[float, Any]:
        self.calls += 1
        return self.step(self, now, memory)


BROKEN_RULES: dict[str, BrokenRule] = {
    "hidden counter": BrokenRule(lambda rule, now, memory: (1 / rule.calls, memory)),
    "counts in init's list": BrokenRule(
        lambda rule, now, memory: (memory.append(0) or 1 / len(memory), memory), memory=[]
    ),
    "negative": BrokenRule(lambda rule, now, memory: (now.residual - 2.0, memory)),
    "not finite": BrokenRule(lambda rule, now, memory: (math.inf, memory)),
    "not a number": BrokenRule(lambda rule, now, memory: (math.nan, memory)),
}


@pytest.mark.parametrize("rule", BROKEN_RULES.values(), ids=BROKEN_RULES)
def test_broken_step_rules_are_caught(rule: Any) -> None:
    with pytest.raises(AssertionError, match="BrokenRule"):
        testing.check_step_rule(rule)


def test_runs_that_disturb_each_other_are_caught() -> None:
    """Asked twice in a row it says the same: only the other run gives it away."""

    def last_seen(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
        if now.moves == 0:
            rule.first = now.lagrangian
        return abs(rule.first), memory

    with pytest.raises(AssertionError, match="two runs at once"):
        testing.check_step_rule(BrokenRule(last_seen))


@dataclass
class BrokenSolver:
    """A sound solver whose next state is altered."""

    alter: Callable[..., State[Any]]
    inner: Solver[Any] = field(default_factory=lambda: Subgradient(Constant(0.5)))
    calls: int = 0

    def init(self, problem: Problem[Any], start: Any = None) -> State[Any]:
        return self.inner.init(problem, start)

    def ask(self, problem: Problem[Any], state: State[Any]) -> Any:
        return self.inner.ask(problem, state)

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


def takes_the_lagrangian_for_a_bound(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, lower_bound=new.record.lagrangian + new.record.residual**2)


def carries_the_best_bound(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(best=replace(new.best, lower_bound=new.best.lower_bound - 1.0))


def invents_a_point(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return new._replace(best=replace(new.best, upper_bound=1000.0))


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
    return recorded(new, movement=new.record.movement / 2)


def movement_unmeasured(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, movement=math.nan)


def another_step_size(solver: Any, new: State[Any], old: State[Any]) -> State[Any]:
    return recorded(new, step_size=new.record.step_size * 2)


BROKEN_SOLVERS = [
    (counts_calls, testing.check_ask_and_tell_are_pure),
    (counts_calls, testing.check_resume),
    (moves_in_place, testing.check_ask_and_tell_are_pure),
    (moves_in_place, testing.check_old_states_stay),
    (forgets_the_projection, testing.check_multipliers_feasible),
    (adds_a_row, testing.check_multipliers_feasible),
    (takes_the_lagrangian_for_a_bound, testing.check_bounds_hold),
    (carries_the_best_bound, testing.check_bounds_hold),
    (invents_a_point, testing.check_bounds_hold),
    (skips_a_step, testing.check_records),
    (counts_no_moves, testing.check_records),
    (drifts, testing.check_records),
    (costs_the_last, testing.check_records),
    (lagrangian_at_new_prices, testing.check_records),
    (movement_too_short, testing.check_records),
    (movement_unmeasured, testing.check_records),
    (another_step_size, testing.check_records),
]


@pytest.mark.parametrize(
    ("alter", "check"),
    BROKEN_SOLVERS,
    ids=[f"{alter.__name__}-{check.__name__}" for alter, check in BROKEN_SOLVERS],
)
def test_broken_solvers_are_caught(alter: Any, check: Any) -> None:
    problem = assignment(kind="cover")
    costs = [assignment_costs(kind="cover")] if check is testing.check_bounds_hold else []
    check(problem, BrokenSolver(lambda solver, new, old: new), 8, *costs)
    with pytest.raises(AssertionError, match=r"step|run|state"):
        check(problem, BrokenSolver(alter), 8, *costs)
