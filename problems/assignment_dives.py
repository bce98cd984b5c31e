"""The search of ``assignment_search`` as a way to better points: many targets, a little of each.

How long a search takes to come to a point hangs on luck: a target next to the bound leaves few pairs
and few points among them, a higher one more of both. So questions with targets at growing distances
above the bound wait side by side, and the one with the least work behind it goes on. A target that is
refuted raises what the others start from. After a look in vain the next are left out: one, then three,
at last seven.

Needs numba (extra ``fast``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from lagrange.problem import Feasible, Problem
from lagrange.recovery.recovering import Seen
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import in_units
from problems.assignment_inquiry import Inquiry, possible
from problems.assignment_repair import total_cost
from problems.assignment_rests import longer

ROOT, STEPS = 30, 24  # sweeps of the root, and of every other node, about
LOOK = 120_000_000  # entries of tables a look
ABOVE = (0, 1, 2, 3, 5, 8)  # targets above the bound
BLIND = 0.4  # share of pairs open at the highest target, above which too little is ruled out
NARROWER = (
    0.7  # times the gap, where it is looked at again: on large instances a look takes its time
)


class Memory(NamedTuple):
    """low   : no point costs less
    asked    : questions that were put aside
    base     : what the targets are above
    gap      : between bound and best point when it was decided whether the search is ``blind``
    waits    : looks that will be left out;   rest: how many were to be, the last time
    """

    low: int = 0
    asked: tuple[Inquiry, ...] = ()
    base: int | None = None
    gap: int | None = None
    blind: bool = True
    waits: int = 0
    rest: int = 0


@final
@dataclass(frozen=True)
class Dives:
    """A ``Recovery`` that betters the best feasible point; the coupling row is called ``assign``."""

    data: AssignmentData

    def init(self, problem: Problem[Any]) -> Memory:
        return Memory()

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Memory
    ) -> tuple[Feasible | None, Memory]:
        if memory.waits > 0:
            return None, memory._replace(waits=memory.waits - 1)
        best = seen.best.feasible
        if best is None or not math.isfinite(seen.best.lower_bound):
            return None, memory
        low, high = max(memory.low, math.ceil(seen.best.lower_bound)), int(best.cost) - 1
        if low > high or not possible(self.data, seen.multipliers["assign"]):
            return None, memory
        prices = in_units(self.data, seen.multipliers["assign"])
        if memory.gap is None or (memory.blind and high - low < NARROWER * memory.gap):
            farthest = Inquiry(self.data, prices, min(high, low + ABOVE[-1]), 1)
            if farthest.solved:  # the bound is not settled yet
                return self._after(farthest, memory)
            blind = farthest.open > BLIND * self.data.cost.size
            memory = memory._replace(gap=high - low, blind=blind)
        if memory.blind:
            return None, memory
        asked = tuple(inquiry for inquiry in memory.asked if low <= inquiry.target <= high)
        base = low if memory.base is None or not asked else memory.base
        inquiry, others = self._next(
            prices, [base + a for a in ABOVE if low <= base + a <= high], asked
        )
        enough = inquiry.work + LOOK
        inquiry.go_on(STEPS, lambda now: now.work >= enough)
        return self._after(inquiry, memory._replace(low=low, base=base, asked=others))

    def _next(
        self, prices: IntArray, targets: Sequence[int], asked: tuple[Inquiry, ...]
    ) -> tuple[Inquiry, tuple[Inquiry, ...]]:
        """A target that was not asked for, or what has the least work behind it; and the others."""
        known = {inquiry.target for inquiry in asked}
        for target in targets:
            if target not in known:
                return Inquiry(self.data, prices, target, ROOT), asked
        least = min(asked, key=lambda inquiry: inquiry.work)
        return least.copy(), tuple(inquiry for inquiry in asked if inquiry is not least)

    def _after(self, inquiry: Inquiry, memory: Memory) -> tuple[Feasible | None, Memory]:
        if not inquiry.solved:
            rest = longer(memory.rest)
            return None, memory._replace(asked=(*memory.asked, inquiry), waits=rest, rest=rest)
        memory = memory._replace(rest=0)
        agent = inquiry.agent
        if agent is None:
            return None, memory._replace(low=inquiry.target + 1)
        return Feasible(agent, float(total_cost(self.data, agent))), memory
