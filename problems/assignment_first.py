"""Where a large-neighborhood search for assignments begins: with the rounded linear relaxation over few
pairs, which overloads some agents, and with what shifts and swaps make of that.
"""

from typing import NamedTuple

import numpy as np

from lagrange.recovery.programs import minimize
from problems.assignment_data import AssignmentData, IntArray
from problems.assignment_prices import Prices
from problems.assignment_programs import overload_price, small_program
from problems.assignment_repair import settled, total_cost

FEW = 3  # pairs a job in the first program
GRADES = 10  # prices of overload, in shifts and swaps


class First(NamedTuple):
    """agent (n,): the point to go on from, perhaps overloaded;  feasible (n,): one that is, or None."""

    agent: IntArray
    feasible: IntArray | None


def first_points(data: AssignmentData, prices: Prices, bound: float) -> First:
    """Both by shifts and swaps, where prices rule out some pairs at the cost of that. Where they rule
    out none (type D) it is a corner that small programs hardly leave, and overload at a price is the
    better way.
    """
    rounded = _rounded(data, prices)
    near = settled(data, rounded, [overload_price(data, prices, turn) for turn in range(GRADES)])
    if near is None:
        return First(rounded, None)
    regret = prices.reduced - prices.reduced.min(axis=0)
    ruled_out = float(regret.max()) > total_cost(data, near) - bound
    return First(near if ruled_out else rounded, near)


def _rounded(data: AssignmentData, prices: Prices) -> IntArray:
    """The linear relaxation over the cheapest pairs of each job, rounded: few jobs are split there."""
    cheapest = prices.reduced.argmin(axis=0)
    few = np.argpartition(prices.reduced, min(FEW, len(prices.reduced) - 1), axis=0)[:FEW]
    free = np.zeros(prices.reduced.shape, dtype=np.bool_)
    np.put_along_axis(free, few, True, axis=0)
    free[cheapest, np.arange(cheapest.size)] = True
    i, j = np.nonzero(free)
    relaxed, _ = small_program(
        data, overload_price(data, prices, 50), cheapest, (i, np.arange(cheapest.size), j)
    )
    found = minimize(relaxed._replace(integer=np.zeros(relaxed.cost.size, dtype=np.bool_)))
    if found.point is None:
        return cheapest
    share = np.zeros(free.shape)
    share[i, j] = found.point[: i.size]
    return share.argmax(axis=0)
