"""Sets: bad settings, arrays that do not fit, configs that say nothing."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lagrange.sets import config
from lagrange.sets.affine import Affine
from lagrange.sets.config import from_config, register, to_config
from lagrange.sets.convex import L2Ball
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.patterns import NM, PatternSparsity
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.selection import largest
from lagrange.sets.sharded import ShardedCardinality
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.size import Size
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from lagrange.sets.structure import BlockSparsity, ChannelSparsity, GroupCardinality
from lagrange.sets.weighted import GlobalWeightedCardinality, WeightedCardinality
from tests.errors.case import Case, refused

NAN, INF = math.nan, math.inf
MATRIX = np.ones((4, 6))
EYE = np.eye(2)


@dataclass(frozen=True)
class Unknown:
    k: int = 1


@dataclass(frozen=True)
class Holder:
    """A set, as far as configs go, that may hold anything."""

    value: Any


def registered_twice() -> None:
    register(type("Cardinality", (Unknown,), dict(vars(Unknown))))


def unwritable(place: Any) -> None:
    place.patch.setitem(config.REGISTRY, "Holder", Holder)
    to_config(Holder(object()))


class ElsewhereTensor:
    """As much of a tensor on another device as the check of its numbers needs."""

    class device:
        type = "elsewhere"

    def __init__(self, values: Any) -> None:
        self.values = values

    def __ne__(self, other: Any) -> Any:
        return self.values != self.values

    def __eq__(self, other: Any) -> Any:
        return self.values == other

    __hash__ = None  # type: ignore[assignment]


def sharded(shard: int) -> ShardedCardinality:
    return ShardedCardinality(1, shard, 2, lambda counts: counts)


def value_error(name: str, call: Any, *says: str) -> Case:
    return Case(name, lambda _: call(), ValueError, says)


NO_ARRAYS = [
    ("a list", [1.0, 2.0], ("got list", "np.asarray(v, dtype=float)")),
    ("a mapping", {"u": EYE}, ("got dict", "PerTensor")),
    (
        "whole numbers",
        np.arange(3),
        ("L2Ball(radius=1.0)", "float64", "got int64", "astype(float)"),
    ),
    ("booleans", np.eye(2) > 0, ("got bool", "astype(float)")),
    ("complex numbers", 1j * EYE, ("got complex128", "real and the imaginary")),
    ("a whole tensor", torch.arange(3), ("got torch.int64", "v.double()")),
]

CASES = [
    # what k is
    *refused("weighted k", lambda v: WeightedCardinality(v, EYE), (0, NAN, INF), "k must be"),
    *refused("blocks k", lambda v: BlockSparsity(v, (2,)), (0, 2.5), "k must be"),
    value_error("a word for k", lambda: Cardinality("3"), "whole number ≥ 1, got '3'"),  # type: ignore[arg-type]
    value_error("a word for the radius", lambda: L2Ball("1"), "finite number ≥ 0, got '1'"),  # type: ignore[arg-type]
    *refused("channels k", ChannelSparsity, (-1, NAN), "k must be a whole number ≥ 1"),
    *refused("rank", LowRank, (0, 1.5, INF), "rank must be a whole number ≥ 1"),
    value_error(
        "bits that hold nothing", lambda: Cardinality.bits(33, 4, 32), "33 bits", "takes 32", "more"
    ),
    value_error(
        "global bits that hold nothing", lambda: GlobalCardinality.bits(0, {"a": 3}), "0 bits"
    ),
    *refused("floor", lambda v: GlobalCardinality(4, {"w": v}), (-1, 0.5, NAN), "floor of 'w'"),
    value_error(
        "floors above k", lambda: GlobalCardinality(3, {"u": 2, "v": 2}), "add up to 4", "is 3"
    ),
    value_error(
        "a floor for nobody",
        lambda: GlobalCardinality(3, {"x": 1}).project({"w": MATRIX}),
        "'x'",
        "['w']",
    ),
    value_error(
        "a floor above the size",
        lambda: GlobalCardinality(9, {"w": 5}).contains({"w": EYE}),
        "floor of 'w' is 5",
        "4 entries",
    ),
    # weights
    value_error("negative metric", lambda: WeightedCardinality(1, -EYE), "≥ 0", "got -1.0"),
    value_error(
        "NaN weight", lambda: GlobalWeightedCardinality(1, {"w": NAN}), "'w'", "finite", "nan"
    ),
    value_error(
        "no weight",
        lambda: GlobalWeightedCardinality(1, {"w": 1.0}).project({"v": EYE}),
        "no weight for 'v'",
        "['w']",
    ),
    value_error(
        "weight of another shape",
        lambda: GlobalWeightedCardinality(1, {"w": EYE}).project({"w": MATRIX}),
        "(2, 2)",
        "(4, 6)",
    ),
    # structure
    value_error("3 of 2", lambda: NM(3, 2), "1 ≤ n ≤ m", "n 3 and m 2"),
    value_error("n of NaN", lambda: NM(1, NAN), "1 ≤ n ≤ m", "m nan"),
    value_error(
        "2:4 of 6", lambda: NM(2, 4).project(MATRIX), "4 must divide", "got 6", "ragged=True"
    ),
    value_error("2:4 on no axis", lambda: NM(2, 4, axis=2).project(MATRIX), "axis 2", "(4, 6)"),
    value_error("no block of entries", lambda: BlockSparsity(1, ()), "whole numbers ≥ 1", "got ()"),
    value_error("block of 0", lambda: BlockSparsity(1, (2, 0)), "got (2, 0)"),
    value_error(
        "blocks that do not tile",
        lambda: BlockSparsity(1, (3, 3)).project(MATRIX),
        "(3, 3)",
        "(4, 6)",
    ),
    value_error(
        "blocks of more axes", lambda: BlockSparsity(1, (1, 1, 1)).contains(MATRIX), "(4, 6)"
    ),
    *refused("axes", lambda v: ChannelSparsity(1, v), ((1, 0), (-1,), (0, 0)), "in order"),
    value_error("no such axes", lambda: ChannelSparsity(1, (2,)).project(MATRIX), "(2,)", "(4, 6)"),
    value_error(
        "overlapping groups",
        lambda: GroupCardinality(1, ({"w": 0}, {"w": 1})),
        "overlap",
        "['w']",
    ),
    value_error("a family of nobody", lambda: GroupCardinality(1, ({},)), "at least one array"),
    value_error(
        "groups of a missing array",
        lambda: GroupCardinality(1, ({"b": 0},)).project({"w": MATRIX}),
        "axis 0 of 'b'",
        "'w': (4, 6)",
    ),
    value_error(
        "groups of unequal number",
        lambda: GroupCardinality(1, ({"w": 0, "v": 0},)).contains({"w": MATRIX, "v": EYE}),
        "'w': 4",
        "'v': 2",
    ),
    value_error("no patterns", lambda: PatternSparsity(()), "tables of one shape", "set()"),
    value_error(
        "patterns of two shapes",
        lambda: PatternSparsity((((1,),), ((1, 0),))),
        "one shape",
        "(1, 2)",
        "(1, 1)",
    ),
    value_error("patterns of 2", lambda: PatternSparsity((((1, 2),),)), "0 and 1 only", "{2}"),
    value_error(
        "patterns for other kernels",
        lambda: PatternSparsity((((1, 0),),)).project(MATRIX),
        "(1, 2)",
        "(4, 6)",
    ),
    # convex sets and rank
    value_error("rank of a vector", lambda: LowRank(1).project(np.ones(3)), "matrix", "(3,)"),
    *refused("l2 radius", L2Ball, (-1.0, NAN, INF), "radius must be a finite number ≥ 0"),
    *refused("l1 radius", L1Ball, (-0.5, NAN), "radius must be a finite number ≥ 0"),
    *refused("simplex", Simplex, (0.0, -1.0, NAN, INF), "total must be a finite number > 0"),
    value_error("simplex of nothing", lambda: Simplex().project(np.ones(0)), "sum to 1.0"),
    *refused("lattice low", IntegerLattice, (0.5, NAN), "low must be a whole number or infinite"),
    *refused("lattice high", lambda v: IntegerLattice(0, v), (1.5,), "high must be a whole number"),
    value_error("empty lattice", lambda: IntegerLattice(2, 1), "between 2 and 1"),
    value_error("lattice at infinity", lambda: IntegerLattice(INF, INF), "between inf and inf"),
    value_error("equations of shapes", lambda: Affine(EYE, np.ones(3)), "(2, 2)", "(3,)"),
    value_error("equations with a NaN", lambda: Affine(EYE * NAN, np.ones(2)), "must be finite"),
    value_error(
        "equations without a solution",
        lambda: Affine(np.ones((2, 2)), np.array([0.0, 2.0])),
        "must have a solution",
        "1.0",
    ),
    value_error(
        "equations on other arrays",
        lambda: Affine(EYE, np.ones(2)).project(MATRIX),
        "on 2 entries",
        "24",
        "(4, 6)",
    ),
    value_error(
        "ball of a NaN", lambda: L2Ball(1.0).project(EYE * NAN), "L2Ball(radius=1.0)", "NaN or inf"
    ),
    value_error(
        "equations solved out of range",
        lambda: Affine(np.array([[1.0, -1.0, -1.0]]), np.zeros(1)).project(np.full(3, 1.7e308)),
        "beyond the range of float64",
        "reaches 1.7e+308",
        "scale it and b down",
    ),
    # what is no array of floating-point numbers
    *(
        Case(f"a ball of {kind}", lambda _, v=v: L2Ball(1.0).project(v), TypeError, says)
        for kind, v, says in NO_ARRAYS
    ),
    Case(
        "an array where named ones are asked",
        lambda _: GlobalCardinality(1).project(EYE),  # type: ignore[arg-type]
        TypeError,
        ("named arrays", "got ndarray", "give the array a name"),
    ),
    # products and shards
    value_error("product of nothing", lambda: PerTensor({}), "at least one named set", "none"),
    value_error(
        "product of other names",
        lambda: PerTensor({"u": Cardinality(1)}).project({"v": EYE}),
        "['u']",
        "['v']",
    ),
    value_error(
        "product names the array and the set",
        lambda: PerTensor({"u": Cardinality(1)}).project({"u": EYE * NAN}),
        "array 'u'",
        "Cardinality(k=1)",
        "NaN or infinity",
    ),
    value_error(
        "product names the array",
        lambda: PerTensor({"u": LowRank(1)}).project({"u": EYE - INF}),
        "array 'u'",
        "NaN or infinity",
    ),
    *refused("shard", sharded, (-1, 2), "shard must be one of 0 … 1"),
    value_error("shard of nothing", lambda: sharded(0).project({}), "of every tensor"),
    value_error(
        "shard with a NaN",
        lambda: sharded(0).project({"u": EYE, "v": EYE * NAN}),
        "['v']",
        "NaN or infinity",
    ),
    value_error(
        "largest on a device",
        lambda: largest({"w": ElsewhereTensor(np.array([1.0, INF]))}, 1),
        "'w'",
        "NaN or infinity",
    ),
    # sizes and configs
    *refused("bits", Size, (-1, 0.5, NAN), "values must be a whole number of bits ≥ 0"),
    Case("register a function", lambda _: register(len), TypeError, ("dataclasses", "len")),  # type: ignore[arg-type]
    value_error("register a name twice", registered_twice, "'Cardinality'", "choose another name"),
    Case(
        "config of a stranger", lambda _: to_config(Unknown()), TypeError, ("Unknown(k=1)", "Box")
    ),
    Case("config of an object", unwritable, TypeError, ("'value'", "no config can hold")),
    value_error("config without a set", lambda: from_config({"k": 1}), "'set'", "{'k': 1}"),
    value_error("config of an unknown set", lambda: from_config({"set": "Moon"}), "'Moon'", "Box"),
    value_error("config of too little", lambda: from_config({"set": "NM", "n": 1}), "['n', 'm']"),
    value_error(
        "config with a field too many",
        lambda: from_config({"set": "Cardinality", "k": 1, "j": 2}),
        "['k']",
        "['j']",
    ),
]
