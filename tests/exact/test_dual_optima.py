"""Levels, bundles and certificates against dual optima computed by linear programming and rationals."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lagrange import Problem, Response, Start, StepLimit, compiled, solve
from lagrange.bounds import exact_sweep
from lagrange.multiplier_divergence import Box, Passage, proved_level
from lagrange.oracles import knapsack_core
from lagrange.oracles.knapsack import Knapsack
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.testing.solvers import rounds
from problems.assignment import build, starting_prices
from problems.assignment_data import generate
from problems.assignment_exact import ExactAssignment
from tests.exact.finite import Finite, dual_value, feasible_costs
from tests.exact.instances import coupled_problems


def optimal_multipliers(problem: Problem) -> dict[str, np.ndarray]:
    """Of a problem of ``Finite`` blocks: the duals of its convexification, by HiGHS."""
    rows = sorted(problem.rhs)
    costs = np.concatenate([b.costs for b in problem.blocks])
    owner = np.repeat(np.arange(len(problem.blocks)), [len(b.costs) for b in problem.blocks])
    one_each = (owner == np.arange(len(problem.blocks))[:, None]).astype(float)
    images = {r: np.concatenate([b.images[r] for b in problem.blocks]).T for r in rows}
    equal = [r for r in rows if r not in problem.inequality]
    most = [r for r in rows if r in problem.inequality]
    found = linprog(
        costs,
        A_eq=np.vstack([*(images[r] for r in equal), one_each]),
        b_eq=np.concatenate([*(problem.rhs[r] for r in equal), np.ones(len(problem.blocks))]),
        A_ub=np.vstack([images[r] for r in most]),
        b_ub=np.concatenate([problem.rhs[r] for r in most]),
        method="highs",
    )
    assert found.status == 0
    sizes = np.cumsum([problem.rhs[r].size for r in equal])
    parts = np.split(-found.eqlin.marginals[: sizes[-1]], sizes[:-1])
    multipliers = dict(zip(equal, parts, strict=True))
    parts = np.split(-found.ineqlin.marginals, np.cumsum([problem.rhs[r].size for r in most])[:-1])
    multipliers |= {r: np.maximum(p, 0.0) for r, p in zip(most, parts, strict=True)}
    return multipliers


def dual_optimum(problem: Problem) -> Fraction:
    """An exact value of q that is max q, up to the accuracy of HiGHS at least."""
    found = optimal_multipliers(problem)
    simple = {
        r: np.array([float(Fraction(v).limit_denominator(64)) for v in array.tolist()])
        for r, array in found.items()
    }
    assert max(float(np.abs(a).max()) for a in found.values()) < RADIUS
    return max(dual_value(problem, found), dual_value(problem, simple))


RADIUS = 1000.0


def levels(problem: Problem, solver: SurrogateLevel, steps: int) -> list[float]:
    states = [r.after for r in rounds(problem, solver, steps)]
    return [s.memory.level for s in states if not math.isnan(s.memory.level)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(coupled_problems(), st.sampled_from([0.2, 0.5, 1.0]), st.integers(1, 3), st.integers(0, 4))
def test_no_level_lies_below_the_dual_optimum(problem, pace, group, above):
    optimum = dual_optimum(problem)
    first = float(min(feasible_costs(problem)) + above)
    solver = SurrogateLevel(first, pace, group=group, check_every=2, radius=RADIUS)
    seen = levels(problem, solver, 30)
    assert all(Fraction(level) >= optimum for level in seen)
    assert seen == sorted(seen, reverse=True)


def menu(seed: int) -> Problem:
    """Four blocks of five choices around a planted point; a level has something to find here."""
    rng = np.random.default_rng(seed)
    blocks, total = [], {"equal": np.zeros(2), "most": np.zeros(1)}
    for _ in range(4):
        images = {r: rng.integers(-3, 4, (5, len(b))).astype(float) for r, b in total.items()}
        blocks.append(Finite(rng.integers(-9, 10, 5).astype(float).tolist(), images))
        total = {r: b + images[r][0] for r, b in total.items()}
    return Problem(tuple(blocks), total, frozenset({"most"}))


@pytest.mark.parametrize("seed", range(6))
def test_levels_come_down_to_the_dual_optimum(seed):
    problem = menu(seed)
    optimum = dual_optimum(problem)
    first = float(optimum) + 50.0
    seen = levels(problem, SurrogateLevel(first, check_every=5, radius=RADIUS), 400)
    assert all(Fraction(level) >= optimum for level in seen)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 1
    assert seen[-1] - float(optimum) < 10.0  # a fifth of where it began


@pytest.mark.parametrize(("kind", "near"), [("C", 1e-3), ("D", 1e-3), ("E", 3e-3)])
def test_levels_of_an_assignment_come_down_to_its_dual_optimum(kind, near):
    """``optimum`` is q close to the bundle's prices, in rationals: a little below max q at most."""
    data = generate(kind, 5, 40, 0)
    problem = replace(build(data), recover=None)
    bundle, start = LevelBundle(tolerance=1e-9), Start({"assign": starting_prices(data)})
    best = solve(problem, bundle, stop=StepLimit(300), start=bundle.init(problem, start))
    prices = [Fraction(round(1e4 * v), 10_000) for v in best.state.memory.center.tolist()]
    optimum = ExactAssignment(data).dual_value({"assign": prices})
    solver = SurrogateLevel(1.2 * float(optimum), 0.5, check_every=40)
    states = [r.after for r in rounds(problem, solver, 1200, solver.init(problem, start))]
    seen = [s.memory.level for s in states if not math.isnan(s.memory.level)]
    assert all(Fraction(level) >= optimum for level in seen)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) > 3
    assert seen[-1] - float(optimum) < near * float(optimum)


def test_a_level_is_proved_from_two_moves_that_contradict_each_other():
    """λ ≥ 1 + s/2 and λ ≤ −1 − s/2 contradict; the bound is the larger L + s/2."""
    box = Box(np.array([-9.0]), np.array([9.0]))
    right = Passage(np.array([1.0]), np.array([1.0]), 0.5, 3.0, 4.0)
    left = Passage(np.array([-1.0]), np.array([-1.0]), 0.5, 2.0, 4.0)
    level = proved_level([right, left], box)
    assert level is not None and 3.25 <= level < 3.25 + 1e-9
    assert proved_level([right], box) is None
    swapped = [p._replace(multipliers=-p.multipliers) for p in (right, left)]
    assert proved_level(swapped, box) is None
    # beyond the box there is nothing: the move to the right alone is a contradiction in [−9, 1]
    assert proved_level([right], Box(np.array([-9.0]), np.array([1.0]))) is not None


def test_a_contradiction_by_rounding_is_none():
    """Both rows touch at λ = 0 exactly: no strict contradiction, whatever floats say."""
    box = Box(np.array([-1e6]), np.array([1e6]))
    right = Passage(np.array([-0.1]), np.array([1.0]), 0.2, 3.0, 4.0)
    left = Passage(np.array([0.1]), np.array([-1.0]), 0.2, 2.0, 4.0)
    assert proved_level([right, left], box) is None


@dataclass(frozen=True)
class Careless:
    """A knapsack that drops its last item and gives away 0.3 of its bound: inexact, but honest."""

    inner: Knapsack

    def respond(self, price, query, start):
        answer = self.inner.respond(price, query, None)
        x = answer.image["assign"] > 0.5
        chosen = np.flatnonzero(x)
        x[chosen[-1:]] = False
        cost = float(self.inner.cost[x].sum())
        return Response({"assign": x.astype(float)}, cost, answer.bound - 0.3)


def column_optimum(data, multipliers: np.ndarray) -> float:
    """max q by a cutting plane method of its own, in a box around multipliers that are nearly best."""
    problem = build(data)
    m, n = data.cost.shape
    at, cuts, upper = multipliers, [], math.inf
    best = -math.inf
    while upper - best > 1e-8 * abs(upper):
        _, answers = exact_sweep(problem, {"assign": at})
        best = max(best, sum(r.cost + at @ r.image["assign"] for r in answers) - float(at.sum()))
        for i, r in enumerate(answers):
            cuts.append(np.concatenate([-r.image["assign"], np.eye(m)[i], [r.cost]]))
        rows = np.array(cuts)
        ends = [*((v - 3.0, v + 3.0) for v in multipliers), *[(None, None)] * m]
        goal = np.concatenate([np.ones(n), -np.ones(m)])
        found = linprog(goal, A_ub=rows[:, :-1], b_ub=rows[:, -1], bounds=ends, method="highs")
        at, upper = found.x[:n], -found.fun
    assert float(np.abs(at - multipliers).max()) < 3.0 - 1e-6  # no side of the box is active
    return best


def small_run(solver, seed: int, steps: int):
    data = generate("D", 4, 24, seed)
    problem = build(data)
    state = solver.init(problem, Start({"assign": starting_prices(data)}))
    return data, solve(problem, solver, stop=StepLimit(steps), start=state)


@pytest.mark.parametrize("columns", [10, 40])
def test_the_bundle_reaches_the_dual_optimum(columns):
    data, run = small_run(LevelBundle(columns, tolerance=1e-7), 1, 400)
    optimum = column_optimum(data, run.multipliers["assign"])
    reached = max(run.trace.column("lagrangian"))
    assert abs(reached - optimum) <= 1e-6 * abs(optimum)


@pytest.mark.skipif(not compiled.is_available(), reason="numba is not installed (extra fast)")
def test_a_run_is_the_same_with_and_without_compiled_code(monkeypatch):
    _, fast = small_run(LevelBundle(6, tolerance=0.0), 4, 40)
    for module in (compiled, knapsack_core):
        monkeypatch.setattr(module, "is_available", lambda: False)
    _, slow = small_run(LevelBundle(6, tolerance=0.0), 4, 40)
    assert fast.state.multipliers["assign"].tolist() == slow.state.multipliers["assign"].tolist()
    assert fast.trace.column("lagrangian") == slow.trace.column("lagrangian")
    assert fast.state.memory.gap == slow.state.memory.gap


def test_memory_stays_bounded():
    data = generate("D", 4, 24, 2)
    problem, solver = build(data), LevelBundle(5, tolerance=0.0)
    kept = [one.after.memory.cuts for one in rounds(problem, solver, 60)]
    assert np.diff(kept[0].first).tolist() == [1] * 4
    assert max(np.diff(cuts.first).max() for cuts in kept) == 5
    assert np.diff(kept[-1].first).tolist() == [5] * 4
    assert max(len(cuts.values) for cuts in kept) <= 4 * 5 * 24


@pytest.mark.parametrize("solver", [LevelBundle(columns=8), SurrogateLevel(9999.0, sweep_every=3)])
def test_inexact_answers_loosen_bounds_and_break_none(solver):
    data = generate("D", 4, 24, 3)
    exact = build(data)
    loose = Problem(tuple(Careless(b) for b in exact.blocks), exact.rhs)
    start = {"assign": starting_prices(data)}
    for one in rounds(loose, solver, 40, solver.init(loose, Start(start))):
        lower = one.after.record.lower_bound
        if not math.isnan(lower):
            proved, _ = exact_sweep(exact, one.before.multipliers)
            assert lower <= proved  # exact: integral bounds are rounded up
            assert lower >= proved - 0.3 * 4 - 1.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", "CDE")
def test_the_bundle_reaches_the_dual_optimum_of_twenty_agents(kind):
    data = generate(kind, 20, 200, 0)
    solver, problem = LevelBundle(60, tolerance=1e-6), build(data)
    state = solver.init(problem, Start({"assign": starting_prices(data)}))
    run = solve(problem, solver, stop=StepLimit(250), start=state)
    reached = int(np.argmax(run.trace.column("lagrangian")))
    assert reached
    optimum = column_optimum(data, run.state.memory.center)
    assert optimum - run.state.memory.value <= 1e-6 * abs(optimum)
