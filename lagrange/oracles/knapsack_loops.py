"""``knapsack_core`` one entry at a time, compiled by numba (extra ``fast``): the same answers.

Instead of sorting, the break is found by selection: a range of items that holds it is split at a
pivot, and the half that holds it is kept. Items are ordered by w/p, equal ones by position.
"""

from typing import Any

import numpy as np
from numba import njit

IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@njit(cache=True)
def table(profit: IntArray, weight: IntArray, capacity: int) -> BoolArray:
    """A best choice by dynamic programming over the capacity."""
    best = np.zeros(capacity + 1, dtype=np.int64)
    taken = np.zeros((profit.size, capacity + 1), dtype=np.bool_)
    for j in range(profit.size):
        w, p = weight[j], profit[j]
        for c in range(capacity, w - 1, -1):
            with_item = best[c - w] + p
            if with_item > best[c]:
                best[c] = with_item
                taken[j, c] = True
    x = np.zeros(profit.size, dtype=np.bool_)
    for j in range(profit.size - 1, -1, -1):
        if taken[j, capacity]:
            x[j] = True
            capacity -= weight[j]
    return x


@njit(cache=True)
def _before(key: FloatArray, i: int, j: int) -> bool:
    return key[i] < key[j] or (key[i] == key[j] and i < j)


@njit(cache=True)
def _split(key: FloatArray, order: IntArray, low: int, high: int) -> int:
    """Moves the items of order[low:high] that come before a pivot to the front; its new place."""
    a, b, c = order[low], order[(low + high) // 2], order[high - 1]
    if _before(key, b, a):
        a, b = b, a
    if _before(key, c, b):
        b = a if _before(key, c, a) else c
    at = low
    for t in range(low, high):
        i = order[t]
        if _before(key, i, b):
            order[t] = order[at]
            order[at] = i
            at += 1
    for t in range(at, high):
        if order[t] == b:
            order[t] = order[at]
            order[at] = b
            break
    return at


@njit(cache=True)
def _sorted_part(key: FloatArray, order: IntArray, low: int, high: int) -> None:
    """Sorts order[low:high], a few items, in place."""
    for t in range(low + 1, high):
        i, at = order[t], t
        while at > low and _before(key, i, order[at - 1]):
            order[at] = order[at - 1]
            at -= 1
        order[at] = i


@njit(cache=True)
def _place(key: FloatArray, order: IntArray, low: int, high: int, at: int) -> None:
    """Brings the item of rank ``at`` within order[low:high] to its place, smaller ones before it."""
    while high - low > 12:
        pivot = _split(key, order, low, high)
        if pivot == at:
            return
        if pivot > at:
            high = pivot
        else:
            low = pivot + 1
    _sorted_part(key, order, low, high)


@njit(cache=True)
def break_of(
    profit: IntArray, weight: IntArray, capacity: int, window: int
) -> tuple[IntArray, int]:
    """The items with those of the window around the break in their places, and the break's place."""
    n = profit.size
    key = weight / profit
    order = np.arange(n)
    low, high, load = 0, n, 0  # load of the items before low; the break is in low ≤ t < high
    while high - low > 12:
        at = _split(key, order, low, high)
        part = 0
        for t in range(low, at):
            part += weight[order[t]]
        if load + part > capacity:
            high = at
        elif load + part + weight[order[at]] > capacity:
            low, high, load = at, at + 1, load + part
        else:
            low, load = at + 1, load + part + weight[order[at]]
    _sorted_part(key, order, low, high)
    while load + weight[order[low]] <= capacity:
        load += weight[order[low]]
        low += 1
    first, behind = max(0, low - window), min(n, low + window)
    if first:
        _place(key, order, 0, low, first)
    _sorted_part(key, order, first, low)
    if behind < n:
        _place(key, order, low + 1, n, behind)
    _sorted_part(key, order, low + 1, behind)
    return order, low


@njit(cache=True)
def improved(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    x: BoolArray,
    price: int,
    in_window: BoolArray,
    large: int,
) -> tuple[BoolArray, bool]:
    """See ``knapsack_core``; without a window ``in_window`` is empty. False: the core is too large."""
    n = profit.size
    most, value = price * capacity, 0
    for j in range(n):
        r = profit[j] - price * weight[j]
        if r > 0:
            most += r
        if x[j]:
            value += profit[j]
    gap = most - value
    free = np.empty(n, dtype=np.int64)
    count, room, undecided = 0, capacity, False
    best = np.zeros(n, dtype=np.bool_)
    for j in range(n):
        r = profit[j] - price * weight[j]
        if abs(r) < gap:
            free[count] = j
            count += 1
        elif r > 0:
            best[j] = True
            room -= weight[j]
        if in_window.size and not in_window[j] and (abs(r) < gap or (r > 0) != x[j]):
            undecided = True
    if in_window.size == 0 and count > large:
        return x, False
    if room < 0 or (in_window.size and not undecided):
        return x, True
    items = free[:count]
    core = weight[items]
    chosen = table(profit[items], core, min(room, core.sum()))
    for t in range(count):
        best[items[t]] = chosen[t]
    found = 0
    for j in range(n):
        if best[j]:
            found += profit[j]
    return (best, True) if found > value else (x, True)


@njit(cache=True)
def best_choice(
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    near: BoolArray,
    near_price: int,
    window: int,
    large: int,
) -> tuple[BoolArray, int]:
    """See ``knapsack_core``; ``near`` is empty where there is no earlier answer."""
    n = profit.size
    if weight.sum() <= capacity:
        return np.ones(n, dtype=np.bool_), 0
    nothing = np.empty(0, dtype=np.bool_)
    if near.size:
        x, done = improved(profit, weight, capacity, near, near_price, nothing, large)
        if done:
            return x, near_price
    order, at = break_of(profit, weight, capacity, window)
    first, behind = max(0, at - window), min(n, at + window)
    x = np.zeros(n, dtype=np.bool_)
    room = capacity
    for t in range(first):
        x[order[t]] = True
        room -= weight[order[t]]
    items = order[first:behind]
    in_window = np.zeros(n, dtype=np.bool_)
    in_window[items] = True
    beside = weight[items]
    chosen = table(profit[items], beside, min(room, beside.sum()))
    for t in range(items.size):
        x[items[t]] = chosen[t]
    price = int(profit[order[at]]) // int(weight[order[at]])
    x, _ = improved(profit, weight, capacity, x, price, in_window, large)
    return x, price
