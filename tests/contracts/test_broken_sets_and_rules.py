"""The checks of sets and step rules can fail: each broken one is caught, and told what is wrong."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from lagrange import testing
from lagrange.sets import Box, Cardinality
from lagrange.step_sizes import Progress

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


def keeps_what_it_gave(v: Any) -> Any:
    """Answers from its notes, and its notes are the arrays it handed out."""
    for w, given in NOTES:
        if np.array_equal(v, w):
            return given.copy()
    NOTES.append((v.copy(), Cardinality(1).project(v)))
    return NOTES[-1][1]


NOTES: list[tuple[Any, Any]] = []


def moves_members(v: Any) -> Any:
    return 2.0 * v if Cardinality(1).contains(v) else nothing(v)


TIES = np.array([2.0, -2.0, 2.0, 2.0])
POINTS = [V, TIES, *(TIES + 0 for _ in range(8)), INSIDE[1]]

BROKEN_SETS = [
    (top_by_signed_value, INSIDE, "is a member, but was projected"),
    (all_that_tie, INSIDE, "no member"),
    (shrunk, (), "is a member, but was projected"),
    (moves_members, INSIDE, "is a member, but was projected"),
    (in_place, (), "changed it"),
    (a_view, (), "is a view of it"),
    (into_a_buffer, (), "share memory"),
    (single_precision, (), "got"),
    (drawn, (), "projected twice"),
    (keeps_what_it_gave, (), "changed the set"),
    (nothing, INSIDE, "is a member, but was projected"),
]


@pytest.mark.parametrize(
    ("how", "inside", "says"), BROKEN_SETS, ids=[how.__name__ for how, _, _ in BROKEN_SETS]
)
def test_broken_projections_are_caught(how: Any, inside: Any, says: str) -> None:
    points = [p.copy() for p in POINTS]
    testing.check_projection(BrokenSet(Cardinality(1).project), points, inside=INSIDE)
    with pytest.raises(AssertionError, match=says):
        testing.check_projection(BrokenSet(how), points, inside=inside)


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
        return self.step(self, now, memory)


def counts_calls(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    rule.calls += 1
    return 1 / rule.calls, memory


def counts_runs(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    rule.calls += now.moves == 0
    return 1 / (rule.calls + 1 - now.moves % 2) if now.moves else 1.0, memory


def counts_in_a_list(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    memory.append(0)
    return 1.0, memory


def negative(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    return now.residual - 2.0, memory


def infinite(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    return math.inf, memory


def not_a_number(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
    return math.nan, memory


BROKEN_RULES = [
    (counts_calls, 0, "asked twice from one memory"),
    (counts_runs, 0, "a second time"),
    (counts_in_a_list, [], "changed in place"),
    (negative, 0, "not a finite number"),
    (infinite, 0, "not a finite number"),
    (not_a_number, 0, "not a finite number"),
]


@pytest.mark.parametrize(
    ("step", "memory", "says"), BROKEN_RULES, ids=[step.__name__ for step, _, _ in BROKEN_RULES]
)
def test_broken_step_rules_are_caught(step: Any, memory: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        testing.check_step_rule(BrokenRule(step, memory))


def test_an_init_with_a_memory_of_its_own_is_caught() -> None:
    class Counting(BrokenRule):
        def init(self) -> Any:
            self.calls += 1
            return self.calls

    with pytest.raises(AssertionError, match="two calls of init"):
        testing.check_step_rule(Counting(lambda rule, now, memory: (1.0, memory)))


def test_runs_that_disturb_each_other_are_caught() -> None:
    """Asked twice in a row it says the same: only the other run gives it away."""

    def last_seen(rule: Any, now: Progress, memory: Any) -> tuple[float, Any]:
        if now.moves == 0:
            rule.first = now.lagrangian
        return abs(rule.first), memory

    with pytest.raises(AssertionError, match="two runs at once"):
        testing.check_step_rule(BrokenRule(last_seen))
