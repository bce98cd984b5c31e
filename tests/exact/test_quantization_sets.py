"""Quantized sets against brute force in exact arithmetic; the usual wrong versions are caught."""

from fractions import Fraction
from itertools import product
from math import inf, nextafter
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.sets.additive import SparsePlusLowRank
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, Learned, LearnedCodebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.levels import Scaled
from lagrange.sets.nearest import PRECISIONS, nearest
from lagrange.sets.nested import nested, nests, refined_grids
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from lagrange.sets.rank import LowRank
from lagrange.sets.sparsity import Cardinality
from lagrange.sets.steps import Ladder, best_shifted, best_step, bounded, enumerated
from tests.exact.quantized import (
    MIDRISE_2,
    POWERS_2,
    POWERS_3,
    SYMMETRIC_3,
    ZERO_FREE_2,
    best_gain,
    best_groups,
    distance_squared,
    error_of_groups,
    gain_of,
    group_labels,
    is_best,
    members,
    nearest_of,
    shifted,
)

MANY = 2000
each_count = pytest.mark.parametrize("cases", [150, pytest.param(MANY, marks=pytest.mark.slow)])


def integers(n: int, seed: int, cases: int, most: int = 12) -> Any:
    """Integer data with many ties and zeros."""
    rng = np.random.default_rng(seed)
    small = rng.integers(-3, 4, size=(cases // 2, n))
    return np.concatenate([small, rng.integers(-most, most + 1, size=(cases - cases // 2, n))])


FREE: dict[str, tuple[Any, list[Any], int]] = {
    "uniform-2": (UniformGrid(2, axis=0), [range(-1, 2)], 5),
    "uniform-3": (UniformGrid(3, axis=0), [SYMMETRIC_3], 3),
    "asymmetric-1": (UniformGrid(1, asymmetric=True, axis=0), shifted(1), 4),
    "asymmetric-2": (UniformGrid(2, asymmetric=True, axis=0), shifted(3), 3),
    "zero-point-0": (UniformGrid(2, asymmetric=True, zero_point=0, axis=0), [range(4)], 4),
    "zero-point-2": (UniformGrid(2, asymmetric=True, zero_point=2, axis=0), [range(-2, 2)], 4),
    "zero-free-2": (ZeroFreeGrid(2, axis=0), [ZERO_FREE_2], 4),
    "midrise-2": (ZeroFreeGrid(2, midrise=True, axis=0), [MIDRISE_2], 4),
    "binary": (Binary(axis=0), [(-1, 1)], 5),
    "ternary": (Ternary(axis=0), [range(-1, 2)], 5),
    "scaled-powers-2": (ScaledPowers(2, axis=0), [POWERS_2], 4),
    "scaled-powers-3": (ScaledPowers(3, axis=0), [POWERS_3], 3),
}


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


def dyadic(rng: Any, shape: Any) -> Any:
    """Eighths, so that squared distances to dyadic levels are exact in floats."""
    return rng.integers(-40, 41, size=shape) / 8


FIXED: dict[str, tuple[Any, list[float]]] = {
    "uniform": (UniformGrid(3, step=0.75), [0.75 * q for q in SYMMETRIC_3]),
    "asymmetric": (
        UniformGrid(2, step=1.25, asymmetric=True, zero_point=1),
        [1.25 * q for q in range(-1, 3)],
    ),
    "zero-free": (ZeroFreeGrid(2, step=0.5), [0.5 * q for q in ZERO_FREE_2]),
    "midrise": (ZeroFreeGrid(2, step=0.5, midrise=True), [0.25 * q for q in MIDRISE_2]),
    "power-of-two": (
        PowerOfTwo(3, highest=1),
        [0.0, *(sign * 2.0**e for e in range(-1, 2) for sign in (1, -1))],
    ),
    "codebook": (Codebook((3.5, -0.125, -2.0, 0.25)), [3.5, -0.125, -2.0, 0.25]),
}


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


@each_count
@pytest.mark.parametrize(("count", "n"), [(1, 4), (2, 5), (3, 5)])
def test_a_learned_codebook_beats_every_grouping(count: int, n: int, cases: int) -> None:
    data = integers(n, count, cases)
    labelings = np.array(list(product(range(count), repeat=n)))
    grid = LearnedCodebook(count, axis=0)
    answers = grid.project(data.astype(float))
    for v, z in zip(data, answers, strict=True):
        assert error_of_groups(v, group_labels(z, False)) == best_groups(v, labelings), (v, z)
        assert abs(float(np.sum((v - z) ** 2)) - float(best_groups(v, labelings))) < 1e-11
    assert grid.contains(answers) and np.array_equal(grid.project(answers), answers)


SPARSE: dict[str, tuple[Any, list[Any], int, int]] = {
    "uniform": (UniformGrid(2), [range(-1, 2)], 5, 2),
    "zero-free": (ZeroFreeGrid(2), [ZERO_FREE_2], 4, 2),
    "zero-free-loose": (ZeroFreeGrid(1), [(-1, 1)], 5, 4),
    "midrise": (ZeroFreeGrid(2, midrise=True), [MIDRISE_2], 4, 3),
    "binary": (Binary(), [(-1, 1)], 5, 3),
    "ternary": (Ternary(), [range(-1, 2)], 5, 3),
    "scaled-powers": (ScaledPowers(2), [POWERS_2], 4, 2),
}


@each_count
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_with_a_free_scale_is_jointly_optimal(name: str, cases: int) -> None:
    grid, levels, n, k = SPARSE[name]
    members_ = SparseQuantized(k, grid)
    assert members_.exact
    table = members(levels, n, k)
    for v in integers(n, len(name), cases):
        z = members_.project(v.astype(float))
        assert is_best(v, z, table), (v, z)
        assert np.count_nonzero(z) <= k and members_.contains(z)


@each_count
@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("k", [1, 3])
def test_sparse_with_given_levels_beats_every_member(name: str, k: int, cases: int) -> None:
    grid, levels = FIXED[name]
    n, members_ = 4, SparseQuantized(k, FIXED[name][0])
    assert members_.exact
    gains_of = np.array(sorted({*levels, 0.0}))
    for v in dyadic(np.random.default_rng(k), (cases, n)):
        z = members_.project(v)
        # the best of every choice of k entries is the sum of the k largest gains, which are exact here
        gains = np.max(2 * v[:, None] * gains_of - gains_of**2, axis=1)
        best = float(v @ v) - float(np.sort(gains)[-k:].sum())
        assert distance_squared(v.tolist(), z.tolist()) == Fraction(best)
        assert members_.contains(z)
        assert np.array_equal(members_.project(z), z)
    assert not members_.contains(np.full(n, grid.project(np.full(1, 9.0))[0]))  # k + 1 nonzeros


@each_count
@pytest.mark.parametrize("k", [1, 2, 4])
def test_sparse_codebooks_beat_every_grouping(k: int, cases: int) -> None:
    """Which entries are zero, how many values there are and where: over all labelings."""
    n, count = 5, 2
    labelings = np.array(list(product(range(-1, count), repeat=n)))
    labelings = labelings[(labelings >= 0).sum(axis=1) <= k]
    members_ = SparseQuantized(k, LearnedCodebook(count))
    for v in integers(n, k, cases):
        z = members_.project(v.astype(float))
        wanted = best_groups(v, labelings)
        assert error_of_groups(v, group_labels(z, True)) == wanted, (v, z)
        assert members_.contains(z)


def test_a_codebook_with_a_free_zero_beats_every_grouping() -> None:
    """Two values and zero, in any number: what is fitted to one array of several."""
    labelings = np.array(list(product(range(-1, 2), repeat=5)))
    family, p, kept = Learned(2).with_zero(), PRECISIONS["float64"], 0
    for v in integers(5, 14, 300):
        x = v.astype(float)
        z = family.values(x, p)
        assert error_of_groups(v, group_labels(z, True)) == best_groups(v, labelings), (v, z)
        assert family.holds(z, p)
        few = len({int(i) for i in v if i}) <= 2
        assert family.holds(x, p) == few == np.array_equal(z, x)
        kept += few and 0 in v
    assert kept > 5


@pytest.mark.parametrize("name", FIXED)
def test_one_budget_across_arrays(name: str) -> None:
    grid, levels = FIXED[name]
    k, members_ = 3, GlobalSparseQuantized(3, grid)
    assert members_.exact
    q = np.array(sorted({*levels, 0.0}))
    for v in dyadic(np.random.default_rng(7), (200, 6)):
        named = {"b": v[:2], "a": v[2:].reshape(2, 2)}
        z = members_.project(named)
        gains = np.max(2 * v[:, None] * q - q**2, axis=1)
        best = float(v @ v) - float(np.sort(gains)[-k:].sum())
        flat = [*z["b"].tolist(), *z["a"].ravel().tolist()]
        assert distance_squared(v.tolist(), flat) == Fraction(best)
        assert members_.contains(z)


def test_a_local_search_is_labeled_and_no_worse_than_one_after_the_other() -> None:
    """With free asymmetric steps, or free scales across arrays, ``exact`` is False."""
    shifted_grid = UniformGrid(3, asymmetric=True)
    one = SparseQuantized(4, shifted_grid)
    both = GlobalSparseQuantized(6, ZeroFreeGrid(2))
    assert not one.exact and not both.exact
    rng = np.random.default_rng(8)
    better = 0
    for _ in range(40):
        v = rng.normal(size=10) + 0.7
        kept = np.where(np.abs(v) >= np.sort(np.abs(v))[-4], v, 0.0)
        after = shifted_grid.project(kept)
        assert one.distance(v) <= np.linalg.norm(v - after) * (1 + 1e-12)
        better += one.distance(v) < 0.999 * np.linalg.norm(v - after)
        named = {"u": v[:5], "w": 5 * v[5:]}
        z = both.project(named)
        assert both.contains(z)
        apart = SparseQuantized(3, ZeroFreeGrid(2))
        halves = np.hypot(*(apart.distance(x) for x in named.values()))
        better += both.distance(named) < 0.999 * halves
    assert better > 8


def test_sparse_plus_low_rank_is_a_sum_and_labeled() -> None:
    """The parts are what they are said to be, no worse than either alone, found where planted."""
    rng = np.random.default_rng(12)
    members_ = SparsePlusLowRank(6, 2)
    assert not members_.exact
    for noise in (0.0, 0.1, 1.0):
        planted = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 10)) / 3
        spikes = np.zeros((12, 10))
        spikes.ravel()[rng.choice(120, size=6, replace=False)] = 20.0
        v = planted + spikes + noise * rng.normal(size=(12, 10))
        sparse, low_rank = members_.parts(v)
        z = members_.project(v)
        assert np.array_equal(z, sparse + low_rank)
        assert np.count_nonzero(sparse) <= 6
        assert np.linalg.svd(low_rank, compute_uv=False)[2] < 1e-12 * np.linalg.norm(low_rank)
        for alone in (Cardinality(6), LowRank(2)):
            assert members_.distance(v) <= alone.distance(v) * (1 + 1e-12)
        if noise == 0:
            assert members_.distance(v) < 1e-6 and not members_.contains(v + np.eye(12, 10))
        if noise <= 0.1:
            assert (sparse != 0).tolist() == (spikes != 0).tolist()
            # neither half can be improved while the other stays
            assert np.allclose(Cardinality(6).project(v - low_rank), sparse, atol=1e-3)
            assert np.allclose(LowRank(2).project(v - sparse), low_rank, atol=1e-3)
    assert members_.contains(spikes) and members_.contains(0.0 * spikes)


# the wrong versions


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


def sparse_first(v: Any, k: int, grid: Any) -> Any:
    """The k largest magnitudes, then the grid: right for symmetric levels only."""
    kept = np.argsort(-np.abs(v), kind="stable")[:k]
    z = np.zeros_like(v)
    z[kept] = grid.project(v[kept])
    return z


def grid_first(v: Any, k: int, grid: Any) -> Any:
    """The grid fitted to all entries, then the k largest."""
    z = grid.project(v)
    z[np.argsort(-np.abs(v), kind="stable")[k:]] = 0.0
    return z


def test_magnitude_first_is_caught_on_an_asymmetric_grid() -> None:
    """The known counterexample: w = (3, −4) on {−1, …, 3}, one entry."""
    grid = Codebook((-1.0, 0.0, 1.0, 2.0, 3.0))
    v = np.array([3.0, -4.0])
    assert SparseQuantized(1, grid).project(v).tolist() == [3.0, 0.0]
    assert sparse_first(v, 1, grid).tolist() == [0.0, -1.0]


def test_one_after_the_other_is_caught_with_a_free_scale() -> None:
    table = members([ZERO_FREE_2], 4, 2)
    data = [v for v in integers(4, 5, 200) if v.any()]
    for chain in (grid_first, sparse_first):
        wrong = [chain(v.astype(float), 2, ZeroFreeGrid(2)) for v in data]
        assert any(not is_best(v, z, table) for v, z in zip(data, wrong, strict=True)), chain


def lloyd(v: Any, count: int) -> Any:
    """k-means from equally spaced centers, as most libraries start it."""
    centers = np.linspace(v.min(), v.max(), count)
    while True:
        label = np.argmin(np.abs(v[:, None] - centers), axis=1)
        new = np.array(
            [v[label == j].mean() if (label == j).any() else c for j, c in enumerate(centers)]
        )
        if np.array_equal(new, centers):
            return centers[label]
        centers = new


def test_a_local_k_means_is_caught() -> None:
    labelings = np.array(list(product(range(3), repeat=5)))
    wrong = 0
    for v in integers(5, 6, 300):
        labels = group_labels(lloyd(v.astype(float), 3), False)
        wrong += error_of_groups(v, labels) > best_groups(v, labelings)
    assert wrong > 10


def test_ternary_of_the_notes() -> None:
    """(10, 4, 4): one nonzero leaves 32, the threshold 0.7 mean keeps … and leaves more than 24."""
    v = np.array([10.0, 4.0, 4.0])
    assert Ternary().distance(v) ** 2 == pytest.approx(24.0, rel=1e-12)
    assert float(np.sum((v - twn(v)) ** 2)) == pytest.approx(32.0)


# the search for the step


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


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_the_bounds_find_what_enumeration_finds(bits: int) -> None:
    """Branch and bound against all breakpoints, on sizes where both are possible."""
    rng = np.random.default_rng(bits)
    for n in (3, 20, 300):
        a = np.abs(rng.normal(size=n))
        a /= a.max()
        ladder = Ladder(a, np.arange(2.0 ** (bits - 1)))
        top = ladder.levels[-1]
        found = bounded(ladder.sums, 1.0, top, top * ladder.total, float(a @ a))
        best = enumerated(ladder)
        assert abs(found.gain - best.gain) <= 1e-14 * float(a @ a)
        assert best_step(a, ladder.levels).gain == pytest.approx(best.gain, rel=1e-14)


@pytest.mark.parametrize("top", [1, 3, 7, 15])
def test_the_best_zero_point_is_the_best_of_all(top: int) -> None:
    """Step and zero point together against one search for each zero point."""
    rng = np.random.default_rng(top)
    for shift in (0.0, 0.4, -3.0):
        x = rng.normal(size=200) + shift
        x /= np.abs(x).max()
        each = [best_shifted(x, top, z).gain for z in range(top + 1)]
        found = best_shifted(x, top, None)
        assert found.gain == pytest.approx(max(each), rel=1e-14)
        assert each[found.column] == pytest.approx(max(each), rel=1e-14)


# exact membership


def half_scales() -> Any:
    """Every positive half-precision number, as doubles."""
    return np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)


@pytest.mark.parametrize("ladder", [np.arange(4.0), np.arange(1.0, 4.0), 2.0 ** np.arange(4)])
def test_membership_in_half_precision_is_that_over_all_scales(ladder: Any) -> None:
    """Decided by trying all 31,743 scales there are; near members, and subnormal ones."""
    p, family, rng = PRECISIONS["float16"], Scaled(ladder), np.random.default_rng(10)
    scales = half_scales()
    tables = [p.round(scales * level) for level in ladder if level]
    seen = {True: 0, False: 0}
    for _ in range(300):
        s = scales[rng.integers(scales.size // (2 if rng.random() < 0.7 else 30))]
        x = p.round(s * rng.choice(ladder, size=3)) * rng.choice([-1.0, 1.0], size=3)
        if rng.random() < 0.5:  # one unit in the last place off
            half = x.astype(np.float16)
            half[0] = np.nextafter(half[0], np.float16(rng.choice([-9.0, 9.0])))
            x = half.astype(np.float64)
        possible = np.ones(scales.size, bool)
        for m in np.abs(x):
            possible &= np.any([t == m for t in tables], axis=0) | (m == 0 and ladder[0] == 0)
        held = family.holds(x, p)
        assert held == (bool(possible.any()) or not x.any()), x
        seen[held] += 1
    assert min(seen.values()) > 30


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_members_of_every_precision_are_known(name: str, bits: int) -> None:
    """fl(s q) is a member for every scale s of the precision, and off by a unit it is not."""
    p, rng = PRECISIONS[name], np.random.default_rng(bits)
    ladder = np.arange(2.0 ** (bits - 1))
    family = Scaled(ladder)
    for _ in range(100):
        s = p.round(rng.uniform(0.5, 1.0, size=1) * 2.0 ** int(rng.integers(-12, 5)))
        q = rng.choice(np.concatenate([-ladder, ladder]), size=40)
        x = p.round(s * q)
        assert family.holds(x, p)
        assert np.array_equal(family.values(x, p), x)
    x = p.round(np.array([1.0, 2.0, 3.0]) * 0.7)
    assert not Scaled(np.arange(3.0)).holds(x, p)


def test_a_float_beside_a_member_is_none() -> None:
    grid = UniformGrid(4)
    x = 0.3 * np.arange(-7.0, 8.0)
    assert grid.contains(x)
    for i in range(x.size):
        y = x.copy()
        y[i] = nextafter(y[i], inf)
        # the zero has no neighbor that is a level; other entries may not move on their own either
        assert not grid.contains(y)


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


# what nests


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
