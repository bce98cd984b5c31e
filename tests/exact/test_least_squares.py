"""The least-squares block's bound to prices against the exact rational minimum."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lagrange.oracles.closed_form import L1Norm, LeastSquares
from problems.lasso_exact import ExactLasso
from tests.exact.instances import whole
from tests.tolerances import EXACT


def exact_minimum(A, b, price) -> Fraction | None:
    """min ½ ‖A x − b‖² + ⟨price, x⟩ in rationals; None if AᵀA is singular."""
    twin = ExactLasso(A, b, 2.0**1000)  # a box that clips no price
    return twin.dual_value({"split": [Fraction(p) for p in price.tolist()]})


@st.composite
def cases(draw, well_conditioned: bool):
    """Whole numbers over units; the last column nearly, or quite, a copy of the first."""
    columns = draw(st.integers(1, 3))
    A = draw(whole(-5, 5, draw(st.integers(columns, 4)), columns)).astype(float)
    b = draw(whole(-9, 9, len(A))) / draw(st.sampled_from((1.0, 3.0, 1e6, 1e-6)))
    if well_conditioned:  # AᵀA ≥ I
        A, b = np.vstack([A, np.eye(columns)]), np.hstack([b, np.zeros(columns)])
    elif columns > 1:
        A[:, -1] = A[:, 0] + draw(whole(-2, 2, len(A))) * 2.0 ** -draw(st.integers(1, 60))
    price = draw(whole(-9, 9, columns)) / draw(st.sampled_from((1.0, 7.0, 1e-3)))
    return A, b, price


@settings(max_examples=400)
@given(case=cases(well_conditioned=False))
@example(case=(np.ones((2, 2)), np.ones(2), np.array([1.0, -1.0])))
@example(case=(np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-50]]), np.ones(2), np.array([1.0, 0.0])))
@example(case=(np.zeros((2, 1)), np.ones(2), np.ones(1)))
def test_never_above_the_exact_minimum(case):
    A, b, price = case
    bound = LeastSquares(A, b, "r").respond({"r": price}, None, None).bound
    if math.isfinite(bound):
        least = exact_minimum(A, b, price)
        assert least is not None, "a bound was claimed where there is no minimizer"
        assert Fraction(bound) <= least
    else:
        assert bound == -math.inf


@settings(max_examples=200)
@given(case=cases(well_conditioned=True))
def test_hardly_below_it_where_the_table_is_well_conditioned(case):
    A, b, price = case
    bound = LeastSquares(A, b, "r").respond({"r": price}, None, None).bound
    least = exact_minimum(A, b, price)
    scale = (1 + float(b @ b + price @ price)) * float(np.abs(A).sum()) ** 2
    assert Fraction(bound) <= least
    assert float(least - Fraction(bound)) <= EXACT(size=A.size, scale=scale)


@pytest.mark.parametrize("price", [0.3, -0.3, 0.0])
def test_the_l1_block_proves_zero_inside_its_box_only(price):
    block, far = L1Norm(0.3, "r"), math.nextafter(0.3, 1)
    assert block.respond({"r": np.array([price, 0.1])}, None, None).bound == 0
    for outside in (far, -far):
        response = block.respond({"r": np.array([price, outside])}, None, None)
        assert response.bound == -math.inf
