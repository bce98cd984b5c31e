"""Convex problems: where ADMM ends does not depend on how it goes there."""

import numpy as np
import pytest

from lagrange import ADMM, StepLimit, SurrogateLagrangian, solve
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import ResidualBelow
from problems import lasso
from tests.tolerances import CONVERGED

TOLERANCE = 1e-10
RNG = np.random.default_rng(7)
A, B, WEIGHT = RNG.normal(size=(20, 6)) / 3, RNG.normal(size=20), 1.2


def admm(rho=1.0, order=((0,), (1,)), relaxation=1.0):
    stop = ResidualBelow(TOLERANCE) | StepLimit(20_000)
    return solve(lasso.build(A, B, WEIGHT), ADMM(rho, order, relaxation), stop=stop)


@pytest.fixture(scope="module")
def reference():
    return admm()


@pytest.mark.parametrize(
    "settings",
    [
        {"rho": 0.05},
        {"rho": 20.0},
        {"order": ((1,), (0,))},
        {"relaxation": 1.8},
        {"relaxation": 0.6},
        {"rho": 5.0, "order": ((1,), (0,)), "relaxation": 1.5},
    ],
    ids=str,
)
def test_the_end_is_the_same(settings, reference):
    solution = admm(**settings)
    assert 0 < np.count_nonzero(reference.point) < 6
    # the tolerance is on residuals; the table's smallest curvature and ρ turn it into a distance
    close = 100 * CONVERGED(TOLERANCE)
    assert solution.point == pytest.approx(reference.point, abs=close)
    multipliers = reference.multipliers["split"]
    assert solution.multipliers["split"] == pytest.approx(multipliers, abs=close)
    assert lasso.kkt_violation(A, B, WEIGHT, solution.point) <= close


def test_surrogate_relaxation_with_a_pull_goes_there_too(reference):
    rule = SurrogateContraction.for_horizon(1000, shrink=1e-5, first_step=0.5)
    solver = SurrogateLagrangian(rule, rho=1.0)
    solution = solve(lasso.build(A, B, WEIGHT), solver, stop=StepLimit(1000))
    close = CONVERGED(solution.state.record.movement)  # multipliers still move by a last step
    assert solution.point == pytest.approx(reference.point, abs=close)
    multipliers = reference.multipliers["split"]
    assert solution.multipliers["split"] == pytest.approx(multipliers, abs=close)
    assert close < 1e-3
