"""Multidimensional knapsack: both relaxations against enumeration and linear programs over hulls."""

import numpy as np
import pytest

from lagrange import solve
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import StepLimit
from problems.knapsack import build, build_copies, knapsack
from problems.knapsack_data import KnapsackData, generate
from problems.knapsack_repair import repair
from tests.tolerances import CERTIFIED
from tests.worlds import combinatorial_references as references
from tests.worlds.runs import executed

SMALL = [generate(8, 3, 0.4, seed) for seed in range(2)]
DUAL = 2e-6  # how near the bundle comes to the dual optimum, relative


def best_bound(problem):
    """max q as an upper bound on the profit, not rounded; the solver is the bundle."""
    fractional = type(problem)(problem.blocks, problem.rhs, problem.inequality)
    found = solve(fractional, LevelBundle(tolerance=1e-7), stop=StepLimit(150))
    return -found.lower_bound


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("relax", ("rows", "copies"))
@pytest.mark.parametrize("solver", ("bundle", "subgradient", "surrogate"))
def test_bounds_bracket_the_optimum(solver, relax, seed):
    run = executed(
        "knapsack", solver, relax=relax, items=8, rows=3, tightness=0.4, seed=seed, steps=100
    )
    best = references.most_profit(SMALL[seed])
    assert run.error is None
    assert run.solution.lower_bound <= -best <= run.solution.upper_bound
    linear = references.linear_profit(SMALL[seed])
    assert -run.solution.lower_bound <= linear + CERTIFIED(linear)


@pytest.mark.parametrize("data", SMALL)
def test_each_relaxation_gives_the_bound_that_is_said(data):
    """The optimum over the hulls; copies ≤ every choice of a kept row ≤ linear, all ≥ the optimum."""
    m = data.capacity.size
    copies = best_bound(build_copies(data))
    rows = [best_bound(build(data, keep)) for keep in range(m)]
    best, linear = references.most_profit(data), references.linear_profit(data)
    for found, hulls in [(copies, range(m)), *((rows[k], [k]) for k in range(m))]:
        expected = references.convexified_profit(data, list(hulls))
        assert expected - CERTIFIED(expected) <= found <= expected * (1 + DUAL)
    assert best <= copies <= min(rows) * (1 + DUAL)
    assert max(rows) <= linear * (1 + DUAL)


def test_the_copies_gain_somewhere():
    """On these instances both inequalities between the bounds are strict."""
    gains = []
    for data in SMALL:
        every = list(range(data.capacity.size))
        copies = references.convexified_profit(data, every)
        rows = min(references.convexified_profit(data, [k]) for k in every)
        gains.append((rows - copies, references.linear_profit(data) - rows))
    assert all(a > 1 and b > 1 for a, b in gains), gains


@pytest.mark.parametrize("seed", range(20))
def test_repair_fits_and_leaves_nothing_to_add_or_exchange(seed):
    rng = np.random.default_rng(seed)
    data = generate(12, 3, 0.4, seed)
    x = repair(data, rng.integers(0, 4, 12))
    room = data.capacity - data.weight @ x
    assert (room >= 0).all()
    for new in np.flatnonzero(~x):
        assert not (data.weight[:, new] <= room).all(), "an item would still fit"
        for out in np.flatnonzero(x):
            fits = (data.weight[:, new] <= room + data.weight[:, out]).all()
            assert not fits or data.profit[new] <= data.profit[out], "an exchange would pay"


def test_items_that_cost_something_and_rows_without_room():
    data = KnapsackData(np.array([5, -3, 4]), np.array([[1, 0, 0], [0, 0, 1]]), np.array([1, 0]))
    assert repair(data, np.array([2, 2, 2])).tolist() == [True, False, False]


def test_the_tightest_row_is_kept_unless_another_is_named():
    ratio = [data.weight.sum(axis=1) / data.capacity for data in SMALL]
    for seed, expected in enumerate(int(r.argmax()) for r in ratio):
        options = {"items": 8, "rows": 3, "tightness": 0.4, "seed": seed}
        assert knapsack(**options).rebuild["keep"] == expected
        assert knapsack(**options, keep=2).rebuild["keep"] == 2
    assert "keep" not in knapsack(**options, relax="copies").rebuild


@pytest.mark.parametrize("relax", ("rows", "copies"))
def test_a_row_with_room_to_spare_costs_nothing(tmp_path, relax):
    """Its multiplier must not fall below 0: the bound would rise above the optimum."""
    data = SMALL[0]
    roomy = KnapsackData(data.profit, data.weight, np.array([1, 1, 10]) * data.capacity)
    (tmp_path / "roomy.txt").write_text(roomy.to_text())
    run = executed("knapsack", relax=relax, instance=str(tmp_path / "roomy.txt"), steps=50)
    assert run.error is None
    assert run.solution.lower_bound <= -references.most_profit(roomy) <= run.solution.upper_bound
