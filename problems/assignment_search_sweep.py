"""A sweep of ``assignment_search``: all knapsacks with all their forced values, compiled by numba."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from problems.assignment_search_codes import FREE, IN, NOWHERE, OUT

IntArray = np.ndarray[Any, np.dtype[np.int64]]
MarkArray = np.ndarray[Any, np.dtype[np.int8]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Question(NamedTuple):
    """Is there a point of cost ≤ target?

    job, cost, weight (m, width) : of each agent's pairs; a row ends with others that are marked OUT
    capacity (m,)                : ≥ 0
    cost, target                 : in units, of which ``unit`` make a whole cost
    reach                        : no multiplier becomes larger, so that no sum overflows
    """

    job: IntArray
    cost: IntArray
    weight: IntArray
    capacity: IntArray
    target: int
    unit: int
    reach: int


class Sweep(NamedTuple):
    """What the knapsacks answer: a best choice, and by how much its cost rises when a free pair is left
    out, and when it is taken, all (m, width). The tables are scratch, see ``_fill``. work (1,) counts
    the entries of tables that were filled.
    """

    taken: BoolArray
    without: IntArray
    with_it: IntArray
    before: IntArray
    behind: IntArray
    work: IntArray


@njit(cache=True)
def dual_value(ask: Question, marks: MarkArray, prices: IntArray, sweep: Sweep) -> int:
    """q(λ) in units, over the points with these marks; NOWHERE if an agent has too much."""
    value = -prices.sum()
    for i in range(ask.capacity.size):
        least = _agent(ask, i, marks[i], prices, sweep)
        if least == NOWHERE:
            return NOWHERE
        value += least
    return value


@njit(cache=True)
def _agent(ask: Question, i: int, marks: MarkArray, prices: IntArray, sweep: Sweep) -> int:
    """The knapsack of agent i: its value, and its part of the sweep. Pairs without room are put OUT."""
    weight, taken, before, behind = ask.weight[i], sweep.taken[i], sweep.before, sweep.behind
    without, with_it = sweep.without[i], sweep.with_it[i]
    cost, items = np.empty_like(weight), np.empty_like(weight)
    room, least, t = ask.capacity[i], 0, 0
    for p in range(cost.size):
        cost[p] = ask.cost[i, p] + prices[ask.job[i, p]]
        taken[p] = marks[p] == IN
        if marks[p] == IN:
            room -= weight[p]
            least += cost[p]
    if room < 0:
        return NOWHERE
    for p in range(cost.size):
        if marks[p] == FREE:
            if weight[p] > room:
                marks[p] = OUT
            elif cost[p] < 0:  # others are taken only if they must be
                items[t] = p
                t += 1
    items = items[:t]
    sweep.work[0] += t * room + cost.size
    _fill(cost, weight, items, room, before, behind)
    free = before[t, room]
    for p in range(cost.size):
        if marks[p] == FREE and cost[p] >= 0:
            without[p] = 0
            with_it[p] = cost[p] + before[t, room - weight[p]] - free
    c = room
    for s in range(t - 1, -1, -1):
        p = items[s]
        w = weight[p]
        taken[p] = before[s + 1, c] != before[s, c]
        without[p] = with_it[p] = 0
        if taken[p]:
            c -= w
            without[p] = _least_sum(before[s], behind[s + 1], 0, room) - free
        else:
            with_it[p] = cost[p] + _least_sum(before[s], behind[s + 1], w, room) - free
    return least + free


@njit(cache=True)
def _fill(
    cost: IntArray, weight: IntArray, items: IntArray, room: int, before: IntArray, behind: IntArray
) -> None:
    """before[t, c]: the least cost of the first t items within c; behind[t, c]: of the others within
    room − c.
    """
    before[0, : room + 1] = 0
    behind[items.size, : room + 1] = 0
    for s in range(items.size):
        w, p = weight[items[s]], cost[items[s]]
        before[s + 1, :w] = before[s, :w]
        _less(before[s, w : room + 1], before[s, : room + 1 - w], p, before[s + 1, w : room + 1])
    for s in range(items.size - 1, -1, -1):
        w, p = weight[items[s]], cost[items[s]]
        end = room + 1 - w
        _less(behind[s + 1, :end], behind[s + 1, w : room + 1], p, behind[s, :end])
        behind[s, end : room + 1] = behind[s + 1, end : room + 1]


@njit(cache=True)
def _less(without: IntArray, with_it: IntArray, cost: Any, into: IntArray) -> None:
    """The entries of one row of a table. Slices, and not indices that are sums, make it vector code."""
    for c in range(into.size):
        least, other = without[c], with_it[c] + cost
        into[c] = other if other < least else least


@njit(cache=True)
def _least_sum(before: IntArray, behind: IntArray, weight: int, room: int) -> int:
    """Over all ways to share the room, with an item of that weight between."""
    one, other = before[: room + 1 - weight], behind[weight : room + 1]
    least = one[0] + other[0]
    for c in range(one.size):
        total = one[c] + other[c]
        least = total if total < least else least
    return least
