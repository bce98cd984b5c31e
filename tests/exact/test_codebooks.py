"""Learned codebooks against every grouping; a local k-means is caught."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from lagrange.sets.codebook import Learned, LearnedCodebook
from lagrange.sets.nearest import PRECISIONS
from tests.exact.quantized import (
    best_groups,
    error_of_groups,
    group_labels,
)
from tests.exact.quantized_cases import each_count, integers


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
