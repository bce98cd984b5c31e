"""The search for the best step, against plain searches."""

from math import inf
from typing import Any

import numpy as np
import pytest

from lagrange.sets.binary import Binary
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import SparseQuantized
from lagrange.sets.ladders import Ladder
from lagrange.sets.levels import Scaled
from lagrange.sets.nearest import PRECISIONS
from lagrange.sets.step_search import Found, Search, bounded, enumerated
from lagrange.sets.steps import best_shifted, best_step


def grid_search(a: Any, ladder: Any, points: int = 10_000) -> float:
    """The least squared error over equally spaced steps."""
    middles, best = (ladder[1:] + ladder[:-1]) / 2, inf
    for s in np.linspace(0.0, a.max() / max(ladder[0], 1.0), points + 1)[1:]:
        rest = a - s * ladder[np.searchsorted(middles, a / s)]
        best = min(best, float(rest @ rest))
    return best


@pytest.mark.parametrize("ladder", [np.arange(2.0), np.arange(8.0), np.arange(1.0, 9.0)])
@pytest.mark.parametrize("kind", ["normal", "heavy", "two sizes", "integers"])
def test_never_worse_than_a_grid_search(ladder: Any, kind: str) -> None:
    rng = np.random.default_rng(9)
    a = {
        "normal": rng.normal(size=300),
        "heavy": rng.standard_t(1.5, size=300),
        "two sizes": np.concatenate([rng.normal(size=280), 30 * rng.normal(size=20)]),
        "integers": rng.integers(-20, 21, size=300).astype(float),
    }[kind]
    a = np.abs(a) / np.abs(a).max()
    family = Scaled(ladder)
    signed = a * rng.choice([-1.0, 1.0], size=a.size)
    z = family.values(signed, PRECISIONS["float64"])
    assert float(np.sum((signed - z) ** 2)) <= grid_search(a, ladder) * (1 + 1e-12)


def best_of_all_kinks(a: Any, ladder: Any) -> float:
    """The largest gain of all assignments nearest for some step: kinks sorted, sums added up."""
    a, ladder = a[a > 0].astype(np.longdouble), ladder.astype(np.longdouble)
    r = (((ladder[1:] + ladder[:-1]) / 2)[:, None] / a).ravel()
    order = np.argsort(r, kind="stable")
    A = ladder[0] * a.sum() + np.cumsum((np.diff(ladder)[:, None] * a).ravel()[order])
    B = ladder[0] ** 2 * a.size + np.cumsum(np.repeat(np.diff(ladder**2), a.size)[order])
    start = a.sum() ** 2 / a.size if ladder[0] else 0.0
    return max(float((A * A / B).max()), start)


LADDERS = {
    "symmetric": lambda m: np.arange(m + 1.0),
    "zero-free": lambda m: np.arange(1.0, m + 1),
    "midrise": lambda m: np.arange(1.0, 2 * m, 2),
    "powers": lambda m: 2.0 ** np.arange(min(m, 12)),
}
SAMPLES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.uniform(size=n),
    "heavy": lambda rng, n: rng.standard_t(1.5, size=n),
    "ties": lambda rng, n: rng.integers(1, 30, size=n) * 0.7,
}


def magnitudes(kind: str, n: int, seed: int) -> Any:
    a = np.abs(SAMPLES[kind](np.random.default_rng(seed), n))
    return a / a.max()


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("levels", LADDERS)
def test_the_best_of_all_assignments_is_found(levels: str, kind: str) -> None:
    """Both ways of summing are met: few levels against many magnitudes, and the reverse."""
    for m, n in ((2, 3), (3, 40), (7, 900), (40, 20), (127, 300), (200, 7)):
        a, ladder = magnitudes(kind, n, m), LADDERS[levels](m)
        found = best_step(a, ladder)
        assert found.proved
        assert abs(found.gain - best_of_all_kinks(a, ladder)) <= 1e-14 * float(a @ a), (m, n)
        chosen = ladder[np.abs(a[:, None] - found.step * ladder).argmin(axis=1)]
        reached = float(a @ a) - float(np.sum((a - found.step * chosen) ** 2))
        assert abs(reached - found.gain) <= 1e-14 * float(a @ a)


@pytest.mark.parametrize("bits", [2, 4, 6, 8])
def test_bounds_and_kinks_agree(bits: int) -> None:
    """Branch and bound with no kinks to enumerate, enumeration alone, and both together."""
    a = magnitudes("normal", 300, bits)
    ladder = Ladder(a, np.arange(2.0 ** (bits - 1)))
    top = float(ladder.levels[-1])
    one = Search(ladder.sums, (), 1.0, top, top * ladder.total, float(a @ a), a.size)
    found = bounded(one)
    other = Search(ladder.sums, (ladder,), 1.0, top, top * ladder.total, float(a @ a), a.size)
    best = enumerated(other, 1.0, 2 * top * ladder.total / found.gain, Found(0.0, 0.0))
    assert abs(found.gain - best.gain) <= 1e-14 * float(a @ a)


def test_kinks_of_a_bin_are_taken_one_by_one() -> None:
    """Most of the best assignments lie inside of a bin; nothing is known beforehand."""
    for seed in range(300):
        a, levels = magnitudes("normal", 40, seed), np.arange(1.0 + (2, 9, 60)[seed % 3])
        ladder, top = Ladder(a, levels), float(levels[-1])
        search = Search(ladder.sums, (ladder,), 0.4, top, top * ladder.total, float(a @ a), 40)
        found = enumerated(search, 0.4, 4.0 * top, Found(0.0, 0.0))
        assert abs(found.gain - best_of_all_kinks(a, levels)) <= 1e-13 * float(a @ a), seed


@pytest.mark.parametrize("levels", LADDERS)
def test_below_the_first_scale_a_smaller_step_is_as_good(levels: str) -> None:
    a = magnitudes("uniform", 200, 3)
    for m in (3, 8, 100):
        ladder = Ladder(a, LADDERS[levels](m))
        first = ladder.first_scale()
        for r in np.linspace(0.2, 0.999, 50) * first:
            A, B = ladder.sums(np.array([r, 2 * r, 3 * r]))
            gains = 2 * A / (r * np.arange(1, 4)) - B / (r * np.arange(1, 4)) ** 2
            assert max(gains[1:]) >= gains[0] - 1e-12


def test_many_equal_magnitudes_count_once() -> None:
    a = magnitudes("normal", 50, 1)
    ladder = np.arange(16.0)
    once, often = best_step(a, ladder), best_step(np.repeat(a, 1000), ladder)
    assert often.step == pytest.approx(once.step, rel=1e-13)
    assert often.gain == pytest.approx(1000 * once.gain, rel=1e-13)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("n", [100, 1000, 4000])
def test_a_search_without_a_proof_says_so_and_comes_near(kind: str, n: int) -> None:
    a, ladder = magnitudes(kind, n, n), np.arange(2048.0)
    quick, best = best_step(a, ladder, 30.0), best_step(a, ladder)
    error, least = (float(a @ a) - f.gain for f in (quick, best))
    assert best.proved and least <= error + 1e-14 * float(a @ a)
    assert not quick.proved or error <= least + 1e-14 * float(a @ a)
    assert error <= 1.1 * least + 1e-14 * float(a @ a)


def test_a_budget_can_end_a_search() -> None:
    assert not best_step(magnitudes("uniform", 4000, 0), np.arange(2048.0), 30.0).proved
    x = magnitudes("uniform", 4000, 1) * np.random.default_rng(2).choice([-1.0, 1.0], size=4000)
    assert not best_shifted(x, 4095, 2048, 30.0).proved
    assert best_shifted(x, 255, 128, 30.0).gain <= best_shifted(x, 255, 128).gain * (1 + 1e-15)


def test_what_is_proved_is_labeled() -> None:
    for grid in (
        UniformGrid(9),
        UniformGrid(12, proof=True),
        UniformGrid(12, step=0.1),
        Binary(),
    ):
        assert grid.exact
        assert SparseQuantized(3, grid).exact
    shifted = UniformGrid(8, asymmetric=True)
    assert shifted.exact
    assert not SparseQuantized(3, shifted).exact  # support and offset are searched in turn
    for grid in (UniformGrid(10), ZeroFreeGrid(12), UniformGrid(9, asymmetric=True, zero_point=5)):
        assert not grid.exact
        assert not SparseQuantized(3, grid).exact
    assert ZeroFreeGrid(10, proof=True).exact
    for budget in (5.0, inf):  # of the joint projection too
        with_zero = Scaled(np.arange(1.0, 5.0), budget).with_zero()
        assert with_zero.budget == budget and with_zero.ladder[0] == 0
    v = np.random.default_rng(0).uniform(-1, 1, size=3000)
    wide, proved = UniformGrid(12), UniformGrid(12, proof=True)
    assert proved.distance(v) <= wide.distance(v) * (1 + 1e-12)
    assert wide.contains(wide.project(v))
