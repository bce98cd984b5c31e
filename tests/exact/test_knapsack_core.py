"""The knapsack core against plain dynamic programming and enumeration, in whole numbers."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lagrange.oracles import knapsack_core
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.knapsack_core import Choice, best_choice, is_available

COUNT = 10_000
KINDS = ["uncorrelated", "correlated", "subset sum", "ties"]


@pytest.fixture(autouse=True, params=["numpy", "compiled"])
def code(request, monkeypatch):
    """Every test here runs with both versions of the inner loops."""
    if request.param == "numpy":
        monkeypatch.setattr(knapsack_core, "is_available", lambda: False)
    elif not is_available():
        pytest.skip("numba is not installed: pip install 'lagrange[fast]'")
    return request.param


@pytest.fixture(params=[1, knapsack_core.WINDOW])
def window(request, monkeypatch):
    monkeypatch.setattr(knapsack_core, "WINDOW", request.param)


def plain(profit, weight, capacity):
    """The most profit, by the recursion over the capacity."""
    best = np.zeros(capacity + 1, dtype=np.int64)
    for p, w in zip(profit.tolist(), weight.tolist(), strict=True):
        best[w:] = np.maximum(best[w:], best[: capacity + 1 - w] + p)
    return int(best[capacity])


def generated(rng, n, kind, largest=30):
    """Profits, weights ≤ capacity, capacity: uncorrelated, correlated, subset sum, many ties."""
    weight = rng.integers(0 if kind == "ties" else 1, largest + 1, n)
    profit = {
        "uncorrelated": lambda: rng.integers(1, 1000, n),
        "correlated": lambda: weight * 7 + rng.integers(1, 12, n),
        "subset sum": lambda: np.maximum(weight, 1),
        "ties": lambda: rng.integers(1, 4, n),
    }[kind]()
    capacity = int(rng.integers(largest, max(largest + 1, int(weight.sum()))))
    return profit.astype(np.int64), weight.astype(np.int64), capacity


def checked(profit, weight, capacity, near=None):
    choice = best_choice(profit, weight, capacity, near)
    assert int(weight[choice.chosen].sum()) <= capacity
    assert int(profit[choice.chosen].sum()) == plain(profit, weight, capacity)
    return choice


@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_cases_agree_with_plain_dynamic_programming(kind, window):
    rng = np.random.default_rng(0)
    for _ in range(COUNT // 16):  # four kinds, two windows, two versions
        checked(*generated(rng, int(rng.integers(1, 70)), kind))


@pytest.mark.parametrize("kind", KINDS)
def test_small_cases_agree_with_enumeration(kind, window):
    rng = np.random.default_rng(1)
    for _ in range(100):
        profit, weight, capacity = generated(rng, int(rng.integers(1, 9)), kind, largest=6)
        x = np.array(list(product((0, 1), repeat=profit.size)))
        most = int((x @ profit)[x @ weight <= capacity].max())
        choice = best_choice(profit, weight, capacity)
        assert int(weight[choice.chosen].sum()) <= capacity
        assert int(profit[choice.chosen].sum()) == most


@pytest.mark.parametrize("kind", ["uncorrelated", "correlated", "subset sum"])
def test_an_earlier_answer_changes_no_value(kind):
    """Near prices, far prices, an absurd price of capacity, a poor choice."""
    rng = np.random.default_rng(2)
    for _ in range(150):
        profit, weight, capacity = generated(rng, 60, kind)
        profit = profit * 1000
        near = checked(profit, weight, capacity)
        moved = np.maximum(profit + rng.integers(-300, 300, profit.size), 1)
        checked(moved, weight, capacity, near)
        checked(rng.permutation(profit), weight, capacity, near)
        checked(profit, weight, capacity, Choice(near.chosen, 2**70))
        checked(profit, weight, capacity, Choice(np.zeros(profit.size, dtype=bool), near.price))
        checked(profit, weight, capacity, Choice(near.chosen, 0))


def test_an_item_that_the_window_leaves_out_wrongly_is_found():
    """The break is far from an item that a better choice needs: only the second stage sees it."""
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(300):
        profit, weight, capacity = generated(rng, 120, "uncorrelated", largest=60)
        weight, capacity = weight * 2, max(capacity, 120)  # the room that is left can be large
        window, room, greedy = knapsack_core._window(profit, weight, capacity)
        greedy.chosen[window] = knapsack_core.table(profit[window], weight[window], room)
        best = plain(profit, weight, capacity)
        missed += int(profit[greedy.chosen].sum()) < best
        checked(profit, weight, capacity)
    assert missed > 10, "the window alone was right every time: nothing was tested"


def test_compiled_code_gives_the_same_answers_bit_for_bit(code, monkeypatch):
    if code == "numpy":
        pytest.skip("compares the two versions once")
    rng = np.random.default_rng(4)
    cases = [generated(rng, 60, kind) for kind in KINDS for _ in range(200)]
    fast = [best_choice(*case) for case in cases]
    monkeypatch.setattr(knapsack_core, "is_available", lambda: False)
    for case, one in zip(cases, fast, strict=True):
        other = best_choice(*case)
        assert (one.chosen == other.chosen).all() and one.price == other.price


def test_the_bound_counts_every_unit_that_rounding_took():
    """Two thousand profits that are no multiples of any unit, all of which fit."""
    profit = np.random.default_rng(5).random(2000) ** 8
    answer = Knapsack(-profit, np.ones(2000), 2000, "row").respond(
        {"row": np.zeros(2000)}, None, None
    )
    total = sum(map(Fraction, profit.tolist()))
    assert -total * (1 + Fraction(1, 10**9)) <= Fraction(answer.bound) <= -total


def test_items_that_never_fit_are_left_out_before_they_overflow():
    weight = np.array([3] * 30 + [2**53])
    profit = np.arange(1.0, 32.0)
    answer = Knapsack(-profit, weight, 10, "row").respond({"row": np.zeros(31)}, None, None)
    assert answer.cost == -(30 + 29 + 28) and answer.bound == pytest.approx(answer.cost)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(-30, 30), st.integers(-20, 20), st.integers(0, 9)),
        min_size=25,
        max_size=40,
    ),
    capacity=st.integers(0, 60),
)
def test_prices_that_move_give_the_answer_of_a_fresh_start(rows, capacity):
    """The block, started from the answer to other prices, reaches the same value and bound."""
    cost, change, weight = (np.array(column) for column in zip(*rows, strict=True))
    block = Knapsack(cost, weight, capacity, "row")
    first = block.respond({"row": np.zeros(cost.size)}, None, None)
    price = {"row": change / 16.0}
    again, fresh = block.respond(price, None, first), block.respond(price, None, None)
    for answer in (again, fresh):
        assert int(weight[answer.point.chosen].sum()) <= capacity
    priced = cost + change / 16.0
    assert priced @ again.point.chosen == priced @ fresh.point.chosen == pytest.approx(fresh.bound)
    assert again.bound == fresh.bound <= priced @ fresh.point.chosen
