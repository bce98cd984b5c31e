"""Which quantized sets lie in each other."""

from typing import Any

import numpy as np
import pytest

from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.nested import nested, nests, refined_grids
from lagrange.sets.powers import PowerOfTwo, ScaledPowers


def all_levels(grid: Any) -> set[float]:
    return {float(x) for x in np.unique(grid.project(np.linspace(-50, 50, 20_001)))}


@pytest.mark.parametrize(
    ("coarse", "fine", "expected"),
    [
        (UniformGrid(3, step=0.5), UniformGrid(4, step=0.5), True),
        (UniformGrid(3, step=0.5), UniformGrid(4, step=0.25), True),
        (UniformGrid(3, step=0.5), UniformGrid(4, step=0.5 * 3 / 7), False),  # the range kept
        (UniformGrid(4, step=1 / 7), UniformGrid(8, step=1 / 127), False),
        (ZeroFreeGrid(2, step=0.5), ZeroFreeGrid(3, step=0.25), True),
        (ZeroFreeGrid(2, step=0.5, midrise=True), ZeroFreeGrid(3, step=0.25, midrise=True), False),
        (ZeroFreeGrid(2, step=0.5, midrise=True), ZeroFreeGrid(3, step=0.5, midrise=True), True),
        (ZeroFreeGrid(2, step=0.5), UniformGrid(3, step=0.5), True),
        (UniformGrid(2, step=0.5), ZeroFreeGrid(3, step=0.5), False),
        (PowerOfTwo(2, 0), PowerOfTwo(3, 1), True),
        (PowerOfTwo(3, 0), UniformGrid(4, step=0.25), True),
        (PowerOfTwo(3, 1), PowerOfTwo(2, 1), False),
        (Codebook((0.5, 1.0)), Codebook((0.0, 0.5, 1.0)), True),
        (Codebook((0.5, 1.0)), Codebook((0.0, 0.5)), False),
        (
            UniformGrid(2, step=0.5, asymmetric=True, zero_point=1),
            UniformGrid(3, step=0.25, asymmetric=True, zero_point=2),
            True,
        ),
        (
            UniformGrid(2, step=0.5, asymmetric=True, zero_point=1),
            UniformGrid(3, step=0.25, asymmetric=True, zero_point=5),
            False,
        ),
    ],
)
def test_given_levels_nest_if_they_are_among_the_others(
    coarse: Any, fine: Any, expected: bool
) -> None:
    assert nests(coarse, fine) == expected
    assert (all_levels(coarse) <= all_levels(fine)) == expected


@pytest.mark.parametrize(
    ("coarse", "fine", "expected"),
    [
        (UniformGrid(3), UniformGrid(4), True),
        (UniformGrid(4), UniformGrid(3), False),
        (ZeroFreeGrid(2), ZeroFreeGrid(3), True),
        (ZeroFreeGrid(2), UniformGrid(3), True),
        (ZeroFreeGrid(2), UniformGrid(2), False),
        (ZeroFreeGrid(2, midrise=True), ZeroFreeGrid(3, midrise=True), True),
        (ZeroFreeGrid(2), ZeroFreeGrid(3, midrise=True), False),
        (Binary(), Ternary(), True),
        (Ternary(), Binary(), False),
        (Ternary(), UniformGrid(2), True),
        (ScaledPowers(2), ScaledPowers(3), True),
        (ScaledPowers(2), ZeroFreeGrid(2), True),
        (PowerOfTwo(2), PowerOfTwo(3), True),
        (PowerOfTwo(3), PowerOfTwo(2), False),
        (PowerOfTwo(2, highest=5), PowerOfTwo(3), True),
        (PowerOfTwo(3), PowerOfTwo(3, highest=2), False),
        (UniformGrid(2, asymmetric=True), UniformGrid(3, asymmetric=True), True),
        (
            UniformGrid(2, asymmetric=True, zero_point=1),
            UniformGrid(3, asymmetric=True, zero_point=5),
            True,
        ),
        (
            UniformGrid(2, asymmetric=True, zero_point=1),
            UniformGrid(3, asymmetric=True, zero_point=6),
            False,
        ),
        (UniformGrid(3, asymmetric=True), UniformGrid(3, asymmetric=True, zero_point=1), False),
        (UniformGrid(3, asymmetric=True), UniformGrid(2, asymmetric=True), False),
        (
            UniformGrid(2, asymmetric=True, zero_point=1),
            UniformGrid(3, asymmetric=True, zero_point=0),
            False,
        ),
        (Ternary(), LearnedCodebook(3), True),
        (UniformGrid(3), LearnedCodebook(6), False),
        (UniformGrid(2, asymmetric=True), LearnedCodebook(4), True),
        (PowerOfTwo(2), LearnedCodebook(2), False),
        (LearnedCodebook(2), LearnedCodebook(3), True),
        (LearnedCodebook(2), UniformGrid(8), False),
        (UniformGrid(3, step=0.5), UniformGrid(3), True),
        (UniformGrid(3, step=0.5), UniformGrid(2), False),
        (Codebook((0.0, 1.0, 2.0)), PowerOfTwo(3), True),
    ],
)
def test_free_levels_nest_if_all_members_do(coarse: Any, fine: Any, expected: bool) -> None:
    """Members of the coarse set with all their levels in use, at many scales."""
    assert nests(coarse, fine) == expected
    rng = np.random.default_rng(11)
    points = [coarse.project(rng.normal(size=60) * 2.0**e + 0.3 * e) for e in range(-3, 4)]
    points += [
        coarse.project(np.linspace(a, b, 60)) for a, b in ((-1, 1), (0, 1), (-1, 0), (-1, 9))
    ]
    assert all(fine.contains(z) for z in points) == expected


def test_rows_nest_in_rows_and_not_in_one() -> None:
    assert nests(UniformGrid(3), UniformGrid(4, axis=0))
    assert nests(UniformGrid(3, axis=0), UniformGrid(4, axis=0))
    assert not nests(UniformGrid(3, axis=0), UniformGrid(4))
    assert not nests(UniformGrid(3, axis=1), UniformGrid(4, axis=0))
    assert nests(UniformGrid(3, step=0.5, axis=1), UniformGrid(4, axis=0))


def test_chains_are_refused_unless_they_nest() -> None:
    fine, middle, coarse = refined_grids((4, 3, 2), 1.0)
    assert [g.step for g in (fine, middle, coarse)] == [0.25, 0.5, 1.0]  # type: ignore[attr-defined]
    assert nested(fine, middle, coarse) == (fine, middle, coarse)
    with pytest.raises(ValueError, match=r"a level that the finer set lacks, .*0\.14285"):
        nested(UniformGrid(8, step=1 / 127), UniformGrid(4, step=1 / 7))
    # nesting does not make projections compose: 1.3 is nearest to 1, but 1.5 is a level on the way
    v = np.array([1.3])
    assert coarse.project(v)[0] == 1.0
    assert refined_grids((3, 2), 1.0)[0].project(v)[0] == 1.5
