"""Exchanges for assignments: chains of moves, each of which makes good what the one before spoiled.

A chain moves a job; then the agent that is overloaded gives one away, or the one with room gets one,
and so on, until all is feasible and the cost no greater. It is followed only as long as it can pay:
with the prices of ``assignment_prices``, every touched agent's room is worth μ_i room_i and every move
costs its reduced cost, and the first must exceed the second (the gain criterion of Lin and Kernighan
1973). Where agents are full and prices good, few moves pass, and chains of five or six are looked
through, ten million moves a second; where most would pass (type D), nothing is done. A walk through
points of equal cost finds its way out of many corners.

Needs numba (extra ``fast``): interpreted it would be too slow to be of use.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from lagrange.problem import Feasible, Problem
from lagrange.recovery.recovering import Seen
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_prices import Prices, prices_at
from problems.assignment_repair import loads, total_cost

LEAST, MOST = 100_000, 4_000_000  # moves that a look tries
GROWTH, SHRINKAGE = 1.5, 0.8  # of them, after a look that brought something or nothing
EACH = 100_000  # of them from one first move
SHORTEST, AGAIN = 2, 4  # chains at first, and after a round in which the longest brought nothing
BLIND = 0.5  # share of jobs with a first move that passes, above which nothing is ruled out
NEAR, WANTED = 10, 200  # agents of a job, and jobs of an agent, that come into question


class Memory(NamedTuple):
    """The point of the walk (n,); looks so far; length and moves of the next; what prices tell."""

    agent: IntArray | None
    turn: int
    length: int
    moves: float
    prices: Prices | None
    near: IntArray | None
    wanted: IntArray | None


@final
@dataclass(frozen=True)
class Exchanges:
    """A ``Recovery`` that betters the best feasible point; the coupling row is called ``assign``.

    Chains get longer while they bring nothing, and start short again after the longest.
    longest : moves of a chain, at least 4;   seed : of the draws
    """

    data: AssignmentData
    longest: int = 6
    seed: int = 0

    def __post_init__(self) -> None:
        if self.longest < AGAIN or self.longest % 1:
            raise ValueError(f"longest must be at least {AGAIN} and whole, got {self.longest}")

    def init(self, problem: Problem[Any]) -> Memory:
        return Memory(None, 0, SHORTEST, LEAST, None, None, None)

    def look(
        self, problem: Problem[Any], seen: Seen, memory: Memory
    ) -> tuple[Feasible | None, Memory]:
        best = seen.best.feasible
        if best is None:
            return None, memory
        agent, before = memory.agent, int(best.cost)
        if agent is None or total_cost(self.data, agent) > before:
            agent = best.point
        agent, memory = agent.copy(), _ordered(self.data, seen, memory)
        if passing(self.data, memory, agent) > BLIND:
            return None, memory
        self._walk(agent, memory)
        cost = total_cost(self.data, agent)
        return Feasible(agent.copy(), float(cost)), self._after(memory, agent, cost < before)

    def _after(self, memory: Memory, agent: IntArray, better: bool) -> Memory:
        moves = min(max(memory.moves * (GROWTH if better else SHRINKAGE), LEAST), MOST)
        length = memory.length + (not better)
        length = length if length <= self.longest else AGAIN
        return memory._replace(agent=agent, turn=memory.turn + 1, length=length, moves=moves)

    def _walk(self, agent: IntArray, memory: Memory) -> None:
        """Changes ``agent``; what is left of it is feasible again and costs no more."""
        from problems import assignment_exchange_loops as loops  # numba is an extra, slow to import

        data, prices = self.data, memory.prices
        if prices is None or memory.near is None or memory.wanted is None:
            return
        given = loops.Given(
            data.cost, data.weight, prices.reduced, prices.capacity, memory.near, memory.wanted
        )
        room = data.capacity - loads(data, agent)
        seed = (self.seed * 1_000_003 + memory.turn) % 2**32
        loops.searched(given, agent, room, memory.length, int(memory.moves), EACH, seed)


def passing(data: AssignmentData, memory: Memory, agent: IntArray) -> float:
    """The share of jobs with a first move that can pay by itself: room worth more than it costs."""
    if memory.prices is None or memory.near is None:
        return 1.0
    _, capacity, reduced = memory.prices
    worth = capacity * (data.capacity - loads(data, agent))
    j, at, to = np.arange(agent.size)[:, None], agent[:, None], memory.near
    gain = worth[at] + worth[to] - (reduced[to, j] - reduced[at, j])
    return float(np.where(to == at, 0.0, gain >= 1.0).any(axis=1).mean())


def _ordered(data: AssignmentData, seen: Seen, memory: Memory) -> Memory:
    """With the prices of the best bound, and who wants what at them."""
    prices = prices_at(data, seen.multipliers, memory.prices)
    if prices is memory.prices:
        return memory
    near = np.argsort(prices.reduced, axis=0, kind="stable")[:NEAR].T
    regret = prices.reduced - prices.reduced.min(axis=0)
    wanted = np.argsort(regret, axis=1, kind="stable")[:, :WANTED]
    return memory._replace(
        prices=prices, near=np.ascontiguousarray(near), wanted=np.ascontiguousarray(wanted)
    )
