"""Generalized assignment: the two relaxations, against each other and the linear one."""

from functools import cache

import pytest

from lagrange import Response, solve
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import StepLimit
from problems.assignment import assignment, build
from problems.assignment_capacity import build_capacity
from problems.assignment_data import generate
from tests.tolerances import CERTIFIED
from tests.worlds.combinatorial_references import linear_assignment
from tests.worlds.milp import optimum
from tests.worlds.runs import executed

DUAL = 2e-6  # how near the bundle comes to the dual optimum, relative
INSTANCES = [("C", 3, 15, 0), ("D", 4, 14, 1), ("E", 3, 18, 2)]


@cache
def best_of(instance, sense="min"):
    return optimum(generate(*instance), sense)


def best_bound(problem):
    fractional = type(problem)(problem.blocks, problem.rhs, problem.inequality)
    return solve(fractional, LevelBundle(tolerance=1e-7), stop=StepLimit(300)).lower_bound


def test_capacities_give_the_linear_bound_and_jobs_more():
    """z_LP = q(capacity) ≤ q(jobs) ≤ optimum (Geoffrion), and the gain is real."""
    gains = []
    for instance in INSTANCES:
        data = generate(*instance)
        linear, best = linear_assignment(data), best_of(instance)
        by_capacity, by_jobs = best_bound(build_capacity(data)), best_bound(build(data))
        assert linear * (1 - DUAL) <= by_capacity <= linear + CERTIFIED(linear)
        assert by_capacity <= by_jobs + CERTIFIED(best) and by_jobs <= best
        gains.append((by_jobs - by_capacity) / (best - by_capacity))
    assert max(gains) > 0.3, gains


@pytest.mark.parametrize("sense", ("min", "max"))
@pytest.mark.parametrize("solver", ("subgradient", "surrogate"))
def test_runs_with_capacities_relaxed_bracket_the_optimum(solver, sense):
    options = {"kind": "D", "agents": 4, "jobs": 14, "seed": 1, "sense": sense}
    run = executed("assignment", solver, relax="capacity", steps=150, **options)
    best = best_of(("D", 4, 14, 1), sense)
    assert run.error is None
    assert run.solution.lower_bound <= (best if sense == "min" else -best)
    assert (best if sense == "min" else -best) <= run.solution.upper_bound < float("inf")


def test_the_rows_that_are_relaxed_are_those_asked_for():
    options = {"kind": "A", "agents": 2, "jobs": 4}
    for relax, row, size in (("jobs", "assign", 4), ("capacity", "capacity", 2)):
        instance = assignment(relax=relax, **options)
        (rhs,) = [instance.methods["subgradient"](5).problem.rhs]
        assert list(rhs) == [row] and rhs[row].size == size
        assert instance.rebuild["relax"] == relax


def test_a_point_that_nothing_improves_is_recovered_as_it_is():
    """What the jobs chose is where the repair begins."""
    run = executed("assignment", relax="capacity", kind="D", agents=4, jobs=14, seed=1, steps=40)
    point = run.solution.point
    answer = Response({"capacity": None}, 0.0, point=point)
    found = run.method.problem.recover([answer])
    assert found.point.tolist() == point.tolist() and found.cost == run.solution.upper_bound
