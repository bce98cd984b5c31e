"""A recovery that draws at random, begun again with another seed once it is stuck.

How far a walk gets differs more from seed to seed than it changes late in one walk.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, final

from lagrange.problem import Feasible, Problem
from lagrange.recovery.recovering import Recovery, Seen

M = TypeVar("M")
APART = 7919  # so far are a run's seeds, so that runs with seeds nearby share no walk


class Seeded(Recovery[M], Protocol[M]):
    """A frozen dataclass with a setting ``seed``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def seed(self) -> int: ...


class Memory(NamedTuple, Generic[M]):
    """Walks begun before; the present one's memory, the cost of its best point, its looks, and those
    since that point; whether it has yet to find a point as good as the best.
    """

    number: int
    inner: M
    cost: float = math.inf
    looks: int = 0
    vain: int = 0
    alone: bool = False


@final
@dataclass(frozen=True)
class Restarts(Generic[M]):
    """A ``Recovery``. A walk begun anew sees no feasible point until its own is as good as the best.

    recovery : as the first walk goes; the others have other seeds
    patience : looks without a better point, besides a tenth of the walk's looks, that end it, ≥ 1
    """

    recovery: Seeded[M]
    patience: int = 200

    def __post_init__(self) -> None:
        if self.patience < 1 or self.patience % 1:
            raise ValueError(f"patience must be at least 1 and whole, got {self.patience}")

    def init(self, problem: Problem[Any]) -> Memory[M]:
        return Memory(0, self.recovery.init(problem))

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Memory[M]
    ) -> tuple[Feasible | None, Memory[M]]:
        if memory.vain >= self.patience + memory.looks / 10:
            number = memory.number + 1
            memory = Memory(number, self._walk(number).init(problem), alone=True)
        if alone := memory.alone and memory.cost > seen.best.upper_bound:
            seen = seen._replace(best=replace(seen.best, feasible=None))
        found, inner = self._walk(memory.number).look(problem, seen, memory.inner)
        cost = memory.cost if found is None else min(found.cost, memory.cost)
        vain = 0 if cost < memory.cost else memory.vain + 1
        looks = memory.looks + 1
        return found, Memory(memory.number, inner, cost, looks, vain, alone)

    def _walk(self, number: int) -> Seeded[M]:
        return replace(self.recovery, seed=self.recovery.seed + APART * number)
