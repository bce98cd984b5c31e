"""Multipliers of the jobs' rows to start from, for every method of the assignment family.

    lp         the duals of the linear relaxation, by HiGHS: seconds on large instances
    capacity   those that go with good prices of the capacities: nearly as good in a tenth of a second
    costs      the second cheapest cost of each job: about one agent wants each job
    zero       nothing

Whole-numbered duals are a degenerate corner, where answers tie: they get a little noise.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np

from lagrange.engine import solve
from lagrange.problem import Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.starts import perturbed
from lagrange.state import Start
from lagrange.stopping import StepLimit
from problems.assignment_capacity import ROW, Choices, job_prices
from problems.assignment_data import AssignmentData

FloatArray = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
PARTS = 20  # groups of jobs: a cut for each group tells the bundle more than one for all jobs
STEPS = 80
NOISE = 1e-4


def require_start(name: str | None, relax: str) -> None:
    """Refuses unknown names, and any start but that from 0 where the capacities are relaxed."""
    if name is not None and name not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, got {name!r}")
    if name is not None and relax == "capacity":
        raise ValueError(
            f"start is for the jobs' multipliers, got start {name!r} with relax capacity: leave it out"
        )


def start_of(data: AssignmentData, name: str) -> Start:
    """The start of that name; what it took counts as time of the run."""
    began = perf_counter()
    prices = STARTS[name](data)
    given = Start({"assign": prices}, seconds=perf_counter() - began)
    return perturbed(given, NOISE, seed=0) if (prices == np.rint(prices)).all() else given


def starting_prices(data: AssignmentData) -> FloatArray:
    """λ_j = −(second cheapest cost of job j): about one agent wants each job. (n,)"""
    cheapest = np.sort(data.cost, axis=0)
    return -cheapest[min(1, len(cheapest) - 1)].astype(np.float64)


def capacity_prices(data: AssignmentData) -> FloatArray:
    """Of the relaxation of the capacities, by a short run of a bundle method on it. (n,)"""
    n = data.cost.shape[1]
    groups = np.array_split(np.arange(n), min(PARTS, n))
    parts = (AssignmentData(data.cost[:, g], data.weight[:, g], data.capacity) for g in groups)
    capacity = data.capacity.astype(np.float64)
    relaxed = Problem(tuple(map(Choices, parts)), {ROW: capacity}, inequality=frozenset({ROW}))
    found = solve(relaxed, LevelBundle(tolerance=1e-5), stop=StepLimit(STEPS))
    return job_prices(data, found.multipliers[ROW])


def linear_prices(data: AssignmentData) -> FloatArray:
    """λ = −(duals of Σ_i x_ij = 1) of the linear relaxation. (n,)"""
    from scipy import sparse
    from scipy.optimize import linprog

    m, n = data.cost.shape
    jobs = sparse.kron(np.ones((1, m)), sparse.eye(n)).tocsr()
    agents = sparse.block_diag([sparse.csr_matrix(row) for row in data.weight]).tocsr()
    relaxed = linprog(
        data.cost.ravel(), agents, data.capacity, jobs, np.ones(n), (0, None), method="highs"
    )
    if relaxed.status != 0:
        raise ValueError(f"the linear relaxation has no solution: {relaxed.message}")
    return -relaxed.eqlin.marginals


def _zero(data: AssignmentData) -> FloatArray:
    return np.zeros(data.cost.shape[1])


STARTS: dict[str, Callable[[AssignmentData], FloatArray]] = {
    "capacity": capacity_prices,
    "lp": linear_prices,
    "costs": starting_prices,
    "zero": _zero,
}
