"""The knapsack block against enumeration of all choices, in rationals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lagrange.oracles.knapsack import Knapsack
from tests.tolerances import CERTIFIED

UNITS = (1.0, 3.0, 10.0, 2.0**-60, 7e150, 3e-150)
TINY = 2.0**-53


@st.composite
def cases(draw):
    """(cost, price, weight, capacity): whole numbers over a unit, one unit for each of the two."""
    n = draw(st.integers(1, 6))
    numbers = st.lists(st.integers(-9, 9), min_size=n, max_size=n)
    cost = np.array(draw(numbers)) / draw(st.sampled_from(UNITS))
    price = np.array(draw(numbers)) / draw(st.sampled_from(UNITS))
    weight = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    return cost, price, weight, draw(st.integers(0, 12))


def enumerated(cost, price, weight, capacity):
    """Every feasible choice with its exact value ⟨cost + price, x⟩."""
    reduced = [
        Fraction(c) + Fraction(p) for c, p in zip(cost.tolist(), price.tolist(), strict=True)
    ]
    for x in itertools.product((False, True), repeat=len(weight)):
        if sum(itertools.compress(weight, x)) <= capacity:
            yield x, sum(itertools.compress(reduced, x), Fraction(0))


@settings(max_examples=300)
@given(case=cases())
# profits of which a float sum forgets all but the first; the choice itself is never in doubt
@example(case=(-np.array([1.0, TINY, TINY, TINY, TINY]), np.zeros(5), [1, 1, 1, 1, 1], 9))
@example(case=(-np.array([1.0, TINY, TINY, TINY, TINY]), np.zeros(5), [1, 1, 1, 1, 1], 4))
@example(case=(np.array([0.1, 0.2, 0.3]), -np.array([0.4, 0.7, 0.9]), [1, 2, 3], 3))
@example(case=(np.array([1e16, 1.0]), -np.array([1e16, 1e16]), [1, 1], 1))
def test_the_answer_is_optimal_and_its_bound_proved(case):
    cost, price, weight, capacity = case
    block = Knapsack(cost, np.array(weight), capacity, "row")
    response = block.respond({"row": price}, None, None)
    values = dict(enumerated(*case))
    least = min(values.values())
    chosen = tuple(response.point.chosen.tolist())
    assert chosen in values  # it fits
    assert response.bound <= least
    slack = CERTIFIED(0) * max(abs(float(least)), float(np.finfo(float).tiny))
    assert float(least - Fraction(response.bound)) <= slack
    assert float(values[chosen] - least) <= slack
    assert (response.image["row"] == response.point.chosen).all()
    assert response.cost == pytest.approx(
        float(cost @ response.point.chosen), rel=CERTIFIED(0), abs=0
    )


@settings(max_examples=200)
@given(
    profits=st.lists(st.integers(-9, 9), min_size=1, max_size=6),
    weights=st.lists(st.integers(0, 6), min_size=6, max_size=6),
    capacity=st.integers(0, 12),
)
def test_whole_numbers_leave_no_gap(profits, weights, capacity):
    """Sums of small whole numbers are exact: the point is optimal to the last bit."""
    cost, weight = -np.array(profits, dtype=float), weights[: len(profits)]
    response = Knapsack(cost, np.array(weight), capacity, "row").respond(
        {"row": np.zeros(cost.size)}, None, None
    )
    values = dict(enumerated(cost, np.zeros(cost.size), weight, capacity))
    least = min(values.values())
    assert response.cost == values[tuple(response.point.chosen.tolist())] == least
    assert response.bound <= least <= response.bound + CERTIFIED(float(least))
