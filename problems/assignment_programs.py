"""Small programs of an assignment: few pairs are free, and overload is allowed at a price."""

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.sparse import SparseMatrix
from lagrange.recovery.programs import Program
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_prices import Prices
from problems.assignment_repair import loads

DRIFT = 0.5  # below a unit of cost, all together: a gain of one unit counts more
OVERLOAD, OVERLOAD_GROWTH, OVERLOAD_MOST = 1.5, 1.5, 100.0  # times the largest price of capacity


def small_program(
    data: AssignmentData,
    heavy: float,
    agent: IntArray,
    pairs: tuple[IntArray, IntArray, IntArray],
) -> tuple[Program, FloatArray]:
    """Agent i may take job jobs[k]: every job once, agents within what the others leave. An agent that
    is overloaded now may stay so, as much as it is and at a price. The program and the present point.
    """
    i, jobs, k = pairs
    room = data.capacity - loads(data, agent)
    over = np.flatnonzero((room < 0) & (np.bincount(i, minlength=room.size) > 0))
    used, at = np.unique(i, return_inverse=True)
    left = room + np.bincount(agent[jobs], data.weight[agent[jobs], jobs], minlength=room.size)
    p, j, t = i.size, jobs.size, over.size
    rows = SparseMatrix(
        np.concatenate([k, j + at, j + np.searchsorted(used, over)]),
        np.concatenate([np.arange(p), np.arange(p), p + np.arange(t)]),
        np.concatenate([np.ones(p), data.weight[i, jobs[k]].astype(float), -np.ones(t)]),
        (j + used.size, p + t),
    )
    program = Program(
        cost=np.concatenate([data.cost[i, jobs[k]].astype(float), np.full(t, heavy)]),
        rows=rows,
        row_lower=np.concatenate([np.ones(j), np.full(used.size, -np.inf)]),
        row_upper=np.concatenate([np.ones(j), left[used]]).astype(np.float64),
        upper=np.concatenate([np.ones(p), -room[over]]).astype(np.float64),
        integer=np.arange(p + t) < p,
    )
    start = np.concatenate([agent[jobs[k]] == i, -room[over]]).astype(float)
    return program, start


def drifting(program: Program, start: FloatArray) -> Program:
    """The same, but each pair of ``start`` costs a little more: of points of equal cost the one that
    moves the most jobs is best, and one a unit cheaper is at least 1 − ``DRIFT`` better than all.
    """
    taken = start * program.integer
    return program._replace(cost=program.cost + taken * (DRIFT / max(1.0, float(taken.sum()))))


def overload_price(data: AssignmentData, prices: Prices, turn: int) -> float:
    """Of a unit: little more than capacity is worth at first, so that what is cheap to move goes."""
    usual = float(np.abs(data.cost).mean()) / max(1.0, float(data.weight.mean()))
    times = min(OVERLOAD * OVERLOAD_GROWTH ** min(turn, 100), OVERLOAD_MOST)
    return max(float(prices.capacity.max()), usual) * times
