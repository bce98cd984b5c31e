"""The certified lower bound never exceeds Σ bound_i − ⟨λ, b⟩ in exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange import Problem, Response
from lagrange.bounds import certified_lower_bound
from lagrange.oracles.rounding import surely_below
from tests.exact.finite import exact_dot
from tests.tolerances import EXACT

UNITS = (1.0, 3.0, 10.0, 2.0**40, 1e-90, 1e90)
UNDERFLOW = {dtype: float(np.finfo(dtype).tiny) for dtype in (float, np.float32)}


class Bounded:
    """Never asked: the answers are handed over."""

    def respond(self, price, query, start):
        raise AssertionError("asked")


def certified(bounds, multipliers, rhs, integral=False, inequality=()):
    problem = Problem(
        tuple(Bounded() for _ in bounds), rhs, frozenset(inequality), integral=integral
    )
    costs = [bound if math.isfinite(bound) else 0.0 for bound in bounds]  # exact blocks
    answers = [Response({}, cost, bound) for cost, bound in zip(costs, bounds, strict=True)]
    return certified_lower_bound(problem, multipliers, answers)


def exact(bounds, multipliers, rhs) -> Fraction:
    product = sum((exact_dot(multipliers[row], rhs[row]) for row in rhs), Fraction(0))
    return sum(map(Fraction, bounds), Fraction(0)) - product


def magnitude(bounds, multipliers, rhs) -> float:
    products = sum(float(np.abs(multipliers[r]) @ np.abs(rhs[r])) for r in rhs)
    return math.fsum(map(abs, bounds)) + products


@st.composite
def cases(draw, dtype=np.float64, units=UNITS):
    """Up to three bounds, one or two rows of up to five entries, each over its own unit."""

    def array(size):
        whole = draw(st.lists(st.integers(-999, 999), min_size=size, max_size=size))
        return (np.array(whole) / draw(st.sampled_from(units))).astype(dtype)

    sizes = {f"row{i}": draw(st.integers(1, 5)) for i in range(draw(st.integers(1, 2)))}
    multipliers = {row: array(size) for row, size in sizes.items()}
    rhs = {row: array(size) for row, size in sizes.items()}
    bounds = array(draw(st.integers(1, 3))).astype(float).tolist()
    if draw(st.booleans()):  # cancellation: the first bound nearly equals what is subtracted
        bounds[0] = float(exact([0.0], multipliers, rhs)) * -1.0
    return bounds, multipliers, rhs


@settings(max_examples=400)
@given(case=cases())
def test_never_above_the_exact_value_and_hardly_below(case):
    bound, value = certified(*case), exact(*case)
    assert Fraction(bound) <= value
    size = 3 + sum(a.size for a in case[1].values())
    slack = EXACT(size=size, scale=magnitude(*case)) + 4 * size * UNDERFLOW[float]
    assert float(value - Fraction(bound)) <= slack


@settings(max_examples=200)
@given(case=cases(np.float32, (1.0, 3.0, 10.0, 2.0**20)))
def test_single_precision_is_rounded_by_its_own_unit(case):
    bound, value = certified(*case), exact(*case)
    assert Fraction(bound) <= value
    size = 3 + sum(a.size for a in case[1].values())
    slack = EXACT(np.float32, size, magnitude(*case)) + 4 * size * UNDERFLOW[np.float32]
    assert float(value - Fraction(bound)) <= slack


@settings(max_examples=300)
@given(
    case=cases(units=(1.0, 3.0, 10.0)),
    whole=st.integers(-20, 20),
    nudge=st.integers(-2, 2),
)
def test_rounding_up_happens_after_rounding_down(case, whole, nudge):
    """A value that floats put above a whole number although it lies at or below it, stays below."""
    bounds, multipliers, rhs = case
    bounds = [whole - float(exact([0.0], multipliers, rhs)) + nudge * EXACT() / 100]
    value = exact(bounds, multipliers, rhs)
    bound = certified(bounds, multipliers, rhs, integral=True)
    assert bound == int(bound)
    assert bound <= math.ceil(value)
    size = 3 + sum(a.size for a in multipliers.values())
    slack = EXACT(size=size, scale=magnitude(bounds, multipliers, rhs))
    assert bound >= math.ceil(value - Fraction(slack))


def test_a_float_above_five_is_not_six():
    """Exactly the value lies below 5; products rounded one by one and summed give more than 5."""
    rhs = {"a": np.array([-0.1]), "b": np.array([-4.7]), "c": np.array([-2.7])}
    multipliers = {"a": np.array([9.7]), "b": np.array([-4.6]), "c": np.array([4.7])}
    total = 12.959999999999997
    naive = total - math.fsum(float(multipliers[r][0] * rhs[r][0]) for r in rhs)
    assert exact([total], multipliers, rhs) < 5 < naive
    assert certified([total], multipliers, rhs, integral=True) == 5


def test_half_precision_proves_nothing_that_is_wrong():
    numbers = np.linspace(0.1, 0.77, 10).astype(np.float16)
    rhs, multipliers = {"row": np.full(10, 0.1, np.float16)}, {"row": numbers}
    bound = certified([0.0], multipliers, rhs)
    assert math.isnan(bound) or Fraction(bound) <= exact([0.0], multipliers, rhs)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 2.0**-1074])
def test_products_that_underflow_are_still_bounded(scale):
    rhs, multipliers = {"row": np.full(10, 1e-124)}, {"row": np.full(10, scale)}
    assert Fraction(certified([0.0], multipliers, rhs)) <= exact([0.0], multipliers, rhs)


@pytest.mark.parametrize("integral", [False, True])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_products_that_overflow_prove_nothing(sign, integral):
    """No finite float lies below −∞; what cannot be proved is not measured."""
    rhs, multipliers = {"row": np.full(4, 10.0)}, {"row": np.full(4, sign * 1e308)}
    with np.errstate(over="ignore"):
        bound = certified([0.0], multipliers, rhs, integral=integral)
    assert math.isnan(bound) or bound == -math.inf


def test_negative_multipliers_of_a_less_or_equal_row_are_refused():
    rhs, multipliers = {"row": np.ones(2)}, {"row": np.array([1.0, -1e-300])}
    with pytest.raises(ValueError, match="must be ≥ 0"):
        certified([0.0], multipliers, rhs, inequality=["row"])


@pytest.mark.parametrize("bounds", [[0.0, -math.inf], [-math.inf, 0.0], [math.nan, 0.0]])
def test_a_block_that_proves_nothing_leaves_the_bound_unmeasured(bounds):
    rhs = {"row": np.ones(2)}
    assert math.isnan(certified(bounds, rhs, rhs))


def test_an_answer_too_few_is_refused():
    problem = Problem((Bounded(), Bounded()), {"row": np.ones(1)})
    with pytest.raises(ValueError, match="each of the 2 blocks"):
        certified_lower_bound(problem, problem.rhs, [Response({}, 0.0, 0.0)])


NUMBERS = st.floats(-1e6, 1e6)


@settings(max_examples=300)
@given(a=NUMBERS, b=NUMBERS, c=NUMBERS, d=NUMBERS)
def test_surely_below_lies_below_the_exact_sum(a, b, c, d):
    """a + b c + d in floats, against rationals; and it gives away little."""
    pay = b * c
    value = Fraction(a) + Fraction(b) * Fraction(c) + Fraction(d)
    bound = surely_below(a + pay + d, abs(a) + abs(pay) + abs(d), 3)
    assert Fraction(bound) <= value
    assert float(value - Fraction(bound)) <= EXACT(
        size=8, scale=abs(a) + abs(pay) + abs(d) + 1e-290
    )
