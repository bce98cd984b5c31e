"""Bounds of conic programs whose variables are bounded on one side or none: z is moved inside."""

import math
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("cvxpy")

import cvxpy as cp

from lagrange.bounds import exact_sweep
from lagrange.models.cvxpy_model import from_cvxpy
from lagrange.oracles.conic_bound import proved_bound
from lagrange.oracles.conic_program import Cones, dual_member, inside_rows
from lagrange.oracles.convex import ConvexBlock

RATES = (1.0, 2.0, 3.0)


def price(value):
    return {"row": np.array([value])}


def block(utility):
    x = cp.Variable(3, nonneg=True, name="x")
    return ConvexBlock(
        "b", -sum(utility(r * x[i]) for i, r in enumerate(RATES)), (), {"row": cp.sum(x)}
    )


@pytest.mark.parametrize("value", [0.75, 1.5, 8.0])  # at 0.25 √ takes too many steps: −inf
@pytest.mark.parametrize(
    ("utility", "least"),
    [
        # min over x ≥ 0 of λ x − √(r x) = −r/(4 λ);  of λ x − log(1 + r x): at x = 1/λ − 1/r or 0
        (cp.sqrt, lambda r, y: -r / (4 * y)),
        (lambda e: cp.log(1 + e), lambda r, y: 1 - y / r - math.log(r / y) if r > y else 0.0),
    ],
    ids=["sqrt", "log"],
)
def test_variables_without_upper_bounds(utility, least, value):
    exact = math.fsum(least(r, value) for r in RATES)
    bound = block(utility).respond(price(value), None, None).bound
    assert bound <= exact + 1e-15 * abs(exact)
    assert exact - bound <= 1e-4 * (1 + abs(exact))


def test_bounds_stay_below_the_minimum_from_any_dual_vector():
    made = block(cp.sqrt)
    program, q = made._program, made._data["c"].copy()
    for row in made._rows.values():
        q[row.columns] += 0.75
    raw = made._solved(made._data["P"], q, None)
    x, z = np.array(raw.x), np.array(raw.z)
    exact = -sum(RATES) / 3
    rng = np.random.default_rng(0)
    found = []
    for noise in (0.0, 1e-12, 1e-9, 1e-7, 1e-4, 1e-2, 1.0):
        for _ in range(5):
            moved = z + noise * rng.normal(size=z.size)
            found.append(proved_bound(program, q, made._constant, x, moved))
    assert max(found) <= exact
    assert np.isfinite(found).mean() > 0.3
    q[q == 0.75] = 0.0  # more is always better now
    assert proved_bound(program, q, made._constant, x, z) == -math.inf


def test_a_model_with_variables_that_are_only_nonnegative_has_a_proved_bound():
    x = [cp.Variable(3, nonneg=True, name=f"x{i}") for i in range(4)]
    budget = sum(cp.sum(v) for v in x) <= 6
    utility = sum(cp.sum(cp.sqrt((i + 1) * v)) for i, v in enumerate(x))
    model = from_cvxpy(cp.Problem(cp.Maximize(utility), [budget]), [budget])
    bound, _ = exact_sweep(model, {"constraint 0": np.array([math.sqrt(180) / 12])})
    assert -math.sqrt(180) - 1e-5 <= bound <= -math.sqrt(180)


CONES = Cones(1, 2, (3,), (2,), 1)


@pytest.mark.parametrize("room", [1e-12, 1e-6, 0.1])
def test_what_counts_as_inside_holds_the_ball(room):
    """No point of the ball around a part that counts as inside may need to be moved into K*."""
    rng = np.random.default_rng(1)
    starts = (1, 2, 3, 6, 9, 12)
    counted = 0
    for _ in range(100):
        z = dual_member(rng.normal(size=12), CONES)
        assert z is not None
        z[[1, 2, 3, 6, 8, 11]] += room * rng.uniform(0, 5, 6)
        z[9] -= 3 * room
        free = inside_rows(z, CONES, room)
        assert free[0]
        for start, end in pairwise(starts):
            if not free[start]:
                continue
            counted += 1
            for _ in range(8):
                step = np.zeros(12)
                step[start:end] = rng.normal(size=end - start)
                ball = z + 0.999 * room * step / np.linalg.norm(step)
                member = dual_member(ball, CONES)
                assert member is not None
                # dual_member leaves some room for its own rounding
                assert np.abs(member - ball)[start:end].max() <= 1e-13 * (1 + np.abs(z).max())
    assert counted > 50
