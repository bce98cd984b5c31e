"""Unit commitment against HiGHS on a model with starts and stops."""

import math

import numpy as np
import pytest

from lagrange import solve
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import StepLimit
from problems.unit_commitment import build
from problems.unit_commitment_data import Unit, UnitData, generate
from problems.unit_commitment_repair import dispatch, repair, total_cost
from problems.unit_commitment_schedule import UnitSchedule, is_legal, starts_of
from tests.tolerances import CERTIFIED
from tests.worlds.combinatorial_references import commitment_cost
from tests.worlds.runs import executed

DUAL = 2e-6  # how near the bundle comes to the dual optimum, relative
NEAR = 1.02  # plans of small instances; the *bounds* of these are up to 11 % away


@pytest.mark.parametrize("size", ((3, 8, 0), (4, 10, 1), (5, 12, 2)))
@pytest.mark.parametrize("solver", ("bundle", "subgradient", "surrogate"))
def test_bounds_bracket_the_optimum(solver, size):
    units, hours, seed = size
    run = executed("unit_commitment", solver, units=units, hours=hours, seed=seed, steps=100)
    best = commitment_cost(generate(units, hours, seed))
    assert run.error is None
    assert run.solution.lower_bound <= best + CERTIFIED(best)
    assert best - CERTIFIED(best) <= run.solution.upper_bound
    assert run.solution.upper_bound <= NEAR * best


@pytest.mark.parametrize("size", ((3, 8, 0), (4, 10, 1), (5, 12, 2), (3, 24, 3)))
def test_the_bound_is_that_of_the_integral_description_of_each_unit(size):
    data = generate(*size)
    problem = build(data)
    fractional = type(problem)(problem.blocks, problem.rhs, problem.inequality)
    found = solve(fractional, LevelBundle(tolerance=1e-7), stop=StepLimit(300)).lower_bound
    linear = commitment_cost(data, whole=False)
    assert linear * (1 - DUAL) <= found <= linear + CERTIFIED(linear)


def plans(data, rng, count):
    """Repaired random wishes."""
    shape = (len(data.units), data.demand.size)
    for _ in range(count):
        wanted = np.zeros(shape, dtype=bool)
        for i, unit in enumerate(data.units):
            is_on, since = unit.before > 0, abs(unit.before)
            for t in range(shape[1]):
                if since >= (unit.up if is_on else unit.down) and rng.random() < 0.3:
                    is_on, since = not is_on, 0
                wanted[i, t], since = is_on, since + 1
        yield wanted, repair(data, wanted)


@pytest.mark.parametrize("size", ((3, 8, 0), (4, 10, 1), (6, 24, 2)))
def test_repaired_plans_are_feasible_and_no_better_than_the_optimum(size):
    data = generate(*size)
    best = commitment_cost(data)
    found = 0
    for wanted, plan in plans(data, np.random.default_rng(size[2]), 10):
        assert all(is_legal(u, on) for u, on in zip(data.units, wanted, strict=True))
        if plan is None:
            continue
        found += 1
        on, output = plan
        most, least = (np.array([u[k] for u in data.units])[:, None] for k in (1, 0))
        assert all(is_legal(u, row) for u, row in zip(data.units, on, strict=True))
        assert (output.sum(axis=0) == data.demand).all()
        assert ((on * most).sum(axis=0) >= data.demand + data.reserve).all()
        assert (on * least <= output).all() and (output <= on * most).all()
        assert total_cost(data, plan) >= best - CERTIFIED(best)
    assert found >= 8


def unit(**changes):
    return Unit(10, 50, 100, 5, 40, 2, 3, -3)._replace(**changes)


def test_dispatch_is_by_merit():
    """50 and 20 at least; the cheap unit takes what is above the least output of the dear one."""
    cheap, dear = unit(least=20, fuel=4), unit(least=10, fuel=9)
    data = UnitData((dear, cheap), np.array([45, 75, 25]), np.zeros(3, dtype=int))
    assert dispatch(data, np.ones((2, 3), dtype=bool)).tolist() == [[10, 25, 10], [35, 50, 20]]


def test_starts_and_legal_schedules_by_hand():
    off, on = unit(), unit(before=1)  # off for 3 hours; on for one of two
    says = [
        (off, "110011", False),  # off for 2 hours only
        (off, "110001", True),  # cut off by the end
        (off, "010000", False),  # on for an hour only
        (on, "010000", False),  # must stay on
        (on, "100000", True),
        (on, "110011", False),
        (on, "100011", True),
        (unit(before=-1), "011000", False),  # must stay off for 2 hours more
        (unit(before=-1), "001100", True),
        (unit(before=5), "001111", False),  # stopped at once, for 2 hours
        (unit(before=5), "000111", True),
    ]
    for which, hours, legal in says:
        row = np.array([h == "1" for h in hours])
        assert is_legal(which, row) is legal, (which, hours)
    assert starts_of(off, np.array([True, False, True])) == 2
    assert starts_of(on, np.array([True, False, True])) == 1


def test_a_stop_is_paid_for_with_the_hours_after_it():
    """Hour 2 is worth most, but 3 hours lie between a stop and a start: hours 0 and 4 are better."""
    block = UnitSchedule(Unit(1, 1, 0, 0, 0, 1, 3, -3), 5)
    worth = {"demand": np.array([-50.0, 500.0, -60.0, 500.0, -20.0]), "reserve": np.zeros(5)}
    answer = block.respond(worth, None, None)
    assert answer.point.tolist() == [True, False, False, False, True]
    assert answer.image["demand"].tolist() == [1, 0, 0, 0, 1]
    assert answer.bound <= -70 <= answer.bound + CERTIFIED(70)


def test_an_instance_without_a_plan_is_not_a_failure(tmp_path):
    """Two units too coarse for the demand: bounds hold, no point is made up."""
    data = UnitData((unit(least=40), unit(least=40)), np.array([60, 60]), np.array([0, 0]))
    (tmp_path / "coarse.txt").write_text(data.to_text())
    assert commitment_cost(data) is None
    run = executed("unit_commitment", instance=str(tmp_path / "coarse.txt"), steps=20)
    assert run.error is None and run.solution.point is None
    assert run.solution.upper_bound == math.inf
