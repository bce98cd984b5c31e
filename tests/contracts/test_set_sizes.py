"""Sizes of members by hand, budgets in bits, and products of sets."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.oracles.set_block import SetBlock
from lagrange.queries import Quadratic
from lagrange.sets.convex import Box, Nonnegative
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.size import Size, code_bits, index_bits
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from lagrange.sets.structure import BlockSparsity, GroupCardinality, filters

ONES = np.ones((8, 16), np.float32)  # 128 entries of 32 bits
CONV = np.ones((4, 2, 3, 3))  # 72 entries of 64 bits


def member(members: Any, v: Any) -> Size:
    return members.size(members.project(v))


BY_HAND = [
    ("dense", Box(0, 1), ONES, Size(128 * 32)),
    ("positions", Cardinality(5), ONES, Size(5 * 32, indices=5 * 7)),
    ("a bit map is less", Cardinality(100), ONES, Size(100 * 32, indices=128)),
    ("fewer nonzeros than k", Cardinality(5), 0 * ONES, Size(0)),
    ("2:4", NM(2, 4), ONES, Size(64 * 32, indices=32 * 4)),
    ("1:4", NM(1, 4), ONES, Size(32 * 32, indices=32 * 2)),
    ("1:5 ragged", NM(1, 5, ragged=True), ONES, Size(4 * 8 * 32, indices=8 * (3 * 3 + 0))),
    ("blocks", BlockSparsity(3, (4, 4)), ONES, Size(3 * 16 * 32, indices=8)),
    ("filters", filters(1), CONV, Size(18 * 64, indices=2)),
    ("patterns", PatternSparsity(patterns_of(4)), CONV, Size(8 * 4 * 64, indices=8 * 6)),
    ("rank", LowRank(2), ONES, Size(2 * (8 + 16) * 32)),
    ("rank that saves nothing", LowRank(7), ONES, Size(128 * 32)),
    ("integers", IntegerLattice(-2, 1), ONES, Size(128 * 2)),
    ("integers without bounds", IntegerLattice(), ONES, Size(128 * 32)),
]


@pytest.mark.parametrize(
    ("members", "v", "size"), [case[1:] for case in BY_HAND], ids=[case[0] for case in BY_HAND]
)
def test_sizes_by_hand(members: Any, v: Any, size: Size) -> None:
    assert member(members, v) == size
    assert member(members, torch.from_numpy(v)) == size


def test_half_precision_takes_half() -> None:
    assert member(Cardinality(5), torch.ones(128, dtype=torch.bfloat16)).values == 5 * 16


def test_sizes_of_vectors() -> None:
    v = {"u": np.ones((4, 3)), "v": np.ones(4, np.float32)}
    assert member(GlobalCardinality(9), v) == Size(9 * 64, indices=16)
    tied = GroupCardinality(2, ({"u": 0, "v": 0},))
    assert member(tied, v) == Size(2 * (3 * 64 + 32), indices=4)
    product = PerTensor({"u": Cardinality(2), "v": Nonnegative()})
    assert member(product, v) == Size(2 * 64, indices=2 * 4) + Size(4 * 32)
    assert Size(1, 2, 3, 4).total == 10


def test_code_and_index_bits() -> None:
    assert [code_bits(n) for n in (0, 1, 2, 3, 4, 5, 256, 257)] == [0, 0, 1, 2, 2, 3, 8, 9]
    assert [index_bits(k, 16) for k in (0, 1, 4, 5, 16)] == [0, 4, 16, 16, 16]


@pytest.mark.parametrize("each", (1, 8, 32))
@pytest.mark.parametrize("total", (1, 7, 64, 100))
def test_a_budget_in_bits_is_used_up(total: int, each: int) -> None:
    """The largest k whose members fit, by trying all."""
    for bits in range(each + code_bits(total), total * (each + 8), 13):
        fitting = [k for k in range(1, total + 1) if k * each + index_bits(k, total) <= bits]
        assert Cardinality.bits(bits, total, each).k == max(fitting)
        assert GlobalCardinality.bits(bits, {"u": total - 1, "v": 1}, each).k == max(fitting)


def test_a_product_is_a_set_of_a_block() -> None:
    block = SetBlock(PerTensor({"u": Cardinality(1), "v": Box(0.0, math.inf)}), ("u", "v"))
    price = {"u": np.array([1.0, -3.0]), "v": np.array([-1.0, 2.0])}
    zero = {"u": np.zeros(2), "v": np.zeros(2)}
    answer = block.respond(price, Quadratic(1.0, zero), None)
    assert answer.point["u"].tolist() == [0.0, -3.0]
    assert answer.point["v"].tolist() == [0.0, 2.0]
