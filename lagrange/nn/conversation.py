"""The engine's loop opened up: one block is answered outside, at its leisure; the others at once.

engine.solve        ask → answer all → tell, until a rule says stop
Conversation        ask → answer all but one │ wait for that one │ → tell → ask …
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from lagrange.blocks import Ask, Response
from lagrange.nn.rest import Resting, rest, wake
from lagrange.problem import Problem
from lagrange.records import Record, Trace
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
    """Where a run stands: problem, solver, state, and the question that is open."""

    def __init__(
        self,
        problem: Problem[Any],
        solver: Solver[Any],
        state: State[Any],
        observe: Callable[[Record], None],
        outside: int = 0,
    ) -> None:
        self.problem, self.solver = problem, solver
        self._observe, self._outside = observe, outside
        self.resume(state, Trace())

    def resume(self, state: State[Any], trace: Trace) -> None:
        """Goes on from a state, up to the question to the block outside."""
        self.trace = trace
        self._began = perf_counter() - state.record.seconds
        self._go_on(state)

    @property
    def state(self) -> State[Any]:
        """The solver's, as ``solve`` keeps it."""
        return wake(self._resting)[0]

    @property
    def question(self) -> Ask[Any] | None:
        """What the block outside is asked; None when the solver has nothing left to ask."""
        asks = wake(Resting(self._resting.outline[1], self._resting.kept))
        return _to(self._outside, asks)

    def tell(self, answer: Response) -> bool:
        """The answer from outside, and those of the other blocks until the next question to it. Did
        the solver take the answer?
        """
        state, asks = wake(self._resting)
        state = self._go_on(self._told(state, asks, answer))
        return state.responses[self._outside] is answer

    def _go_on(self, state: State[Any]) -> State[Any]:
        """To the next question to the block outside. The others' are answered on the way there."""
        asks = self.solver.ask(self.problem, state)
        while asks and _to(self._outside, asks) is None:
            state = self._told(state, asks, None)
            asks = self.solver.ask(self.problem, state)
        self._resting = rest((state, asks))
        return state

    def _told(
        self, state: State[Any], asks: Sequence[Ask[Any]], outside: Response | None
    ) -> State[Any]:
        blocks = self.problem.blocks
        answers = [
            outside
            if outside is not None and ask.block == self._outside
            else blocks[ask.block].respond(ask.price, ask.query, ask.start)
            for ask in asks
        ]
        told = self.solver.tell(self.problem, state, answers)
        if told.record.step != state.record.step:
            seconds = perf_counter() - self._began
            told = told._replace(record=told.record._replace(seconds=seconds))
            self.trace(told.record)
            self._observe(told.record)
        return told


def _to(block: int, asks: Sequence[Ask[Any]]) -> Ask[Any] | None:
    return next((ask for ask in asks if ask.block == block), None)


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
