"""Step and zero point searched together: every zero point tried, at given steps and at the best."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from lagrange.sets.grids import UniformGrid
from lagrange.sets.ladders import SEARCH, Window
from lagrange.sets.steps import best_shifted

SAMPLES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "two sizes": lambda rng, n: np.concatenate([rng.normal(size=n), [9.0, -2.0]]),
    "ties": lambda rng, n: rng.integers(-9, 30, size=n) * 0.7,
    "beside zero": lambda rng, n: rng.normal(size=n) + 2,
    "above zero": lambda rng, n: rng.uniform(1, 2, size=n),
    "below zero": lambda rng, n: -(rng.normal(size=n) ** 2) - 0.1,
    "with zeros": lambda rng, n: np.append(rng.normal(size=n), np.zeros(n)),
    "one": lambda rng, n: -np.ones(1),
}


def sample(kind: str, n: int, seed: int) -> Any:
    x = SAMPLES[kind](np.random.default_rng(seed), n)
    return x / np.abs(x).max()


def sums_of(x: Any, r: float, z: int, top: int) -> tuple[float, float]:
    """A and B of the nearest of the levels −z … top − z."""
    chosen = np.rint(r * x).clip(-z, top - z)
    return float(chosen @ x), float(chosen @ chosen)


def best_of_all(x: Any, top: int) -> float:
    """The largest gain of all zero points and assignments: one between any two kinks."""
    middles = np.abs(np.divide.outer(np.arange(0.5, top), x[x != 0])).ravel()
    kinks = np.unique(middles)
    scales = np.append(kinks[0] / 2, np.append((kinks[1:] + kinks[:-1]) / 2, 2 * kinks[-1]))
    sums = (sums_of(x, r, z, top) for r, z in product(scales, range(top + 1)))
    return max(A * A / B for A, B in sums if B > 0 and A > 0)


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_window_has_the_best_zero_point_of_each_scale(kind: str) -> None:
    """Both ways of summing: few levels against many numbers, and the reverse."""
    for top, n in ((1, 9), (1, 60), (3, 400), (15, 30), (40, 700), (255, 20)):
        x = sample(kind, n, top)
        window = Window(x, top)
        scales = np.geomspace(0.3, 4 * top, 50)
        A, B = window.sums(scales)
        for r, z, a, b in zip(scales, window.zero_points(scales), A, B, strict=True):
            each = [
                2 * r * A_z - B_z for A_z, B_z in (sums_of(x, r, k, top) for k in range(top + 1))
            ]
            slack = 1e-13 * r * r * float(x @ x)
            assert abs(2 * r * a - b - max(each)) <= slack, (top, r)
            assert abs(each[int(z)] - max(each)) <= slack, (top, r)
    assert window.a.size < SEARCH * 255 and Window(sample("normal", 60, 1), 1).a.size > SEARCH


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("top", [1, 2, 3, 7, 20])
def test_no_assignment_of_any_zero_point_gains_more(kind: str, top: int) -> None:
    for seed, n in enumerate((2, 3, 5, 9)):
        x = sample(kind, n, 10 * top + seed)
        found = best_shifted(x, top, None)
        assert found.proved and 0 <= found.zero_point <= top
        assert abs(found.gain - best_of_all(x, top)) <= 1e-14 * float(x @ x), seed
        A, B = sums_of(x, 1 / found.step, found.zero_point, top)
        assert 2 * found.step * A - found.step**2 * B >= found.gain - 1e-14 * float(x @ x)


@pytest.mark.parametrize("top", [1, 3, 7, 15, 127])
def test_the_best_zero_point_is_the_best_of_all(top: int) -> None:
    """Step and zero point together against one search for each zero point."""
    for kind, n in product(("normal", "ties", "beside zero", "below zero"), (20, 3000)):
        x = sample(kind, n, top)
        if top == 127 and n == 3000:
            x = x[:300]
        each = [best_shifted(x, top, z).gain for z in range(top + 1)]
        found = best_shifted(x, top, None)
        assert found.gain == pytest.approx(max(each), rel=1e-14)
        assert each[found.zero_point] == pytest.approx(max(each), rel=1e-14)


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("kind", ["normal", "two sizes", "ties", "beside zero"])
def test_never_worse_than_a_grid_search(kind: str, bits: int) -> None:
    """Over 10,000 steps: zero points in the middle and where the data put them."""
    v, top = sample(kind, 100, bits), (1 << bits) - 1
    steps = 1.2 * np.linspace(0.0, 1 / max(1, top // 2), 10_001)[1:, None]
    error = UniformGrid(bits, asymmetric=True).distance(v) ** 2
    natural = np.rint(-top * v.min() / np.ptp(v)).clip(0, top)
    for z in ((top + 1) // 2, natural):
        rest = v - steps * np.rint(v / steps).clip(-z, top - z)
        assert error <= float((rest * rest).sum(axis=1).min()) * (1 + 1e-9)
