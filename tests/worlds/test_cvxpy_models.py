"""Ten cvxpy models taken apart at their coupling constraints: the optimum, the duals and the point of
``problem.solve()``, with a proved lower bound, by ADMM on the blocks.
"""

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np
import pytest

import lagrange
from lagrange import (
    ADMM,
    AugmentedLagrangian,
    Quadratic,
    ResidualBelow,
    Solution,
    Status,
    StepLimit,
    Subgradient,
    bounds,
    grouping,
    solve,
    with_slacks,
)
from lagrange.bounds import exact_sweep
from lagrange.grouping import exchange, original_multipliers, two_groups
from lagrange.parallel import over
from lagrange.penalties import ResidualBalancing
from lagrange.step_sizes import Diminishing
from tests.tolerances import CERTIFIED
from tests.worlds.stated_models import (
    MODELS,
    Stated,
    commodity_flow,
    portfolio,
    power_dispatch,
)

cp = pytest.importorskip("cvxpy")

from lagrange.models.cvxpy_model import ConvexModel, from_cvxpy  # noqa: E402

TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
STOP = ResidualBelow(1e-7) | StepLimit(3000)


class Solved(NamedTuple):
    """What both found: ours was written back into ``stated``, theirs is in a copy."""

    stated: Stated
    model: ConvexModel
    solution: Solution
    objective: float
    lower: float
    reference: Any
    optimum: float


@cache
def solved(make: Callable[[], Stated]) -> Solved:
    reference = make().problem
    optimum = reference.solve(solver=cp.CLARABEL, **TIGHT)
    stated = make()
    model = from_cvxpy(stated.problem, stated.coupling)
    tied = exchange(model, model.rows)
    solution = solve(tied, ADMM(stated.rho, two_groups(tied)), stop=STOP)
    objective = model.write_back(solution)
    lower, _ = exact_sweep(model, original_multipliers(model, solution.multipliers))
    return Solved(stated, model, solution, objective, lower, reference, optimum)


@pytest.mark.parametrize("make", MODELS)
def test_the_optimum_of_the_whole_problem(make):
    found = solved(make)
    assert len(found.model.blocks) == found.stated.blocks
    assert found.solution.status is Status.CONVERGED
    assert found.objective == pytest.approx(found.optimum, rel=1e-5)


@pytest.mark.parametrize("make", MODELS)
def test_a_proved_bound_below_the_optimum(make):
    """The bound of a Maximize problem is that of its negation."""
    found = solved(make)
    least = -found.optimum if isinstance(found.reference.objective, cp.Maximize) else found.optimum
    assert found.lower <= least + CERTIFIED(least)
    assert found.lower == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize("make", MODELS)
def test_points_and_duals_are_written_back(make):
    """In cvxpy's signs, whatever the sense of the objective and the rows. All these optima are
    unique, and so are the dual values but for potentials of nodes that a commodity does not reach.
    """
    found = solved(make)
    ours, theirs = found.stated.problem, found.reference
    for mine, other in zip(ours.variables(), theirs.variables(), strict=True):
        assert mine.value == pytest.approx(other.value, abs=1e-5), mine.name()
    for mine, other in zip(ours.constraints, theirs.constraints, strict=True):
        if make is commodity_flow and not any(mine is row for row in found.stated.coupling):
            continue
        assert np.shape(mine.dual_value) == np.shape(other.dual_value)
        assert mine.dual_value == pytest.approx(other.dual_value, abs=1e-5), str(mine)


def test_the_example_of_the_docstring():
    text = from_cvxpy.__doc__ or ""
    code = dedent(text[text.index("        x = [") : text.index("    Two blocks that")])
    names = {**vars(lagrange), **vars(grouping), **vars(bounds)}
    names |= {"cp": cp, "np": np, "from_cvxpy": from_cvxpy}
    exec(code, names)
    assert names["solution"].status is Status.CONVERGED
    optimum = names["problem"].solve(solver=cp.CLARABEL, **TIGHT)
    assert names["value"] == pytest.approx(optimum, rel=1e-6)
    assert optimum - 1e-6 <= names["lower"] <= optimum + CERTIFIED(optimum)


def every_cone() -> Stated:
    """Semidefinite, symmetric, bounded and (1, 1) variables; local constraints of every cone."""
    X = cp.Variable((2, 2), PSD=True, name="X")
    S = cp.Variable((2, 2), symmetric=True, name="S")
    y, t = cp.Variable(3, name="y"), cp.Variable(name="t")
    u = cp.Variable((1, 1), name="u", bounds=[-3, 3])
    rows = [0.1 * np.eye(2) == X - S, cp.sum(y) + u + cp.trace(S) >= 1]
    local = [
        S + 5 * np.eye(2) >> 0,
        cp.SOC(t, y - np.array([1.0, 2.0, 0.0])),
        cp.ExpCone(y[1], cp.Constant(1), y[2] + 2),
        cp.norm(y) <= 5,
        cp.trace(X) <= 10,
        cp.norm(S, "fro") <= 10,
    ]
    cost = cp.trace(np.array([[2.0, -1.0], [-1.0, 1.0]]) @ X) + cp.exp(y[0]) + t + cp.square(u)
    away = cp.sum_squares(S - np.array([[1.0, 0.5], [0.5, 0.0]]))
    return Stated(cp.Problem(cp.Minimize(cost + away), [*rows, *local]), rows, 4)


def test_every_kind_of_variable_and_cone():
    """Dual values too, lists of them where a cone has several."""
    found = solved(every_cone)
    assert len(found.model.blocks) == 4
    assert found.objective == pytest.approx(found.optimum, rel=1e-6)
    assert found.optimum - 1e-5 <= found.lower <= found.optimum + CERTIFIED(found.optimum)
    ours, theirs = found.stated.problem, found.reference
    for mine, other in zip(ours.constraints, theirs.constraints, strict=True):
        values = mine.dual_value, other.dual_value
        pairs = zip(*values, strict=True) if isinstance(values[0], list) else [values]
        for a, b in pairs:
            assert np.asarray(a) == pytest.approx(np.asarray(b), abs=1e-4), str(mine)


def two_tables():
    """min ‖A x − a‖² + ‖B y − b‖²  s.t.  x + y = 1: two blocks, one equality."""
    rng = np.random.default_rng(10)
    x, y = cp.Variable(2, name="x"), cp.Variable(2, name="y")
    cost = sum(cp.sum_squares(rng.normal(size=(4, 2)) @ v - rng.normal(size=4)) for v in (x, y))
    row = x + y == 1
    return cp.Problem(cp.Minimize(cost), [row]), row


def test_two_blocks_go_to_admm_as_they_are():
    problem, row = two_tables()
    model = from_cvxpy(problem, [row])
    solution = solve(model, ADMM(1.0), stop=ResidualBelow(1e-9) | StepLimit(500))
    value, dual = model.write_back(solution), row.dual_value
    assert value == pytest.approx(problem.solve(solver=cp.CLARABEL, **TIGHT), rel=1e-7)
    assert dual == pytest.approx(row.dual_value, abs=1e-6)
    lower, _ = exact_sweep(model, solution.multipliers)  # the costs are strongly convex: no box
    assert lower == pytest.approx(value, rel=1e-7)


def test_the_same_run_twice_and_in_threads():
    """Bit for bit: no state is left in the blocks, and pickled blocks are as good."""
    problem, row = two_tables()
    model = from_cvxpy(problem, [row])
    tied = exchange(model, model.rows)
    solver, stop = ADMM(1.0, two_groups(tied)), StepLimit(20)
    first = solve(tied, solver, stop=stop)
    with ThreadPoolExecutor(2) as pool:
        again = [solve(tied, solver, stop=stop), solve(tied, solver, stop=stop, answer=over(pool))]
    for other in again:
        for name, array in first.multipliers.items():
            assert array.tobytes() == other.multipliers[name].tobytes()
    name = "constraint 0"
    price, query = {name: np.array([0.3, -1.0])}, Quadratic(2.0, {name: np.ones(2)})
    for block in model.blocks:
        copy = pickle.loads(pickle.dumps(block))
        for asked in (None, query):
            mine, other = (b.respond(price, asked, None) for b in (block, copy))
            assert (mine.cost, mine.bound) == (other.cost, other.bound)
            assert mine.image[name].tobytes() == other.image[name].tobytes()


def test_the_users_model_is_left_alone_until_written_back():
    """Parameters are read once; solving changes no value of the user's variables."""
    center = cp.Parameter(2, value=np.array([1.0, 2.0]))
    x, y = cp.Variable(2, name="x"), cp.Variable(2, name="y")
    row = x == y
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - center) + cp.sum_squares(y)), [row])
    model = from_cvxpy(problem, [row])
    center.value, x.value = np.array([100.0, 100.0]), np.array([7.0, 7.0])
    solution = solve(model, ADMM(1.0), stop=ResidualBelow(1e-9) | StepLimit(200))
    assert x.value.tolist() == [7.0, 7.0] and y.value is None and row.dual_value is None
    model.write_back(solution)
    assert x.value == pytest.approx([0.5, 1.0], abs=1e-7)


def test_one_block_says_so_and_goes_to_the_method_of_multipliers():
    x = cp.Variable(3, name="x")
    row = (cp.sum(x) == 1).set_label("sum")
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - np.arange(3))), [row])
    model = from_cvxpy(problem, [row])
    assert "one block" in model.report.advice and "one block" in str(model)
    assert repr(model) == "ConvexModel(1 blocks, coupling rows ['sum'])"
    solution = solve(model, AugmentedLagrangian(1.0), stop=ResidualBelow(1e-9) | StepLimit(100))
    assert model.write_back(solution) == pytest.approx(4 / 3, rel=1e-7)  # x = i − 2/3
    assert row.dual_value == pytest.approx(4 / 3, rel=1e-7)


def test_forms_with_slacks_are_written_back():
    found = solved(power_dispatch)
    stated = power_dispatch()
    model = from_cvxpy(stated.problem, stated.coupling)
    tied = exchange(with_slacks(model))
    solution = solve(tied, ADMM(ResidualBalancing(), two_groups(tied)), stop=STOP)
    assert model.write_back(solution) == pytest.approx(found.optimum, rel=1e-5)
    (mine,), (other,) = stated.coupling, found.stated.coupling
    assert mine.dual_value == pytest.approx(other.dual_value, abs=1e-5)


def test_subgradient_proves_bounds_on_the_way():
    """A bound at every step; for a maximization those of its negation."""
    stated = portfolio()
    model = from_cvxpy(stated.problem, stated.coupling)
    optimum = -solved(portfolio).optimum
    solution = solve(model, Subgradient(Diminishing(0.05)), stop=StepLimit(100))
    proved = solution.trace.column("lower_bound")
    assert np.isfinite(proved).all() and max(proved) <= optimum + CERTIFIED(optimum)
    assert solution.lower_bound >= optimum - 1e-2


def test_undefined_costs_are_those_of_the_program():
    """x^1.5 and √x at 0: the solver's points lie outside of the domain by 1e-12, some of them."""
    outside = 0
    for objective in (
        lambda x: cp.Minimize(cp.sum(cp.power(x, 1.5)) + 7),
        lambda x: cp.Maximize(cp.sum(cp.sqrt(x)) + 7),
    ):
        for local in (lambda x: x <= 0, lambda x: x == 0, lambda x: cp.sum(x) <= 0):
            x = cp.Variable(3, name="x")
            row = x == 0
            model = from_cvxpy(cp.Problem(objective(x), [row, local(x)]), [row])
            solution = solve(model, AugmentedLagrangian(1.0), stop=StepLimit(1))
            outside += bool(solution.responses[0].point.variables["x"].min() < 0)
            assert abs(solution.state.cost) == pytest.approx(7, abs=1e-3)
            assert model.write_back(solution) == pytest.approx(7, abs=1e-3)
    assert outside > 0
