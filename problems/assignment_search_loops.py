"""The search of ``assignment_search``, node by node, compiled by numba (extra ``fast``).

All that decides anything is whole numbers: the multipliers, in units, and the knapsacks' tables. Floats
say only how far the multipliers move.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from problems.assignment_search_codes import (
    ARRIVED,
    BEYOND,
    DEPTH,
    FOUND,
    FREE,
    IN,
    NODES,
    NOWHERE,
    OUT,
    REFUTED,
    RUNNING,
    SWEEPS,
)
from problems.assignment_search_sweep import (
    BoolArray,
    IntArray,
    MarkArray,
    Question,
    Sweep,
    dual_value,
)

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

PART, KEPT = 0.2, 0.9  # of Polyak's step, and of the direction before


class Tree(NamedTuple):
    """One row a depth: marks (·, m, width), multipliers (·, n), and the pairs of a job that are still
    to be tried, the last one first, as agent and place (·, m, 2): so many are left (·,).
    """

    marks: MarkArray
    prices: IntArray
    pairs: IntArray
    left: IntArray


@njit(cache=True)
def search(
    ask: Question, tree: Tree, sweep: Sweep, counts: IntArray, steps: int, until: int
) -> int:
    """Depth first, until so many sweeps are done; goes on where it was. If all is refuted, no point
    costs less than counts[BEYOND].
    """
    while counts[SWEEPS] < until:
        depth = counts[DEPTH]
        if counts[ARRIVED] == 0:
            if tree.left[depth] == 0:
                if depth == 0:
                    return REFUTED
                counts[DEPTH] -= 1
                continue
            _descend(ask.job, tree, depth)
            depth += 1
            counts[DEPTH] = depth
        counts[NODES] += 1
        counts[ARRIVED] = 0
        tree.left[depth] = 0
        status = bounded(ask, tree.marks[depth], tree.prices[depth], sweep, counts, steps)
        if status == FOUND:
            return FOUND
        if status == RUNNING:
            _branch(ask.job, tree, sweep.with_it, depth)
    return RUNNING


@njit(cache=True)
def _descend(job: IntArray, tree: Tree, depth: int) -> None:
    """To the next child, which has the next pair IN."""
    tree.left[depth] -= 1
    i, p = tree.pairs[depth, tree.left[depth]]
    tree.prices[depth + 1] = tree.prices[depth]
    marks = tree.marks[depth + 1]
    marks[:] = tree.marks[depth]
    for k in range(job.shape[0]):
        for q in range(job.shape[1]):
            if job[k, q] == job[i, p]:
                marks[k, q] = OUT
    marks[i, p] = IN


@njit(cache=True)
def bounded(
    ask: Question, marks: MarkArray, prices: IntArray, sweep: Sweep, counts: IntArray, steps: int
) -> int:
    """Moves the multipliers of a node and marks pairs; ends at the best ones, with nothing to mark."""
    best, kept = -NOWHERE, prices.copy()
    direction = np.zeros(prices.size)
    step = 0
    while True:
        counts[SWEEPS] += 1
        value = dual_value(ask, marks, prices, sweep)
        if value > ask.target:
            counts[BEYOND] = min(counts[BEYOND], value)
            return REFUTED
        residual = _residual(ask.job, sweep.taken, prices.size)
        if not residual.any():
            return FOUND
        changed = tighten(ask, marks, sweep, value, prices.size, counts)
        if changed < 0:
            return REFUTED
        if value > best:
            best = value
            kept[:] = prices
        step += 1
        if step < steps:
            _move(ask, prices, direction, residual, value)
        elif step == steps:
            prices[:] = kept
        elif changed == 0:
            return RUNNING


@njit(cache=True)
def _residual(job: IntArray, taken: BoolArray, n: int) -> IntArray:
    residual = np.full(n, -1)
    for i in range(job.shape[0]):
        for p in range(job.shape[1]):
            residual[job[i, p]] += taken[i, p]
    return residual


@njit(cache=True)
def _move(
    ask: Question, prices: IntArray, direction: FloatArray, residual: IntArray, value: int
) -> None:
    """A part of Polyak's step towards what would refute, along a mean of the residuals."""
    direction *= KEPT
    direction += residual
    norm = (direction * direction).sum()
    if norm > 0.0:
        length = PART * (ask.target + ask.unit - value) / norm
        for j in range(prices.size):
            moved = np.rint(prices[j] + length * direction[j])
            prices[j] = min(max(moved, -ask.reach), ask.reach)


@njit(cache=True)
def tighten(
    ask: Question, marks: MarkArray, sweep: Sweep, value: int, n: int, counts: IntArray
) -> int:
    """Puts pairs OUT that no point of cost ≤ target has, single ones IN. How many; −1: no such point.

    Just one of a job's pairs is in. That this one is costs what taking it costs and what leaving out
    the others costs: knapsacks of different agents, whose rises add up. ``with_it`` becomes the sum.
    """
    lost, free, taken = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    changed = 0
    for i in range(marks.shape[0]):
        for p in range(marks.shape[1]):
            j = ask.job[i, p]
            if marks[i, p] == FREE:
                lost[j] += sweep.without[i, p]
                free[j] += 1
            elif marks[i, p] == IN:
                taken[j] += 1
    for i in range(marks.shape[0]):
        for p in range(marks.shape[1]):
            j = ask.job[i, p]
            if marks[i, p] == FREE:
                sweep.with_it[i, p] += lost[j] - sweep.without[i, p]
                rise = value + sweep.with_it[i, p]
                if rise > ask.target:
                    counts[BEYOND] = min(counts[BEYOND], rise)
                    marks[i, p] = OUT
                    free[j] -= 1
                    changed += 1
    for j in range(free.size):
        if free[j] + taken[j] == 0:
            return -1
    for i in range(marks.shape[0]):
        for p in range(marks.shape[1]):
            j = ask.job[i, p]
            if marks[i, p] == FREE and free[j] == 1:
                marks[i, p] = IN
                changed += 1
    return changed


@njit(cache=True)
def _branch(job: IntArray, tree: Tree, rise: IntArray, depth: int) -> None:
    """The job whose cheapest pair is dearest; its pairs, the cheapest to be tried first."""
    marks, pairs = tree.marks[depth], tree.pairs[depth]
    least = np.full(tree.prices.shape[1], NOWHERE)
    for i in range(marks.shape[0]):
        for p in range(marks.shape[1]):
            if marks[i, p] == FREE:
                least[job[i, p]] = min(least[job[i, p]], rise[i, p])
    chosen = -1
    for j in range(least.size):
        if least[j] < NOWHERE and (chosen < 0 or least[j] > least[chosen]):
            chosen = j
    left = 0
    for i in range(marks.shape[0]):
        for p in range(marks.shape[1]):
            if marks[i, p] == FREE and job[i, p] == chosen:
                at = left
                while at > 0 and rise[pairs[at - 1, 0], pairs[at - 1, 1]] < rise[i, p]:
                    pairs[at] = pairs[at - 1]
                    at -= 1
                pairs[at] = i, p
                left += 1
    tree.left[depth] = left
