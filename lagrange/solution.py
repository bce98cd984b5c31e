"""What a run found."""

import math
from dataclasses import dataclass
from typing import Any

from lagrange.records import Trace
from lagrange.state import State
from lagrange.status import Status
from lagrange.stopping import relative_gap
from lagrange.vectors import Vector


@dataclass(frozen=True)
class Solution:
    """The end of a run: status, the best of both bounds, the last state, the trace.

    ``lower_bound`` is proved (−inf: nothing was), ``upper_bound`` is the cost of ``point``, a
    feasible point (inf and None: none was found). ``responses`` are the blocks' last answers; in a
    run without a feasible point they are what there is.
    """

    status: Status
    state: State[Any]
    trace: Trace

    @property
    def lower_bound(self) -> float:
        return self.state.best.lower_bound

    @property
    def upper_bound(self) -> float:
        return self.state.best.upper_bound

    @property
    def gap(self) -> float:
        """(upper − lower) / |upper|, NaN where a bound is missing. Bounds that cross by what rounding
        can do count as equal; < 0: they cross by more, and one of the two is wrong.
        """
        lower, upper = self.lower_bound, self.upper_bound
        if math.isfinite(lower) and lower - upper > 1e-9 * max(abs(lower), abs(upper)):
            return (upper - lower) / max(abs(lower), abs(upper))
        return relative_gap(lower, upper)

    @property
    def point(self) -> Any:
        feasible = self.state.best.feasible
        return None if feasible is None else feasible.point

    @property
    def multipliers(self) -> Vector:
        """Those that prove the lower bound; the last ones where none was proved."""
        best = self.state.best.multipliers
        return self.state.multipliers if best is None else best

    @property
    def responses(self) -> tuple[Any, ...]:
        return self.state.responses

    @property
    def message(self) -> str:
        """Status, step and advice in a line."""
        return f"{self.status.name.lower()} at step {self.state.record.step}: {self.status.advice}"


class SolveError(RuntimeError):
    """A block or a step failed. ``solution`` holds everything that was found before."""

    def __init__(self, message: str, solution: Solution) -> None:
        super().__init__(message)
        self.solution = solution
