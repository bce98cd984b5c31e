"""By hand: which of several nearest members is taken, and numbers at the end of their range."""

import math
from typing import Any

import numpy as np
import pytest

from lagrange.sets import monotone
from lagrange.sets.affine import Affine
from lagrange.sets.convex import L2Ball
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM, PatternSparsity
from lagrange.sets.structure import BlockSparsity, GroupCardinality, rows
from tests.contracts.set_cases import NUMBERS

HUGE = 1.7e308

each_number = pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)


@each_number
def test_the_first_of_equals_is_kept(make: Any) -> None:
    v = make([1.0, -2.0, 2.0, -2.0])
    assert NM(1, 4).project(v).tolist() == [0, -2, 0, 0]
    assert NM(2, 4).project(v).tolist() == [0, -2, 2, 0]
    assert NM(3, 4).project(v).tolist() == [0, -2, 2, -2]
    long = make([*([1.0] * 17), -1.0])  # ranked by sorting, not in pairs
    assert NM(3, 18).project(long).tolist() == [1, 1, 1, *([0] * 15)]
    assert BlockSparsity(1, (2,)).project(make([3.0, 4.0, -5.0, 0.0])).tolist() == [3, 4, 0, 0]
    assert rows(1).project(make([[0.0, 1.0], [-1.0, 0.0]])).tolist() == [[0, 1], [0, 0]]
    two = PatternSparsity((((0, 1),), ((1, 0),)))
    assert two.project(make([[[3.0, -3.0]]])).tolist() == [[[0, -3]]]


@each_number
def test_halves_go_to_the_even_number(make: Any) -> None:
    v = make([0.5, 1.5, -0.5, -2.5, 7.5])
    assert IntegerLattice(-3, 6).project(v).tolist() == [0, 2, 0, -2, 6]


def test_tied_groups_add_up_like_right_angles_at_any_scale() -> None:
    """(3, 4) has norm 5, less than 6, though 3 + 4 is more."""
    for scale in (1.0, 1e200, 1e-200):
        v = {"w": scale * np.array([3.0, 6.0]), "b": scale * np.array([4.0, 0.0])}
        kept = GroupCardinality(1, ({"w": 0, "b": 0},)).project(v)
        assert [x.tolist() for x in kept.values()] == [[0.0, 6.0 * scale], [0.0, 0.0]]


@pytest.mark.parametrize("radius", (2.0, 1e308))
def test_a_norm_beyond_all_doubles(radius: float) -> None:
    v = np.array([HUGE, -HUGE, HUGE, HUGE])
    z = L2Ball(radius).project(v)
    assert z.tolist() == pytest.approx([radius / 2, -radius / 2, radius / 2, radius / 2])
    assert L2Ball(radius).contains(z) and not L2Ball(radius).contains(v)
    assert math.isinf(L2Ball(radius).distance(v)) == (2 * HUGE - radius > np.finfo(float).max)


def test_both_ways_of_pooling_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """All violators at once, and from left to right for what that leaves after some rounds."""
    rng = np.random.default_rng(1)
    slow = np.array([[*range(60), -900.0], [*range(61)], [5.0] * 60 + [-1.0]])  # a pool a round
    points = [slow, rng.integers(-9, 10, (5, 12)).astype(float), -slow, 1e307 * np.sign(slow - 3)]
    wanted = [Monotone().project(v) for v in points]
    monkeypatch.setattr(monotone, "ROUNDS", 0)
    for v, z in zip(points, wanted, strict=True):
        assert Monotone().project(v) == pytest.approx(z, rel=1e-14)
    pooled = (sum(range(17, 60)) - 900) / 44
    assert wanted[0][0].tolist() == pytest.approx([*range(17), *([pooled] * 44)])
    assert wanted[0][1].tolist() == slow[1].tolist(), "rows were pooled together"


@pytest.mark.parametrize("size", (1.0, 1e10, 1e20))
def test_a_far_point_is_brought_to_the_equations(size: float) -> None:
    """One pass leaves rounding of the size of the point behind, along the equations too."""
    A = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    members = Affine(A, np.array([1.0, 2.0]))
    z = members.project(size * np.array([1.0, 5.0, 3.0]))  # size (A₁ + 3 A₂): no other part
    assert z == pytest.approx(np.linalg.pinv(A) @ [1.0, 2.0], abs=1e-14 * size)
    assert A @ z == pytest.approx([1.0, 2.0], abs=1e-14 * (1 + float(np.abs(z).max())))
