"""The combinatorial world: generated assignment instances against HiGHS."""

import math
from functools import cache

import numpy as np
import pytest

from lagrange import NoneAbove, Status
from problems.assignment import assignment
from problems.assignment_data import TYPES, generate
from tests.worlds.milp import optimum
from tests.worlds.runs import executed

GAP = 0.01  # what is promised on instances whose duality gap allows it


@cache
def best_of(kind, agents, jobs, seed, sense):
    return optimum(generate(kind, agents, jobs, seed), sense)


def in_minimization(sense, objective):
    return objective if sense == "min" else -objective


@pytest.mark.parametrize("sense", ("min", "max"))
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("solver", ("subgradient", "surrogate"))
def test_bounds_bracket_the_optimum(kind, sense, solver):
    run = executed("assignment", solver, kind=kind, agents=3, jobs=30, seed=0, sense=sense)
    best = in_minimization(sense, best_of(kind, 3, 30, 0, sense))
    assert run.solution.lower_bound <= best <= run.solution.upper_bound
    assert run.solution.gap <= GAP


def test_every_record_is_honest():
    """lower ≤ optimum ≤ upper wherever a bound was written, for both solvers."""
    best = optimum(generate("C", 4, 15, 1), "min")
    for solver in ("subgradient", "surrogate"):
        run = executed("assignment", solver, kind="C", agents=4, jobs=15, seed=1, steps=400)
        trace = run.solution.trace
        lower, upper = (np.array(trace.column(name)) for name in ("lower_bound", "upper_bound"))
        assert np.isfinite(lower).any() and np.isfinite(upper).any()
        assert lower[np.isfinite(lower)].max() <= best <= upper[np.isfinite(upper)].min()
        assert (lower[np.isfinite(lower)] % 1 == 0).all(), "bounds of an integer are integers"
        assert run.solution.lower_bound == lower[np.isfinite(lower)].max()
        assert run.solution.upper_bound == upper[np.isfinite(upper)].min()


# feasible instances on which the first repair finds no feasible point, or the optimum at once
ODD_STARTS = (
    ("B", 3, 10, 2, "min"),
    ("B", 4, 15, 4, "max"),
    ("C", 3, 10, 0, "max"),
    ("D", 4, 15, 2, "min"),
    ("A", 3, 30, 1, "min"),
    ("A", 3, 24, 3, "max"),
    ("D", 3, 24, 3, "max"),
)


@pytest.mark.parametrize("instance", ODD_STARTS, ids=lambda i: "-".join(map(str, i)))
@pytest.mark.parametrize("solver", ("subgradient", "surrogate"))
def test_no_start_makes_a_run_fail(instance, solver):
    kind, agents, jobs, seed, sense = instance
    run = executed(
        "assignment", solver, kind=kind, agents=agents, jobs=jobs, seed=seed, sense=sense, steps=500
    )
    assert run.error is None
    assert run.solution.status is not Status.FAILED
    assert math.isfinite(run.solution.lower_bound)
    best = in_minimization(sense, best_of(*instance))
    assert run.solution.lower_bound <= best <= run.solution.upper_bound


def test_an_infeasible_instance_is_not_a_failure():
    """No feasible point exists; the bound is still a bound, and no point is made up."""
    assert optimum(generate("B", 3, 10, 1), "min") is None
    for solver in ("subgradient", "volume", "bundle"):
        run = executed("assignment", solver=solver, kind="B", agents=3, jobs=10, seed=1, steps=50)
        assert run.error is None and run.solution.status is Status.INFEASIBLE
        assert run.solution.point is None and run.solution.upper_bound == np.inf
    run = executed("assignment", start="zero", kind="B", agents=3, jobs=10, seed=1, steps=5)
    assert run.solution.status is Status.STEP_LIMIT  # not yet a proof


def test_a_bound_no_higher_than_every_cost_proves_nothing():
    run = executed("assignment", kind="A", agents=2, jobs=4, steps=5)
    bound = run.solution.lower_bound
    assert NoneAbove(bound)(run.solution.state) is None
    assert NoneAbove(np.nextafter(bound, -np.inf))(run.solution.state) is Status.INFEASIBLE


def test_max_is_min_of_the_negated_costs():
    problem = assignment(kind="A", agents=2, jobs=4, sense="max").methods["subgradient"](5).problem
    costs = np.stack([block.cost for block in problem.blocks])
    assert (costs == -generate("A", 2, 4, 0).cost).all()
