"""Progressive multi-step: a sequence of problems, each started from where the last one ended.

Problem      stages P_1, …, P_T with the same coupling rows (``lagrange.in_stages``), usually with
             sets that shrink towards the one that is wanted
Update       run ``solver`` on P_t until ``until``; hand multipliers and answers over; go on
Guarantee    that of the inner solver on the last stage, from the start it was handed. Multipliers
             stay dual-feasible; points of P_t need not be feasible for P_{t+1}.
Caveat       the best bounds are those of the last stage; a record's bounds are those of its stage. A
             bound of an earlier stage holds for a later one only if the stages are nested, which
             nobody checks here. A solver that keeps an answer until a better one comes (SLR) would keep
             what P_t allowed and P_{t+1} forbids: it wants ``renew``.

Reference    Ye et al., Progressive DNN Compression, arXiv 1903.09769 (2019): papers/progressive_admm
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, cast, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.queries import Staged
from lagrange.stages import StagedProblem
from lagrange.state import Best, Solver, Start, State
from lagrange.stopping import Stop

Q = TypeVar("Q")


class Memory(NamedTuple):
    """Which stage, and the inner solver's own state in it. ``before`` holds the steps, the moves and
    the seconds of earlier stages.
    """

    stage: int
    inner: State[Any]
    before: tuple[int, int, float]


@final
@dataclass(frozen=True)
class Progressive(Generic[Q]):
    """Settings.

    until : ends a stage; it sees the inner state, whose steps start at 0
    renew : a block that is another one in the next stage has no answer there yet
    """

    solver: Solver[Q]
    until: Stop
    renew: bool = False

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        stages = _stages(problem)
        inner = self.solver.init(stages[0], start)
        return _outer(Memory(0, inner, (0, 0, 0.0)), len(stages))

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Staged[Q]], ...]:
        stage, inner, _ = state.memory
        stages = _stages(problem)
        if stage == len(stages):
            return ()
        asks = self.solver.ask(stages[stage], inner)
        return tuple(Ask(a.block, a.price, Staged(stage, a.query), a.start) for a in asks)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        stage, earlier, before = state.memory
        stages = _stages(problem)
        inner = self.solver.tell(stages[stage], earlier, answers)
        # the clock is the engine's: the stage sees the time of the step before
        seconds = state.record.seconds - before[2]
        inner = inner._replace(record=inner.record._replace(seconds=seconds))
        told = _outer(Memory(stage, inner, before), len(stages))
        if inner.record.step == earlier.record.step:
            return told._replace(record=state.record)  # no step is finished yet
        # a stage ends with `until`, or when its solver has nothing left to ask
        if self.until(inner) is None and self.solver.ask(stages[stage], inner):
            return told
        finished = (told.record.step, told.record.moves, state.record.seconds)
        if stage + 1 < len(stages):
            responses = inner.responses
            if self.renew:
                responses = _unchanged(responses, stages[stage].blocks, stages[stage + 1].blocks)
            inner = self.solver.init(stages[stage + 1], Start(inner.multipliers, responses))
        return told._replace(memory=Memory(stage + 1, inner, finished))


def _unchanged(
    responses: Sequence[Response | None], before: Sequence[object], after: Sequence[object]
) -> tuple[Response | None, ...]:
    """The answers of blocks that stay the same object."""
    pairs = zip(responses, before, after, strict=True)
    return tuple(response if a is b else None for response, a, b in pairs)


def _outer(memory: Memory, stages: int) -> State[Memory]:
    """The inner state as the engine sees it: steps and moves counted over all stages, and the best
    bounds those of the last stage, which is the problem that was asked for.
    """
    stage, inner, (steps, moves, _) = memory
    record = inner.record._replace(
        step=steps + inner.record.step, moves=moves + inner.record.moves, stage=stage
    )
    best = inner.best if stage == stages - 1 else Best()
    return inner._replace(memory=memory, record=record, best=best)


def _stages(problem: Problem[Any]) -> tuple[Problem[Any], ...]:
    if not isinstance(problem, StagedProblem):
        raise TypeError("Progressive runs a sequence of problems: pass lagrange.in_stages([...])")
    return cast("StagedProblem[Any]", problem).stages
