"""When to stop: rules on the state, combined with ``|`` (whichever fires first).

stop = StepLimit(1000) | TimeLimit(20) | GapBelow(1e-3)
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import Any

from lagrange import vectors
from lagrange.state import State
from lagrange.status import Status


class Stop(ABC):
    """A rule: None to go on, or the status to end with."""

    @abstractmethod
    def __call__(self, state: State[Any]) -> Status | None: ...

    def __or__(self, other: "Stop") -> "Stop":
        return AnyOf((self, other))


def require_stop(rule: Any) -> None:
    """Refuses what is no rule, such as a bare number."""
    if not isinstance(rule, Stop):
        raise ValueError(f"stop must be a rule such as StepLimit(100), got {rule!r}")


@dataclass(frozen=True)
class AnyOf(Stop):
    """Stops when one of its rules does; asked in order."""

    rules: tuple[Stop, ...]

    def __post_init__(self) -> None:
        for rule in self.rules:
            require_stop(rule)

    def __call__(self, state: State[Any]) -> Status | None:
        for rule in self.rules:
            status = rule(state)
            if status is not None:
                return status
        return None


@dataclass(frozen=True)
class StepLimit(Stop):
    """After this many finished steps."""

    steps: int

    def __post_init__(self) -> None:
        if not isinstance(self.steps, Real) or self.steps < 0 or self.steps % 1:
            raise ValueError(f"steps must be at least 0 and whole, got {self.steps!r}")

    def __call__(self, state: State[Any]) -> Status | None:
        return Status.STEP_LIMIT if state.record.step >= self.steps else None


@dataclass(frozen=True)
class TimeLimit(Stop):
    """After this many seconds; a step that has begun is finished."""

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ValueError(f"seconds must be > 0, got {self.seconds}")

    def __call__(self, state: State[Any]) -> Status | None:
        return Status.TIME_LIMIT if state.record.seconds >= self.seconds else None


@dataclass(frozen=True)
class ResidualBelow(Stop):
    """Every *measured* residual is small: absolute part per entry, relative part to its scale.

        ‖r‖ ≤ √p·absolute + relative·max(‖A x‖, ‖B z‖, ‖b‖)       p rows
        ‖s‖ ≤ √p·absolute + relative·‖λ‖                           where the solver measures s

    The test of Boyd et al. (2011, §3.3) in the coupling space, where s is measured before Aᵀ. The
    blocks' answers in the solution are those that pass it. It also stops where a solver sees that they
    never will: the iterates run away, and more steadily than ``divergence`` (0: do not look).
    """

    absolute: float = 1e-8
    relative: float = 0.0
    divergence: float = 1e-4

    def __post_init__(self) -> None:
        if not (self.absolute >= 0 and self.relative >= 0 and self.absolute + self.relative > 0):
            raise ValueError(
                "absolute and relative must be ≥ 0 and not both 0, "
                f"got {self.absolute} and {self.relative}"
            )
        if not self.divergence >= 0:
            raise ValueError(f"divergence must be ≥ 0, got {self.divergence}")

    def __call__(self, state: State[Any]) -> Status | None:
        now = state.record
        if now.infeasibility < self.divergence:
            return Status.INFEASIBLE
        if now.unboundedness < self.divergence:
            return Status.UNBOUNDED
        floor = self.absolute * math.sqrt(vectors.size(state.multipliers))
        if not self._small(now.residual, now.residual_scale, floor):  # NaN is not
            return None
        if math.isnan(now.dual_residual):
            return Status.CONVERGED
        return Status.CONVERGED if self._small(now.dual_residual, now.dual_scale, floor) else None

    def _small(self, value: float, scale: float, floor: float) -> bool:
        return value <= floor + (0.0 if math.isnan(scale) else self.relative * scale)


@dataclass(frozen=True)
class GapBelow(Stop):
    """The proved gap (upper − lower) / |upper| is at most ``gap``; 0 asks for proved optimality."""

    gap: float = 0.0

    def __post_init__(self) -> None:
        if not self.gap >= 0:
            raise ValueError(f"gap must be ≥ 0, got {self.gap}")

    def __call__(self, state: State[Any]) -> Status | None:
        gap = relative_gap(state.best.lower_bound, state.best.upper_bound)
        if not gap <= self.gap:
            return None
        return Status.OPTIMAL if gap == 0 else Status.GAP_REACHED


@dataclass(frozen=True)
class NoneAbove(Stop):
    """With a proved bound above ``cost``, which no feasible point exceeds: there is none."""

    cost: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.cost):
            raise ValueError(f"cost must be finite, got {self.cost}")

    def __call__(self, state: State[Any]) -> Status | None:
        return Status.INFEASIBLE if state.best.lower_bound > self.cost else None


@dataclass(frozen=True)
class Stalled(Stop):
    """The last move of the multipliers was shorter than ``relative`` times (1 + ‖λ‖)."""

    relative: float = 1e-12

    def __post_init__(self) -> None:
        if not self.relative > 0:
            raise ValueError(f"relative must be > 0, got {self.relative}")

    def __call__(self, state: State[Any]) -> Status | None:
        moved = state.record.movement
        if math.isnan(moved) or state.record.moves == 0:
            return None
        short = moved <= self.relative * (1.0 + vectors.norm(state.multipliers))
        return Status.STALLED if short else None


def relative_gap(lower: float, upper: float) -> float:
    """(upper − lower) / |upper|, at least 0; NaN where a bound is missing."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return math.nan
    if upper <= lower:
        return 0.0
    return (upper - lower) / abs(upper) if upper != 0 else math.inf
