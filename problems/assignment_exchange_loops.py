"""``assignment_exchange`` move by move, compiled by numba (extra ``fast``)."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class Given(NamedTuple):
    """cost, weight, reduced (m, n); price of capacity (m,); near (n, k): agents of each job, cheapest
    reduced cost first; wanted (m, l): jobs of least regret at each agent, that one first.
    """

    cost: IntArray
    weight: IntArray
    reduced: FloatArray
    price: FloatArray
    near: IntArray
    wanted: IntArray


class Point(NamedTuple):
    """agent (n,), room (m,); jobs (m, n): those of agent i are the first counts[i] of its row when the
    chain is empty, place (n,) is where a job stands there.
    """

    agent: IntArray
    room: IntArray
    jobs: IntArray
    counts: IntArray
    place: IntArray


class Chain(NamedTuple):
    """Moves made and not yet kept: job[t] to agent to[t], t < size[0]; moved (n,); touched (m,): by how
    many; size[1]: moves that may still be tried; size[2]: overloaded agents.
    """

    job: IntArray
    to: IntArray
    moved: BoolArray
    touched: IntArray
    size: IntArray


@njit(cache=True)
def searched(
    given: Given, agent: IntArray, room: IntArray, length: int, work: int, each: int, seed: int
) -> int:
    """Tries about ``work`` moves, at most ``each`` from one first move, and makes every chain found;
    changes agent and room, and returns the moves tried. Half of the time a chain that leaves the cost
    as it is is good enough.
    """
    np.random.seed(seed)
    point = _point(given, agent, room)
    m, n = given.cost.shape
    chain = Chain(
        np.empty(length, np.int64),
        np.empty(length, np.int64),
        np.zeros(n, np.bool_),
        np.zeros(m, np.int64),
        np.zeros(3, np.int64),
    )
    done = 0
    while done < work:
        j = np.random.randint(n)
        most = -np.random.randint(2)
        chain.size[1] = each
        if _from(given, point, chain, j, length, most):
            _keep(point, chain)
        done += each - chain.size[1] + 1
    return done


@njit(cache=True)
def _point(given: Given, agent: IntArray, room: IntArray) -> Point:
    m, n = given.cost.shape
    jobs, count, place = np.empty((m, n), np.int64), np.zeros(m, np.int64), np.empty(n, np.int64)
    for j in range(n):
        i = agent[j]
        place[j] = count[i]
        jobs[i, count[i]] = j
        count[i] += 1
    return Point(agent, room, jobs, count, place)


@njit(cache=True)
def _from(given: Given, point: Point, chain: Chain, j: int, length: int, most: int) -> bool:
    """Is there a chain that starts with job j? Its moves are made then."""
    at = point.agent[j]
    widest = (given.price * point.room).max()
    for to in given.near[j]:
        loss = given.reduced[to, j] - given.reduced[at, j]
        if given.price[at] * point.room[at] + widest - loss < -most - 1e-6:
            break
        if to == at:
            continue
        chain.size[1] -= 1
        gain = given.price[at] * point.room[at] + given.price[to] * point.room[to] - loss
        if gain < -most - 1e-6:
            continue
        _move(given, point, chain, j, to)
        change = given.cost[to, j] - given.cost[at, j]
        if _deeper(given, point, chain, length - 1, gain, change, most, widest):
            return True
        _back(given, point, chain)
    return False


@njit(cache=True)
def _deeper(
    given: Given,
    point: Point,
    chain: Chain,
    left: int,
    gain: float,
    change: int,
    most: int,
    widest: float,
) -> bool:
    """Can at most ``left`` more moves make the chain feasible, at a change of cost ≤ most? gain: what
    is left of the waste at the touched agents after the moves' reduced costs.
    """
    i, over = _turn(given, point, chain)
    if not over and change <= most:
        return True
    if chain.size[2] > left or left == 0 or i < 0:  # a move relieves one agent
        return False
    near, t = given.near.shape[1], 0
    choices = point.counts[i] * near if over else given.wanted.shape[1]
    while t < choices and chain.size[1] > 0:
        j = int(point.jobs[i, t // near] if over else given.wanted[i, t])
        to = int(given.near[j, t % near]) if over else i
        at, t = point.agent[j], t + 1
        if to == at or chain.moved[j]:
            continue
        loss = given.reduced[to, j] - given.reduced[at, j]
        least = loss if over else given.reduced[i, j] - given.reduced[given.near[j, 0], j]
        if gain - least + widest < -most - 1e-6:
            t = (t + near - 1) // near * near if over else choices
            continue
        other = to if over else at
        after = gain - loss
        if chain.touched[other] == 0:
            after += given.price[other] * point.room[other]
        total = change + given.cost[to, j] - given.cost[at, j]
        fits = point.room[to] >= given.weight[to, j]
        fits = fits and point.room[at] + given.weight[at, j] >= 0 and total <= most
        if after < -most - 1e-6:
            continue
        chain.size[1] -= 1
        if left == 1 and not fits:
            continue
        _move(given, point, chain, j, to)
        if _deeper(given, point, chain, left - 1, after, total, most, widest):
            return True
        _back(given, point, chain)
    return False


@njit(cache=True)
def _turn(given: Given, point: Point, chain: Chain) -> tuple[int, bool]:
    """The touched agent to go on with: the most overloaded one, which must give a job away, or else the
    one whose room is worth the most, which may get one; -1: none.
    """
    worst, widest, agent, over = 0.0, 0.0, -1, False
    for t in range(chain.size[0]):
        for i in (int(point.agent[chain.job[t]]), int(chain.to[t])):
            worth = (given.price[i] + 1e-9) * point.room[i]
            if worth < worst:
                worst, agent, over = worth, i, True
            elif not over and worth > widest:
                widest, agent = worth, i
    return agent, over


@njit(cache=True)
def _move(given: Given, point: Point, chain: Chain, j: int, to: int) -> None:
    """Adds a move. ``point.agent`` stays as it was before the chain."""
    at = point.agent[j]
    _load(point, chain, at, -given.weight[at, j])
    _load(point, chain, to, given.weight[to, j])
    chain.touched[at] += 1
    chain.touched[to] += 1
    chain.moved[j] = True
    chain.job[chain.size[0]] = j
    chain.to[chain.size[0]] = to
    chain.size[0] += 1


@njit(cache=True)
def _load(point: Point, chain: Chain, i: Any, weight: Any) -> None:
    before = point.room[i]
    point.room[i] = before - weight
    chain.size[2] += int(before - weight < 0) - int(before < 0)


@njit(cache=True)
def _back(given: Given, point: Point, chain: Chain) -> None:
    """Takes the last move back."""
    chain.size[0] -= 1
    j, to = chain.job[chain.size[0]], chain.to[chain.size[0]]
    at = point.agent[j]
    _load(point, chain, at, given.weight[at, j])
    _load(point, chain, to, -given.weight[to, j])
    chain.touched[at] -= 1
    chain.touched[to] -= 1
    chain.moved[j] = False


@njit(cache=True)
def _keep(point: Point, chain: Chain) -> None:
    """The moves of the chain for good."""
    for t in range(chain.size[0]):
        j, to = chain.job[t], chain.to[t]
        at = point.agent[j]
        last = point.jobs[at, point.counts[at] - 1]
        point.jobs[at, point.place[j]] = last
        point.place[last] = point.place[j]
        point.counts[at] -= 1
        point.agent[j] = to
        point.place[j] = point.counts[to]
        point.jobs[to, point.counts[to]] = j
        point.counts[to] += 1
        chain.moved[j] = False
        chain.touched[at] = chain.touched[to] = 0
    chain.size[0] = 0
