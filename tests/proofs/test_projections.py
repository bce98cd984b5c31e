"""Projections in rationals against brute force, and the library's own against the same checks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange.sets import Box, Cardinality, GlobalCardinality
from proofs_checks import projections, projections_convex, projections_joint, projections_values
from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import difference, dot, rationals, squared
from proofs_checks.projections_convex import sorted_threshold, units, vertex_condition

ENTRY = st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 4]))


def vectors(low=1, high=4):
    return st.lists(ENTRY, min_size=low, max_size=high).map(tuple)


@given(vectors(1, 5), st.integers(1, 5))
def test_cardinality_and_the_set_of_the_library(w, k):
    assert projections.cardinality(w, k).holds
    z = rationals(*Cardinality(k).project(np.array([float(v) for v in w])))
    members = (projections.keep(w, s) for s in projections.supports(len(w), k))
    assert projections.nearest(w, z, members, projections.nonzeros(z) <= k).holds


@given(vectors(2, 3), vectors(1, 3), st.integers(1, 6), st.data())
def test_global_cardinality_and_the_set_of_the_library(first, second, k, data):
    layers = (first, second)
    weight = st.builds(Fraction, st.integers(1, 9))
    weights = [tuple(data.draw(weight) for _ in layer) for layer in layers]
    assert projections.global_cardinality(layers, weights, k).holds
    named = {n: np.array([float(v) for v in w]) for n, w in zip("ab", layers, strict=True)}
    found = GlobalCardinality(k).project(named)
    w = (*first, *second)
    z = rationals(*found["a"], *found["b"])
    members = (projections.keep(w, s) for s in projections.supports(len(w), k))
    assert projections.nearest(w, z, members, projections.nonzeros(z) <= k).holds


@given(
    st.lists(vectors(4, 4), min_size=1, max_size=2).map(tuple),
    st.sampled_from([(1, 2), (2, 4), (3, 4)]),
)
def test_n_of_m(rows, pattern):
    assert projections.n_of_m(rows, *pattern).holds


@settings(max_examples=30)
@given(
    st.integers(2, 3).flatmap(lambda m: st.lists(vectors(m, m), min_size=m, max_size=m).map(tuple))
)
def test_transposable(block):
    assert projections.transposable(block).holds


@given(st.lists(vectors(1, 3), min_size=1, max_size=4), st.integers(1, 4))
def test_blocks(parts, k):
    assert projections.blocks(parts, k).holds


GRIDS = [
    rationals(-1, 0, 1, 2, 3),
    rationals(-2, -1, 0, 1, 2),
    rationals(0, 1),
    rationals(-4, 0, Fraction(1, 2)),
]


@given(vectors(1, 4), st.integers(1, 3), st.data())
def test_sparse_on_grid(w, k, data):
    values = [data.draw(st.sampled_from(GRIDS)) for _ in w]
    assert projections_joint.sparse_on_grid(w, values, k).holds


@given(vectors(1, 4), st.integers(1, 3), st.sampled_from([(1, 2, 3), (1, 4)]))
def test_on_one_symmetric_grid_choosing_by_magnitude_is_right(w, k, half):
    values = [rationals(0, *half, *(-v for v in half))] * len(w)
    assert projections_joint.sparse_on_grid(w, values, k, projections_joint.magnitudes).holds


@given(vectors(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_sparse_in_box(w, k, low, high):
    assert projections_joint.sparse_in_box(w, (Fraction(-low), Fraction(high)), k).holds


@given(vectors(1, 4), st.integers(-3, 0), st.integers(0, 3))
def test_uniform_grid(w, low, high):
    assert projections_values.uniform_grid(w, low, high).holds


@given(vectors(1, 4))
def test_free_scales(w):
    assert projections_values.binary(w).holds
    assert projections_values.ternary(w).holds


@settings(max_examples=60)
@given(vectors(1, 3).filter(any), st.sampled_from([*GRIDS, rationals(-1, 1)]))
def test_grid_with_free_scale(w, values):
    assert projections_values.free_scale(w, values).holds


@given(vectors(1, 4), st.integers(-3, 0), st.integers(0, 3))
def test_powers_of_two(w, low, high):
    assert projections_values.powers_of_two(w, low, high).holds


@pytest.mark.parametrize(
    ("v", "right"), [("23/16", 1), ("3/2", 1), ("25/16", 2), ("1/16", 0), ("3/32", "1/8")]
)
def test_powers_of_two_switch_in_value(v, right):
    assert projections_values.nearest_in_value(Fraction(v), -3, 3) == Fraction(right)


@given(vectors(1, 5), st.integers(1, 9))
def test_simplex_and_l1_ball(w, radius):
    assert projections_convex.simplex(w).holds
    assert projections_convex.l1_ball(w, Fraction(radius)).holds


@given(vectors(2, 4), vectors(2, 4))
def test_the_vertex_condition_is_the_variational_inequality(w, mixture):
    """Every point of the simplex is a mixture of its vertices: none is nearer."""
    total = sum(map(abs, mixture))
    if not total or len(mixture) != len(w):
        return
    t = sorted_threshold(w, Fraction(1))
    z = tuple(max(v - t, Fraction(0)) for v in w)
    c = tuple(abs(v) / total for v in mixture)
    assert dot(difference(w, z), difference(c, z)) <= 0
    assert squared(difference(w, z)) <= squared(difference(w, c))
    other = vertex_condition(w, c, units(len(w), Fraction(1)), True)
    assert other.holds == (c == z)


@given(vectors(1, 4), st.integers(-2, 0), st.integers(0, 2))
def test_the_box_of_the_library(w, low, high):
    z = rationals(*Box(low, high).project(np.array([float(v) for v in w])))
    assert z == projections_joint.clipped(w, (Fraction(low), Fraction(high)))


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_rank(r, m, n, seed):
    W = np.random.default_rng(seed).integers(-3, 4, size=(m, n)).astype(float)
    assert projections_convex.rank(W, min(r, m, n)).holds


@given(vectors(1, 4), st.integers(1, 3))
def test_the_identity_behind_all_of_them(w, k):
    """dist² = ‖w‖² − max (2⟨w, z⟩ − ‖z‖²)."""
    members = [projections.keep(w, s) for s in projections.supports(len(w), k)]
    least = min(squared(difference(w, c)) for c in members)
    assert least == squared(w) - max(2 * dot(w, c) - squared(c) for c in members)


def test_points_outside_the_set_are_infinitely_far():
    w = rationals(1, 2)
    assert not projections.nearest(w, w, [rationals(0, 2)], False).holds


def test_hypotheses_are_checked():
    with pytest.raises(HypothesisFails, match="groups of 3"):
        projections.n_of_m((rationals(1, 2, 3, 4),), 1, 3)
    with pytest.raises(HypothesisFails, match="0 must be among"):
        projections_joint.sparse_on_grid(rationals(1), [rationals(1)], 1)
    with pytest.raises(HypothesisFails, match="must contain 0"):
        projections_joint.sparse_in_box(rationals(1), (Fraction(1), Fraction(2)), 1)
    with pytest.raises(HypothesisFails, match="intersection"):
        projections_joint.composition((rationals(1, 1), rationals(1, 1)), lambda block: block)


def test_how_often_the_wrong_versions_err():
    """A wrong version that errs on a pinned instance only would be a curiosity."""
    rng = np.random.default_rng(0)
    wrong = {"threshold": 0, "|w| first": 0, "symmetric": 0, "gain": 0, "Lloyd": 0}
    for _ in range(60):
        w = rationals(*rng.integers(-9, 10, size=4).tolist())
        if not any(w):
            continue
        skew, even = [GRIDS[0]] * 4, [GRIDS[1]] * 4
        by_size = projections_joint.magnitudes
        wrong["threshold"] += not projections_values.ternary(
            w, projections_values.above_threshold
        ).holds
        wrong["|w| first"] += not projections_joint.sparse_on_grid(w, skew, 2, by_size).holds
        wrong["symmetric"] += not projections_joint.sparse_on_grid(w, even, 2, by_size).holds
        wrong["gain"] += not projections_joint.sparse_on_grid(w, skew, 2).holds
        start = projections_values.one_start
        wrong["Lloyd"] += (
            not projections_values.free_scale(w[:3], rationals(-1, 0, 1), start).holds
            if any(w[:3])
            else 0
        )
    assert min(wrong["threshold"], wrong["|w| first"], wrong["Lloyd"]) > 3
    assert wrong["symmetric"] == wrong["gain"] == 0
