"""The referee accepts optimal solutions, and each of its numbers sees the fault that it is for."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lagrange import (
    ADMM,
    Feasible,
    GapBelow,
    Problem,
    ResidualBelow,
    Response,
    Start,
    StepLimit,
    Subgradient,
    checks,
    solve,
)
from lagrange.grouping import exchange, two_groups
from lagrange.oracles.closed_form import LeastSquares
from lagrange.step_sizes import Polyak
from problems.assignment import build
from problems.assignment_data import generate

NAMES = checks.Optimality._fields


def least_squares(inequality=False):
    rng = np.random.default_rng(3)
    blocks = tuple(LeastSquares(rng.normal(size=(6, 3)), rng.normal(size=6), "sum") for _ in "abc")
    rows = frozenset({"sum"} if inequality else ())
    return Problem(blocks, {"sum": np.array([-0.5, 0.0, 0.25])}, rows)


def exact(problem):
    """The KKT point of min Σ ½‖A_i x_i − b_i‖², Σ x_i = c, from its linear system."""
    k, n = len(problem.blocks), 3
    matrix, right = np.zeros((k * n + n, k * n + n)), np.zeros(k * n + n)
    for i, block in enumerate(problem.blocks):
        own = slice(i * n, (i + 1) * n)
        matrix[own, own] = block.A.T @ block.A
        matrix[own, -n:] = matrix[-n:, own] = np.eye(n)
        right[own] = block.A.T @ block.b
    right[-n:] = problem.rhs["sum"]
    z = np.linalg.solve(matrix, right)
    answers = []
    for i, block in enumerate(problem.blocks):
        x = z[i * n : (i + 1) * n]
        cost = 0.5 * float(np.sum((block.A @ x - block.b) ** 2))
        answers.append(Response({"sum": x}, cost, -math.inf, x))
    return answers, {"sum": z[-n:]}


def solution_of(problem, answers, multipliers, feasible=None):
    """A solution that no solver found: the answers are put into a start."""
    state = Subgradient().init(problem, Start(multipliers, tuple(answers)))
    best = state.best.with_feasible(feasible)
    return solve(problem, Subgradient(), stop=StepLimit(0), start=state._replace(best=best))


def test_an_exact_kkt_point_has_no_violation():
    problem = least_squares()
    answers, multipliers = exact(problem)
    found = checks.examine(problem, solution_of(problem, answers, multipliers))
    assert found.holds(1e-12)
    assert found.stationarity <= 1e-12 and math.isnan(found.suboptimality)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("primal", lambda a, y: ([moved(a[0], 0.1), *a[1:]], y)),
        ("primal", lambda a, y: ([moved(a[0], -0.1), *a[1:]], y)),
        ("stationarity", lambda a, y: (a, {"sum": y["sum"] + 0.1})),
        ("stationarity", lambda a, y: ([moved(a[0], 0.1), moved(a[1], -0.1), a[2]], y)),
    ],
)
def test_each_fault_is_seen_by_its_number(name, fault):
    problem = least_squares()
    answers, multipliers = fault(*exact(problem))
    found = checks.examine(problem, solution_of(problem, answers, multipliers))
    assert getattr(found, name) >= 1e-3
    assert not found.holds(1e-4)


def moved(answer, by):
    x = answer.image["sum"] + by
    return replace(answer, image={"sum": x}, point=x)


def test_signs_of_less_or_equal_rows():
    problem = least_squares(inequality=True)
    answers, multipliers = exact(problem)
    at_zero = solution_of(problem, answers, {"sum": np.zeros(3)})
    state = at_zero.state._replace(multipliers={"sum": np.array([-0.2, 0.0, 0.0])})
    assert checks.examine(problem, replace(at_zero, state=state)).dual == pytest.approx(0.2)
    slack = [moved(answers[0], -1.0), *answers[1:]]  # the row is not tight, its price is not 0
    priced = solution_of(problem, slack, {"sum": np.abs(multipliers["sum"]) + 0.5})
    found = checks.examine(problem, priced)
    assert found.primal <= 1e-12 and found.complementarity >= 0.5


def test_what_admm_returns_is_accepted():
    tied = exchange(least_squares())
    stop = ResidualBelow(1e-10) | StepLimit(5000)
    solution = solve(tied, ADMM(1.0, two_groups(tied)), stop=stop)
    assert checks.examine(tied, solution).holds(1e-7)
    early = solve(tied, ADMM(1.0, two_groups(tied)), stop=StepLimit(3))
    assert not checks.examine(tied, early).holds(1e-7)


def test_blocks_that_know_prices_only():
    problem = build(generate("C", 3, 12, 1))
    stop = GapBelow(0) | StepLimit(300)
    solution = solve(problem, Subgradient(Polyak(patience=20)), stop=stop)
    assert solution.upper_bound < math.inf
    found = checks.examine(problem, solution, rho=None)
    assert found.weak_duality == 0.0 and math.isnan(found.stationarity)
    assert found.suboptimality >= -1e-9
    # a bound that its multipliers do not prove, below the cost of the point or above
    for claim in (solution.lower_bound + 1e-3, solution.upper_bound + 100.0):
        best = replace(solution.state.best, lower_bound=claim)
        bold = replace(solution, state=solution.state._replace(best=best))
        assert checks.examine(problem, bold, rho=None).weak_duality >= 9e-4
    assert bold.gap < 0 <= solution.gap
    assert checks.examine(problem, bold, rho=None).weak_duality >= 100.0
    cheap = [replace(solution.responses[0], cost=-1e3), *solution.responses[1:]]
    lowered = replace(solution, state=solution.state._replace(responses=tuple(cheap)))
    tampered = checks.examine(problem, lowered, rho=None)
    assert tampered.suboptimality < -500.0 and not tampered._replace(primal=0.0).holds(1e-6)
    # a cost that is too low is caught: no point costs less than the bound proved here
    lie = Feasible(None, solution.lower_bound - 100.0)
    wrong = replace(
        solution,
        state=solution.state._replace(
            best=replace(solution.state.best, upper_bound=lie.cost, feasible=lie)
        ),
    )
    assert checks.examine(problem, wrong, rho=None).weak_duality > 50.0


def test_bounds_that_cross_are_seen_without_asking_for_one():
    problem = least_squares()
    answers, multipliers = exact(problem)
    cost = sum(answer.cost for answer in answers)
    good = solution_of(problem, answers, multipliers, Feasible(None, cost))
    best = replace(good.state.best, lower_bound=cost + 2.0)
    found = checks.examine(problem, replace(good, state=good.state._replace(best=best)))
    assert found.weak_duality == pytest.approx(2.0) and not found.holds(1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_a_violation(bad):
    problem = least_squares()
    answers, multipliers = exact(problem)
    good = solution_of(problem, answers, multipliers)
    image = replace(answers[1], image={"sum": np.array([bad, 0.0, 0.0])})
    for change in (
        {"responses": (answers[0], image, answers[2])},
        {"responses": (replace(answers[0], cost=bad), *answers[1:])},
        {"multipliers": {"sum": np.array([0.0, bad, 0.0])}},
    ):
        found = checks.examine(problem, replace(good, state=good.state._replace(**change)))
        assert found == (math.inf,) * 6 and not found.holds(1e6)


def test_a_row_that_is_nan_is_violated_and_nothing_measured_is_no_success():
    problem = least_squares()
    assert checks.primal(problem, {"sum": np.array([0.0, math.nan, 0.0])}) == math.inf
    assert not checks.Optimality(*[math.nan] * 6).holds(1.0)
    assert not checks.Optimality(math.nan, *[0.0] * 5).holds(1.0)
    assert checks.Optimality(0.0, *[math.nan] * 5).holds(0.0)


def test_the_solution_of_an_exchange_form_is_examined_in_the_rows_of_the_problem():
    problem = least_squares()
    tied = exchange(problem)
    stop = ResidualBelow(1e-10) | StepLimit(5000)
    solution = solve(tied, ADMM(1.0, two_groups(tied)), stop=stop)
    found = checks.examine(problem, solution)
    assert found.holds(1e-7) and found.stationarity > 0
    answers, multipliers = exact(problem)
    same = solution_of(problem, [moved(answers[0], 0.5), *answers[1:]], multipliers)
    copies = [replace(a, image={f"sum@{i}": a.image["sum"]}) for i, a in enumerate(same.responses)]
    renamed = {f"sum@{i}": multipliers["sum"] for i in range(3)}
    state = solution.state._replace(responses=(*copies, solution.responses[3]), multipliers=renamed)
    assert checks.examine(problem, replace(solution, state=state)) == pytest.approx(
        checks.examine(problem, same), nan_ok=True
    )


def test_the_report_names_every_number():
    text = str(checks.Optimality(*range(6)))
    assert [line.split()[0] for line in text.splitlines()] == list(NAMES)
