"""The blocks of the convex families keep every law of a block."""

import math

import numpy as np
import pytest

from lagrange.oracles.network_flow import SharedCapacity
from lagrange.oracles.proximal import GroupNorm
from lagrange.oracles.smooth import LogisticLoss
from lagrange.queries import Quadratic
from lagrange.testing import Check
from tests.contracts.convex_block_cases import convex_block_cases
from tests.contracts.laws import laws_of
from tests.tolerances import EXACT

CASES = convex_block_cases()


@pytest.mark.parametrize("check", laws_of(CASES))
def test_block(check: Check) -> None:
    check.run()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bounds_are_proved_where_they_are_claimed(case) -> None:
    """At prices alone an exact block proves a bound; with a pull none does."""
    for q in case.questions:
        bound = case.block.respond(q.price, q.query, q.start).bound
        pulled = isinstance(q.query, Quadratic)
        assert math.isfinite(bound) == (case.is_exact and not pulled), str(q)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_candidates_are_there(case) -> None:
    assert len(case.candidates) >= 4


def test_shared_capacity_agrees_with_a_search_for_the_water_level() -> None:
    """Bisection on the level of each arc, independent of the sorting."""
    rng = np.random.default_rng(40)
    capacity = rng.uniform(0, 2, 30)
    v = 2 * rng.normal(size=(5, 30))
    z = SharedCapacity(capacity, "x").project(v)
    for a in range(30):
        low, high = 0.0, float(np.abs(v).max())
        for _ in range(200):
            level = (low + high) / 2
            over = np.maximum(v[:, a] - level, 0).sum() > capacity[a]
            low, high = (level, high) if over else (low, level)
        assert np.abs(z[:, a] - np.maximum(v[:, a] - high, 0)).max() <= EXACT(float, 5, 10.0)


def test_groups_shrink_to_exactly_zero() -> None:
    block = GroupNorm(np.array([1.0, 1.0]), np.array([0, 0, 1]), "x")
    pull = Quadratic(1.0, {"x": np.array([0.3, -0.4, 2.0])})
    z = block.respond({"x": np.zeros(3)}, pull, None).point
    assert z.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_newton_keeps_its_tolerance(scale) -> None:
    """The gradient at the answer is as small as is claimed, from any start."""
    rng = np.random.default_rng(41)
    A, y = scale * rng.normal(size=(40, 4)), np.where(rng.random(40) < 0.5, 1.0, -1.0)
    block = LogisticLoss(A, y, 0.1, "x", tolerance=1e-11)
    offset, price = rng.normal(size=4), 10 * rng.normal(size=4)
    pull = Quadratic(2.0, {"x": offset})
    start = block.respond({"x": -price}, None, None)
    for begin in (None, start):
        w = block.respond({"x": price}, pull, begin).point
        missed = 1 / (1 + np.exp(y * (A @ w)))
        terms = A.T @ (y * missed), 0.1 * w, price, 2.0 * (w + offset)
        gradient = -terms[0] + terms[1] + terms[2] + terms[3]
        size = np.abs(A).sum() + sum(float(np.abs(t).sum()) for t in terms[1:])
        assert np.linalg.norm(gradient) <= 1e-11 * size
