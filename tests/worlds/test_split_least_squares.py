"""Best subsets and whole numbers: bounds as they are said to be, optima by enumeration."""

import numpy as np
import pytest

from lagrange import solve
from lagrange.sets import IntegerLattice, UniformGrid
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import StepLimit
from problems.best_subset import best_subset, fit
from problems.integer_least_squares import descend, generate, integer_least_squares
from problems.sphere_search import nearest_whole
from problems.split_least_squares import hessian, objective
from problems.tables import as_csv
from tests.tolerances import CERTIFIED
from tests.worlds import combinatorial_references as references
from tests.worlds.runs import executed

DUAL = 1e-5  # how near bundle and Clarabel come to the same optimum, relative
SUBSETS = [
    {"rows": 15, "columns": 7, "k": 2, "seed": 3, "ridge": 0.0},
    {"rows": 6, "columns": 7, "k": 3, "seed": 1, "ridge": 0.3},  # wider than high
]


def table_of(instance):
    lines = instance.archive["table.csv"].split()
    numbers = np.array([[float(word) for word in line.split(",")] for line in lines])
    return np.ascontiguousarray(numbers[:, :-1]), np.ascontiguousarray(numbers[:, -1])


def best_bound(instance):
    problem = instance.methods["bundle"](None).problem
    free = type(problem)(problem.blocks, problem.rhs)  # not rounded
    return solve(free, LevelBundle(tolerance=1e-8), stop=StepLimit(250)).lower_bound


def close(a, b):
    return abs(a - b) <= DUAL * (1 + abs(b))


@pytest.mark.parametrize("options", SUBSETS, ids=("tall", "wide"))
@pytest.mark.parametrize("limit", (0.4, 3.0))
def test_subset_bounds_and_optimum(options, limit):
    """big-M ≤ perspective ≤ optimum, each what Clarabel finds; the limit binds or it does not."""
    k, ridge = options["k"], options["ridge"]
    bounds = []
    for share in (0.0, 0.5, 0.95):
        instance = best_subset(table="random", limit=limit, share=share, **options)
        A, b = table_of(instance)
        d = instance.rebuild["curvature"]
        bounds.append(best_bound(instance))
        assert close(bounds[-1], references.perspective_value(A, b, ridge, limit, k, d))
    best = references.best_subset_value(A, b, ridge, limit, k)
    assert bounds[0] < bounds[1] < bounds[2] <= best + CERTIFIED(best)
    run = executed("best_subset", table="random", limit=limit, steps=150, **options)
    # Clarabel's optimum is one up to its tolerance
    assert run.solution.lower_bound <= best * (1 + DUAL)
    assert best * (1 - DUAL) <= run.solution.upper_bound <= best * 1.25


def test_without_a_limit_that_binds_the_table_of_diabetes_patients():
    """The best four of ten by plain least squares on all 210 sets; a known small problem."""
    instance = best_subset()
    A, b = table_of(instance)
    best = references.itertools.combinations(range(10), 4)
    costs = [np.linalg.lstsq(A[:, kept], b)[1][0] for kept in best]
    run = executed("best_subset", "subgradient", steps=150)
    assert run.solution.lower_bound <= min(costs) <= run.solution.upper_bound + CERTIFIED(1.0)
    assert run.solution.upper_bound <= min(costs) * 1.01


def test_fit_within_limits_satisfies_its_optimality_conditions():
    rng = np.random.default_rng(3)
    A, b = rng.normal(size=(12, 6)), 3 * rng.normal(size=12)
    for limit in (0.1, 0.5, 100.0):
        x = fit(A, b, 0.2, limit, (0, 2, 5))
        slope = (hessian(A, 0.2) @ x - 2 * A.T @ b)[[0, 2, 5]]
        moved = np.clip(x[[0, 2, 5]] - slope, -limit, limit)
        assert np.abs(moved - x[[0, 2, 5]]).max() <= 1e-8
        assert not x[[1, 3, 4]].any()
    assert not fit(A, b, 0.2, 1.0, ()).any()


WHOLE = {"rows": 9, "columns": 5, "noise": 6}


@pytest.mark.parametrize("bits", (2, 3))
@pytest.mark.parametrize("seed", (0, 1))
def test_whole_bounds_and_optimum(bits, seed):
    """box ≤ with the curvature moved ≤ optimum, each what Clarabel finds."""
    most = 2 ** (bits - 1) - 1
    A, b, _ = generate(WHOLE["rows"], WHOLE["columns"], most, WHOLE["noise"], seed)
    bounds = []
    for share in (0.0, 0.9):
        instance = integer_least_squares(bits=bits, seed=seed, share=share, **WHOLE)
        d = instance.rebuild["curvature"]
        bounds.append(best_bound(instance))
        assert close(bounds[-1], references.envelope_value(A, b, -most, most, d))
    best = references.nearest_code(A, b, -most, most)
    assert bounds[0] + 1 < bounds[1] <= best
    assert bounds[1] - bounds[0] <= A.shape[1] * d / 8 * (1 + DUAL)
    for solver in ("bundle", "subgradient", "admm"):
        run = executed("integer_least_squares", solver, bits=bits, seed=seed, steps=150, **WHOLE)
        if solver != "admm":
            assert run.solution.lower_bound % 1 == 0
        assert run.solution.lower_bound <= best <= run.solution.upper_bound
        assert run.solution.upper_bound <= 1.5 * best


@pytest.mark.parametrize("seed", range(6))
def test_sphere_search_agrees_with_enumeration(seed):
    A, b, _ = generate(7, 5, 3, 5, seed)
    x = nearest_whole(A, b, -3, 2)
    assert objective(A, b, 0.0, x) == references.nearest_code(A, b, -3, 2)
    assert IntegerLattice(-3, 2).contains(x)


def test_the_planted_point_is_optimal_without_noise():
    A, b, x = generate(12, 8, 3, 0, 4)
    assert nearest_whole(A, b, -3, 3).tolist() == x.tolist()
    run = executed("integer_least_squares", rows=12, columns=8, noise=0, seed=4)
    assert run.solution.lower_bound == run.solution.upper_bound == 0
    assert run.solution.point.tolist() == x.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_descent_ends_where_no_single_change_helps(seed):
    A, b, _ = generate(9, 6, 3, 20, seed)
    x = descend(A, b, 3, np.zeros(6))
    value = objective(A, b, 0.0, x)
    for i in range(6):
        for v in range(-3, 4):
            y = x.copy()
            y[i] = v
            assert objective(A, b, 0.0, y) >= value
    assert IntegerLattice(-3, 3).contains(x)


def test_codes_are_the_weights_of_a_uniform_grid(tmp_path):
    """‖A w − b‖² over w on a grid with step s is ‖(s A) x − b‖² over its codes x."""
    rng = np.random.default_rng(5)
    A, b, s = rng.normal(size=(8, 4)), 2 * rng.normal(size=8), 0.25
    (tmp_path / "layer.csv").write_text(as_csv(A, b))
    options = {"table": str(tmp_path / "layer.csv"), "bits": 3, "step": s}
    run = executed("integer_least_squares", **options)
    grid = UniformGrid(3, step=s)
    w = s * run.solution.point
    assert grid.contains(w)
    assert run.solution.upper_bound == pytest.approx(objective(A, b, 0.0, w))
    assert run.solution.upper_bound == pytest.approx(references.nearest_code(s * A, b, -3, 3))
    rounded = grid.project(np.linalg.lstsq(A, b)[0])
    assert run.solution.upper_bound <= objective(A, b, 0.0, rounded) + CERTIFIED(1.0)
