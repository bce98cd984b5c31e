"""Every set projects exactly, in numpy and torch, single and double precision, ties included."""

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from lagrange.sets import Box, Cardinality, GlobalCardinality
from lagrange.sets.sparsity import nonzeros
from lagrange.testing import check_nonexpansive, check_projection
from tests.contracts.block_cases import NUMBERS, Make

SHAPE = (2, 3)
POINTS = [
    [[3.0, -2.0, 0.5], [-4.0, 1.0, 0.0]],
    [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]],  # every magnitude ties
    [[2.0, 1.0, -2.0], [0.0, -1.0, 1.0]],  # ties above and at the threshold
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    [[0.0, 0.0, -7.0], [0.0, 0.0, 0.0]],  # fewer nonzeros than any budget but one
    [[-1e-30, 1e15, 1e-30], [-1e15, 1e-30, 1.0]],
]

each_number = pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)


def random_points(count: int = 6) -> list[Any]:
    return list(np.random.default_rng(11).normal(size=(count, *SHAPE)))


def on_supports(v: Any, k: int) -> Iterator[Any]:
    """v kept on every set of k entries: the nearest member to v is among them."""
    for support in combinations(range(v.size), k):
        inside = np.zeros(v.size)
        inside[list(support)] = 1.0
        yield v * inside.reshape(v.shape)


@each_number
@pytest.mark.parametrize("k", range(1, 7))
def test_cardinality_beats_every_support(make: Make, k: int) -> None:
    for point in [*map(np.array, POINTS), *random_points()]:
        dense = make(np.arange(1.0, 7.0).reshape(SHAPE))
        check_projection(
            Cardinality(k),
            [make(point)],
            inside=[make(member) for member in on_supports(point, k)],
            outside=[dense] if k < 6 else [],
        )


@each_number
@pytest.mark.parametrize("k", range(1, 7))
def test_global_cardinality_beats_every_support(make: Make, k: int) -> None:
    def split(v: Any) -> dict[str, Any]:
        return {"u": make(v[:1]), "v": make(v[1, :2]), "w": make(v[1:, 2:])}

    for point in [*map(np.array, POINTS), *random_points()]:
        dense = split(np.arange(1.0, 7.0).reshape(SHAPE))
        check_projection(
            GlobalCardinality(k),
            [split(point)],
            inside=[split(member) for member in on_supports(point, k)],
            outside=[dense] if k < 6 else [],
        )


@each_number
@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 0.5), (0.0, np.inf), (-np.inf, 0.0), (0.25, 0.25)]
)
def test_box(make: Make, low: float, high: float) -> None:
    finite = [np.array(p) for p in POINTS[:5]]
    points = [make(p) for p in [*finite, *random_points()]]
    corner = min(max(0.0, low), high)
    ends = [end for end in {low, high, corner} if np.isfinite(end)]
    members = [make(np.reshape(m, SHAPE)) for m in product(ends, repeat=6)]
    outside = [make(np.full(SHAPE, corner + sign)) for sign in (-50.0, 50.0)]
    box = Box(low, high)
    beyond = [o for o in outside if not low <= float(o[0, 0]) <= high]
    assert beyond
    check_projection(box, points, inside=members[:64], outside=beyond, convex=True)
    check_nonexpansive(box, points)


@each_number
@pytest.mark.parametrize("k", range(1, 8))
def test_the_count_is_exact_under_ties(make: Make, k: int) -> None:
    """min(k, nonzeros) entries are left, whatever ties."""
    for point in POINTS:
        v = make(point)
        kept = Cardinality(k).project(v)
        assert nonzeros(kept) == min(k, nonzeros(v))
        assert bool(((kept == v) | (kept == 0)).all())


@each_number
def test_ties_keep_the_earlier_entry(make: Make) -> None:
    v = make([1.0, -2.0, 2.0, -1.0, 2.0])
    assert Cardinality(2).project(v).tolist() == [0.0, -2.0, 2.0, 0.0, 0.0]
    assert Cardinality(4).project(v).tolist() == [1.0, -2.0, 2.0, 0.0, 2.0]
    rows = {"b": make([1.0, 1.0]), "a": make([[1.0], [3.0]])}
    kept = GlobalCardinality(2).project(rows)
    # the order of the mapping, not of the alphabet
    assert {n: x.tolist() for n, x in kept.items()} == {"b": [1.0, 0.0], "a": [[0.0], [3.0]]}


@each_number
def test_large_arrays_agree_with_a_full_sort(make: Make) -> None:
    """Integers, so that ties are many: the kept ones are the first of a stable sort."""
    rng = np.random.default_rng(12)
    flat = rng.integers(-5, 6, size=400).astype(float)
    for k in (1, 7, 100, 399):
        order = np.argsort(-np.abs(flat), kind="stable")[:k]
        wanted = np.zeros(400)
        wanted[order] = flat[order]
        got = GlobalCardinality(k).project({"u": make(flat[:150]), "v": make(flat[150:])})
        assert got["u"].tolist() + got["v"].tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("keep", "size", "k"), [(0.05, 100, 5), (0.29, 100, 29), (1.0, 7, 7), (0.5, 3, 1), (0.1, 10, 1)]
)
def test_a_fraction_is_rounded_down(keep: float, size: int, k: int) -> None:
    assert Cardinality.fraction(keep, size) == Cardinality(k)
    assert GlobalCardinality.fraction(keep, {"u": size - 1, "v": 1}) == GlobalCardinality(k)


@each_number
def test_selection_refuses_nan_and_infinity(make: Make) -> None:
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            GlobalCardinality(1).project({"u": make([1.0, 2.0]), "v": make([bad, 1.0])})
