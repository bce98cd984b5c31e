"""Large-neighborhood search for assignments: small programs around the best point, by Lagrangian
prices (``assignment_prices``).

A turn draws a few agents, those with much to gain more likely; of their jobs it frees the pairs with
the least regret, the reduced cost over the least that these agents offer for the job, and lets HiGHS
solve what that leaves. The number of pairs grows while HiGHS goes through to the end and shrinks where
its node limit strikes. Few agents and many share HiGHS's work evenly: with many a program takes longer
and brings less, but without them a walk is soon stuck. After a turn in vain the next one of its kind
drifts: among points of equal cost it prefers one far from the point in hand. Where it starts
(``assignment_first``) some agents may be overloaded: overload is allowed at a price, never made worse,
and gone after a few turns.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.highs import Limits
from lagrange.oracles.linear_sets import BoolArray
from lagrange.problem import Feasible, Problem
from lagrange.recovery.programs import minimize
from lagrange.recovery.recovering import Seen
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_first import first_points
from problems.assignment_prices import Prices, prices_at
from problems.assignment_programs import DRIFT, drifting, overload_price, small_program
from problems.assignment_repair import loads, total_cost
from problems.assignment_rests import longer

PARTS = (8, 4, 2, 1)  # of so many parts of the agents one is drawn
CALL = 100  # iterations that a program takes as long as, besides its own
WIDTH = 100  # columns with which an iteration takes twice as long as with none
LEAST, MOST = 15.0, 2000.0  # pairs
LIMITS = Limits(nodes=60, seconds=3.0)  # seconds: a net below; the nodes are what counts
GROWTH, SHRINKAGE = 1.02, 0.6  # an unsolved program costs more than it brings: most are solved
EAGER = 1.4  # instead, as long as some agent is overloaded
HASTE = 6  # times fewer nodes as long
SETTLING = 200  # turns at most until no agent is overloaded, where a feasible point is known


class Kind(NamedTuple):
    """A number of agents: how many pairs go with it; HiGHS's work so far (``work_of``); how many times
    more nodes it gets, since it brought nothing.
    """

    pairs: float
    work: int = 0
    extra: int = 0

    def after(self, solved: bool, better: bool, work: int, eager: bool = False) -> "Kind":
        growth = EAGER if eager else GROWTH
        pairs = min(max(self.pairs * (growth if solved else SHRINKAGE), LEAST), MOST)
        return Kind(pairs, self.work + work, 0 if better else longer(self.extra))


class Memory(NamedTuple):
    """The point in hand (n,), perhaps overloaded; turns so far; kinds by ``PARTS``; whether the walk
    goes its own way until it is the best, though a cheaper point is known.
    """

    agent: IntArray | None
    turn: int
    kinds: tuple[Kind, ...]
    prices: Prices | None
    apart: bool


class _Task(NamedTuple):
    """A turn: agents (m,) whose jobs may move among them, the number of pairs, a unit of overload;
    whether staying costs something.
    """

    prices: Prices
    heavy: float
    agents: BoolArray
    pairs: int
    drifting: bool


@final
@dataclass(frozen=True)
class Neighborhoods:
    """A ``Recovery`` for problems whose coupling row is ``assign``.

    turns : small programs a look;   seed : of the draws
    limits: of HiGHS, each; a sixth of the nodes while an agent is overloaded
    """

    data: AssignmentData
    turns: int = 1
    limits: Limits = LIMITS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.turns < 1 or self.turns % 1:
            raise ValueError(f"turns must be at least 1 and whole, got {self.turns}")

    def init(self, problem: Problem[Any]) -> Memory:
        return Memory(None, 0, _kinds(self.data), None, apart=False)

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Memory
    ) -> tuple[Feasible | None, Memory]:
        prices = prices_at(self.data, seen.multipliers, memory.prices)
        agent, apart = _on_from(self.data, memory, seen.best.feasible)
        if agent is None:
            agent, near = first_points(self.data, prices, seen.best.lower_bound)
            if near is not None:
                memory = memory._replace(agent=agent, prices=prices, apart=agent is not near)
                return Feasible(near, float(total_cost(self.data, near))), memory
        memory = memory._replace(agent=agent, prices=prices, apart=apart)
        for _ in range(self.turns):
            memory = self._turned(agent, prices, memory)
            agent = agent if memory.agent is None else memory.agent
        if (loads(self.data, agent) > self.data.capacity).any():
            return None, memory
        return Feasible(agent, float(total_cost(self.data, agent))), memory

    def _turned(self, agent: IntArray, prices: Prices, memory: Memory) -> Memory:
        data, turn = self.data, memory.turn
        kinds = memory.kinds
        at = min(range(len(kinds)), key=lambda k: kinds[k].work)
        count = max(3, len(data.capacity) // PARTS[at])
        some = _drawn(data, prices, agent, count, np.random.default_rng((self.seed, turn)))
        heavy, vain = overload_price(data, prices, turn), kinds[at].extra > 0
        task = _Task(prices, heavy, some, int(kinds[at].pairs), vain)
        # not settled yet: all kinds go on, and look farther but not deep until something gives
        eager = bool((loads(data, agent) > data.capacity).any())
        new, solved, work = _solved(data, agent, task, _limits(self.limits, kinds[at].extra, eager))
        better = eager or total_cost(data, new) < total_cost(data, agent)
        kind = kinds[at].after(solved, better, work, eager)
        kinds = (*kinds[:at], kind, *kinds[at + 1 :])
        if eager and not (loads(data, new) > data.capacity).any():
            kinds = _kinds(data)
        return memory._replace(agent=new, turn=turn + 1, kinds=kinds)


def work_of(iterations: int, columns: int) -> int:
    """Of one program, roughly as its time grows, but the same on each machine."""
    return (CALL + iterations) * (WIDTH + columns)


def _kinds(data: AssignmentData) -> tuple[Kind, ...]:
    """At first: 40 pairs for 400 jobs."""
    return (Kind(2.0 * math.sqrt(data.cost.shape[1])),) * len(PARTS)


def _limits(limits: Limits, extra: int, eager: bool) -> Limits:
    """A kind that brought nothing gets more nodes. While an agent is overloaded all get few."""
    if limits.nodes is None:
        return limits
    nodes = max(1, limits.nodes // HASTE) if eager else limits.nodes * (1 + extra)
    return replace(limits, nodes=nodes)


def _on_from(
    data: AssignmentData, memory: Memory, found: Feasible | None
) -> tuple[IntArray | None, bool]:
    """The point to go on from, the best one or the walk's own while it is apart; is it apart still?"""
    mine = memory.agent
    if mine is None or found is None:
        return (mine if found is None else found.point), memory.apart
    over = bool((loads(data, mine) > data.capacity).any())
    behind = over or found.cost < total_cost(data, mine)
    if behind and memory.apart and not (over and memory.turn >= SETTLING):
        return mine, True
    return (found.point if behind else mine), False


def _drawn(
    data: AssignmentData, prices: Prices, agent: IntArray, count: int, rng: np.random.Generator
) -> BoolArray:
    """Marks some agents (m,): half of them by what they waste, overloaded ones first, the others by how
    much cheaper the jobs of these would be there.
    """
    m, jobs = data.capacity.size, np.arange(agent.size)
    room = data.capacity - loads(data, agent)
    paid = prices.reduced[agent, jobs]
    waste = np.bincount(agent, np.maximum(paid, 0.0), minlength=m)
    waste = waste + prices.capacity * np.maximum(room, 0)
    keys = _keys(waste, rng)
    keys[room < 0] *= 1e-12
    some = np.zeros(m, dtype=np.bool_)
    some[np.argsort(keys, kind="stable")[: (count + 1) // 2]] = True
    moving = some[agent]
    cheaper = np.maximum(paid[moving] - prices.reduced[:, moving], 0.0).sum(axis=1)
    keys = np.where(some, np.inf, _keys(cheaper, rng))
    some[np.argsort(keys, kind="stable")[: count // 2]] = True
    return some


def _keys(weight: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The k smallest are a draw of k without replacement by weight ≥ 0, a little of it for everyone."""
    return rng.exponential(size=weight.size) / (weight + 0.02 * weight.mean() + 1e-300)


def _solved(
    data: AssignmentData, agent: IntArray, task: _Task, limits: Limits
) -> tuple[IntArray, bool, int]:
    """The point after one small program, whether HiGHS went through to the end, and its work."""
    jobs = np.flatnonzero(task.agents[agent])
    own, column = agent[jobs], np.arange(jobs.size)
    reduced = task.prices.reduced[:, jobs]
    regret = np.where(task.agents[:, None], reduced - reduced[task.agents].min(axis=0), np.inf)
    regret[own, column] = np.inf
    least = np.sort(regret[np.isfinite(regret)])
    if least.size == 0:
        return agent, True, work_of(0, 0)
    free = regret <= least[min(task.pairs, least.size) - 1]
    moving = free.any(axis=0)
    jobs, own, free = jobs[moving], own[moving], free[:, moving]
    free[own, np.arange(jobs.size)] = True
    i, k = np.nonzero(free)
    small, start = small_program(data, task.heavy, agent, (i, jobs, k))
    step = 1.0 if small.integer.all() else 0.0
    if step and task.drifting:
        small, step = drifting(small, start), 1.0 - DRIFT
    found = minimize(small, start, limits=limits, step=step, tree_alone=True)
    work = work_of(found.iterations, small.cost.size)
    if found.point is None:
        return agent, False, work
    taken = found.point[: i.size] > 0.5
    new = agent.copy()
    new[jobs[k[taken]]] = i[taken]
    return (new if _no_worse(data, task.heavy, new, agent) else agent), found.solved, work


def _no_worse(data: AssignmentData, heavy: float, new: IntArray, old: IntArray) -> bool:
    """In cost plus priced overload, and nowhere more overloaded than before; in whole numbers but for
    the price.
    """
    over_new, over_old = (np.maximum(loads(data, agent) - data.capacity, 0) for agent in (new, old))
    if (over_new > over_old).any():
        return False
    saved = heavy * int((over_old - over_new).sum())
    return total_cost(data, new) <= total_cost(data, old) + saved
