"""The brute force can fail: projections that are often written, and wrong, are caught by it."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

from lagrange.sets import arrays
from lagrange.sets.patterns import NM
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from tests.exact.set_references import references
from tests.exact.set_violations import violations

REFERENCES = {ref.name: ref for ref in references()}
MUTANTS: list[tuple[str, Callable[[Any], Any]]] = []


def mutant(*names: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(wrong: Callable[[Any], Any]) -> Callable[[Any], Any]:
        MUTANTS.extend((name, wrong) for name in names)
        return wrong

    return add


def each(v: Any, change: Callable[[Any], Any]) -> Any:
    return (
        {n: each(x, change) for n, x in v.items()}
        if isinstance(v, dict)
        else arrays.like(v, change(arrays.doubles(v)))
    )


def kept(x: Any, scores: Any, k: int) -> Any:
    """x with the k largest scores kept."""
    chosen = np.argsort(-scores.reshape(-1), kind="stable")[:k]
    mask = np.zeros(x.size, bool)
    mask[chosen] = True
    return np.where(mask.reshape(x.shape), x, 0.0)


def groups_kept(x: Any, axis: int, norms: Callable[[Any], Any], k: int) -> Any:
    moved = np.moveaxis(x, axis, 0)
    chosen = np.argsort(-norms(moved.reshape(len(moved), -1)), kind="stable")[:k]
    mask = np.isin(np.arange(len(moved)), chosen).reshape([-1] + [1] * (x.ndim - 1))
    return np.moveaxis(np.where(mask, moved, 0.0), 0, axis)


@mutant("cardinality 1", "cardinality 3")
def top_by_signed_value(v: Any) -> Any:
    return each(v, lambda x: kept(x, x, 3))


@mutant("cardinality 3")
def one_too_many(v: Any) -> Any:
    return Cardinality(4).project(v)


@mutant("cardinality 3")
def all_that_tie(v: Any) -> Any:
    return each(v, lambda x: np.where(np.abs(x) >= np.sort(np.abs(x))[-3], x, 0.0))


@mutant("cardinality 3")
def kept_values_shrunk(v: Any) -> Any:
    return each(Cardinality(3).project(v), lambda x: 0.5 * x)


@mutant("global cardinality")
def a_budget_for_each_layer(v: Any) -> Any:
    return {"u": Cardinality(2).project(v["u"]), "v": Cardinality(1).project(v["v"])}


@mutant("floors")
def floors_forgotten(v: Any) -> Any:
    return GlobalCardinality(4).project(v)


@mutant("weighted")
def unweighted(v: Any) -> Any:
    return Cardinality(2).project(v)


@mutant("weighted")
def weighted_by_magnitude(v: Any) -> Any:
    """w |v| in place of w v²."""
    weights = np.array(REFERENCES["weighted"].weights)
    return each(v, lambda x: kept(x, weights * np.abs(x), 2))


@mutant("2:4")
def groups_along_the_wrong_axis(v: Any) -> Any:
    return NM(1, 2, axis=0).project(v)


@mutant("2:3 ragged")
def groups_padded_from_the_front(v: Any) -> Any:
    """The short group first: 2, 3, 3 in place of 3, 3, 2."""
    return each(v, lambda x: NM(2, 3, ragged=True).project(x[::-1])[::-1])


@mutant("2:3 ragged")
def the_short_group_left_dense_and_padding_counted(v: Any) -> Any:
    return each(
        v, lambda x: np.concatenate([NM(2, 3).project(x[:6]), kept(x[6:], np.abs(x[6:]), 1)])
    )


@mutant("rows")
def rows_by_l1_norm(v: Any) -> Any:
    return each(v, lambda x: groups_kept(x, 0, lambda r: np.abs(r).sum(axis=1), 1))


@mutant("channels")
def channels_by_largest_entry(v: Any) -> Any:
    return each(v, lambda x: groups_kept(x, 1, lambda r: np.abs(r).max(axis=1), 1))


@mutant("channels")
def filters_in_place_of_channels(v: Any) -> Any:
    return each(v, lambda x: groups_kept(x, 0, lambda r: (r**2).sum(axis=1), 1))


@mutant("blocks")
def blocks_by_l1_norm(v: Any) -> Any:
    def change(x: Any) -> Any:
        columns = x.reshape(2, 4)
        return groups_kept(columns, 1, lambda r: np.abs(r).sum(axis=1), 2).reshape(x.shape)

    return each(v, change)


def tied(v: Any, score: Callable[[list[Any]], float]) -> Any:
    """Group 0 and 1 of (w, b) and the group of f, by a score of their entries; one is kept."""
    w, b, f = (arrays.doubles(v[n]) for n in ("w", "b", "f"))
    groups = [np.array([w[0, i], w[1, i], b[i]]) for i in (0, 1)]
    best = int(np.argmax([score(g) for g in (*groups, f)]))
    out = {"w": 0 * w, "b": 0 * b, "f": f if best == 2 else 0 * f}
    if best < 2:
        out["w"][:, best], out["b"][best] = w[:, best], b[best]
    return {n: arrays.like(v[n], out[n]) for n in v}


@mutant("tied groups")
def groups_of_unequal_size_by_mean_square(v: Any) -> Any:
    return tied(v, lambda g: (g**2).mean())


@mutant("tied groups")
def the_bias_not_counted(v: Any) -> Any:
    return tied(v, lambda g: (g[:2] ** 2).sum())


@mutant("patterns")
def pattern_by_sum_of_magnitudes(v: Any) -> Any:
    tables = np.array(REFERENCES["patterns"].members.patterns, float).reshape(-1, 4)

    def change(x: Any) -> Any:
        best = (np.abs(x.reshape(-1, 4)) @ tables.T).argmax(axis=1)
        return (x.reshape(-1, 4) * tables[best]).reshape(x.shape)

    return each(v, change)


@mutant("box")
def box_with_the_wrong_end(v: Any) -> Any:
    return each(v, lambda x: np.clip(x, -0.5, 1.75))


@mutant("nonnegative")
def magnitudes(v: Any) -> Any:
    return each(v, np.abs)


@mutant("integers")
def truncated(v: Any) -> Any:
    return each(v, np.trunc)


@mutant("bounded integers")
def rounded_but_not_clipped(v: Any) -> Any:
    return each(v, np.rint)


@mutant("simplex")
def simplex_in_one_pass(v: Any) -> Any:
    """θ of all entries, not of those that stay."""
    return each(v, lambda x: np.maximum(x - (x.sum() - 2.0) / x.size, 0.0))


@mutant("simplex")
def simplex_by_scaling(v: Any) -> Any:
    def change(x: Any) -> Any:
        positive = np.maximum(x, 0.0)
        return 2.0 * positive / positive.sum() if positive.sum() else np.full(x.shape, 0.5)

    return each(v, change)


def soft(x: Any, radius: float) -> Any:
    """Soft thresholding onto Σ|v| = radius, whichever side of it v is on: θ by bisection."""
    low, high = -float(np.abs(x).max()) - radius - 1, float(np.abs(x).max())
    for _ in range(80):
        middle = (low + high) / 2
        above = np.maximum(np.abs(x) - middle, 0).sum() > radius
        low, high = (middle, high) if above else (low, middle)
    return np.copysign(np.maximum(np.abs(x) - low, 0), x)


@mutant("l1 ball")
def always_thresholded(v: Any) -> Any:
    return each(v, lambda x: soft(x, 4.0))


@mutant("l1 ball")
def l1_by_scaling(v: Any) -> Any:
    return each(v, lambda x: x * min(1.0, 4.0 / max(np.abs(x).sum(), 1e-300)))


@mutant("l2 ball")
def always_on_the_sphere(v: Any) -> Any:
    return each(v, lambda x: x * 5.0 / max(float(np.linalg.norm(x)), 1e-300))


@mutant("l2 ball")
def entries_clipped(v: Any) -> Any:
    return each(v, lambda x: np.clip(x, -2.5, 2.5))


@mutant("affine")
def affine_without_the_inverse(v: Any) -> Any:
    A, b = (np.array(getattr(REFERENCES["affine"].members, n), float) for n in "Ab")
    return each(v, lambda x: x - A.T @ (A @ x - b) / np.linalg.norm(A, 2) ** 2)


@mutant("affine")
def one_equation_after_the_other(v: Any) -> Any:
    A, b = (np.array(getattr(REFERENCES["affine"].members, n), float) for n in "Ab")

    def change(x: Any) -> Any:
        for row, right in zip(A, b, strict=True):
            x = x - row * (row @ x - right) / (row @ row)
        return x

    return each(v, change)


@mutant("increasing")
def running_maximum(v: Any) -> Any:
    return each(v, np.maximum.accumulate)


@mutant("increasing")
def sorted_instead(v: Any) -> Any:
    return each(v, np.sort)


@mutant("increasing")
def pooled_once(v: Any) -> Any:
    """From left to right without looking back."""

    def change(x: Any) -> Any:
        y = x.copy()
        for i in range(len(y) - 1):
            if y[i] > y[i + 1]:
                y[i : i + 2] = y[i : i + 2].mean()
        return y

    return each(v, change)


@mutant("decreasing")
def increasing_in_place_of_decreasing(v: Any) -> Any:
    return REFERENCES["increasing"].members.project(v)


@mutant("rank 1")
def the_smallest_singular_value(v: Any) -> Any:
    def change(x: Any) -> Any:
        left, sigma, right = np.linalg.svd(x, full_matrices=False)
        return sigma[1] * np.outer(left[:, 1], right[1])

    return each(v, change)


@mutant("rank 1")
def eigenvectors_of_one_side_only(v: Any) -> Any:
    """The largest row: rank 1 but not the nearest."""
    return each(v, lambda x: groups_kept(x, 0, lambda r: (r**2).sum(axis=1), 1))


def test_each_set_has_a_mutant() -> None:
    without = {"cardinality 6", "half line", "l1 ball of 0", "global weighted", "1:2 down"}
    assert {name for name, _ in MUTANTS} == set(REFERENCES) - without - {"per tensor"}


@pytest.mark.parametrize(("name", "wrong"), MUTANTS, ids=[f"{n}-{w.__name__}" for n, w in MUTANTS])
def test_mutants_are_caught(name: str, wrong: Callable[[Any], Any]) -> None:
    assert list(islice(violations(REFERENCES[name], wrong, count=300), 1)), "not caught"
