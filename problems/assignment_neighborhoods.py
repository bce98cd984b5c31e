"""Large-neighborhood search for assignments: small programs around the best point, by Lagrangian
prices (``assignment_prices``).

A turn draws a few agents, those with much to gain more likely; of their jobs it frees the pairs with
the least regret, the reduced cost over the least that these agents offer for the job, and lets HiGHS
solve what that leaves. The number of pairs grows while HiGHS goes through to the end and shrinks where
its node limit strikes. It starts from the rounded linear relaxation over few pairs, which overloads
some agents: overload is allowed at a price, never made worse, and gone after a few turns.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.highs import Limits
from lagrange.oracles.linear_sets import BoolArray
from lagrange.oracles.sparse import SparseMatrix
from lagrange.problem import Feasible, Problem
from lagrange.recovery.programs import Program, minimize
from lagrange.recovery.recovering import Seen
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_prices import Prices, prices_at
from problems.assignment_repair import loads, total_cost

PARTS = (8, 4, 2, 1)  # of so many parts of the agents one is drawn, in turn
FEW = 3  # pairs a job in the first program
LEAST, MOST = 15.0, 2000.0  # pairs
LIMITS = Limits(nodes=20, seconds=3.0)  # seconds: a net below; the nodes are what counts
GROWTH, SHRINKAGE = 1.02, 0.6  # an unsolved program costs more than it brings: most are solved
EAGER = 1.4  # instead, as long as some agent is overloaded
REST = (
    7  # turns at most that a number of agents is left out, which brought nothing at its last turns
)
OVERLOAD, OVERLOAD_GROWTH, OVERLOAD_MOST = 1.5, 1.5, 100.0  # times the largest price of capacity


class Kind(NamedTuple):
    """A number of agents: how many pairs go with it; how many of its turns it will miss, and missed
    the last time.
    """

    pairs: float
    waits: int = 0
    rest: int = 0

    def after(self, solved: bool, better: bool, eager: bool = False) -> "Kind":
        growth = EAGER if eager else GROWTH
        pairs = min(max(self.pairs * (growth if solved else SHRINKAGE), LEAST), MOST)
        rest = 0 if better else min(2 * self.rest + 1, REST)
        return Kind(pairs, rest, rest)


class Memory(NamedTuple):
    """The point in hand (n,), perhaps overloaded; turns so far; kinds by ``PARTS``; the last."""

    agent: IntArray | None
    turn: int
    kinds: tuple[Kind, ...]
    last: int
    prices: Prices | None


class _Task(NamedTuple):
    """A turn: agents (m,) whose jobs may move among them, the number of pairs, a unit of overload."""

    prices: Prices
    heavy: float
    agents: BoolArray
    pairs: int


@final
@dataclass(frozen=True)
class Neighborhoods:
    """A ``Recovery`` for problems whose coupling row is ``assign``.

    turns : small programs a look;   limits : of HiGHS, each;   seed : of the draws
    """

    data: AssignmentData
    turns: int = 1
    limits: Limits = LIMITS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.turns < 1 or self.turns % 1:
            raise ValueError(f"turns must be at least 1 and whole, got {self.turns}")

    def init(self, problem: Problem[Any]) -> Memory:
        return Memory(None, 0, _kinds(self.data), -1, None)

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Memory
    ) -> tuple[Feasible | None, Memory]:
        prices = prices_at(self.data, seen.multipliers, memory.prices)
        agent = _better(self.data, memory.agent, seen.best.feasible)
        if agent is None:
            agent = _first(self.data, prices)
        memory = memory._replace(agent=agent, prices=prices)
        for _ in range(self.turns):
            memory = self._turned(agent, prices, memory)
            agent = agent if memory.agent is None else memory.agent
        if (loads(self.data, agent) > self.data.capacity).any():
            return None, memory
        return Feasible(agent, float(total_cost(self.data, agent))), memory

    def _turned(self, agent: IntArray, prices: Prices, memory: Memory) -> Memory:
        data, turn = self.data, memory.turn
        at, kinds = next_kind(memory.kinds, memory.last)
        count = max(3, len(data.capacity) // PARTS[at])
        some = _drawn(data, prices, agent, count, np.random.default_rng((self.seed, turn)))
        task = _Task(prices, overload_price(data, prices, turn), some, int(kinds[at].pairs))
        new, solved = _solved(data, agent, task, _deeper(self.limits, kinds[at].rest))
        # not settled yet: all kinds go on, and look farther until something gives
        eager = bool((loads(data, agent) > data.capacity).any())
        better = eager or total_cost(data, new) < total_cost(data, agent)
        kinds = (*kinds[:at], kinds[at].after(solved, better, eager), *kinds[at + 1 :])
        if eager and not (loads(data, new) > data.capacity).any():
            kinds = _kinds(data)
        return Memory(new, turn + 1, kinds, at, prices)


def _kinds(data: AssignmentData) -> tuple[Kind, ...]:
    """At first: 40 pairs for 400 jobs."""
    return (Kind(2.0 * math.sqrt(data.cost.shape[1])),) * len(PARTS)


def _deeper(limits: Limits, rest: int) -> Limits:
    """What comes up less often may take longer: a kind that brought nothing gets more nodes."""
    return limits if limits.nodes is None else replace(limits, nodes=limits.nodes * (1 + rest))


def next_kind(kinds: tuple[Kind, ...], last: int) -> tuple[int, tuple[Kind, ...]]:
    """Whose turn it is after the last one's, and the kinds that waited a turn less."""
    while True:
        last = (last + 1) % len(kinds)
        kind = kinds[last]
        if kind.waits == 0:
            return last, kinds
        kinds = (*kinds[:last], kind._replace(waits=kind.waits - 1), *kinds[last + 1 :])


def _better(data: AssignmentData, mine: IntArray | None, found: Feasible | None) -> IntArray | None:
    """The point to go on from: the best one, if any is feasible."""
    if found is None:
        return mine
    if mine is None or (loads(data, mine) > data.capacity).any():
        return found.point
    return found.point if found.cost < total_cost(data, mine) else mine


def _first(data: AssignmentData, prices: Prices) -> IntArray:
    """The linear relaxation over the cheapest pairs of each job, rounded: few jobs are split there."""
    cheapest = prices.reduced.argmin(axis=0)
    few = np.argpartition(prices.reduced, min(FEW, len(prices.reduced) - 1), axis=0)[:FEW]
    free = np.zeros(prices.reduced.shape, dtype=np.bool_)
    np.put_along_axis(free, few, True, axis=0)
    free[cheapest, np.arange(cheapest.size)] = True
    i, j = np.nonzero(free)
    program, _ = _program(
        data, overload_price(data, prices, 50), cheapest, (i, np.arange(cheapest.size), j)
    )
    found = minimize(program._replace(integer=np.zeros(program.cost.size, dtype=np.bool_)))
    if found.point is None:
        return cheapest
    share = np.zeros(free.shape)
    share[i, j] = found.point[: i.size]
    return share.argmax(axis=0)


def overload_price(data: AssignmentData, prices: Prices, turn: int) -> float:
    """Of a unit: little more than capacity is worth at first, so that what is cheap to move goes."""
    usual = float(np.abs(data.cost).mean()) / max(1.0, float(data.weight.mean()))
    times = min(OVERLOAD * OVERLOAD_GROWTH ** min(turn, 100), OVERLOAD_MOST)
    return max(float(prices.capacity.max()), usual) * times


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
) -> tuple[IntArray, bool]:
    """The point after one small program, and whether HiGHS went through to the end."""
    jobs = np.flatnonzero(task.agents[agent])
    own, column = agent[jobs], np.arange(jobs.size)
    reduced = task.prices.reduced[:, jobs]
    regret = np.where(task.agents[:, None], reduced - reduced[task.agents].min(axis=0), np.inf)
    regret[own, column] = np.inf
    least = np.sort(regret[np.isfinite(regret)])
    if least.size == 0:
        return agent, True
    free = regret <= least[min(task.pairs, least.size) - 1]
    moving = free.any(axis=0)
    jobs, own, free = jobs[moving], own[moving], free[:, moving]
    free[own, np.arange(jobs.size)] = True
    i, k = np.nonzero(free)
    program, start = _program(data, task.heavy, agent, (i, jobs, k))
    step = 1.0 if program.integer.all() else 0.0
    found = minimize(program, start, limits=limits, step=step)
    if found.point is None:
        return agent, False
    taken = found.point[: i.size] > 0.5
    new = agent.copy()
    new[jobs[k[taken]]] = i[taken]
    return (new if _no_worse(data, task.heavy, new, agent) else agent), found.solved


def _program(
    data: AssignmentData,
    heavy: float,
    agent: IntArray,
    pairs: tuple[IntArray, IntArray, IntArray],
) -> tuple[Program, FloatArray]:
    """Agent i may take job jobs[k]: every job once, agents within what the others leave. An agent that
    is overloaded now may stay so, as much as it is and at a price. The program and the present point.
    """
    i, jobs, k = pairs
    room = data.capacity - loads(data, agent)
    over = np.flatnonzero((room < 0) & (np.bincount(i, minlength=room.size) > 0))
    used, at = np.unique(i, return_inverse=True)
    left = room + np.bincount(agent[jobs], data.weight[agent[jobs], jobs], minlength=room.size)
    p, j, t = i.size, jobs.size, over.size
    rows = SparseMatrix(
        np.concatenate([k, j + at, j + np.searchsorted(used, over)]),
        np.concatenate([np.arange(p), np.arange(p), p + np.arange(t)]),
        np.concatenate([np.ones(p), data.weight[i, jobs[k]].astype(float), -np.ones(t)]),
        (j + used.size, p + t),
    )
    program = Program(
        cost=np.concatenate([data.cost[i, jobs[k]].astype(float), np.full(t, heavy)]),
        rows=rows,
        row_lower=np.concatenate([np.ones(j), np.full(used.size, -np.inf)]),
        row_upper=np.concatenate([np.ones(j), left[used]]).astype(np.float64),
        upper=np.concatenate([np.ones(p), -room[over]]).astype(np.float64),
        integer=np.arange(p + t) < p,
    )
    start = np.concatenate([agent[jobs[k]] == i, -room[over]]).astype(float)
    return program, start


def _no_worse(data: AssignmentData, heavy: float, new: IntArray, old: IntArray) -> bool:
    """In cost plus priced overload, and nowhere more overloaded than before; in whole numbers but for
    the price.
    """
    over_new, over_old = (np.maximum(loads(data, agent) - data.capacity, 0) for agent in (new, old))
    if (over_new > over_old).any():
        return False
    saved = heavy * int((over_old - over_new).sum())
    return total_cost(data, new) <= total_cost(data, old) + saved
