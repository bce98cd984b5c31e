"""Generalized assignment with the capacities relaxed instead of the assignment rows.

    max over μ ≥ 0 of   Σ_j min_i (c_ij + μ_i w_ij) − Σ_i μ_i C_i          (coupling row ``capacity``)

Each job chooses an agent by itself, so the relaxed problem has the integrality property: its bound is
that of the linear relaxation and never more (Geoffrion 1974). It costs m multipliers and no knapsack,
so its prices are a cheap start for the relaxation of the assignment rows, whose bound is higher.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import price_of, require_prices_only
from lagrange.oracles.rounding import surely_below
from lagrange.problem import Problem
from lagrange.vectors import Vector
from problems.assignment_data import AssignmentData

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
ROW = "capacity"


@dataclass(frozen=True, eq=False)
class Choices:
    """min Σ_j (cost + price · weight)[agent_j, j]; image = {capacity: loads (m,)}, point = agents (n,).

    One block for all jobs: what ties them is relaxed, and one array operation answers for all.
    """

    data: AssignmentData

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Choices")
        cost, weight = self.data.cost, self.data.weight
        p = price_of(price, ROW)
        priced = cost + p[:, None] * weight  # (m, n)
        agent = priced.argmin(axis=0)
        jobs = np.arange(agent.size)
        chosen, load = cost[agent, jobs], weight[agent, jobs]
        magnitude = np.abs(chosen) + np.abs(p[agent]) * load
        bound = surely_below(
            math.fsum(priced[agent, jobs].tolist()), math.fsum(magnitude.tolist()), 3
        )
        image = np.bincount(agent, load, minlength=cost.shape[0])
        return Response({ROW: image}, float(chosen.sum()), bound, agent)


def build_capacity(data: AssignmentData) -> Problem[None]:
    """The problem with its capacity rows relaxed."""
    return Problem(
        (Choices(data),),
        {ROW: data.capacity.astype(np.float64)},
        inequality=frozenset({ROW}),
        integral=True,
    )


def job_prices(data: AssignmentData, capacity_price: FloatArray) -> FloatArray:
    """λ_j = −min_i (c_ij + μ_i w_ij): multipliers of the assignment rows (n,) that go with μ (m,)."""
    return -(data.cost + capacity_price[:, None] * data.weight).min(axis=0)
