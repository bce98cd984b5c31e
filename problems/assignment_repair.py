"""A feasible assignment out of the knapsacks' answers: keep, insert, improve.

Jobs that several agents took stay with the cheapest of them; jobs that none took go where they fit
best; then single jobs are moved and pairs exchanged while that lowers first the overload and then the
cost. A heuristic: it may fail on a tight instance, and says so by returning None. Its work is limited
by counting, not by a clock, so that the same answers are repaired in the same way.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from problems.assignment_data import AssignmentData, IntArray

SHIFTS = 10_000  # single moves; each lowers an integer, so this is never what ends it in practice
PAIRS = 8_000_000  # exchanges that are looked at; a round looks at n²
ROUNDS = 20  # at most
GRADED = 2  # at each price of overload
ENTRIES = 2**16  # of the matrix of exchanges at a time
PARTS = 1024  # of a unit of cost, for prices of overload


def repair(data: AssignmentData, taken: Any) -> IntArray | None:
    """The agent of each job (n,), or None where capacity could not be met; taken (m, n) is 0/1."""
    return settled(data, _complete(data, taken > 0.5), ())


def settled(data: AssignmentData, agent: IntArray, prices: Sequence[float]) -> IntArray | None:
    """From this assignment (n,), which may overload agents, to one that does not; None: none was found.

    prices : rising, finite and > 0, of a unit of overload, until there is none: what is cheap to move
             goes first, not what helps most. After the last a unit outweighs any cost.
    """
    agent, load, heavy = agent.copy(), loads(data, agent), int(np.abs(data.cost).sum()) + 1
    if prices:
        _ease(data, agent, load, prices)
    _improve(data, agent, load, heavy, max(1, min(ROUNDS, PAIRS // agent.size**2)))
    return agent if (load <= data.capacity).all() else None


def total_cost(data: AssignmentData, agent: IntArray) -> int:
    """Σ_j cost[agent_j, j]."""
    return int(data.cost[agent, np.arange(agent.size)].sum())


def loads(data: AssignmentData, agent: IntArray) -> IntArray:
    """What each agent carries (m,)."""
    load = np.zeros(data.capacity.size, dtype=np.int64)
    np.add.at(load, agent, data.weight[agent, np.arange(agent.size)])
    return load


def _complete(data: AssignmentData, taken: Any) -> IntArray:
    """Every job with one agent: the cheapest taker, else by regret where it fits, else anywhere."""
    infinite = np.iinfo(np.int64).max
    agent = np.where(taken, data.cost, infinite).argmin(axis=0)
    missing = np.flatnonzero(~taken.any(axis=0))
    kept = np.flatnonzero(taken.any(axis=0))
    load = np.zeros(data.capacity.size, dtype=np.int64)
    np.add.at(load, agent[kept], data.weight[agent[kept], kept])
    two = np.sort(data.cost[:, missing], axis=0)[:2]
    regret = two[-1] - two[0]
    for j in missing[np.argsort(-regret, kind="stable")].tolist():
        room = data.capacity - load - data.weight[:, j]
        fits = room >= 0
        i = int(np.where(fits, data.cost[:, j], infinite).argmin() if fits.any() else room.argmax())
        agent[j] = i
        load[i] += data.weight[i, j]
    return agent


def _ease(data: AssignmentData, agent: IntArray, load: IntArray, prices: Sequence[float]) -> None:
    """Improves in place, at one price of overload after the other, in whole parts of a unit of cost."""
    costs, weights = int(np.abs(data.cost).sum()) + 1, int(data.weight.sum()) + 1
    parts = max(1, min(PARTS, 2**62 // (costs * weights)))
    fine = replace(data, cost=data.cost * parts)
    for price in prices:
        if (load <= data.capacity).all():
            return
        _improve(fine, agent, load, max(1, round(min(price, costs) * parts)), GRADED)


def _improve(
    data: AssignmentData, agent: IntArray, load: IntArray, heavy: int, rounds: int
) -> None:
    """Shifts and swaps, in place, until neither lowers the cost with overload at ``heavy`` a unit."""
    for _ in range(rounds):
        for _ in range(SHIFTS):
            move = _best_shift(data, agent, load, heavy)
            if move is None:
                break
            _move(data, agent, load, *move)
        if not _swap(data, agent, load, heavy):
            break


def _move(data: AssignmentData, agent: IntArray, load: IntArray, j: int, i: int) -> None:
    load[agent[j]] -= data.weight[agent[j], j]
    load[i] += data.weight[i, j]
    agent[j] = i


def _best_shift(
    data: AssignmentData, agent: IntArray, load: IntArray, heavy: int
) -> tuple[int, int] | None:
    """Job and agent of the single move that lowers the cost most, overload at its price in it."""
    jobs = np.arange(agent.size)
    over = np.maximum(load - data.capacity, 0)
    without = np.maximum(load[agent] - data.weight[agent, jobs] - data.capacity[agent], 0)
    with_it = np.maximum(load[:, None] + data.weight - data.capacity[:, None], 0)
    change = data.cost - data.cost[agent, jobs]  # (m, n)
    change = change + heavy * (with_it - over[:, None] + (without - over[agent]))
    change[agent, jobs] = 0
    i, j = divmod(int(change.argmin()), agent.size)
    return (j, i) if change[i, j] < 0 else None


def _swap(data: AssignmentData, agent: IntArray, load: IntArray, heavy: int) -> bool:
    """The best exchange of each job with another one, best first, as long as it still lowers the cost,
    overload in it, when its turn comes; did any?
    """
    jobs = np.arange(agent.size)
    found: list[tuple[int, int, int]] = []
    for rows in np.array_split(jobs, -(-(agent.size**2) // ENTRIES)):
        change = _swap_change(data, agent, load, heavy, rows, jobs)
        partner = change.argmin(axis=1)
        gain = change[np.arange(rows.size), partner]
        found += zip(gain.tolist(), rows.tolist(), partner.tolist(), strict=True)
    swapped = False
    for _, j, k in sorted(entry for entry in found if entry[0] < 0):
        if _swap_change(data, agent, load, heavy, np.array([j]), np.array([k]))[0, 0] < 0:
            first, second = int(agent[j]), int(agent[k])
            _move(data, agent, load, j, second)
            _move(data, agent, load, k, first)
            swapped = True
    return swapped


def _swap_change(
    data: AssignmentData,
    agent: IntArray,
    load: IntArray,
    heavy: int,
    one: IntArray,
    other: IntArray,
) -> IntArray:
    """[j, k]: by how much the cost, overload in it, changes when j and k exchange their agents."""
    a, b = agent[one][:, None], agent[other][None, :]
    j, k = one[:, None], other[None, :]
    room = data.capacity - load
    at_own = np.maximum(data.weight[a, k] - data.weight[a, j] - room[a], 0)
    at_other = np.maximum(data.weight[b, j] - data.weight[b, k] - room[b], 0)
    over = np.maximum(-room, 0)
    change = data.cost[b, j] + data.cost[a, k] - data.cost[a, j] - data.cost[b, k]
    change = change + heavy * (at_own + at_other - over[a] - over[b])
    return np.where(a == b, 0, change)
