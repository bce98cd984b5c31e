"""One question to the search of ``assignment_search``: is there a point of cost ≤ target?

It can be put aside and taken up, and copied while it is aside. Needs numba.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_fixing import SUMS, UNIT, BoolArray, largest_sum
from problems.assignment_search_codes import (
    BEYOND,
    DEPTH,
    FOUND,
    FREE,
    NODES,
    NOWHERE,
    OUT,
    RUNNING,
    SWEEPS,
)

AT_ONCE = 50  # sweeps between two looks at the clock, about
EXACT_FLOAT = 2**52
TABLES = 2**25  # entries of a knapsack's two tables together, 256 MiB, above which it is no use


def possible(data: AssignmentData, multipliers: Any) -> bool:
    """Are the numbers small enough for a search?"""
    entries = 2 * (data.cost.shape[1] + 1) * (_most(data) + 1)
    return entries <= TABLES and largest_sum(data, multipliers) < SUMS


class Inquiry:
    """The root is done when it is made: what it leaves is searched by ``go_on``.

    prices (n,) : multipliers to start from, in units;  root : sweeps of the root, ≥ 1, about
    """

    def __init__(self, data: AssignmentData, prices: IntArray, target: int, root: int) -> None:
        from problems import assignment_search_loops as loops  # numba is an extra, slow to import

        self._data, self.target = data, target
        marks, prices = np.zeros(data.cost.shape, dtype=np.int8), prices.copy()
        self._counts = np.array([0, 0, 0, NOWHERE, 1])
        self._ask, self._sweep = _question(data, target, marks), _sweep(data, data.cost.shape)
        self._status = loops.bounded(self._ask, marks, prices, self._sweep, self._counts, root)
        if not self.solved:
            self._ask = _question(data, target, marks)
            self._tree = _tree(self._ask.job, marks, prices)
            self._sweep = _sweep(data, self._ask.job.shape)

    def go_on(self, steps: int, until: Callable[["Inquiry"], bool]) -> None:
        """Searches the tree, ``steps`` sweeps a node, until it is done or ``until`` says so, which is
        asked every now and then.
        """
        from problems import assignment_search_loops as loops

        counts = self._counts
        while not self.solved and not until(self):
            more = self.sweeps + AT_ONCE
            self._status = loops.search(self._ask, self._tree, self._sweep, counts, steps, more)

    def copy(self) -> "Inquiry":
        """One that goes on from here by itself."""
        if self.solved:
            return self
        other = object.__new__(Inquiry)
        other.__dict__ |= self.__dict__
        other._counts, other._sweep = self._counts.copy(), _sweep(self._data, self._ask.job.shape)
        other._sweep.work[:] = self._sweep.work
        used = int(self._counts[DEPTH]) + 2  # deeper rows are filled before they are read
        rows = [np.empty_like(every) for every in self._tree]
        for fresh, every in zip(rows, self._tree, strict=True):
            fresh[:used] = every[:used]
        other._tree = type(self._tree)(*rows)
        return other

    @property
    def solved(self) -> bool:
        """Is the question answered?"""
        return bool(self._status != RUNNING)

    @property
    def agent(self) -> IntArray | None:
        """A point (n,) of cost ≤ target, if one was found."""
        if self._status != FOUND:
            return None
        i, p = np.nonzero(self._sweep.taken)
        agent = np.empty(self._data.cost.shape[1], dtype=np.int64)
        agent[self._ask.job[i, p]] = i
        return agent

    @property
    def lower_bound(self) -> float:
        """Of all points, once it is refuted that one costs ≤ target; inf: there is none."""
        beyond = int(self._counts[BEYOND])
        return np.inf if beyond == NOWHERE else float(-(-beyond >> UNIT))

    @property
    def open(self) -> int:
        """How many pairs the root left open."""
        return 0 if self.solved else int((self._tree.marks[0] == FREE).sum())

    @property
    def work(self) -> int:
        """Entries of the knapsacks' tables that were filled so far, in the tree."""
        return int(self._sweep.work[0])

    @property
    def nodes(self) -> int:
        return max(1, int(self._counts[NODES]))

    @property
    def sweeps(self) -> int:
        return int(self._counts[SWEEPS])


def _question(data: AssignmentData, target: int, marks: Any) -> Any:
    """With the pairs that are not marked OUT, first in the row of their agent."""
    from problems.assignment_search_sweep import Question

    out: BoolArray = marks == OUT
    width = max(1, int((~out).sum(axis=1).max()))
    job = np.argsort(out, axis=1, kind="stable")[:, :width]
    at = np.arange(len(job))[:, None], job
    m, n = data.cost.shape
    reach = SUMS // ((m + 1) * n) - (int(np.abs(data.cost).max()) << UNIT)
    return Question(
        job=job,
        cost=data.cost[at] << UNIT,
        weight=data.weight[at],
        capacity=np.minimum(data.capacity, data.weight.sum(axis=1)),
        target=target << UNIT,
        unit=1 << UNIT,
        reach=min(reach, EXACT_FLOAT),
    )


def _tree(job: IntArray, marks: Any, prices: IntArray) -> Any:
    """Of the root alone; a depth that the search does not reach takes up no memory."""
    from problems.assignment_search_loops import Tree

    m, n = marks.shape
    tree = Tree(
        marks=np.zeros((n + 1, *job.shape), dtype=np.int8),
        prices=np.zeros((n + 1, n), dtype=np.int64),
        pairs=np.zeros((n + 1, m, 2), dtype=np.int64),
        left=np.zeros(n + 1, dtype=np.int64),
    )
    tree.marks[0] = np.take_along_axis(marks, job, axis=1)
    tree.prices[0] = prices
    return tree


def _sweep(data: AssignmentData, shape: tuple[int, ...]) -> Any:
    from problems.assignment_search_sweep import Sweep

    whole = np.zeros((2, *shape), dtype=np.int64)
    tables = np.zeros((2, shape[1] + 1, _most(data) + 1), dtype=np.int64)
    taken, work = np.zeros(shape, dtype=np.bool_), np.zeros(1, dtype=np.int64)
    return Sweep(taken, whole[0], whole[1], tables[0], tables[1], work)


def _most(data: AssignmentData) -> int:
    """The largest capacity that anything can be said about."""
    return int(np.minimum(data.capacity, data.weight.sum(axis=1)).max())
