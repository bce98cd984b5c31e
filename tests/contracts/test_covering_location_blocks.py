"""Selections and facilities keep every law of a block, and their bounds hold in rational numbers."""

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest

from lagrange.oracles.facility import Facility
from lagrange.oracles.selection import Selection
from lagrange.oracles.sparse import SparseMatrix
from lagrange.testing import Candidate, Check, Question
from tests.contracts.block_cases import BlockCase
from tests.contracts.laws import laws_of
from tests.tolerances import EXACT


def selections():
    rng = np.random.default_rng(50)
    for name, whole in (("real", False), ("ties", True)):
        cost, dense = rng.normal(size=6), rng.integers(-1, 2, (4, 6)).astype(float)
        if whole:
            cost, dense = np.rint(2 * cost), dense
        block = Selection(cost, SparseMatrix.dense(dense), "x")
        choices = [np.array(x, dtype=float) for x in product((0, 1), repeat=6)]
        could = [Candidate({"x": dense @ x}, float(cost @ x)) for x in choices]
        prices = [np.zeros(4), *np.rint(rng.normal(size=(3, 4))), *rng.normal(size=(4, 4))]
        rows = {"x": np.zeros(4)}

        def does(point, cost=cost, dense=dense):
            return Candidate({"x": dense @ point.chosen}, float(cost[point.chosen].sum()))

        questions = [Question({"x": p}) for p in prices]
        yield BlockCase(f"selection-{name}", block, questions, rows, True, could, does)


def facility_plans(block):
    """Closed, or filled in every order: all vertices of what a facility can do."""
    n = block.cost.size
    yield Candidate({"x": np.zeros(n)}, 0.0)
    for count in range(n + 1):
        for order in permutations(range(n), count):
            x, room = np.zeros(n), block.capacity
            for j in order:
                x[j] = min(1.0, room / block.demand[j])
                room -= x[j] * block.demand[j]
            yield Candidate({"x": x}, block.opening + float(block.cost @ x))


def facilities():
    rng = np.random.default_rng(51)
    for capacity, opening in ((0.0, 1.0), (5.0, 1.0), (5.0, -1.0), (100.0, 2.0)):
        cost, demand = rng.uniform(0, 4, 4), np.array([2.0, 3.0, 1.0, 4.0])
        block = Facility(cost, demand, capacity, opening, "x")

        def does(plan, block=block):
            if ((plan.share < 0) | (plan.share > 1)).any():
                return None
            if float(block.demand @ plan.share) > block.capacity * (1 + 1e-12):
                return None
            if not plan.is_open and plan.share.any():
                return None
            cost = block.opening + float(block.cost @ plan.share) if plan.is_open else 0.0
            return Candidate({"x": plan.share}, cost)

        prices = [
            np.zeros(4),
            *-rng.uniform(0, 6, (4, 4)),
            *rng.normal(size=(2, 4)),
            -cost - demand,  # every unit of capacity pays the same
        ]
        questions, rows = [Question({"x": p}) for p in prices], {"x": np.zeros(4)}
        could = list(facility_plans(block))
        name = f"facility-{capacity:g}-{opening:g}"
        yield BlockCase(name, block, questions, rows, True, could, does)


CASES = [*selections(), *facilities()]


@pytest.mark.parametrize("check", laws_of(CASES))
def test_block(check: Check):
    check.run()


@pytest.mark.parametrize("scale", (1.0, 1e9))
def test_selection_bounds_hold_in_rational_numbers(scale):
    rng = np.random.default_rng(52)
    for _ in range(100):
        cost, dense = scale * rng.normal(size=5), rng.normal(size=(3, 5))
        price = scale * rng.normal(size=3)
        answer = Selection(cost, SparseMatrix.dense(dense), "x").respond({"x": price}, None, None)
        reduced = [
            Fraction(cost[j]) + sum(Fraction(dense[i, j]) * Fraction(price[i]) for i in range(3))
            for j in range(5)
        ]
        least = sum(min(r, Fraction(0)) for r in reduced)
        assert Fraction(answer.bound) <= least
        assert float(least) - answer.bound <= EXACT(float, 8, 10 * scale)


@pytest.mark.parametrize("scale", (1.0, 1e9))
def test_facility_bounds_hold_in_rational_numbers(scale):
    """Against the greedy filling in rationals, which is the minimum of a continuous knapsack."""
    rng = np.random.default_rng(53)
    opened = 0
    for _ in range(200):
        cost, demand = scale * rng.normal(size=5), rng.uniform(0.1, 5, 5)
        capacity, opening = float(rng.uniform(0, 12)), scale * float(2 + rng.normal())
        price = scale * rng.normal(size=5)
        block = Facility(cost, demand, capacity, opening, "x")
        answer = block.respond({"x": price}, None, None)
        least, room = Fraction(opening), Fraction(capacity)
        pay = [Fraction(c) + Fraction(p) for c, p in zip(cost, price, strict=True)]
        weight = [Fraction(d) for d in demand.tolist()]
        for j in sorted(range(5), key=lambda j, pay=pay, weight=weight: pay[j] / weight[j]):
            share = min(Fraction(1), room / weight[j])
            if pay[j] < 0:
                least, room = least + pay[j] * share, room - share * weight[j]
        least = min(least, Fraction(0))
        opened += least < 0
        assert Fraction(answer.bound) <= least
        assert float(least) - answer.bound <= EXACT(float, 10, 10 * scale)
        assert answer.point.is_open == (least < 0)
    assert 20 < opened < 180


def test_what_costs_nothing_is_left():
    """At a tie the empty answer: no column at reduced cost 0, no facility worth 0."""
    block = Selection(np.array([1.0, 1.0]), SparseMatrix.dense(-np.eye(2)), "x")
    answer = block.respond({"x": np.array([1.0, 2.0])}, None, None)
    assert answer.point.chosen.tolist() == [False, True]
    site = Facility(np.array([1.0]), np.array([2.0]), 2.0, 3.0, "x")
    assert not site.respond({"x": np.array([-4.0])}, None, None).point.is_open
    assert site.respond({"x": np.array([-4.5])}, None, None).point.is_open
