"""Recovery by rounding and repair: of the latest answers, or of the mean of those since the last look.

The mean of answers at nearby multipliers is nearly feasible for the convexified problem, and what most
of them agree on is a better guess than any single answer. How it is rounded is the family's business.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from lagrange import vectors
from lagrange.problem import Feasible, Problem, Recover
from lagrange.recovery.recovering import Seen
from lagrange.vectors import Vector

Round = Callable[[Sequence[Vector]], Feasible | None]


@final
@dataclass(frozen=True)
class Repair:
    """``repair`` of the blocks' present answers; nothing while some block has none."""

    repair: Recover

    def init(self, problem: Problem[Any]) -> None:
        return None

    def look(self, problem: Problem[Any], seen: Seen, memory: None) -> tuple[Feasible | None, None]:
        answers = [answer for answer in seen.responses if answer is not None]
        if len(answers) < len(seen.responses):
            return None, None
        return self.repair(answers), None


Means = tuple[Vector | None, ...]


@final
@dataclass(frozen=True)
class RoundedMean:
    """``round`` of the mean images, one a block: m ← mixing m + (1 − mixing) image, 0 ≤ mixing < 1."""

    round: Round
    mixing: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.mixing < 1:
            raise ValueError(f"mixing must lie in [0, 1), got {self.mixing}")

    def init(self, problem: Problem[Any]) -> Means:
        return (None,) * len(problem.blocks)

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Means
    ) -> tuple[Feasible | None, Means]:
        means = list(memory)
        for block, answer in seen.heard:
            old = means[block]
            means[block] = answer.image if old is None else self._mixed(old, answer.image)
        known = [mean for mean in means if mean is not None]
        found = self.round(known) if len(known) == len(means) else None
        return found, tuple(means)

    def _mixed(self, old: Vector, new: Vector) -> Vector:
        return vectors.add(vectors.scale(self.mixing, old), vectors.scale(1 - self.mixing, new))
