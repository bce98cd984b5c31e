"""Proofs of optimality of assignments: who vouches for what, with and without compiled code."""

import math

import numpy as np
import pytest

from lagrange import StepLimit, compiled, solve
from lagrange.oracles.highs import Limits
from lagrange.solvers.bundle import LevelBundle
from problems import assignment_proof
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_fixing import fixed
from problems.assignment_proof import proved, searched
from problems.assignment_repair import loads, total_cost
from tests.exact.test_assignment_branching import drawn, ends, points
from tests.worlds.milp import optimum

NUMBA = pytest.mark.skipif(not compiled.is_available(), reason="needs numba (extra fast)")


@pytest.fixture(scope="module", autouse=True)
def loaded():
    """Loading and compiling would eat the seconds that a proof has."""
    proved(generate("E", 3, 12, 0), 0.1)
    if compiled.is_available():
        from problems.assignment_search import cheapest

        data = generate("E", 4, 20, 1)
        assert cheapest(data, np.zeros(20), *ends(data)).nodes > 1


@pytest.fixture(params=[pytest.param("search", marks=NUMBA), "highs"])
def way(request, monkeypatch):
    if request.param == "highs":
        monkeypatch.setattr(assignment_proof, "is_available", lambda: False)
    return {"search": "lagrangian search", "highs": "highs on the core"}[request.param]


def test_proofs_say_who_vouches_for_them(way):
    seen = set()
    for kind, seed in (("C", 0), ("D", 0), ("D", 1), ("E", 0), ("E", 2)):
        data = generate(kind, 3, 15, seed)
        proof = proved(data, 6.0)  # a busy machine needed more than two
        assert proof.status == "optimal" and proof.upper_bound == optimum(data, "min")
        assert proof.upper_bound == total_cost(data, proof.agent) == proof.lower_bound
        assert (loads(data, proof.agent) <= data.capacity).all()
        assert proof.certified <= proof.upper_bound
        assert (proof.by == "lagrangian") >= (proof.certified == proof.upper_bound)
        assert proof.by in proof.detail
        seen.add(proof.by)
    assert way in seen and seen <= {way, "lagrangian"}


def test_a_bound_above_every_cost_proves_that_there_is_no_point(way):
    data = generate("B", 3, 10, 1)
    assert optimum(data, "min") is None
    proof = proved(data, 20.0)
    assert proof.agent is None and proof.by == "lagrangian" and proof.status == "infeasible"
    assert proof.upper_bound == math.inf and proof.lower_bound > data.cost.max(axis=0).sum()


@NUMBA
def test_the_search_proves_that_there_is_no_point_where_the_bound_does_not():
    """Three jobs of weight 2, two agents of capacity 3, but fractions of jobs would fit."""
    data = AssignmentData(np.array([[1, 2, 3], [4, 5, 6]]), np.full((2, 3), 2), np.array([3, 3]))
    found = assignment_proof._dual_run(data, 1e-6)
    assert found.point is None and found.lower_bound <= 15
    proof = assignment_proof._by_search(data, found, 16, 5.0)
    assert proof.agent is None and proof.status == "infeasible" and proof.lower_bound == math.inf
    assert proof.by == "lagrangian search" and proof.upper_bound == math.inf


@pytest.mark.parametrize("seconds", (1e-6, 0.02))
def test_no_proof_without_time(way, seconds):
    data = generate("D", 20, 400, 0)
    proof = proved(data, seconds)
    assert proof.by == "nobody" and proof.status == "time_limit"
    assert proof.certified <= proof.lower_bound < proof.upper_bound


@pytest.mark.parametrize("seed", range(12))
def test_the_core_holds_the_optimum(seed):
    data = drawn(seed)
    known = points(data)
    if not known or data.cost.shape[0] == 1:
        return
    best, dearest = known[0][0], known[-1]
    prices = solve(build(data), LevelBundle(), stop=StepLimit(30)).multipliers["assign"]
    fixing = fixed(data, prices, dearest[0] - 1)
    outcome = searched(data, fixing.free | fixing.one, np.array(dearest[1]), Limits())
    assert outcome.solved and outcome.point is not None
    agent = outcome.point.argmax(axis=0)
    assert (outcome.point.sum(axis=0) == 1).all() and total_cost(data, agent) == best
