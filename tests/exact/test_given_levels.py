"""Nearest of given levels against all of them; the usual wrong roundings are caught."""

from math import inf
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.sets.nearest import PRECISIONS, nearest
from lagrange.sets.nested import refined_grids
from lagrange.sets.powers import PowerOfTwo
from tests.exact.quantized import (
    nearest_of,
)
from tests.exact.quantized_cases import FIXED, MANY, dyadic


@pytest.mark.parametrize("name", FIXED)
def test_given_levels_take_the_nearest_one(name: str) -> None:
    """Every entry on its own, ties included: smaller magnitude first, then the positive one."""
    grid, levels = FIXED[name]
    v = dyadic(np.random.default_rng(1), (50, 80))
    z = grid.project(v)
    for x, q in zip(v.ravel().tolist(), z.ravel().tolist(), strict=True):
        assert q == nearest_of(x, levels), (x, q)
    assert grid.contains(z) and np.array_equal(grid.project(z), z)
    assert not grid.contains(v)


@pytest.mark.parametrize("name", PRECISIONS)
def test_levels_are_rounded_as_the_libraries_do(name: str) -> None:
    """Ties to even, subnormal numbers, overflow: as torch converts doubles."""
    p, rng = PRECISIONS[name], np.random.default_rng(13)
    x = rng.normal(size=4000) * 2.0 ** rng.integers(-160, 135, size=4000)
    ties = rng.integers(-600, 601, size=4000) * 2.0 ** rng.integers(-140, 120, size=4000)
    x = np.concatenate([x, ties, [p.largest, p.smallest, 0.75 * p.smallest, 0.0]])
    wanted = torch.tensor(x).to(getattr(torch, name)).double().numpy()
    assert np.array_equal(p.round(x), wanted)
    assert np.isfinite(p.round(np.array([p.largest]))).all()
    if name != "float64":
        assert np.isinf(p.round(np.array([p.largest * (1 + 2.0**-p.digits)]))).all()
        assert p.round(np.array([0.49 * p.smallest])) == 0 < p.round(np.array([p.smallest]))


def test_no_rounding_error_decides() -> None:
    """At the midpoint of two levels and one float beside it, for levels of very different size."""
    rng = np.random.default_rng(2)
    for _ in range(150):
        levels = np.unique(rng.normal(size=5) * 10.0 ** rng.integers(-9, 10, size=5))
        middles = (levels[1:] + levels[:-1]) / 2
        x = np.concatenate([middles, np.nextafter(middles, inf), np.nextafter(middles, -inf)])
        for value, got in zip(x.tolist(), nearest(x, levels).tolist(), strict=True):
            assert got == nearest_of(value, levels.tolist()), (value, levels)


def test_no_rounding_error_decides_on_even_levels() -> None:
    """The same on multiples of a step that is no round number, each rounded to single precision."""
    rng = np.random.default_rng(3)
    for p in (PRECISIONS["float32"], PRECISIONS["float64"]):
        for _ in range(40):
            levels = p.product(float(rng.uniform()), np.arange(-8.0, 9.0))
            middles = (levels[1:] + levels[:-1]) / 2
            x = np.concatenate([middles, np.nextafter(middles, inf), np.nextafter(middles, -inf)])
            for value, got in zip(x.tolist(), nearest(x, levels).tolist(), strict=True):
                assert got == nearest_of(value, levels.tolist()), (value, levels)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_power_of_two_finds_the_best_range(bits: int) -> None:
    """Against every range of exponents; squares of eighths and of powers are exact in floats."""
    data = dyadic(np.random.default_rng(bits), (MANY, 4))
    grid, m = PowerOfTwo(bits, axis=0), 2 ** (bits - 1) - 1
    best = np.full(MANY, inf)
    for highest in range(-6, 5):
        powers = 2.0 ** np.arange(highest - m + 1, highest + 1)
        levels = np.concatenate([-powers, [0.0], powers])
        best = np.minimum(best, np.min((data[:, :, None] - levels) ** 2, axis=2).sum(axis=1))
    answers = grid.project(data)
    assert np.array_equal(((data - answers) ** 2).sum(axis=1), best)
    assert grid.contains(answers) and np.array_equal(grid.project(answers), answers)


def test_the_range_of_exponents_is_exact() -> None:
    """Three of them with three bits, wherever they begin, and gaps count."""
    for e in (-30, 0, 7):
        assert PowerOfTwo(3).contains(2.0**e * np.array([1.0, -2.0, 4.0, 0.0]))
        for wrong in ([1.0, 8.0], [1.0, 2.0, 4.0, 8.0], [1.0, 3.0]):
            assert not PowerOfTwo(3).contains(2.0**e * np.array(wrong))
            assert not PowerOfTwo(3, highest=e + 2).contains(2.0**e * np.array(wrong))
        assert PowerOfTwo(3, highest=e + 2).contains(2.0**e * np.array([1.0, -2.0, 4.0, 0.0]))
        assert not PowerOfTwo(3, highest=e + 1).contains(2.0**e * np.array([1.0, 4.0]))
        assert not PowerOfTwo(3, highest=e + 3).contains(2.0**e * np.array([1.0, 4.0]))


def double_rounding(v: Any) -> Any:
    """Rounds to the finer grid first."""
    fine, coarse = refined_grids((4, 3), 0.75)
    return coarse.project(fine.project(v))


def float_rounding(v: Any) -> Any:
    return np.clip(np.rint(v / 0.75), -3, 3) * 0.75  # ties to even, not to the smaller magnitude


def rounded_logarithm(v: Any) -> Any:
    with np.errstate(divide="ignore"):
        e = np.clip(np.rint(np.log2(np.abs(v))), -1, 1)
    return np.where(np.abs(v) <= 0.25, 0.0, np.sign(v) * 2.0**e)


def full_range(v: Any) -> Any:
    """Two's complement: one level more on the negative side."""
    return np.clip(np.round(v / 0.75), -4, 3) * 0.75


WRONG_LEVELS = {
    "double rounding": ("uniform", double_rounding),
    "ties to even": ("uniform", float_rounding),
    "rounded logarithm": ("power-of-two", rounded_logarithm),
    "wrong clip range": ("uniform", full_range),
    "levels off by half a step": ("midrise", FIXED["zero-free"][0].project),
    "gap at zero forgotten": ("zero-free", FIXED["midrise"][0].project),
}


@pytest.mark.parametrize("name", WRONG_LEVELS)
def test_wrong_roundings_are_caught(name: str) -> None:
    kind, wrong = WRONG_LEVELS[name]
    grid, levels = FIXED[kind]
    v = dyadic(np.random.default_rng(1), 4000)
    nearest_ones = [nearest_of(x, levels) for x in v.tolist()]
    assert grid.project(v).tolist() == nearest_ones
    assert wrong(v).tolist() != nearest_ones
