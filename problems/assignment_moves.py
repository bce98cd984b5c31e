"""Local search for assignments: shift a job, swap two, or eject one to make room for another.

    shift      job j moves to agent i
    swap       jobs j and k exchange their agents
    ejection   job j moves to the agent of k, and k to the cheapest third agent with room for it

Each round makes the best of all moves, by whole numbers, until none is cheaper. Alone it ends far
above what ``assignment_neighborhoods`` finds; but a move is a few array operations and needs no HiGHS.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from lagrange.problem import Feasible, Problem
from lagrange.recovery.recovering import Seen
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_repair import loads, total_cost

NEVER = 2**60  # a change that is not allowed


class Move(NamedTuple):
    """By how much the cost changes, the jobs that move, and where to."""

    change: int
    jobs: tuple[int, ...]
    agents: tuple[int, ...]


@final
@dataclass(frozen=True)
class LocalSearch:
    """A ``Recovery``: betters the best feasible point by ``moves`` moves a look, at least 1."""

    data: AssignmentData
    moves: int = 20

    def __post_init__(self) -> None:
        if self.moves < 1 or self.moves % 1:
            raise ValueError(f"moves must be at least 1 and whole, got {self.moves}")

    def init(self, problem: Problem[Any]) -> None:
        return None

    def look(self, problem: Problem[Any], seen: Seen, memory: None) -> tuple[Feasible | None, None]:
        if seen.best.feasible is None:
            return None, None
        agent = improved(self.data, seen.best.feasible.point, self.moves)
        return Feasible(agent, float(total_cost(self.data, agent))), None


def improved(data: AssignmentData, agent: IntArray, moves: int) -> IntArray:
    """The feasible point after at most ``moves`` best moves; all later points are feasible too."""
    agent = agent.copy()
    for _ in range(moves):
        best = min(shift(data, agent), swap(data, agent), ejection(data, agent))
        if best.change >= 0:
            break
        agent[list(best.jobs)] = best.agents
    return agent


def shift(data: AssignmentData, agent: IntArray) -> Move:
    """The best move of one job to an agent with room."""
    change = data.cost - data.cost[agent, np.arange(agent.size)]  # (m, n)
    change = np.where(_room(data, agent)[:, None] >= data.weight, change, NEVER)
    change[agent, np.arange(agent.size)] = NEVER
    i, j = divmod(int(change.argmin()), agent.size)
    return Move(int(change[i, j]), (j,), (i,))


def swap(data: AssignmentData, agent: IntArray) -> Move:
    """The best exchange of two jobs of different agents."""
    there = data.cost[agent]  # [k, j]: job j at the agent of k
    own = there.diagonal()
    change = (there - own) + (there - own).T
    fits = _fits(data, agent)
    change = np.where(fits & fits.T & (agent[:, None] != agent), change, NEVER)
    k, j = divmod(int(change.argmin()), agent.size)
    return Move(int(change[k, j]), (j, k), (int(agent[k]), int(agent[j])))


def ejection(data: AssignmentData, agent: IntArray) -> Move:
    """The best move of a job into another's place, which moves on to a third agent with room."""
    jobs = np.arange(agent.size)
    room = _room(data, agent)
    onward = np.where(room[:, None] >= data.weight, data.cost, NEVER)  # (m, n): job k at agent l
    onward[agent, jobs] = NEVER
    first, second = _two_least(onward)
    there = data.cost[agent]  # [k, j]
    own = there.diagonal()
    # the third agent is not the one that j leaves: room there would be another, that is a swap
    to = np.where(first[:, None] == agent, second[:, None], first[:, None])  # [k, j]
    change = there - own + onward[to, jobs[:, None]] - own[:, None]
    change = np.where(_fits(data, agent) & (agent[:, None] != agent), change, NEVER)
    k, j = divmod(int(change.argmin()), agent.size)
    return Move(int(change[k, j]), (j, k), (int(agent[k]), int(to[k, j])))


def _room(data: AssignmentData, agent: IntArray) -> IntArray:
    return data.capacity - loads(data, agent)


def _fits(data: AssignmentData, agent: IntArray) -> Any:
    """[k, j]: is there room for j at the agent of k once k has left? (n, n)"""
    left = _room(data, agent)[agent] + data.weight[agent, np.arange(agent.size)]
    return data.weight[agent] <= left[:, None]


def _two_least(values: IntArray) -> tuple[IntArray, IntArray]:
    """The rows of the least and of the second least entry of each column; the same with one row."""
    order = np.argsort(values, axis=0, kind="stable")
    return order[0], order[min(1, len(order) - 1)]
