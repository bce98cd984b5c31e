"""Where the methods of the assignment family start from, and that each gets somewhere from there."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from lagrange import LevelBundle, StepLimit, SurrogateLagrangian, solve
from lagrange.bounds import exact_sweep
from problems.assignment import assignment, build
from problems.assignment_capacity import build_capacity, job_prices
from problems.assignment_data import generate
from problems.assignment_methods import schedule
from problems.assignment_start import STARTS, start_of
from tests.worlds.runs import executed

SIZES = [("C", 0), ("D", 1), ("E", 2)]


def linear_optimum(data) -> float:
    """Of the linear relaxation, written down entry by entry."""
    m, n = data.cost.shape
    once, room = np.zeros((n, m * n)), np.zeros((m, m * n))
    for i in range(m):
        for j in range(n):
            once[j, i * n + j] = 1.0
            room[i, i * n + j] = data.weight[i, j]
    found = linprog(data.cost.ravel(), room, data.capacity, once, np.ones(n), method="highs")
    return float(found.fun)


def real(data):
    return replace(build(data), recover=None, integral=False)


@pytest.mark.parametrize(("kind", "seed"), SIZES)
def test_starts_are_as_good_as_they_claim(kind, seed):
    """Duals of the linear relaxation prove its optimum at least, prices of the capacities nearly."""
    data = generate(kind, 5, 40, seed)
    least = linear_optimum(data)
    proved = {name: exact_sweep(real(data), start_of(data, name).multipliers)[0] for name in STARTS}
    assert proved["lp"] >= least - 1e-3 * abs(least)  # whole-numbered duals carry noise
    assert proved["capacity"] >= least - 1e-3 * abs(least)
    assert proved["zero"] == pytest.approx(0.0, abs=1e-9)
    assert proved["zero"] < proved["costs"] <= min(proved["lp"], proved["capacity"])


@pytest.mark.parametrize(("kind", "seed"), SIZES)
def test_capacity_prices_are_those_of_the_relaxed_capacities(kind, seed):
    """q of the capacities at its best prices is the linear optimum: the groups of jobs lose nothing."""
    data = generate(kind, 5, 40, seed)
    whole = replace(build_capacity(data), integral=False)
    best = solve(whole, LevelBundle(tolerance=1e-8), stop=StepLimit(300))
    assert best.lower_bound == pytest.approx(linear_optimum(data), rel=1e-5)
    theirs = job_prices(data, best.multipliers["capacity"])
    ours = start_of(data, "capacity").multipliers["assign"]
    proved = [exact_sweep(real(data), {"assign": p})[0] for p in (theirs, ours)]
    assert proved[1] == pytest.approx(proved[0], rel=1e-3)


def test_the_time_of_a_start_is_time_of_the_run():
    method = assignment(kind="D", agents=5, jobs=60, start="lp").methods["subgradient"](3)
    assert method.start.seconds > 0
    state = method.solver.init(method.problem, method.start)
    run = solve(method.problem, method.solver, stop=StepLimit(3), start=state)
    seconds = run.trace.column("seconds")
    assert seconds[0] > state.record.seconds == method.start.seconds
    assert seconds == sorted(seconds)


def test_whole_numbered_duals_get_noise():
    data = generate("C", 4, 24, 0)
    prices = start_of(data, "costs").multipliers["assign"]
    whole = -np.sort(data.cost, axis=0)[1]
    assert 0 < np.abs(prices - whole).max() <= 1e-4 * np.abs(whole).max()
    assert start_of(data, "zero").multipliers["assign"].tolist() == [0.0] * 24


@pytest.mark.parametrize("name", STARTS)
def test_the_schedule_gets_close_from_every_start(name):
    """Surrogate steps over a horizon of 600 moves a block, aimed 1 % above the dual optimum."""
    data = generate("D", 5, 40, 0)
    problem = real(data)
    bundle = LevelBundle(tolerance=1e-8)
    optimum = solve(problem, bundle, stop=StepLimit(300)).lower_bound
    rule = replace(schedule(3000, 600, 0.0), target=1.01 * optimum)
    solver = SurrogateLagrangian(rule, sweep_every=50)
    start = solver.init(problem, start_of(data, name))
    run = solve(problem, solver, stop=StepLimit(3000), start=start)
    assert optimum - run.lower_bound <= 5e-4 * optimum


@pytest.mark.parametrize("start", ["zero", "capacity", "lp"])
@pytest.mark.parametrize("kind", ["C", "D", "E"])
def test_the_surrogate_method_beats_the_linear_bound_from_every_start(kind, start):
    """At the family's own horizon, in groups of two: nearly all of what the Lagrangian can add."""
    options = {"kind": kind, "agents": 10, "jobs": 60, "seed": 0}
    data = generate(**options)
    least = linear_optimum(data)
    best = solve(real(data), LevelBundle(tolerance=1e-8), stop=StepLimit(300)).lower_bound
    method = assignment(**options, start=start).methods["surrogate"](None)
    assert method.solver.group == 2 and method.steps == 5000
    started = method.solver.init(real(data), method.start)
    run = solve(real(data), method.solver, stop=StepLimit(method.steps), start=started)
    assert run.lower_bound >= least + 0.9 * (best - least)


@pytest.mark.parametrize("solver", ["level", "absolute", "volume"])
@pytest.mark.parametrize("start", ["capacity", "zero"])
def test_every_method_of_the_family_proves_a_bound(solver, start):
    run = executed(
        "assignment", solver, kind="C", agents=3, jobs=20, seed=1, start=start, steps=600
    )
    best = executed("assignment", "subgradient", kind="C", agents=3, jobs=20, seed=1)
    assert run.error is None
    assert run.solution.lower_bound <= best.solution.upper_bound
    assert run.solution.lower_bound >= 0.9 * best.solution.lower_bound


def test_capacities_have_methods_without_a_start():
    methods = assignment(relax="capacity").methods
    assert "absolute" not in methods  # loads are no zeros and ones
    assert all(methods[name](5).start is None for name in ("subgradient", "surrogate", "volume"))
