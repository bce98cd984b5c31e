"""Every solver keeps every law of a solver, on problems of all three worlds."""

import math

import pytest

from lagrange import (
    Progressive,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    TimeLimit,
    in_stages,
    solve,
)
from lagrange.bounds import exact_sweep
from lagrange.step_sizes import SurrogateContraction
from lagrange.testing import Check, check_solver
from lagrange.testing.solvers import rounds
from tests.contracts.laws import laws_of
from tests.contracts.solver_cases import assignment, assignment_costs, solver_cases
from tests.tolerances import CERTIFIED

CASES = {case.name: case for case in solver_cases()}


@pytest.mark.parametrize("check", laws_of(CASES.values()))
def test_solver(check: Check) -> None:
    check.run()


def test_check_solver_runs_all_of_them() -> None:
    check_solver(assignment(), Subgradient(), 5, feasible_costs=assignment_costs())


PROVING = [
    name
    for name in CASES
    if name.startswith(("exactly", "cover", "pack", "lasso-subgradient", "progressive-s"))
]


@pytest.mark.parametrize("name", PROVING)
def test_bounds_are_there_to_be_checked(name: str) -> None:
    """No law about bounds holds for want of one."""
    case = CASES[name]
    assert case.feasible_costs
    proved = [r.after.record.lower_bound for r in rounds(case.problem, case.solver, case.steps)]
    assert any(math.isfinite(bound) for bound in proved)


@pytest.mark.parametrize("name", [n for n in CASES if "balancing" in n or "spectral" in n])
def test_rho_changes_where_it_may(name: str) -> None:
    case = CASES[name]
    run = rounds(case.problem, case.solver, case.steps)
    assert len({r.after.record.rho for r in run} - {20.0}) > 1


@pytest.mark.parametrize("name", [n for n in PROVING if not n.startswith("progressive")])
def test_the_best_multipliers_prove_the_best_bound(name: str) -> None:
    case = CASES[name]
    best = list(rounds(case.problem, case.solver, case.steps))[-1].after.best
    assert best.multipliers is not None
    bound, _ = exact_sweep(case.problem, best.multipliers)
    assert abs(bound - best.lower_bound) <= CERTIFIED(bound)


@pytest.mark.parametrize("kind", ["exactly", "cover"])
def test_surrogate_values_overshoot_and_bounds_do_not(kind: str) -> None:
    """L(x, λ) rises above the optimum in a run that never claims a bound above it."""
    problem, costs = assignment(kind=kind), assignment_costs(kind=kind)
    rule = SurrogateContraction.for_horizon(200, shrink=0.5, first_step=3.0)
    run = list(rounds(problem, SurrogateLagrangian(rule, sweep_every=5), 120))
    records = [r.after.record for r in run]
    assert max(r.lagrangian for r in records) > costs[0] + 1.0
    lowers = [r.lower_bound for r in records if not math.isnan(r.lower_bound)]
    assert lowers and max(lowers) <= costs[0] + CERTIFIED(costs[0])


def test_a_stage_can_end_by_the_clock() -> None:
    stages = in_stages([assignment(5), assignment(4)])
    solver = Progressive(Subgradient(), until=TimeLimit(1e-9))
    solution = solve(stages, solver, stop=StepLimit(50))
    assert solution.trace[-1].stage == 1
    assert len(solution.trace) < 10


def test_the_bounds_of_an_early_stage_are_not_those_of_the_problem() -> None:
    """Roomier stages have other optima: what they prove is in their records and nowhere else."""
    stages = in_stages([assignment(6), assignment(4)])
    solver = Progressive(Subgradient(), until=StepLimit(3))
    early = solve(stages, solver, stop=StepLimit(2))
    assert all(math.isfinite(record.lower_bound) for record in early.trace)
    assert (early.lower_bound, early.upper_bound) == (-math.inf, math.inf)
    late = solve(stages, solver, stop=StepLimit(5))
    lowers = [record.lower_bound for record in late.trace if record.stage == 1]
    assert late.lower_bound == max(lowers)


def test_sweeps_prove_a_bound_when_they_are_due() -> None:
    rule = SurrogateContraction.for_horizon(40, first_step=0.5)
    run = list(rounds(assignment(), SurrogateLagrangian(rule, sweep_every=3), 16))
    for one in run[::3]:  # after 0, 3, 6, … finished steps
        assert len(one.asks) == 3
        assert math.isfinite(one.after.record.lower_bound)
    assert any(len(one.asks) == 1 for one in run)
