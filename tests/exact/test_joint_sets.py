"""Sparse and quantized, sparse and low rank: jointly optimal or labeled; chains are caught."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from lagrange.sets.additive import SparsePlusLowRank
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.powers import ScaledPowers
from lagrange.sets.rank import LowRank
from lagrange.sets.sparsity import Cardinality
from tests.exact.quantized import (
    MIDRISE_2,
    POWERS_2,
    ZERO_FREE_2,
    best_groups,
    distance_squared,
    error_of_groups,
    group_labels,
    is_best,
    members,
)
from tests.exact.quantized_cases import FIXED, dyadic, each_count, integers

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


@each_count
@pytest.mark.parametrize("name", FIXED)
def test_one_budget_across_arrays(name: str, cases: int) -> None:
    grid, levels = FIXED[name]
    k, members_ = 3, GlobalSparseQuantized(3, grid)
    assert members_.exact
    q = np.array(sorted({*levels, 0.0}))
    for v in dyadic(np.random.default_rng(7), (cases, 6)):
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
