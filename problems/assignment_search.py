"""The optimum of an assignment by a Lagrangian branch-and-bound: whole numbers, no other solver.

Question     Is there a point of cost ≤ k? First k is the bound. Where the answer is no, all steps of
             the refutation hold for targets below some cost above k: the new bound. The next k is the
             bound or, while answers come quickly, a little above it. So the target is tight from the
             start, and no point has to be known.
Node         Some pairs are OUT, some IN. At multipliers λ every agent's knapsack says what it costs to
             take a pair and to leave it out; a job has just one agent, so pair (i, j) costs

                 q(λ) + [z_i(x_ij = 1) − z_i] + Σ_{k ≠ i} [z_k(x_kj = 0) − z_k]

             at least. What costs more than k goes OUT, the last pair of a job IN. λ moves a few steps
             along a mean of the residuals, and comes back to where q(λ) was highest.
Branching    One child for each agent of a job: the job whose cheapest pair is dearest. Depth first, the
             cheapest pair first.
Exact        λ is whole, in units of 2^-20, and so is all that is compared (``assignment_fixing``).
             Floats choose how λ moves and nothing else.

Reference    Posta, Ferland, Michelon, Comput. Optim. Appl. 52 (2012): the questions, and fixing. The
             sum over a job's agents, the next k and the branching are this file's own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import in_units
from problems.assignment_inquiry import Inquiry
from problems.assignment_repair import total_cost


@dataclass(frozen=True)
class Effort:
    """root, steps: sweeps of the first node of a question and of every other, ≥ 1, about; seconds,
    sweeps: of all, > 0, looked at every now and then.
    """

    root: int = 60
    steps: int = 24
    seconds: float = math.inf
    sweeps: float = math.inf

    def __post_init__(self) -> None:
        for name, value in (("root", self.root), ("steps", self.steps)):
            if value < 1:
                raise ValueError(f"{name} must be ≥ 1, got {value}")
        for name, value in (("seconds", self.seconds), ("sweeps", self.sweeps)):
            if not value > 0:
                raise ValueError(f"{name} must be > 0, got {value}")


class Found(NamedTuple):
    """agent (n,): the best point found below the limit, or None. No point costs less than lower_bound;
    inf: there is none. ``solved``: the point costs just that, or there is none below the limit.
    """

    agent: IntArray | None
    lower_bound: float
    solved: bool
    nodes: int
    sweeps: int


def cheapest(
    data: AssignmentData, multipliers: Any, lower: int, limit: int, effort: Effort | None = None
) -> Found:
    """A point of least cost below ``limit``. Needs numba.

    multipliers (n,), finite: where the search starts from;  lower: a bound, no point costs less
    """
    effort = effort or Effort()
    prices, until = in_units(data, multipliers), perf_counter() + effort.seconds
    found = Found(None, float(lower), False, 0, 0)
    step, before = 1, 1
    while found.lower_bound < limit:
        if found.sweeps >= effort.sweeps or perf_counter() >= until:
            return found
        target = min(int(found.lower_bound) + step, limit) - 1
        left = effort.sweeps - found.sweeps
        answer = Inquiry(data, prices, target, effort.root)
        answer.go_on(effort.steps, _enough(left, until))
        work = found.nodes + answer.nodes, found.sweeps + answer.sweeps
        if not answer.solved:
            return Found(found.agent, found.lower_bound, False, *work)
        if answer.agent is not None:
            limit = total_cost(data, answer.agent)
            found = Found(answer.agent, found.lower_bound, False, *work)
            continue
        found = Found(found.agent, answer.lower_bound, False, *work)
        step, before = _next_step(step, before, answer.nodes), answer.nodes
    bound = found.lower_bound if found.agent is None else float(limit)
    return found._replace(lower_bound=bound, solved=True)


def _next_step(step: int, before: int, nodes: int) -> int:
    """From one target to the next, so that each question takes a few times as long as the last."""
    if 1 < nodes < 2 * before:
        return 2 * step
    return max(1, step // 2) if nodes > 4 * before else step


def _enough(sweeps: float, until: float) -> Callable[[Inquiry], bool]:
    return lambda asked: asked.sweeps >= sweeps or perf_counter() >= until
