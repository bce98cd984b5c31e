"""The bundle, level, penalty and averaging methods keep every law of a solver."""

import math

import pytest

from lagrange.bounds import exact_sweep
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.target_steps import AdaptiveTarget
from lagrange.testing import check_step_rule
from lagrange.testing.solvers import rounds
from tests.contracts.dual_solver_cases import dual_solver_cases
from tests.contracts.laws import laws_of
from tests.tolerances import CERTIFIED

CASES = {case.name: case for case in dual_solver_cases()}


@pytest.mark.parametrize("check", laws_of(CASES.values()))
def test_solver(check):
    check.run()


@pytest.mark.parametrize("name", CASES)
def test_bounds_are_there_and_their_multipliers_prove_them(name):
    case = CASES[name]
    run = list(rounds(case.problem, case.solver, case.steps))
    best = run[-1].after.best
    assert math.isfinite(best.lower_bound) and best.multipliers is not None
    bound, _ = exact_sweep(case.problem, best.multipliers)
    assert abs(bound - best.lower_bound) <= CERTIFIED(bound)


@pytest.mark.parametrize("name", CASES)
def test_every_solver_moves_and_improves(name):
    case = CASES[name]
    proved = [r.after.record.lower_bound for r in rounds(case.problem, case.solver, case.steps)]
    first = next(b for b in proved if math.isfinite(b))
    improved = max(b for b in proved if math.isfinite(b)) > first
    only_first_sweep = isinstance(case.solver, SurrogateAbsolute) and not case.solver.sweep_every
    assert improved or only_first_sweep


def test_the_adaptive_target_is_a_step_rule():
    check_step_rule(AdaptiveTarget(1.0, patience=2))
