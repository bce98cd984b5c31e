"""The 0/1 knapsack in whole numbers, solved on its core: most items are fixed by a bound first.

    maximize Σ p_j x_j   subject to   Σ w_j x_j ≤ c,  x_j ∈ {0, 1};      p_j ≥ 1, w_j, c whole

For any price μ ≥ 0 of capacity  U = μ c + Σ max(0, r_j),  r_j = p_j − μ w_j,  bounds every choice, and
U − |r_j| bounds those that have x_j other than [r_j > 0]. So with a choice of value V at hand, items
with |r_j| ≥ U − V are fixed: a choice that has one of them otherwise is no better. The rest, the core,
is solved by dynamic programming. At first μ is the efficiency p/w of the item at which the greedy
choice breaks off, and V comes from the items beside it, the window; for prices near those of an
earlier question its μ and its choice do. All numbers are 64-bit integers: no rounding, and the same
answer with and without compiled code.

Reference    Martello, Toth, Knapsack Problems, Wiley (1990), §2.6; Pisinger, Oper. Res. 45 (1997)
             758–767 (window and core)
"""

from typing import Any, NamedTuple

import numpy as np

from lagrange.compiled import is_available

IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
SUM = 60  # profits must add up to less than 2^60: then U and all that is on the way to it fit
WINDOW = 8  # items on either side of the break
LARGE = 40  # a core of so many items is worth a fresh search for μ and V


class Choice(NamedTuple):
    """x (n,) and the price μ ≥ 0 of capacity that goes with it, in units of profit."""

    chosen: BoolArray
    price: int


NOTHING = Choice(np.empty(0, dtype=np.bool_), 0)


def best_choice(
    profit: IntArray, weight: IntArray, capacity: int, near: Choice | None = None
) -> Choice:
    """A best choice. profit ≥ 1, adding up to less than 2^60; 0 ≤ weight ≤ capacity.

    ``near`` is the answer to a similar question, feasible here too: it saves time.
    """
    if near is not None and near.price * capacity >= 2**SUM:
        near = None
    if is_available():
        return _compiled(profit, weight, capacity, near)
    if int(weight.sum()) <= capacity:
        return Choice(np.ones(profit.size, dtype=np.bool_), 0)
    better = None if near is None else _improved(profit, weight, capacity, near, None)
    if better is not None:
        return better
    window, room, greedy = _window(profit, weight, capacity)
    greedy.chosen[window] = table(profit[window], weight[window], room)
    return _improved(profit, weight, capacity, greedy, window) or greedy  # never None: a window


def _compiled(profit: IntArray, weight: IntArray, capacity: int, near: Choice | None) -> Choice:
    from lagrange.oracles import knapsack_loops  # numba is an extra, and slow to import

    known = NOTHING if near is None else near
    return Choice(*knapsack_loops.best_choice(profit, weight, capacity, *known, WINDOW, LARGE))


def _window(profit: IntArray, weight: IntArray, capacity: int) -> tuple[IntArray, int, Choice]:
    """The items around the break, the capacity left for them, the greedy choice before them."""
    order = (weight / profit).argsort(kind="stable")
    load = weight[order].cumsum()
    at = int(load.searchsorted(capacity, "right"))  # the first that does not fit: it exists
    first = max(0, at - WINDOW)
    chosen = np.zeros(profit.size, dtype=np.bool_)
    chosen[order[:first]] = True
    room = capacity - int(load[first - 1]) if first else capacity
    price = int(profit[order[at]]) // int(weight[order[at]])
    return order[first : at + WINDOW], room, Choice(chosen, price)


def _improved(
    profit: IntArray, weight: IntArray, capacity: int, given: Choice, window: IntArray | None
) -> Choice | None:
    """The best choice, of which ``given`` is a guess, the best one as far as the items of the window
    go. None if there is no window and the core is large.
    """
    x, price = given
    reduced = profit - price * weight
    wanted = reduced > 0
    most = price * capacity + int(np.maximum(reduced, 0).sum())
    value = int(profit[x].sum())
    free = np.abs(reduced) < most - value
    if window is None:
        if np.count_nonzero(free) > LARGE:
            return None
    else:
        undecided = free | (wanted != x)
        undecided[window] = False
        if not undecided.any():  # outside the window x is what a better choice would have to be
            return given
    best = wanted & ~free
    room = capacity - int(weight[best].sum())
    if room < 0:
        return given
    best[free] = table(profit[free], weight[free], room)
    return Choice(best, price) if int(profit[best].sum()) > value else given


def table(profit: IntArray, weight: IntArray, capacity: int) -> BoolArray:
    """A best choice by dynamic programming over the capacity, ≥ 0: O(n · capacity)."""
    capacity = min(capacity, int(weight.sum()))
    best = np.zeros(capacity + 1, dtype=np.int64)  # best[c]: most profit within c, items so far
    taken = np.zeros((profit.size, capacity + 1), dtype=np.bool_)
    for j, (p, w) in enumerate(zip(profit.tolist(), weight.tolist(), strict=True)):
        with_item = best[: max(0, capacity + 1 - w)] + p
        np.greater(with_item, best[w:], out=taken[j, w:])
        np.maximum(with_item, best[w:], out=best[w:])
    x = np.zeros(profit.size, dtype=np.bool_)
    for j in range(profit.size - 1, -1, -1):
        if taken[j, capacity]:
            x[j] = True
            capacity -= int(weight[j])
    return x
