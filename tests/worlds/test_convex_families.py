"""Every convex family against Clarabel through cvxpy, and by its own optimality conditions."""

import json
import math

import numpy as np
import pytest

from lagrange import Status, families, run_folder
from lagrange.bounds import exact_sweep
from tests.tolerances import CERTIFIED, EXACT
from tests.worlds import convex_programs as programs
from tests.worlds.runs import executed

OBJECTIVE = 1e-6  # relative
KKT = 1e-6
FAMILIES = {
    "elastic_net": programs.elastic_net,
    "group_lasso": programs.group_lasso,
    "basis_pursuit": programs.basis_pursuit_,
    "total_variation": programs.total_variation,
    "svm": programs.svm,
    "portfolio": programs.portfolio_,
    "allocation": programs.allocation_,
    "exchange_market": programs.exchange_market_,
    "consensus_logistic": programs.consensus_logistic,
    "multicommodity": programs.multicommodity_,
}
TABLE = {"table": "random"}
CASES = [
    ("elastic_net", {}),
    *(("elastic_net", TABLE | {"rows": 40, "columns": 15, "seed": s}) for s in (0, 1)),
    ("elastic_net", TABLE | {"rows": 15, "columns": 30, "ridge": 0.01, "seed": 2}),
    ("group_lasso", {}),
    *(("group_lasso", TABLE | {"rows": 40, "columns": 15, "seed": s}) for s in (0, 1)),
    ("group_lasso", TABLE | {"rows": 15, "columns": 30, "groups": "5", "seed": 2}),
    *(("basis_pursuit", {"seed": s}) for s in (0, 1)),
    *(("basis_pursuit", {"rows": 10, "columns": 20, "form": "graph", "seed": s}) for s in (0, 1)),
    *(("total_variation", {"seed": s}) for s in (0, 1)),
    *(("total_variation", {"length": 12, "height": 9, "seed": s, "noise": 0.4}) for s in (0, 1)),
    ("svm", {"table": "wine"}),
    *(("svm", TABLE | {"rows": 40, "columns": 4, "weight": 0.5, "seed": s}) for s in (0, 1)),
    *(("portfolio", {"seed": s}) for s in (0, 1)),
    ("portfolio", {"desks": 2, "assets": 6, "cap": 0.1, "budget": 1.1, "seed": 2}),
    *(("allocation", {"resources": 6, "seed": s}) for s in (0, 1)),
    ("allocation", {"resources": 4, "supply": 5.0, "high": 2.0, "seed": 2}),  # plenty for all
    *(("exchange_market", {"seed": s}) for s in (0, 1, 2)),
    ("consensus_logistic", {"table": "wine"}),
    *(("consensus_logistic", TABLE | {"rows": 60, "columns": 4, "seed": s}) for s in (0, 1)),
    *(("multicommodity", {"seed": s}) for s in (0, 1)),
    ("multicommodity", {"curvature": 0.0, "commodities": 2, "seed": 2}),  # the linear program
]


def named(family: str) -> str:
    return f"problems.{family}:{family}"


def run_of(family, options, solver="admm", **limits):
    return executed(named(family), solver, **options, **limits)


def shown(case) -> str:
    return f"{case[0]}-{'-'.join(str(v) for v in case[1].values())}"


@pytest.mark.parametrize("case", CASES, ids=shown)
def test_admm_agrees_with_clarabel(case):
    family, options = case
    run = run_of(family, options)
    reference = FAMILIES[family](**options)
    assert run.solution.status is Status.CONVERGED
    assert abs(run.solution.upper_bound - reference) <= OBJECTIVE * (1 + abs(reference))
    assert run.instance.measure(run.solution)["kkt_violation"] <= KKT


def test_every_family_is_there_with_two_seeds_or_tables():
    for family in FAMILIES:
        assert sum(name == family for name, _ in CASES) >= 3


@pytest.mark.parametrize("family", FAMILIES)
def test_admm_is_the_default_method(family):
    instance = families.resolve(named(family))()
    assert next(iter(instance.methods)) == "admm"
    for method in instance.methods.values():
        assert method(7).steps == 7
        assert method(None).steps > 7


DUAL = [
    ("elastic_net", {}, 5000, 1e-6),
    ("portfolio", {"desks": 2, "assets": 5}, 3000, 1e-3),
    ("allocation", {"resources": 6}, 2000, 1e-6),
    ("exchange_market", {}, 2000, 1e-8),
    ("consensus_logistic", {"table": "wine"}, 2000, 1e-4),
    ("multicommodity", {}, 3000, 2e-2),
]


@pytest.mark.parametrize(("family", "options", "steps", "gap"), DUAL, ids=[d[0] for d in DUAL])
def test_dual_decomposition_proves_bounds_below_the_optimum(family, options, steps, gap):
    """The bounds of every step are below the optimum of cvxpy, and the best comes near."""
    solution = run_of(family, options, "subgradient", steps=steps).solution
    reference = FAMILIES[family](**options)
    proved = [b for b in solution.trace.column("lower_bound") if not math.isnan(b)]
    assert len(proved) == len(solution.trace)
    assert max(proved) <= reference + CERTIFIED(reference)
    assert reference - solution.lower_bound <= gap * (1 + abs(reference))
    assert solution.upper_bound >= reference - CERTIFIED(reference)


@pytest.mark.parametrize("family", ["elastic_net"])
def test_multipliers_of_admm_prove_the_optimum(family):
    """One exact sweep at the last prices: the bound meets the objective."""
    run = run_of(family, {})
    bound, _ = exact_sweep(run.method.problem, run.solution.multipliers)
    cost = run.solution.upper_bound
    assert bound <= cost
    assert cost - bound <= CERTIFIED(cost)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_optimality_conditions_notice_another_point(family):
    """``kkt_violation`` is no rubber stamp: after a few steps it is still large."""
    few = run_of(family, {}, steps=3)
    measured = few.instance.measure(few.solution)["kkt_violation"]
    assert measured is None or measured > 1e-4


OTHER = {
    "elastic_net": {"ridge": 0.3},
    "group_lasso": {},
    "svm": {"table": "random", "rows": 30, "columns": 3, "seed": 3},
    "consensus_logistic": {"table": "wine", "sites": 3},
    "total_variation": {"table": "digits", "weight": 0.2, "seed": 3},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_runs_can_be_saved_and_made_again(family, tmp_path):
    run = run_of(family, OTHER.get(family, {"seed": 3}), steps=5)
    report = run_folder.save(run, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["report"] == report
    saved = run_folder.load(tmp_path / "run")
    again = executed(named(family), "admm", steps=5, **saved.rebuild_options)
    for row, prices in run.solution.multipliers.items():
        assert np.array_equal(again.solution.multipliers[row], prices)
    assert again.solution.upper_bound == run.solution.upper_bound


INFEASIBLE = [
    ("multicommodity", {"capacity": 0.3}),
    ("portfolio", {"budget": 9.0, "cap": 0.2}),  # 4 desks of 10 assets hold at most 8
    ("portfolio", {"budget": -0.1}),
]


@pytest.mark.parametrize(("family", "options"), INFEASIBLE, ids=str)
def test_infeasible_instances_leave_a_residual_and_no_point(family, options):
    """Every block can answer; together they cannot. The residual tends to a distance above 0."""
    solution = run_of(family, options, steps=2000).solution
    assert solution.status is not Status.CONVERGED
    assert solution.point is None
    residuals = solution.trace.column("residual")
    assert min(residuals) > 1e-3
    # the multipliers run away along one direction: each sweep by as much as the one before
    moves = solution.trace.column("movement")
    assert moves[-1] > 1e-3


def test_rows_that_contradict_each_other_have_a_certificate():
    """Basis pursuit in graph form, x_1 = 0 and x_1 = 1: the move of the prices is the certificate
    yᵀ A = 0, ⟨b, y⟩ ≠ 0.
    """
    from lagrange import ADMM, StepLimit, solve
    from problems.basis_pursuit import build

    A = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    b = np.array([0.0, 1.0, 2.0])
    problem = build(A, b, "graph")
    ends = [
        solve(problem, ADMM(1.0), stop=StepLimit(steps)).state.multipliers for steps in (200, 201)
    ]
    move = ends[1]["fit"] - ends[0]["fit"]
    assert np.abs(A.T @ move).max() <= 1e-8
    assert abs(b @ move) > 0.1
    assert np.abs(ends[1]["split"] - ends[0]["split"]).max() <= 1e-8


@pytest.mark.parametrize("form", ("affine", "graph"))
def test_points_of_basis_pursuit_solve_the_equations_after_any_number_of_steps(form):
    for steps in (1, 4, 30):
        run = run_of("basis_pursuit", {"form": form}, steps=steps)
        assert run.instance.measure(run.solution)["row_violation"] <= EXACT(float, 50, 10.0)


def test_wide_tables_offer_no_dual_decomposition():
    """Without full rank least squares is unbounded at some prices."""
    instance = families.resolve(named("elastic_net"))(table="random", rows=5, columns=9)
    assert list(instance.methods) == ["admm"]
