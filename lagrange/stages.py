"""A sequence of problems as one problem: what ``Progressive`` runs through.

Block i of the sequence answers ``Staged(stage, query)`` with block i of that stage's problem. The
stages share their coupling rows; what changes from stage to stage is what the blocks may do, for
instance the set they project on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lagrange.blocks import Block, Response
from lagrange.problem import Problem
from lagrange.queries import Staged
from lagrange.vectors import Vector

Q = TypeVar("Q")


@dataclass(frozen=True)
class StagedBlock(Generic[Q]):
    """The same place in every stage's problem."""

    blocks: tuple[Block[Q], ...]

    def respond(self, price: Vector, query: Staged[Q], start: Response | None) -> Response:
        return self.blocks[query.stage].respond(price, query.query, start)


@dataclass(frozen=True)
class StagedProblem(Problem[Staged[Q]], Generic[Q]):
    """A problem that remembers its stages; rows and recovery are those of the last one."""

    stages: tuple[Problem[Q], ...] = ()


def in_stages(stages: Sequence[Problem[Q]]) -> StagedProblem[Q]:
    """One problem out of several with the same coupling rows, first stage first."""
    if not stages:
        raise ValueError("a progressive run needs at least one stage, got none")
    last = stages[-1]
    for number, stage in enumerate(stages):
        if not _same_rows(stage, last):
            raise ValueError(f"stage {number} has other coupling rows than the last stage")
    blocks: tuple[Any, ...] = tuple(
        StagedBlock(tuple(stage.blocks[i] for stage in stages)) for i in range(len(last.blocks))
    )
    return StagedProblem(
        blocks, last.rhs, last.inequality, last.recover, last.integral, stages=tuple(stages)
    )


def _same_rows(a: Problem[Any], b: Problem[Any]) -> bool:
    return (
        len(a.blocks) == len(b.blocks)
        and a.inequality == b.inequality
        and set(a.rhs) == set(b.rhs)
        and all(
            bool((a.rhs[n] == b.rhs[n]).all()) for n in b.rhs if a.rhs[n].shape == b.rhs[n].shape
        )
        and all(a.rhs[n].shape == b.rhs[n].shape for n in b.rhs)
    )
