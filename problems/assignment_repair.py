"""A feasible assignment out of the knapsacks' answers: keep, insert, improve.

Jobs that several agents took stay with the cheapest of them; jobs that none took go where they fit
best; then single jobs are moved and pairs exchanged while that lowers first the overload and then the
cost. A heuristic: it may fail on a tight instance, and says so by returning None.
"""

from typing import Any

import numpy as np

from problems.assignment_data import AssignmentData, IntArray

LIMIT = 10_000  # moves; each one lowers an integer, so this is never what ends a run in practice


def repair(data: AssignmentData, taken: Any) -> IntArray | None:
    """The agent of each job (n,), or None where capacity could not be met; taken (m, n) is 0/1."""
    agent = _improve(data, _complete(data, taken > 0.5))
    return agent if (_loads(data, agent) <= data.capacity).all() else None


def total_cost(data: AssignmentData, agent: IntArray) -> int:
    """Σ_j cost[agent_j, j]."""
    return int(data.cost[agent, np.arange(agent.size)].sum())


def _loads(data: AssignmentData, agent: IntArray) -> IntArray:
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


def _improve(data: AssignmentData, agent: IntArray) -> IntArray:
    """Shifts and swaps until neither lowers (overload, cost), overload first."""
    heavy = int(np.abs(data.cost).sum()) + 1  # one unit of overload outweighs any cost
    load = _loads(data, agent)
    for _ in range(LIMIT):
        move = _best_shift(data, agent, load, heavy) or _best_swap(data, agent, load, heavy)
        if move is None:
            break
        for j, i in move:
            load[agent[j]] -= data.weight[agent[j], j]
            load[i] += data.weight[i, j]
            agent[j] = i
    return agent


def _best_shift(
    data: AssignmentData, agent: IntArray, load: IntArray, heavy: int
) -> list[tuple[int, int]] | None:
    jobs = np.arange(agent.size)
    over = np.maximum(load - data.capacity, 0)
    without = np.maximum(load[agent] - data.weight[agent, jobs] - data.capacity[agent], 0)
    with_it = np.maximum(load[:, None] + data.weight - data.capacity[:, None], 0)
    change = data.cost - data.cost[agent, jobs]  # (m, n)
    change = change + heavy * (with_it - over[:, None] + (without - over[agent]))
    change[agent, jobs] = 0
    i, j = divmod(int(change.argmin()), agent.size)
    return [(j, i)] if change[i, j] < 0 else None


def _best_swap(
    data: AssignmentData, agent: IntArray, load: IntArray, heavy: int
) -> list[tuple[int, int]] | None:
    """Entry (j, k): job j goes to the agent of k, and k to the agent of j."""
    jobs = np.arange(agent.size)
    over = np.maximum(load - data.capacity, 0)[agent]
    own = data.weight[agent, jobs]
    cross_weight, cross_cost = data.weight[agent], data.cost[agent]  # [j, k]: job k at agent of j
    after = np.maximum((load - data.capacity)[agent][:, None] - own[:, None] + cross_weight, 0)
    change = cross_cost - data.cost[agent, jobs] + heavy * (after - over[:, None])
    change = change + change.T
    change[agent[:, None] == agent[None, :]] = 0
    j, k = divmod(int(change.argmin()), agent.size)
    return [(j, int(agent[k])), (k, int(agent[j]))] if change[j, k] < 0 else None
