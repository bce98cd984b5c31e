"""Sets with a free scale against all their members, in whole numbers; wrong scales are caught."""

from typing import Any

import numpy as np
import pytest

from lagrange.sets.binary import Ternary
from lagrange.sets.grids import UniformGrid
from tests.exact.quantized import (
    SYMMETRIC_3,
    ZERO_FREE_2,
    best_gain,
    gain_of,
    is_best,
    members,
)
from tests.exact.quantized_cases import FREE, each_count, integers


@each_count
@pytest.mark.parametrize("name", FREE)
def test_a_free_scale_is_jointly_optimal(name: str, cases: int) -> None:
    """No levels with their own best scale explain more: over all levels, in whole numbers."""
    grid, levels, n = FREE[name]
    data, table = integers(n, len(name), cases), members(levels, n)
    answers = grid.project(data.astype(float))
    for v, z in zip(data, answers, strict=True):
        assert is_best(v, z, table), (v, z, gain_of(v, z, 8), best_gain(v, table))
    assert grid.contains(answers)
    assert np.array_equal(grid.project(answers), answers)


def test_ternary_takes_the_fewest_of_equally_good() -> None:
    """One entry at 3 explains 9, four at 3/2 as much."""
    assert Ternary().project(np.array([3.0, 1.0, -1.0, 1.0])).tolist() == [3.0, 0.0, 0.0, 0.0]


def at_scale(v: Any, s: float, levels: Any) -> Any:
    levels = s * np.array(levels, float)
    return levels[np.argmin(np.abs(v[:, None] - levels), axis=1)]


def by_turns(v: Any, levels: Any, s: float) -> Any:
    """Lloyd's descent from one start: levels, then scale, until nothing changes."""
    while True:
        q = at_scale(v / s, 1.0, levels)
        new = s if not q.any() else float(q @ v) / float(q @ q)
        if new == s:
            return s * q
        s = new


def twn(v: Any) -> Any:
    """Ternary weight networks: threshold 0.7 mean |v|, mean of what is above."""
    kept = np.abs(v) > 0.7 * np.mean(np.abs(v))
    return np.sign(v) * kept * np.mean(np.abs(v)[kept]) if kept.any() else 0.0 * v


WRONG_SCALES = {
    "binary at the largest": ("binary", lambda v: at_scale(v, np.abs(v).max(), (-1, 1))),
    "binary at the root mean square": (
        "binary",
        lambda v: at_scale(v, np.sqrt(np.mean(v * v)), (-1, 1)),
    ),
    "ternary by the threshold 0.7 mean": ("ternary", twn),
    "ternary keeping two thirds": (
        "ternary",
        lambda v: (
            np.where(np.abs(v) >= np.sort(np.abs(v))[1], np.sign(v), 0.0)
            * np.mean(np.sort(np.abs(v))[1:])
        ),
    ),
    "step from the largest magnitude": (
        "uniform-3",
        lambda v: at_scale(v, np.abs(v).max() / 3, SYMMETRIC_3),
    ),
    "descent from the largest magnitude": (
        "uniform-3",
        lambda v: by_turns(v, SYMMETRIC_3, np.abs(v).max() / 3),
    ),
    "descent from the mean": (
        "zero-free-2",
        lambda v: by_turns(v, ZERO_FREE_2, np.mean(np.abs(v))),
    ),
    "zero point in the middle": (
        "asymmetric-2",
        lambda v: UniformGrid(2, asymmetric=True, zero_point=2).project(v),
    ),
    "negative scale": (
        "zero-point-0",
        lambda v: -UniformGrid(2, asymmetric=True, zero_point=0).project(-v),
    ),
}


@pytest.mark.parametrize("name", WRONG_SCALES)
def test_wrong_scales_are_caught(name: str) -> None:
    kind, wrong = WRONG_SCALES[name]
    _, levels, n = FREE[kind]
    table = members(levels, n)
    data = [v for v in integers(n, 3, 400) if v.any()]
    assert any(not is_best(v, wrong(v.astype(float)), table) for v in data)


def test_ternary_of_the_notes() -> None:
    """(10, 4, 4): one nonzero leaves 32, the threshold 0.7 mean keeps … and leaves more than 24."""
    v = np.array([10.0, 4.0, 4.0])
    assert Ternary().distance(v) ** 2 == pytest.approx(24.0, rel=1e-12)
    assert float(np.sum((v - twn(v)) ** 2)) == pytest.approx(32.0)
