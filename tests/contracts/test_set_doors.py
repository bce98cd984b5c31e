"""What every set refuses alike, which sets are equal, and numbers near the end of the range."""

import copy
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.sets import (
    Affine,
    Binary,
    BlockSparsity,
    Codebook,
    GlobalSparseQuantized,
    GlobalWeightedCardinality,
    GroupCardinality,
    LearnedCodebook,
    PowerOfTwo,
    ShardedCardinality,
    SparsePlusLowRank,
    SparseQuantized,
    UniformGrid,
    WeightedCardinality,
    from_config,
    rows,
    to_config,
)
from tests.contracts.set_cases import CASES, TWO

HUGE = 1.7e308
MATRIX = {"": (4, 6)}
# quantized and joint sets, which have a contract of their own, besides
DOORS = [
    *((case.name, case.members, case.shapes) for case in CASES),
    ("grid", UniformGrid(4), MATRIX),
    ("binary", Binary(), MATRIX),
    ("powers", PowerOfTwo(3), MATRIX),
    ("codebook", Codebook((0.0, 1.0)), MATRIX),
    ("learned", LearnedCodebook(2), MATRIX),
    ("sparse grid", SparseQuantized(3, Binary()), MATRIX),
    ("sum", SparsePlusLowRank(3, 1), MATRIX),
    ("global sparse grid", GlobalSparseQuantized(3, Binary()), TWO),
    ("shard", ShardedCardinality(3, 0, 1, lambda counts: counts), TWO),
]
UNFIT = {
    "whole": lambda shape: np.ones(shape, np.int64),
    "bytes": lambda shape: np.ones(shape, np.uint8),
    "boolean": lambda shape: np.ones(shape, bool),
    "complex": lambda shape: np.ones(shape, complex),
    "objects": lambda shape: np.ones(shape, object),
    "swapped": lambda shape: np.ones(shape, np.dtype(float).newbyteorder()),
    "whole tensor": lambda shape: torch.ones(shape, dtype=torch.int32),
    "complex tensor": lambda shape: torch.ones(shape, dtype=torch.complex64),
    "list": lambda shape: np.ones(shape).tolist(),
    "number": lambda _: 1.0,
    "nothing": lambda _: None,
}


@pytest.mark.parametrize(("name", "members", "shapes"), DOORS, ids=[door[0] for door in DOORS])
@pytest.mark.parametrize("kind", UNFIT)
def test_what_is_no_floating_point_array_is_refused(
    name: str, members: Any, shapes: Any, kind: str
) -> None:
    one = list(shapes) == [""]
    for at in shapes:
        v = {n: np.ones(s) for n, s in shapes.items()}
        v[at] = UNFIT[kind](shapes[at])
        for ask in (members.project, members.contains, members.distance):
            with pytest.raises(TypeError, match=f"cannot take .*{at}.* numpy arrays and torch"):
                ask(v[""] if one else v)


@pytest.mark.parametrize(("name", "members", "shapes"), DOORS, ids=[door[0] for door in DOORS])
def test_one_array_and_named_arrays_are_not_mixed_up(name: str, members: Any, shapes: Any) -> None:
    one = list(shapes) == [""]
    v = {"w": np.ones((4, 6))} if one else np.ones((4, 6))
    for ask in (members.project, members.contains, members.distance):
        with pytest.raises(TypeError, match="PerTensor" if one else "set is of named arrays"):
            ask(v)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_set_equals_its_copy_and_what_its_config_makes(case: Any) -> None:
    for other in (from_config(to_config(case.members)), copy.deepcopy(case.members)):
        assert other == case.members
        if case.name != "tied-groups" and case.name != "tied-groups-two":  # of mappings: no hash
            assert hash(other) == hash(case.members)
    assert case.members != object()


def test_sets_of_other_numbers_are_not_equal() -> None:
    w = np.array([1.0, 2.0])
    assert WeightedCardinality(1, w) == WeightedCardinality(1, torch.tensor([1.0, 2.0]))
    assert WeightedCardinality(1, w) != WeightedCardinality(2, w)
    assert WeightedCardinality(1, w) != WeightedCardinality(1, w[::-1])
    assert WeightedCardinality(1, w) != WeightedCardinality(1, w[None])
    several = GlobalWeightedCardinality(1, {"u": w, "v": 2.0})
    assert several == GlobalWeightedCardinality(1, {"v": 2.0, "u": w.copy()})
    assert several != GlobalWeightedCardinality(1, {"u": w, "v": 3.0})
    assert several != GlobalWeightedCardinality(1, {"u": w})
    assert Affine(np.eye(2), w) == Affine(np.eye(2), w.copy()) != Affine(np.eye(2), w[::-1])


@pytest.mark.parametrize("members", [UniformGrid(4), Binary(), SparseQuantized(1, Binary())])
def test_a_single_number_is_an_array(members: Any) -> None:
    z = members.project(np.array(1.5))
    assert z.shape == () and z == 1.5 and members.contains(z)


@pytest.mark.parametrize(
    "v",
    [
        [1e308, -1e308, 1.7e308, 1e300],
        [1e308, 1.7e308, 0.0, 0.0],
        [1e200, 3.0, -2.0, 1.0],
        [HUGE, HUGE, HUGE, 1.0],
        [1e-310, 0.0, 2e-310, 0.0],
    ],
)
@pytest.mark.parametrize("size", [1.0, 1e290, 1e-290])
def test_equations_far_from_the_array(v: list[float], size: float) -> None:
    """Π(v) = v − mean(v) + b / n, in fractions; the equations may be scaled by anything."""
    members = Affine(np.full((1, 4), size), np.full(1, size))
    z = members.project(np.array(v))
    shift = (1 - sum(map(Fraction, v))) / 4
    slack = Fraction(1, 2**48) * max(1, *(abs(Fraction(x)) for x in v))
    assert all(abs(Fraction(a) - Fraction(x) - shift) <= slack for a, x in zip(z, v, strict=True))
    assert members.contains(z) and not members.contains(np.array(v))
    assert np.array_equal(members.project(z), z)
    assert members.distance(np.array(v)) > 0


def test_a_huge_array_along_the_equations() -> None:
    """Nothing of it is free, so nothing but the solution of least norm may be left."""
    A = np.array([[0.1, 0.7, 0.3], [0.2, -0.4, 0.9], [0.8, 0.5, -0.6]])
    z = Affine(A, np.ones(3)).project(np.array([1e300, -3e299, 7e299]))
    assert z == pytest.approx(np.linalg.solve(A, np.ones(3)), rel=1e-12)


def test_a_width_too_small_gets_no_advice_on_wide_ones() -> None:
    with pytest.raises(ValueError, match=r"from 2 to 12, got 1$"):
        UniformGrid(1)
    with pytest.raises(ValueError, match=r"need a step.*, got 13$"):
        UniformGrid(13)


def test_groups_whose_norm_is_beyond_all_doubles() -> None:
    """(M, M) is longer than (M, M/2); both norms overflow."""
    v = np.array([[HUGE, HUGE / 2], [HUGE, HUGE], [1.0, 0.0]])
    wanted = np.array([[0.0, 0.0], [HUGE, HUGE], [0.0, 0.0]])
    assert np.array_equal(rows(1).project(v), wanted)
    assert np.array_equal(BlockSparsity(1, (1, 2)).project(v), wanted)
    assert np.array_equal(GroupCardinality(1, ({"w": 0},)).project({"w": v})["w"], wanted)
    tied = {"w": v[:, 0], "b": v[:, 1].astype(np.float64)}
    kept = GroupCardinality(1, ({"w": 0, "b": 0},)).project(tied)
    assert np.array_equal(np.stack([kept["w"], kept["b"]], 1), wanted)
    many = np.full((2, 5000), HUGE)
    many[0, 0] /= 2
    assert np.array_equal(rows(1).project(many), many * [[0.0], [1.0]])
