"""Bounds of blocks on HiGHS against rational numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange.oracles.linear_bounds import PricedCost, priced_cost, safe_bound
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.milp import MilpBlock
from lagrange.oracles.sparse import SparseMatrix
from tests.exact.linear_programs import (
    dense,
    exact_cost,
    inner,
    linear_set,
    random_block,
    random_set,
    vertices,
)
from tests.tolerances import EXACT


def test_bounds_of_linear_programs_hold_in_rational_numbers():
    """No slack at all above the exact minimum, and hardly any below it."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        block = random_block(rng)
        price = 5 * rng.normal(size=2)
        response = block.respond({"x": price}, None, None)
        d = exact_cost(block.cost, dense(block.images["x"]), price)
        least = min(inner(d, x) for x in vertices(block.members))
        assert Fraction(response.bound) <= least
        assert float(least - Fraction(response.bound)) <= EXACT(float, 30, 100)


def test_any_multipliers_prove_a_bound():
    """Wrong signs, noise, NaN and infinities: the bound gets worse and stays a bound."""
    rng = np.random.default_rng(2)
    for trial in range(80):
        block = random_block(rng)
        price = 5 * rng.normal(size=2)
        d = exact_cost(block.cost, dense(block.images["x"]), price)
        least = min(inner(d, x) for x in vertices(block.members))
        y = 3 * rng.normal(size=2)
        y[0] = (y[0], math.nan, math.inf, 1e17)[trial % 4]
        cost = priced_cost(block.cost, block.images, {"x": price})
        bound = safe_bound(block.members, cost, y)
        assert math.isfinite(bound)
        assert Fraction(bound) <= least


def test_rounding_of_the_priced_cost_is_counted():
    """Cost plus price is rounded: the bound from the float sum alone would be too high on one side."""
    image = {"x": SparseMatrix.dense(np.array([[1.0]]))}
    price = {"x": np.array([2.0**-55 - 1e-3])}
    for low, high in ((-1e6, 0.0), (0.0, 1e6)):
        members = linear_set(np.zeros((1, 1)), -1.0, 1.0, low, high)
        for c in (1e-3 + 2.0**-60, 1.0 + 2.0**-52, 3.0):
            block = MilpBlock(np.array([c]), members, image)
            bound = block.respond(price, None, None).bound
            d = exact_cost(block.cost, np.ones((1, 1)), price["x"])[0]
            assert Fraction(bound) <= min(d * Fraction(low), d * Fraction(high))


def test_the_priced_cost_is_off_by_no_more_than_it_says():
    rng = np.random.default_rng(11)
    wrong = 0
    for _ in range(50):
        image = rng.normal(size=(6, 4)) * (rng.random((6, 4)) < 0.7) * 10.0 ** rng.integers(-8, 8)
        cost, price = rng.normal(size=4), 10.0 ** rng.integers(-3, 6) * rng.normal(size=6)
        found = priced_cost(cost, {"x": SparseMatrix.dense(image)}, {"x": price})
        exact = exact_cost(cost, image, price)
        for value, off, wanted in zip(found.value.tolist(), found.off.tolist(), exact, strict=True):
            assert abs(Fraction(value) - wanted) <= Fraction(off)
            wrong += Fraction(value) != wanted
    assert wrong > 100, "rounding does happen"


def test_the_bound_lies_below_the_exact_dual_value():
    """Large multipliers cancel: the float reduced costs are noise, and the bound pays for it."""
    rng = np.random.default_rng(12)
    for trial in range(60):
        members = random_set(rng)
        y = 10.0 ** (trial % 12) * rng.normal(size=2)
        y = np.where(np.isfinite(np.where(y > 0, members.row_lower, members.row_upper)), y, 0.0)
        c = members.rows.transposed_times(y) + rng.normal(size=3)
        reduced = [
            Fraction(float(v)) - r
            for v, r in zip(c, exact_cost(np.zeros(3), -dense(members.rows), -y), strict=True)
        ]
        ends = np.where(y > 0, members.row_lower, np.where(y < 0, members.row_upper, 0.0))
        exact = inner([Fraction(v) for v in y.tolist()], [Fraction(v) for v in ends.tolist()])
        for r, low, high in zip(reduced, members.lower, members.upper, strict=True):
            exact += min(r * Fraction(float(low)), r * Fraction(float(high)))
        bound = safe_bound(members, PricedCost(c, np.zeros(3)), y)
        assert Fraction(bound) <= exact
        assert float(exact - Fraction(bound)) <= EXACT(float, 20, 1 + 100 * float(np.abs(y).max()))


def test_closed_forms_hold_in_rational_numbers():
    """Nothing is priced here, so only the products and their sum are rounded."""
    rng = np.random.default_rng(13)
    none = np.zeros(0)
    for _ in range(50):
        lower, cost = rng.normal(size=3), rng.normal(size=3)
        upper = lower + rng.uniform(size=3)
        free = LinearSet(SparseMatrix.empty(0, 3), none, none, lower, upper, np.zeros(3, bool))
        block = MilpBlock(cost, free, {"x": SparseMatrix.empty(1, 3)})
        bound = block.respond({"x": np.ones(1)}, None, None).bound
        corners = zip(cost.tolist(), lower.tolist(), upper.tolist(), strict=True)
        least = sum(
            min(Fraction(c) * Fraction(a), Fraction(c) * Fraction(b)) for c, a, b in corners
        )
        assert Fraction(bound) <= least
        assert float(least - Fraction(bound)) <= EXACT(float, 3, 10)


def test_the_bound_knows_by_how_much_the_cost_may_be_off():
    members = linear_set(np.zeros((1, 2)), -1.0, 1.0, [-2.0, 1.0], [3.0, 4.0])
    cost = PricedCost(np.array([0.0, 1.0]), np.array([0.5, 0.25]))
    bound = safe_bound(members, cost, np.zeros(1))
    assert bound == pytest.approx(-1.5 + 0.75, rel=EXACT())
    assert bound < -1.5 + 0.75
