"""The engine's loop opened up: one block is answered outside, at its leisure; the others at once.

engine.solve        ask → answer all → tell, until a rule says stop
Conversation        ask → answer all but one │ wait for that one │ → tell → ask …
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from lagrange.blocks import Ask, Response
from lagrange.nn.formulas import opposite
from lagrange.nn.rest import mapped, put_away, rest, settle, taken
from lagrange.nn.thin import Shelf
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.records import Record, Trace
from lagrange.sets.base import VectorSet
from lagrange.state import Solver, State
from lagrange.vectors import Vector

HOPELESS = 1e300  # a cost at which whoever compares costs rejects an answer


@dataclass(frozen=True)
class Outside:
    """The place of a block that is answered outside."""

    def respond(self, price: Vector, query: Any, start: Response | None) -> Response:
        raise ValueError(
            "this block is answered by a training loop outside: put a TrainingBlock in its place "
            "to solve the problem here"
        )


class Conversation:
    """Where a run stands: problem, solver, state, and the questions that are open.

    The rows of the state are formulas (``rest``), and while an answer is worked on nobody but
    ``_state`` and ``_asks`` holds a state: what the solver lets go of is free at once.

    spill : a folder; what the question outside is not asked with waits there
    """

    def __init__(
        self,
        problem: Problem[Any],
        solver: Solver[Any],
        state: State[Any],
        observe: Callable[[Record], None],
        spill: Path | str | None = None,
        outside: int = 0,
    ) -> None:
        if spill is not None and not Path(spill).is_dir():
            raise ValueError(f"spill must be a folder that is there, or None, got {str(spill)!r}")
        if spill is not None:
            _require_writable(Path(spill))
        self.problem, self.solver = problem, solver
        self._observe, self._outside = observe, outside
        self._spill = None if spill is None else Path(spill)
        self._unseen: list[Record] = []
        self.resume(state, ())

    def resume(self, state: State[Any], records: Iterable[Record]) -> None:
        """Goes on from a state and its records, up to the question to the block outside."""
        self.trace = Trace()
        for record in records:
            self.trace(record)
        self._began = perf_counter() - state.record.seconds
        self._state, self._asks = state, ()
        del state
        self._go_on()

    @property
    def state(self) -> State[Any]:
        """The solver's; its rows are formulas."""
        return self._state

    @property
    def whole(self) -> bool:
        """False if an error broke off in the middle of the other blocks' answers."""
        return self._whole

    @property
    def question(self) -> Ask[Any] | None:
        """What the block outside is asked; None when the solver has nothing left to ask."""
        return next((ask for ask in self._asks if ask.block == self._outside), None)

    @contextmanager
    def let_go(self) -> Generator[None]:
        """Meanwhile and until it is told, nobody here holds the prices and the pull that the block
        outside was asked with.
        """
        self._asks = tuple(
            ask._replace(price={}, query=None) if ask.block == self._outside else ask
            for ask in self._asks
        )
        failed = True
        try:
            yield
            failed = False
        finally:
            if failed:
                self._go_on()

    def tell(self, answer: Response) -> bool:
        """The answer from outside, and those of the other blocks until the next question to it. Did
        the solver take the answer? What is lent to the answer must stay as it is until then.
        """
        self._told(self._answers(answer))
        self._go_on()
        return self._state.responses[self._outside] is answer

    def report(self) -> None:
        """Shows the observer the records that it has not seen."""
        while self._unseen:
            self._observe(self._unseen.pop(0))

    def _go_on(self) -> None:
        """To the next question to the block outside. The others' are answered on the way there."""
        self._whole = False
        self._asks = self.solver.ask(self.problem, self._state)
        while self._asks and self.question is None:
            self._told(self._answers(None))
            self._asks = self.solver.ask(self.problem, self._state)
        if self._spill is not None:
            asked = [(ask.price, ask.query) for ask in self._asks if ask.block == self._outside]
            put_away(Shelf(self._spill), asked, self._state, self._asks)
        rest(self._state, self._asks)
        self._whole = True

    def _answers(self, outside: Response | None) -> list[Response]:
        blocks = mapped(self.problem.blocks, SetBlock, _with_formulas)
        return [
            outside
            if outside is not None and ask.block == self._outside
            else taken(blocks[ask.block].respond(ask.price, ask.query, ask.start))
            for ask in self._asks
        ]

    def _told(self, answers: Sequence[Response]) -> None:
        before = self._state.record.step
        told = self.solver.tell(self.problem, self._state, answers)
        self._state, self._asks, self._whole = told, (), False
        if told.record.step != before:
            seconds = perf_counter() - self._began
            self._state = told._replace(record=told.record._replace(seconds=seconds))
            self.trace(self._state.record)
            self._unseen.append(self._state.record)
        del told
        settle(self._state)


@dataclass(frozen=True)
class Projected:
    """A set whose projections are formulas of −z, which is what the rows see: z takes no memory."""

    members: VectorSet

    def project(self, v: Vector) -> Vector:
        z = dict(self.members.project(v))
        return {name: opposite(z.pop(name)) for name in tuple(z)}

    def contains(self, v: Vector) -> bool:
        return self.members.contains(v)


def _require_writable(folder: Path) -> None:
    try:
        Shelf(folder)
    except OSError as error:
        raise ValueError(
            f"spill must be a folder to write in, got {str(folder)!r}: {error}"
        ) from error


def _with_formulas(block: SetBlock) -> SetBlock:
    return replace(block, members=Projected(block.members))


def tests_answers(
    problem: Problem[Any], solver: Solver[Any], state: State[Any], outside: int = 0
) -> bool:
    """Does the solver look at costs before it accepts an answer? It is told a hopeless one.

    ``state`` holds answers of all blocks; nothing is answered anew and nothing is kept.
    """
    kept = state.responses[outside]
    if kept is None:
        return True
    hopeless = replace(kept, cost=HOPELESS)
    while asks := solver.ask(problem, state):
        answers: list[Any] = [
            hopeless if ask.block == outside else state.responses[ask.block] for ask in asks
        ]
        state = solver.tell(problem, state, answers)
        if any(ask.block == outside for ask in asks):
            break
    return state.responses[outside] is not hopeless
