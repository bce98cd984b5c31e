"""State of a run and the solver protocol: ``init``, ``ask``, ``tell``.

A solver is frozen settings; the state is a separate frozen record; ``ask`` and ``tell`` mutate
nothing. A state between any two calls is therefore a place to stop, save and go on from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from lagrange import vectors
from lagrange.blocks import Ask, Response
from lagrange.problem import Feasible, Problem
from lagrange.records import Record
from lagrange.vectors import Vector

Q = TypeVar("Q")
Q_co = TypeVar("Q_co", covariant=True)
M = TypeVar("M")


@dataclass(frozen=True)
class Start:
    """Where to start from: multipliers and responses of an earlier run; None is unknown.

    seconds : that finding them took, ≥ 0: the clock of the run begins there
    """

    multipliers: Vector | None = None
    responses: tuple[Response | None, ...] = ()
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.seconds < math.inf:
            raise ValueError(f"seconds must be a finite number ≥ 0, got {self.seconds}")


@dataclass(frozen=True, slots=True)
class Best:
    """The best proved lower bound with the multipliers that prove it, the best feasible point."""

    lower_bound: float = -math.inf
    multipliers: Vector | None = None
    upper_bound: float = math.inf
    feasible: Feasible | None = None

    def with_lower(self, bound: float, multipliers: Vector) -> "Best":
        """Keeps the higher bound; NaN never wins."""
        if not bound > self.lower_bound:
            return self
        return replace(self, lower_bound=bound, multipliers=multipliers)

    def with_feasible(self, feasible: Feasible | None) -> "Best":
        """Keeps the cheaper point."""
        if feasible is None or not feasible.cost < self.upper_bound:
            return self
        return replace(self, upper_bound=feasible.cost, feasible=feasible)


class State(NamedTuple, Generic[M]):
    """All a solver remembers.

    responses : the blocks' current answers; None where a block has not been asked yet
    residual  : g = Σ_i A_i x_i − b of these, maintained by differences
    cost      : Σ_i f_i(x_i) of these, likewise
    memory    : what the solver keeps besides
    record    : the last *finished* step; a sweep that takes several rounds leaves it as it was
    """

    multipliers: Vector
    responses: tuple[Response | None, ...]
    residual: Vector
    cost: float
    best: Best
    memory: M
    record: Record


class Solver(Protocol[Q_co]):
    """What the loop needs. ``ask`` says what it wants to know, ``tell`` hears the answers."""

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Any]: ...
    def ask(self, problem: Problem[Any], state: State[Any]) -> tuple[Ask[Q_co], ...]: ...
    def tell(
        self, problem: Problem[Any], state: State[Any], answers: Sequence[Response]
    ) -> State[Any]: ...


def initial(problem: Problem[Any], start: Start | None, memory: M) -> State[M]:
    """The state before the first step: the given start, zero multipliers where there is none."""
    start = start or Start()
    multipliers = start.multipliers
    if multipliers is None:
        multipliers = vectors.scale(0.0, problem.rhs)
    _check_start(problem, multipliers, start.responses)
    responses = start.responses or (None,) * len(problem.blocks)
    return State(
        multipliers=problem.project(multipliers),
        responses=responses,
        residual=problem.residual(responses),
        cost=math.fsum(r.cost for r in responses if r is not None),
        best=Best(),
        memory=memory,
        record=Record(seconds=start.seconds),
    )


def _check_start(
    problem: Problem[Any], multipliers: Vector, responses: Sequence[Response | None]
) -> None:
    if set(multipliers) != set(problem.rhs):
        raise ValueError(
            f"start multipliers have rows {sorted(multipliers)}, the problem {sorted(problem.rhs)}"
        )
    for name, array in multipliers.items():
        if array.shape != problem.rhs[name].shape:
            raise ValueError(
                f"start multipliers of row {name!r} have shape {tuple(array.shape)}, "
                f"the problem {tuple(problem.rhs[name].shape)}"
            )
    bad = vectors.first_bad_row(multipliers)
    if bad is not None:
        raise ValueError(f"start multipliers of row {bad!r} hold a NaN or an infinity")
    if responses and len(responses) != len(problem.blocks):
        raise ValueError(
            f"start has {len(responses)} responses, the problem {len(problem.blocks)} blocks"
        )


def replaced(
    responses: tuple[Response | None, ...], blocks: Sequence[int], answers: Sequence[Response]
) -> tuple[Response | None, ...]:
    """responses with the answers of the named blocks put in."""
    if len(blocks) == 1 == len(answers):
        return (*responses[: blocks[0]], answers[0], *responses[blocks[0] + 1 :])
    new = list(responses)
    for block, answer in zip(blocks, answers, strict=True):
        new[block] = answer
    return tuple(new)
