"""Any dual method with primal recovery beside it: every so many steps feasible points are looked for.

What looks is a plug-in, ``Recovery``. It sees the multipliers that proved the best bound, the best
feasible point and the answers since it last looked; what it remembers is kept in the state, so that
a run can stop anywhere and go on. When the method has nothing left to ask, the looking goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Feasible, Problem
from lagrange.records import Record
from lagrange.state import Best, Solver, Start, State
from lagrange.vectors import Vector

M = TypeVar("M")


class Seen(NamedTuple):
    """What a recovery may look at.

    multipliers : those of the best proved bound, or the present ones where none is proved
    responses   : the blocks' present answers, in their order; None where there is none yet
    heard       : (block, answer) of all answers since the last look, present ones included
    best        : the bounds and the best feasible point so far
    """

    multipliers: Vector
    responses: tuple[Response | None, ...]
    heard: tuple[tuple[int, Response], ...]
    best: Best


class Recovery(Protocol[M]):
    """Looks for feasible points. ``look`` is a function of its arguments; its work is bounded by
    counting, so that runs can be repeated, and short, so that deadlines are kept.
    """

    def init(self, problem: Problem[Any]) -> M: ...
    def look(self, problem: Problem[Any], seen: Seen, memory: M) -> tuple[Feasible | None, M]: ...


class Memory(NamedTuple, Generic[M]):
    """inner: the method's memory;  finished: has it nothing left to ask;  recoveries: theirs, in order;
    heard: answers since the last look;  idle: looks without a better point since the method ended.
    """

    inner: M
    finished: bool
    recoveries: tuple[Any, ...]
    heard: tuple[tuple[int, Response], ...]
    idle: int


@final
@dataclass(frozen=True)
class Recovering:
    """Settings.

    solver     : the dual method
    recoveries : the plug-ins, asked in this order
    every      : steps of the method from one look to the next, ≥ 1
    first      : steps of the method before there is any look, ≥ 0
    patience   : looks in a row without a better point after which it is done, once the method is, ≥ 1
    """

    solver: Solver[Any]
    recoveries: tuple[Recovery[Any], ...]
    every: int = 10
    first: int = 0
    patience: int = 1000

    def __post_init__(self) -> None:
        if not self.recoveries:
            raise ValueError("recoveries must name at least one plug-in, got none")
        for name, value, least in (
            ("every", self.every, 1),
            ("first", self.first, 0),
            ("patience", self.patience, 1),
        ):
            if value < least or value % 1:
                raise ValueError(f"{name} must be at least {least} and whole, got {value}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory[Any]]:
        inner = self.solver.init(problem, start)
        memories = tuple(recovery.init(problem) for recovery in self.recoveries)
        return inner._replace(memory=Memory(inner.memory, False, memories, (), 0))

    def ask(self, problem: Problem[Any], state: State[Memory[Any]]) -> tuple[Ask[Any], ...]:
        asks = self._inner_asks(problem, state)
        if asks:
            return asks
        if state.memory.idle >= self.patience or state.best.lower_bound >= state.best.upper_bound:
            return ()
        # one block in turn keeps the loop going, and adds to what there is to choose from
        block = state.record.step % len(problem.blocks)
        return (Ask(block, _proving(state), None, state.responses[block]),)

    def tell(
        self, problem: Problem[Any], state: State[Memory[Any]], answers: Sequence[Response]
    ) -> State[Memory[Any]]:
        memory, asks = state.memory, self._inner_asks(problem, state)
        heard = memory.heard
        if asks:
            inner = state._replace(memory=memory.inner)
            new: State[Any] = self.solver.tell(problem, inner, answers)
            heard += tuple((ask.block, answer) for ask, answer in zip(asks, answers, strict=True))
        else:
            old = state.record
            heard += ((old.step % len(problem.blocks), answers[0]),)
            # the answers in the state are as they were, and nothing else was measured
            record = Record(
                old.step + 1, cost=old.cost, residual=old.residual, accepted=False, moves=old.moves
            )
            new = state._replace(memory=memory.inner, record=record)
        memory = memory._replace(inner=new.memory, finished=not asks, heard=heard)
        step = new.record.step
        turn = step >= self.first and step % self.every == 0
        if step > state.record.step and (turn or not asks):
            return self._looked(problem, new, memory)
        return new._replace(memory=memory)

    def _inner_asks(self, problem: Problem[Any], state: State[Memory[Any]]) -> tuple[Ask[Any], ...]:
        if state.memory.finished:
            return ()
        return self.solver.ask(problem, state._replace(memory=state.memory.inner))

    def _looked(
        self, problem: Problem[Any], state: State[Any], memory: Memory[Any]
    ) -> State[Memory[Any]]:
        """The state after every plug-in has looked, each seeing what those before it found."""
        best, memories = state.best, list[Any]()
        for recovery, remembered in zip(self.recoveries, memory.recoveries, strict=True):
            seen = Seen(_proving(state), state.responses, memory.heard, best)
            found, remembered = recovery.look(problem, seen, remembered)
            best = best.with_feasible(found)
            memories.append(remembered)
        better = best.upper_bound < state.best.upper_bound
        memory = memory._replace(
            recoveries=tuple(memories),
            heard=(),
            idle=0 if better or not memory.finished else memory.idle + 1,
        )
        record = state.record
        if better:
            record = record._replace(upper_bound=best.upper_bound)
        return state._replace(best=best, memory=memory, record=record)


def _proving(state: State[Any]) -> Vector:
    best = state.best.multipliers
    return state.multipliers if best is None else best
