"""One run through a sequence of problems: the solver never notices that the problem changes.

Problem      stages P_1, …, P_T with the same coupling rows (``lagrange.in_stages``), usually with
             sets that shrink towards the one that is wanted
Update       step k of ``solver`` is put to stage min(1 + ⌊k / every⌋, T)
Guarantee    that of the inner solver from the first step of the last stage on
Caveat       all that the solver remembers is carried on: λ, the answers, ρ and what its rules know.
             An answer from an earlier stage may be infeasible in a later one, which is no matter for
             ADMM and its kin, where each answer replaces the last; a solver that compares the new
             answer with the old one would keep the infeasible one, and wants ``Progressive``, renewed.

Compared with ``Progressive``: that starts its solver anew in each stage, this one does not.

Reference    Zhu, Gupta, arXiv 1710.01878 (2017): a budget that tightens at every update
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.queries import Staged
from lagrange.stages import StagedProblem
from lagrange.state import Best, Solver, Start, State

Q = TypeVar("Q")


@final
@dataclass(frozen=True)
class Scheduled(Generic[Q]):
    """Settings. A stage lasts ``every`` steps of ``solver``, the last one for ever."""

    solver: Solver[Q]
    every: int = 1

    def __post_init__(self) -> None:
        if self.every < 1 or self.every % 1:
            raise ValueError(f"every must be a whole number of steps ≥ 1, got {self.every}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Any]:
        return self.solver.init(_stages(problem)[0], start)

    def ask(self, problem: Problem[Any], state: State[Any]) -> tuple[Ask[Staged[Q]], ...]:
        stages = _stages(problem)
        stage = self._stage(stages, state)
        asks = self.solver.ask(stages[stage], state)
        return tuple(Ask(a.block, a.price, Staged(stage, a.query), a.start) for a in asks)

    def tell(
        self, problem: Problem[Any], state: State[Any], answers: Sequence[Response]
    ) -> State[Any]:
        stages = _stages(problem)
        stage = self._stage(stages, state)
        told = self.solver.tell(stages[stage], state, answers)
        if told.record.step == state.record.step:
            return told  # no step is finished yet
        # bounds of an earlier problem say nothing about the last
        best = told.best if stage == len(stages) - 1 else Best()
        return told._replace(best=best, record=told.record._replace(stage=stage))

    def _stage(self, stages: Sequence[Problem[Any]], state: State[Any]) -> int:
        return min(state.record.step // self.every, len(stages) - 1)


def _stages(problem: Problem[Any]) -> tuple[Problem[Any], ...]:
    if not isinstance(problem, StagedProblem):
        raise TypeError("Scheduled runs a sequence of problems: pass lagrange.in_stages([...])")
    return cast("StagedProblem[Any]", problem).stages
