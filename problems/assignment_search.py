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
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import SUMS, UNIT, BoolArray, in_units
from problems.assignment_repair import total_cost

AT_ONCE = 50  # sweeps between two looks at the clock, about
EXACT_FLOAT = 2**52


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
        answer = _asked(data, prices, target, until, effort, effort.sweeps - found.sweeps)
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


def _asked(
    data: AssignmentData,
    prices: IntArray,
    target: int,
    until: float,
    effort: Effort,
    sweeps: float,
) -> Found:
    """Is there a point of cost ≤ target? The root with all pairs, the tree with those it leaves."""
    from problems import assignment_search_loops as loops  # numba is an extra, and slow to import
    from problems.assignment_search_sweep import NOWHERE

    shape, prices = data.cost.shape, prices.copy()
    counts = np.array([0, 0, 0, NOWHERE, 1])
    marks = np.zeros(shape, dtype=np.int8)
    ask, sweep = _question(data, target, marks), _sweep(data, shape)
    status = loops.bounded(ask, marks, prices, sweep, counts, effort.root)
    if status == loops.RUNNING:
        ask = _question(data, target, marks)
        tree, sweep = _tree(ask.job, marks, prices), _sweep(data, ask.job.shape)
        while status == loops.RUNNING and perf_counter() < until and counts[loops.SWEEPS] < sweeps:
            at_once = int(counts[loops.SWEEPS]) + AT_ONCE
            status = loops.search(ask, tree, sweep, counts, effort.steps, at_once)
    beyond, agent = int(counts[loops.BEYOND]), None
    if status == loops.FOUND:
        i, p = np.nonzero(sweep.taken)
        agent = np.empty(shape[1], dtype=np.int64)
        agent[ask.job[i, p]] = i
    bound = math.inf if beyond == NOWHERE else float(-(-beyond >> UNIT))
    done = max(1, int(counts[loops.NODES])), int(counts[loops.SWEEPS])
    return Found(agent, bound, status != loops.RUNNING, *done)


def _question(data: AssignmentData, target: int, marks: Any) -> Any:
    """With the pairs that are not marked OUT, first in the row of their agent."""
    from problems.assignment_search_sweep import OUT, Question

    out: BoolArray = marks == OUT
    width = max(1, int((~out).sum(axis=1).max()))
    job = np.argsort(out, axis=1, kind="stable")[:, :width]
    at = np.arange(len(job))[:, None], job
    m, n = data.cost.shape
    reach = SUMS // ((m + 1) * n) - (int(np.abs(data.cost).max()) << UNIT)
    return Question(
        job=job,
        cost=data.cost[at] << UNIT,
        weight=data.weight[at],
        capacity=np.minimum(data.capacity, data.weight.sum(axis=1)),
        target=target << UNIT,
        unit=1 << UNIT,
        reach=min(reach, EXACT_FLOAT),
    )


def _tree(job: IntArray, marks: Any, prices: IntArray) -> Any:
    """Of the root alone; a depth that the search does not reach takes up no memory."""
    from problems.assignment_search_loops import Tree

    m, n = marks.shape
    tree = Tree(
        marks=np.zeros((n + 1, *job.shape), dtype=np.int8),
        prices=np.zeros((n + 1, n), dtype=np.int64),
        pairs=np.zeros((n + 1, m, 2), dtype=np.int64),
        left=np.zeros(n + 1, dtype=np.int64),
    )
    tree.marks[0] = np.take_along_axis(marks, job, axis=1)
    tree.prices[0] = prices
    return tree


def _sweep(data: AssignmentData, shape: tuple[int, ...]) -> Any:
    from problems.assignment_search_sweep import Sweep

    most = np.minimum(data.capacity, data.weight.sum(axis=1)).max()
    whole = np.zeros((2, *shape), dtype=np.int64)
    tables = np.zeros((2, shape[1] + 1, int(most) + 1), dtype=np.int64)
    return Sweep(np.zeros(shape, dtype=np.bool_), whole[0], whole[1], tables[0], tables[1])
