"""ADMM against the same sweeps in plain numpy: orders, over-relaxation, groups, records."""

import math
from itertools import pairwise

import numpy as np
import pytest

from lagrange import ADMM, Problem, Quadratic, Response, Start
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from tests.by_hand.drive import Nearest, Parabola, states
from tests.by_hand.lasso_sweeps import A, B, loss_first, set_first
from tests.tolerances import EXACT

WEIGHT, STEPS, ZERO = 0.8, 6, np.zeros(3)
CLOSE = EXACT(size=50, scale=10)
LASSO = Problem((LeastSquares(A, B, "r"), L1Norm(WEIGHT, "r")), {"r": ZERO})
ORDERS = [(((0,), (1,)), loss_first), (((1,), (0,)), set_first)]


@pytest.mark.parametrize(("order", "sweeps"), ORDERS, ids=["loss-first", "set-first"])
@pytest.mark.parametrize("alpha", [1.0, 1.6, 0.7])
@pytest.mark.parametrize("rho", [0.5, 4.0])
def test_sweeps_are_those_of_the_textbook(order, sweeps, alpha, rho):
    kept = states(LASSO, ADMM(rho, order, relaxation=alpha), STEPS)
    expected = sweeps(STEPS, rho, alpha, WEIGHT, ZERO, ZERO, ZERO)
    for k, (state, sweep) in enumerate(zip(kept[1:], expected, strict=True), start=1):
        x, z, y, y_before, gradient = sweep
        record, r = state.record, x - z
        assert state.multipliers["r"] == pytest.approx(y, abs=CLOSE)
        assert state.responses[0].point == pytest.approx(x, abs=CLOSE)
        assert state.responses[1].point == pytest.approx(z, abs=CLOSE)
        assert state.residual["r"] == pytest.approx(r, abs=CLOSE)
        cost = 0.5 * (A @ x - B) @ (A @ x - B) + WEIGHT * np.abs(z).sum()
        assert record.cost == pytest.approx(cost, abs=CLOSE) == state.cost
        value = cost + y_before @ r + rho / 2 * r @ r
        assert record.lagrangian == pytest.approx(value, abs=CLOSE)
        assert record.residual == pytest.approx(np.linalg.norm(r), abs=CLOSE)
        assert record.dual_residual == pytest.approx(np.linalg.norm(gradient), abs=CLOSE)
        assert record.movement == pytest.approx(np.linalg.norm(y - y_before), abs=CLOSE)
        scale = max(np.linalg.norm(x), np.linalg.norm(z))
        assert record.residual_scale == pytest.approx(scale, abs=CLOSE)
        assert record.dual_scale == pytest.approx(np.linalg.norm(y), abs=CLOSE)
        assert (record.step, record.moves, record.rho, record.step_size) == (k, k, rho, rho)
        assert math.isnan(record.lower_bound) and state.best.lower_bound == -math.inf


def test_a_start_is_where_the_first_sweep_begins():
    x, z, y = np.array([1.0, -2, 0.5]), np.array([0.5, 1, -1.0]), np.array([0.3, -0.2, 0.6])
    at = Start({"r": y}, (Response({"r": x}, 0.0, point=x), Response({"r": -z}, 0.0, point=z)))
    kept = states(LASSO, ADMM(2.0, relaxation=1.6), 2, at)
    for state, sweep in zip(kept[1:], loss_first(2, 2.0, 1.6, WEIGHT, x, z, y), strict=True):
        assert state.multipliers["r"] == pytest.approx(sweep.y, abs=CLOSE)


def test_plain_admm_dual_residual_is_the_change_of_the_second_group():
    """ρ ‖B (z_new − z_old)‖, the textbook's before the multiplication by Aᵀ."""
    kept = states(LASSO, ADMM(1.5), STEPS)
    for before, after in pairwise(kept[1:]):
        moved = after.responses[1].point - before.responses[1].point
        expected = 1.5 * np.linalg.norm(moved)
        assert after.record.dual_residual == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_the_dual_residual_is_measured_before_the_transpose(alpha):
    """½ ‖x − c‖² + ‖z − m‖², A x − z = b with A 3 × 2: x was stationary at the price it was asked,
    so ∇F(x) + Aᵀ y at the new y is Aᵀ of the change of the price.
    """
    rho, c = 0.8, np.array([1.0, -2.0])
    T, m, b = np.array([[2.0, 1], [0, 3], [-1, 1]]), np.array([1.0, 0, 2]), np.array([0.5, -1, 1])
    problem = Problem((Nearest(c, T), Parabola(2.0, m, "r", -1.0)), {"r": b})
    kept = states(problem, ADMM(rho, relaxation=alpha), 5)
    for before, after in pairwise(kept[1:]):
        x, y = after.responses[0].point, after.multipliers["r"]
        asked = before.multipliers["r"] + rho * (T @ x - before.responses[1].point - b)
        assert x - c + T.T @ asked == pytest.approx(np.zeros(2), abs=CLOSE)
        assert x - c + T.T @ y == pytest.approx(T.T @ (y - asked), abs=CLOSE)
        expected = np.linalg.norm(y - asked)
        assert after.record.dual_residual == pytest.approx(expected, abs=CLOSE)


@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_a_group_of_blocks_answers_at_once(alpha):
    """Blocks 0 and 1 own rows u and v, block 2 has both: min Σ c/2 ‖x − m‖², (x_0, x_1) = z + b."""
    rho, b = 0.7, np.array([1.0, -2.0])
    c, m = np.array([1.0, 2.0, 0.5]), [np.array([3.0]), np.array([-1.0]), np.array([2.0, 4.0])]
    blocks = (Parabola(c[0], m[0], "u"), Parabola(c[1], m[1], "v"), Both(c[2], m[2]))
    problem = Problem(blocks, {"u": b[:1], "v": b[1:]})
    kept = states(problem, ADMM(rho, ((0, 1), (2,)), relaxation=alpha), 4)
    z, y, own, middle = np.zeros(2), np.zeros(2), c[:2], np.concatenate(m[:2])
    for state in kept[1:]:
        x = (own * middle - y + rho * (z + b)) / (own + rho)
        h = alpha * x - (1 - alpha) * (-z - b)
        z = (c[2] * m[2] + y + rho * (h - b)) / (c[2] + rho)
        y = y + rho * (h - z - b)
        assert np.hstack([r.point for r in state.responses[:2]]) == pytest.approx(x, abs=CLOSE)
        assert state.responses[2].point == pytest.approx(z, abs=CLOSE)
        assert np.hstack([state.multipliers[n] for n in "uv"]) == pytest.approx(y, abs=CLOSE)
        gradient = own * (x - middle) + y  # ∇F(x) + Aᵀ y at the new y
        expected = np.linalg.norm(gradient)
        assert state.record.dual_residual == pytest.approx(expected, abs=CLOSE)
        largest = max(np.linalg.norm(x), np.linalg.norm(z), np.linalg.norm(b))
        assert state.record.residual_scale == pytest.approx(largest, abs=CLOSE)


class Both:
    """c/2 ‖z − m‖² with image −z, its first entry on row u and its second on row v."""

    def __init__(self, curvature, middle):
        self.inner = Parabola(curvature, middle, "uv", times=-1.0)

    def respond(self, price, query, start):
        both = {"uv": np.hstack([price["u"], price["v"]])}
        offset = {"uv": np.hstack([query.offset["u"], query.offset["v"]])}
        r = self.inner.respond(both, Quadratic(query.rho, offset), None)
        return Response({"u": r.image["uv"][:1], "v": r.image["uv"][1:]}, r.cost, point=r.point)
