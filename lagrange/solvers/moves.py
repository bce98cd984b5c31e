"""One move of the multipliers: what the dual methods share when they consult their step rule."""

import math
from typing import Any, NamedTuple, cast

from lagrange.state import Best, State
from lagrange.step_sizes import AnyStepSize, Progress


class Move(NamedTuple):
    """s, ‖g‖ and what the rule wants to remember."""

    step: float
    residual: float
    memory: Any


def next_move(rule: AnyStepSize, now: Progress, memory: Any) -> Move:
    """Asks the rule for s. At g = 0 there is nowhere to move and the rule is not asked."""
    if now.residual == 0:
        return Move(0.0, 0.0, memory)
    answer: Any = rule.next(now, memory)
    if not (isinstance(answer, tuple) and len(cast("tuple[Any, ...]", answer)) == 2):
        raise ValueError(
            f"the step rule {type(rule).__name__} returned {answer!r} at move {now.moves}; next must "
            "return the step size and what to remember: (step, memory)"
        )
    step, memory = cast("tuple[float, Any]", answer)
    if not (math.isfinite(step) and step >= 0):
        raise ValueError(
            f"the step rule {type(rule).__name__} returned {step} at move {now.moves}; "
            "a step size must be a finite number ≥ 0"
        )
    return Move(step, now.residual, memory)


def progress(state: State[Any], best: Best, residual: float, lagrangian: float) -> Progress:
    """What a step rule may look at; a missing bound is NaN."""
    lower, upper = best.lower_bound, best.upper_bound
    return Progress(
        state.record.moves,
        residual,
        lagrangian,
        lower if lower > -math.inf else math.nan,
        upper if upper < math.inf else math.nan,
    )
