"""Strategies: small whole numbers, feasible by construction."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from lagrange import Problem
from problems.assignment_data import AssignmentData, generate
from tests.exact.finite import Finite


def whole(low: int, high: int, *shape: int):
    """Arrays of whole numbers of one shape."""
    size = int(np.prod(shape))
    numbers = st.lists(st.integers(low, high), min_size=size, max_size=size)
    return numbers.map(lambda flat: np.array(flat, dtype=np.int64).reshape(shape))


@st.composite
def coupled_problems(draw) -> Problem:
    """One to three blocks of up to four choices; an equality row and a ≤ row around a planted point."""
    width = draw(st.integers(1, 2))
    blocks, total = [], {"equal": np.zeros(width), "most": np.zeros(width)}
    for _ in range(draw(st.integers(1, 3))):
        choices = draw(st.integers(1, 4))
        images = {row: draw(whole(-2, 2, choices, width)).astype(float) for row in total}
        costs = draw(whole(-5, 5, choices)).astype(float).tolist()
        blocks.append(Finite(costs, images))
        planted = draw(st.integers(0, choices - 1))
        total = {row: total[row] + images[row][planted] for row in total}
    total["most"] = total["most"] + draw(whole(0, 2, width))
    return Problem(tuple(blocks), total, frozenset({"most"}))


@st.composite
def assignments(draw) -> AssignmentData:
    """At most three agents and eight binaries; capacities hold a planted assignment."""
    jobs = draw(st.integers(1, 4))
    agents = draw(st.integers(1, min(3, 8 // jobs)))
    cost = draw(whole(-9, 9, agents, jobs))
    weight = draw(whole(0, 5, agents, jobs))
    planted = draw(whole(0, agents - 1, jobs))
    load = np.bincount(planted, weight[planted, np.arange(jobs)], minlength=agents)
    return AssignmentData(cost, weight, load.astype(np.int64) + draw(whole(0, 3, agents)))


def contested(kind: str, agents: int, jobs: int, seed: int) -> AssignmentData:
    """A generated instance with its costs lowered, so that agents want jobs at price 0 already."""
    data = generate(kind, agents, jobs, seed)
    return replace(data, cost=data.cost - int(np.median(data.cost)))


def all_assignments(data: AssignmentData):
    """Every (agents of the jobs, cost, feasible?) of an instance."""
    agents, jobs = data.cost.shape
    for flat in np.ndindex(*(agents,) * jobs):
        agent = np.array(flat)
        load = np.bincount(agent, data.weight[agent, np.arange(jobs)], minlength=agents)
        cost = int(data.cost[agent, np.arange(jobs)].sum())
        yield agent, cost, bool((load <= data.capacity).all())
