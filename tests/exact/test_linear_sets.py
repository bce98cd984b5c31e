"""Sets of linear rows: what they imply, how points are rounded, and which violations they name."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.sparse import SparseMatrix
from tests.exact.linear_programs import (
    INF,
    linear_set,
    random_set,
    vertices,
)
from tests.tolerances import EXACT


def test_the_box_holds_the_set():
    """Where bounds are missing rows imply some: every vertex lies between them, exactly."""
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(40):
        base = random_set(rng, m=3)
        loose = rng.random(3) < 0.6
        members = LinearSet(
            base.rows, base.row_lower, base.row_upper,
            np.where(rng.random(3) < 0.3, -INF, base.lower), np.where(loose, INF, base.upper),
            base.integer,
        )  # fmt: skip
        low, high = members.box
        found += int((np.isfinite(high) & loose).sum())
        for x in vertices(members):
            for v, a, b in zip(x, low.tolist(), high.tolist(), strict=True):
                assert (a == -INF or Fraction(a) <= v) and (b == INF or v <= Fraction(b))
    assert found >= 20


def test_the_box_is_what_the_rows_say():
    """x + y ≤ 4 and y ≥ 1 give x ≤ 3; then z ≤ 2 x gives z ≤ 6, and −w − z ≤ 0 gives w ≥ −6."""
    rows = [[1.0, 1.0, 0.0, 0.0], [-2.0, 0.0, 1.0, 0.0], [0.0, 0.0, -1.0, -1.0]]
    members = linear_set(rows, -INF, [4.0, 0.0, 0.0], [0.0, 1.0, 0.0, -INF], INF)
    low, high = members.box
    assert high[:3] == pytest.approx([3.0, 4.0, 6.0], rel=EXACT())
    assert (high[:3] >= [3.0, 4.0, 6.0]).all()
    assert high[3] == INF
    assert low[3] == pytest.approx(-6.0, rel=EXACT()) and low[3] <= -6.0


def test_whole_rows_hold_without_tolerance():
    members = linear_set([[1.0, 1.0], [0.5, 1.0]], -INF, [3 - 1e-7, 3 - 1e-7], 0.0, 3.0, True)
    assert "row 0 is 3.0" in str(members.violation(np.array([2.0, 1.0]), 1e-6))
    assert members.violation(np.array([0.0, 2.0]), 1e-6) is None
    alone = linear_set([[0.5, 1.0]], -INF, 3 - 1e-7, 0.0, 3.0, True)
    assert alone.violation(np.array([0.0, 3.0]), 1e-6) is None, "a row with a fraction: to it"


def test_integer_bounds_are_rounded_inwards():
    members = linear_set(np.ones((1, 2)), 0.0, 9.0, [0.2, -1.5], [2.9, 0.5], [True, False])
    assert members.lower.tolist() == [1.0, -1.5]
    assert members.upper.tolist() == [2.0, 0.5]
    assert members.rounded(np.array([2.6, -9.0])).tolist() == [2.0, -1.5]


def test_rounding_leaves_no_negative_zero():
    members = linear_set(np.ones((1, 2)), -9.0, 9.0, -1.0, 1.0, [True, False])
    assert not np.signbit(members.rounded(np.array([-0.2, -0.0]))).any()


def test_a_zero_is_no_entry():
    matrix = SparseMatrix(np.array([1, 0]), np.array([0, 1]), np.array([0.0, 2.0]), (2, 2))
    assert matrix.column_counts.tolist() == [0, 1] and matrix.row_counts.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("x", "says"),
    [
        ([1.0, 1.0, 0.5], None),
        ([2.0, 1.0, 0.5], "row 0 is 3.0"),  # all whole: exact, no tolerance helps
        ([1.0, 0.5, 0.5], "column 1 is 0.5, which is no whole number"),
        ([1.0, 1.0, 1.5], "column 2 is 1.5"),
        ([0.0, 1.0, 0.5 - 1e-9], None),  # a row with a fraction: to the tolerance
        ([0.0, 1.0, 0.4], "row 1 is 0.4"),
        ([math.nan, 1.0, 0.5], "column 0 is nan"),
    ],
)
def test_violations_are_named(x, says):
    rows = [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    members = linear_set(rows, [-INF, 0.5], [2.0, INF], 0.0, [3.0, 3.0, 1.0], [True, True, False])
    found = members.violation(np.array(x), 1e-6)
    assert found is None if says is None else says in str(found)
