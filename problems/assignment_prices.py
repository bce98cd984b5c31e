"""Prices of jobs and capacities, and what a pair costs at them: what the primal searches go by.

With prices λ of the jobs and μ of the capacities every pair has a reduced cost

    r_ij = c_ij + λ_j + μ_i w_ij,    cost of a point = Σ_j r_{agent_j, j} + Σ_i μ_i room_i + constant,

so a point is as good as its pairs are cheap and its agents full.
"""

from typing import NamedTuple

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.vectors import Vector
from problems.assignment_data import AssignmentData


class Prices(NamedTuple):
    """λ as given (n,), μ (m,), reduced costs (m, n)."""

    given: FloatArray
    capacity: FloatArray
    reduced: FloatArray


def prices_at(data: AssignmentData, multipliers: Vector, known: Prices | None) -> Prices:
    """Of the rows ``assign``; ``known`` itself where these are its own."""
    given: FloatArray = multipliers["assign"]
    if known is not None and known.given is given:
        return known
    capacity = break_prices(data, given)
    return Prices(given, capacity, data.cost + given + capacity[:, None] * data.weight)


def break_prices(data: AssignmentData, prices: FloatArray) -> FloatArray:
    """μ_i (m,): the value of capacity in the linear relaxation of each agent's knapsack."""
    profit = -(data.cost + prices)
    weight = np.maximum(data.weight, 1e-9)
    order = np.argsort(-profit / weight, axis=1)
    load = np.take_along_axis(data.weight, order, 1).cumsum(axis=1)
    over = load > data.capacity[:, None]
    at = np.where(over.any(axis=1), over.argmax(axis=1), -1)
    agents = np.arange(at.size)
    breaking = order[agents, at]
    return np.where(at < 0, 0.0, np.maximum(profit / weight, 0.0)[agents, breaking])
