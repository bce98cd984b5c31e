"""Blocks and exact twins of the combinatorial families against enumeration in rationals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange.bounds import exact_sweep
from problems import knapsack, unit_commitment
from problems.assignment_capacity_exact import ExactCapacity
from problems.assignment_data import AssignmentData
from problems.best_subset import Sparse
from problems.exact_knapsack import most_profit
from problems.integer_least_squares import Whole
from problems.knapsack_data import KnapsackData
from problems.knapsack_exact import ExactKnapsack
from problems.split_exact import ExactSplit
from problems.split_least_squares import SetHalf, SmoothHalf
from problems.unit_commitment_data import Unit, UnitData
from problems.unit_commitment_exact import ExactUnitCommitment
from problems.unit_commitment_schedule import is_legal, starts_of
from tests.tolerances import CERTIFIED

FLOATS = st.integers(-40, 40).map(lambda k: k / 8) | st.floats(-5, 5, width=32)


def row(length, values=FLOATS):
    return st.lists(values, min_size=length, max_size=length).map(np.array)


def rationals(vector):
    return {name: [Fraction(float(x)) for x in array] for name, array in vector.items()}


def below(bound, exact):
    """The block's bound is proved, and not much lower."""
    assert Fraction(bound) <= exact
    assert float(exact) - bound <= CERTIFIED(float(exact))


def near_below(found, exact, prices):
    """The twin's knapsacks round numbers of more than 61 bits; eighths are not such numbers."""
    assert exact - Fraction(1, 2**40) <= found <= exact
    if all((8 * array == np.rint(8 * array)).all() for array in prices.values()):
        assert found == exact


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.data())
def test_knapsack_values(seed, data):
    rng = np.random.default_rng(seed)
    m, n = 3, 5
    given_ = KnapsackData(
        rng.integers(-2, 9, n), rng.integers(0, 6, (m, n)), rng.integers(0, 12, m)
    )
    every = list(itertools.product((0, 1), repeat=n))

    def least(profit, i):
        weight, capacity = given_.weight[i].tolist(), int(given_.capacity[i])
        fits = (x for x in every if sum(itertools.compress(weight, x)) <= capacity)
        return min(-sum(itertools.compress(profit, x), Fraction(0)) for x in fits)

    keep = data.draw(st.integers(0, m - 1))
    others = [i for i in range(m) if i != keep]
    prices = {"capacity": data.draw(row(m - 1, st.integers(0, 40).map(lambda k: k / 8)))}
    (y,) = rationals(prices).values()
    left = [
        Fraction(int(p)) - sum(v * int(given_.weight[i, j]) for v, i in zip(y, others, strict=True))
        for j, p in enumerate(given_.profit)
    ]
    value = least(left, keep) - sum(
        v * int(given_.capacity[i]) for v, i in zip(y, others, strict=True)
    )
    near_below(ExactKnapsack(given_, keep).dual_value(rationals(prices)), value, prices)
    problem = knapsack.build(given_, keep)
    below(problem.blocks[0].respond(prices, None, None).bound, least(left, keep))

    copies = {f"copy{i}": data.draw(row(n)) for i in range(1, m)}
    y = rationals(copies)
    first = [Fraction(int(p)) - sum(y[r][j] for r in y) for j, p in enumerate(given_.profit)]
    value = least(first, 0) + sum(least(y[f"copy{i}"], i) for i in range(1, m))
    near_below(ExactKnapsack(given_, None).dual_value(rationals(copies)), value, copies)
    for i, block in enumerate(knapsack.build_copies(given_).blocks):
        exact = least(first if i == 0 else y[f"copy{i}"], i)
        below(block.respond(copies, None, None).bound, exact)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(1, 2**70), st.integers(0, 6)), min_size=1, max_size=6),
    st.integers(0, 15),
)
def test_most_profit_is_rounded_up_a_little_or_not_at_all(items, room):
    profit, weight = zip(*items, strict=True)
    best = max(
        sum(itertools.compress(profit, x))
        for x in itertools.product((0, 1), repeat=len(items))
        if sum(itertools.compress(weight, x)) <= room
    )
    found = most_profit(profit, weight, room)
    assert best <= found <= best + (sum(profit) >> 55)
    if sum(profit) < 2**62:
        assert found == best


UNIT = st.builds(
    lambda least, width, running, fuel, starting, up, down, before: Unit(
        least, least + width, running, fuel, starting, up, down, before
    ),
    st.integers(0, 4),
    st.integers(1, 5),
    st.integers(-3, 9),
    st.integers(-2, 6),
    st.integers(0, 20),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(-5, 5).filter(bool),
)


@settings(max_examples=80)
@given(UNIT, row(6), row(6, st.integers(0, 40).map(lambda k: k / 8)))
def test_schedules(unit, energy, reserve):
    """Block, twin and all 64 schedules agree; the twin's legality is that of the block's file."""
    hours = range(6)
    prices = {"demand": energy, "reserve": reserve}
    y = rationals(prices)
    data = UnitData((unit,), np.arange(6), np.ones(6, dtype=int))
    twin = ExactUnitCommitment(data)
    values = []
    for bits in itertools.product((0, 1), repeat=6):
        on = np.array(bits, dtype=bool)
        hourly = [
            unit.running
            + min((unit.fuel + y["demand"][t]) * p for p in (unit.least, unit.most))
            - unit.most * y["reserve"][t]
            for t in hours
        ]
        if is_legal(unit, on):
            starts = unit.starting * starts_of(unit, on)
            values.append(sum(itertools.compress(hourly, bits), Fraction(starts)))
    answer = unit_commitment.build(data).blocks[0].respond(prices, None, None)
    least = min(values)
    below(answer.bound, least)
    taken = Fraction(answer.cost) + sum(
        Fraction(image) * price
        for name, prices_ in y.items()
        for image, price in zip(answer.image[name].tolist(), prices_, strict=True)
    )
    assert abs(float(taken - least)) <= CERTIFIED(float(least))
    need = sum(r * (d + 1) for d, r in enumerate(y["reserve"]))
    total = least - sum(d * p for d, p in enumerate(y["demand"])) + need
    assert twin.dual_value(y) == total


@settings(max_examples=40)
@given(st.integers(0, 10**6), row(2, st.integers(0, 40).map(lambda k: k / 8)))
def test_capacity_prices(seed, prices):
    rng = np.random.default_rng(seed)
    data = AssignmentData(
        rng.integers(-5, 9, (2, 4)), rng.integers(0, 9, (2, 4)), rng.integers(0, 20, 2)
    )
    y = [Fraction(p) for p in prices.tolist()]
    values = [
        sum(Fraction(int(data.cost[i, j])) + y[i] * int(data.weight[i, j]) for j, i in enumerate(a))
        for a in itertools.product((0, 1), repeat=4)
    ]
    expected = min(values) - sum(p * int(c) for p, c in zip(y, data.capacity, strict=True))
    assert ExactCapacity(data).dual_value({"capacity": y}) == expected


WAYS = {"sparse": Sparse(2, 1.5), "whole": Whole(-2, 3)}


@settings(max_examples=80)
@given(st.sampled_from(sorted(WAYS)), row(4), st.sampled_from((0.0, 0.25, 3.0)))
def test_least_of_a_set(name, prices, d):
    """In rationals: over all supports and the best entries, or over all whole points."""
    members, y, c = WAYS[name], [Fraction(p) for p in prices.tolist()], Fraction(d)
    if name == "whole":
        entries = [[c * z * z / 2 - p * z for z in range(-2, 4)] for p in y]
        least = sum(map(min, entries))
    else:
        limit = Fraction(3, 2)
        ends = [
            {limit, -limit, Fraction(0)} | ({p / c} if c and abs(p / c) <= limit else set())
            for p in y
        ]
        each = [
            min(c * z * z / 2 - p * z for z in choice) for p, choice in zip(y, ends, strict=True)
        ]
        least = min(sum(pair) for pair in itertools.combinations(each, 2))
    assert members.least_value(c, y) == least
    below(SetHalf(members, d).respond({"split": prices}, None, None).bound, least)


@pytest.mark.parametrize("ridge", (0.0, 0.5))
@pytest.mark.parametrize("name", sorted(WAYS))
def test_split_values(name, ridge):
    """A sweep's bound lies below the twin's and near it; the twin's dual is below every cost."""
    rng = np.random.default_rng(7)
    A, b = rng.integers(-3, 4, (7, 4)) / 2.0, rng.integers(-9, 10, 7) / 4.0
    half = SmoothHalf(A, b, ridge, 0.75)
    members = WAYS[name]
    twin = ExactSplit(A, b, ridge, 0.75, members)
    problem = knapsack.Problem((half, SetHalf(members, 0.75)), {"split": np.zeros(4)})
    member = {"x": np.array([1.0, 0.0, -1.0, 0.0])}
    for prices in rng.normal(size=(20, 4)) * 3:
        lower, _ = exact_sweep(problem, {"split": prices})
        exact = twin.dual_value(rationals({"split": prices}))
        below(lower, exact)
        assert exact <= twin.cost(member)
    cost = float(((A @ member["x"] - b) ** 2).sum() + 2 * ridge)
    assert float(twin.cost(member)) == pytest.approx(cost)


def test_no_bound_without_positive_definiteness_or_with_wrong_signs():
    A, b = np.eye(2), np.ones(2)
    y = {"split": [Fraction(0)] * 2}
    for too_much in (2.0, 3.0):
        assert ExactSplit(A, b, 0.0, too_much, WAYS["whole"]).dual_value(y) is None
    assert ExactSplit(A, b, 0.0, np.nextafter(2.0, 0.0), WAYS["whole"]).dual_value(y) is not None
    assert ExactSplit(np.ones((1, 2)), b[:1], 0.0, 0.0, WAYS["whole"]).dual_value(y) is None
    wrong = [Fraction(-1, 2**60), Fraction(1)]
    data = KnapsackData(np.ones(2, int), np.ones((3, 2), int), np.ones(3, int))
    assert ExactKnapsack(data, 0).dual_value({"capacity": wrong}) is None
    jobs = AssignmentData(np.ones((2, 2), int), np.ones((2, 2), int), np.ones(2, int))
    assert ExactCapacity(jobs).dual_value({"capacity": wrong}) is None
    units = UnitData((Unit(1, 2, 0, 1, 1, 1, 1, 1),), np.ones(2, int), np.zeros(2, int))
    rows = {"demand": wrong, "reserve": [Fraction(0)] * 2}
    assert ExactUnitCommitment(units).dual_value(rows) is not None
    assert ExactUnitCommitment(units).dual_value({**rows, "reserve": wrong}) is None
