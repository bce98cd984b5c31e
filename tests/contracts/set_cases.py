"""Every set of the package with the shapes it is tried on; cases of one array name it ""."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from lagrange.sets.affine import Affine
from lagrange.sets.convex import Box, L2Ball, Nonnegative
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from lagrange.sets.structure import (
    BlockSparsity,
    ChannelSparsity,
    GroupCardinality,
    columns,
    filters,
    kernels,
    rows,
)
from lagrange.sets.weighted import GlobalWeightedCardinality, WeightedCardinality

Shapes = Mapping[str, tuple[int, ...]]
Make = Callable[[Any], Any]

NUMBERS: dict[str, Make] = {
    "numpy64": lambda a: np.array(a, dtype=np.float64),
    "numpy32": lambda a: np.array(a, dtype=np.float32),
    "numpy16": lambda a: np.array(a, dtype=np.float16),
    "torch64": lambda a: torch.tensor(np.array(a), dtype=torch.float64),
    "torch32": lambda a: torch.tensor(np.array(a), dtype=torch.float32),
    "torch-bfloat16": lambda a: torch.tensor(np.array(a), dtype=torch.bfloat16),
}
LARGE = {"64": 1e300, "32": 1e30, "y16": 1e4, "at16": 1e30}  # by the end of the number's name
TINY = {"64": 1e-310, "32": 1e-42, "y16": 1e-6, "at16": 1e-39}


@dataclass(frozen=True)
class SetCase:
    """``outside``: points of the first shape(s) that are no members. ``rounds``: members lie on a
    boundary that floats miss, so distances agree up to the array's precision only.
    """

    name: str
    members: Any
    shapes: Shapes
    outside: tuple[Mapping[str, Any], ...]
    convex: bool = False
    rounds: bool = False
    cone: bool = False
    takes_empty: bool = True
    weights: Mapping[str, Any] | None = field(default=None)


MATRIX: Shapes = {"": (4, 6)}
CONV: Shapes = {"": (2, 3, 3, 3)}
TWO: Shapes = {"u": (2, 3), "v": (3,), "w": (3, 1)}
LAYERS: Shapes = {"conv1": (3, 2, 1), "bias1": (3,), "conv2": (4, 3), "free": (2,)}
PATTERNS = (((1, 1, 0), (1, 1, 0), (0, 0, 0)), ((0, 0, 0), (0, 1, 1), (0, 1, 1)))


def full(shapes: Shapes, value: float = 1.0) -> dict[str, Any]:
    return {name: np.full(shape, value) for name, shape in shapes.items()}


def at(shapes: Shapes, *places: tuple[Any, ...]) -> dict[str, Any]:
    """Ones at some places (name, index…), zeros elsewhere."""
    v = full(shapes, 0.0)
    for name, *index in places:
        v[name][tuple(index)] = 1.0
    return v


def ramp(shapes: Shapes) -> dict[str, Any]:
    return {n: np.arange(1.0, np.prod(s) + 1).reshape(s) / 8 for n, s in shapes.items()}


A = np.random.default_rng(3).integers(-2, 3, (3, 24)).astype(float)
AFFINE = Affine(np.vstack([A, A[0] + A[1]]), np.array([1.0, -2.0, 0.5, -1.0]))

CASES = [
    SetCase("cardinality", Cardinality(5), MATRIX, (full(MATRIX),), cone=True),
    SetCase("cardinality-all", Cardinality(99), MATRIX, (), cone=True),
    SetCase("global-cardinality", GlobalCardinality(5), TWO, (full(TWO),), cone=True),
    SetCase(
        "global-cardinality-floors",
        GlobalCardinality(6, {"v": 2, "w": 3}),
        TWO,
        (full(TWO), at(TWO, ("u", 0, 0), ("u", 0, 1))),
        cone=True,
        takes_empty=False,
    ),
    SetCase(
        "weighted-cardinality",
        WeightedCardinality(5, np.arange(24.0).reshape(4, 6)),
        MATRIX,
        (full(MATRIX),),
        cone=True,
        takes_empty=False,
        weights={"": np.arange(24.0).reshape(4, 6)},
    ),
    SetCase(
        "global-weighted",
        GlobalWeightedCardinality(4, {"u": np.arange(6.0).reshape(2, 3), "v": 2.0, "w": 0.5}),
        TWO,
        (full(TWO),),
        cone=True,
        takes_empty=False,
        weights={"u": np.arange(6.0).reshape(2, 3), "v": 2.0, "w": 0.5},
    ),
    SetCase("2:3", NM(2, 3), MATRIX, (at(MATRIX, ("", 1, slice(3, 6))),), cone=True),
    SetCase("1:2-axis-0", NM(1, 2, axis=0), MATRIX, (at(MATRIX, ("", slice(2, 4), 5)),), cone=True),
    SetCase(
        "1:4-ragged",
        NM(1, 4, ragged=True),
        MATRIX,
        (at(MATRIX, ("", 0, slice(4, 6))), at(MATRIX, ("", 0, slice(2, 4)))),
        cone=True,
    ),
    SetCase("2:18", NM(2, 18, axis=0), {"": (36, 2)}, (full({"": (36, 2)}),), cone=True),
    SetCase("blocks", BlockSparsity(2, (2, 3)), MATRIX, (full(MATRIX),), cone=True),
    SetCase("blocks-of-4", BlockSparsity(3, (2,)), MATRIX, (full(MATRIX),), cone=True),
    SetCase("channels", ChannelSparsity(2), CONV, (full(CONV),), cone=True),
    SetCase("rows", rows(2), MATRIX, (full(MATRIX),), cone=True),
    SetCase("columns", columns(2), MATRIX, (full(MATRIX),), cone=True),
    SetCase("filters", filters(1), CONV, (full(CONV),), cone=True),
    SetCase("kernels", kernels(4), CONV, (full(CONV),), cone=True),
    SetCase("patterns", PatternSparsity(PATTERNS), CONV, (full(CONV),), cone=True),
    SetCase("all-patterns", PatternSparsity(patterns_of(4)), CONV, (full(CONV),), cone=True),
    SetCase(
        "tied-groups",
        GroupCardinality(3, ({"conv1": 0, "bias1": 0, "conv2": 1},)),
        {**LAYERS, "bias1": (3,)},
        (),
        cone=True,
        takes_empty=False,
    ),
    SetCase(
        "tied-groups-two",
        GroupCardinality(3, ({"conv1": 0, "bias1": 0}, {"conv2": 0})),
        LAYERS,
        (full(LAYERS),),
        cone=True,
        takes_empty=False,
    ),
    SetCase("rank-1", LowRank(1), MATRIX, (ramp(MATRIX),), rounds=True, cone=True),
    SetCase("rank-2-conv", LowRank(2), {"": (3, 3, 3)}, (), rounds=True, cone=True),
    SetCase("box", Box(-0.5, 1.5), MATRIX, (full(MATRIX, 2.0), full(MATRIX, -1.0)), convex=True),
    SetCase("box-half", Box(0.25, np.inf), MATRIX, (full(MATRIX, -2.0),), convex=True),
    SetCase("nonnegative", Nonnegative(), MATRIX, (full(MATRIX, -1.0),), convex=True, cone=True),
    SetCase(
        "simplex",
        Simplex(2.0),
        MATRIX,
        (full(MATRIX), full(MATRIX, 0.0)),
        convex=True,
        rounds=True,
        takes_empty=False,
    ),
    SetCase("l1-ball", L1Ball(3.0), MATRIX, (full(MATRIX),), convex=True, rounds=True),
    SetCase("l1-ball-0", L1Ball(0.0), MATRIX, (full(MATRIX),), convex=True, rounds=True),
    SetCase("l2-ball", L2Ball(2.0), MATRIX, (full(MATRIX),), convex=True, rounds=True),
    SetCase("affine", AFFINE, MATRIX, (full(MATRIX),), convex=True, rounds=True, takes_empty=False),
    SetCase("increasing", Monotone(), MATRIX, (), convex=True, rounds=True, cone=True),
    SetCase(
        "decreasing", Monotone(False), MATRIX, (ramp(MATRIX),), convex=True, rounds=True, cone=True
    ),
    SetCase("integers", IntegerLattice(), MATRIX, (full(MATRIX, 0.5),)),
    SetCase("integers-bounded", IntegerLattice(-2, 3), MATRIX, (full(MATRIX, 4.0),)),
    SetCase(
        "per-tensor",
        PerTensor({"u": Cardinality(1), "v": Nonnegative(), "w": Monotone()}),
        TWO,
        (full(TWO), full(TWO, -1.0)),
        takes_empty=False,
        rounds=True,
    ),
]


def points(shapes: Shapes, number: str) -> list[dict[str, Any]]:
    """Awkward ones, in doubles that the number's precision can hold the size of."""
    end = next(end for end in LARGE if number.endswith(end))
    rng = np.random.default_rng(5)
    signs = {n: np.where(rng.random(s) < 0.5, -1.0, 1.0) for n, s in shapes.items()}
    normal = {n: rng.normal(size=s) for n, s in shapes.items()}
    whole = {n: rng.integers(-2, 3, size=s).astype(float) for n, s in shapes.items()}
    powers = {n: signs[n] * 2.0 ** rng.integers(-12, 12, size=s) for n, s in shapes.items()}
    return [
        normal,
        whole,  # ties
        signs,  # every magnitude ties
        full(shapes, 0.0),
        powers,
        ramp(shapes),
        {n: LARGE[end] * x for n, x in normal.items()},
        {n: TINY[end] * x for n, x in normal.items()},
        {n: np.where(signs[n] > 0, LARGE[end] * x, TINY[end] * x) for n, x in normal.items()},
    ]


def exact_squared_distance(a: Mapping[str, Any], b: Mapping[str, Any], weights: Any) -> Fraction:
    """Σ w (a − b)² as a fraction: floats are exact rationals."""
    total = Fraction(0)
    for name in a:
        x, y = (np.asarray(doubles(z[name])).reshape(-1).tolist() for z in (a, b))
        w = 1.0 if weights is None else weights[name]
        each = np.broadcast_to(w, np.shape(doubles(a[name]))).reshape(-1).tolist()
        total += sum(
            Fraction(c) * (Fraction(p) - Fraction(q)) ** 2
            for c, p, q in zip(each, x, y, strict=True)
        )
    return total


def doubles(x: Any) -> Any:
    return x.double().numpy() if isinstance(x, torch.Tensor) else np.asarray(x, np.float64)
