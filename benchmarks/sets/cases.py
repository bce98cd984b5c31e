"""Every kind of set of the library with the shape of an array to project on it."""

from typing import Any

import numpy as np

from lagrange.sets.additive import SparsePlusLowRank
from lagrange.sets.affine import Affine
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.convex import Box, L2Ball, Nonnegative
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.sharded import ShardedCardinality
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

KEEP = 0.05
LEARNED = (
    100_000  # entries for codebooks that are learned: their time grows faster than the others'
)
SOME = 1_000_000  # entries for the other quantized sets: they work in doubles


def cases(n: int) -> list[tuple[str, Any, Any]]:
    """All of them."""
    return others(n) + quantized(min(n, SOME))


def others(n: int) -> list[tuple[str, Any, Any]]:
    """Name, set and the shape its n (or fewer) entries have."""
    side = max(24, int(n**0.5) // 24 * 24)
    matrix, conv = (side, side), (max(8, side // 64 * 16), side // 9 // 4 * 16, 3, 3)
    kept = int(KEEP * n)
    small = (768, 768)
    rng = np.random.default_rng(0)
    weights = rng.random(matrix, dtype=np.float32)
    return [
        ("Cardinality", Cardinality(kept), matrix),
        ("GlobalCardinality, 3 tensors", GlobalCardinality(kept), [matrix, (side,), (side,)]),
        (
            "… with floors",
            GlobalCardinality(kept, {"1": side // 2}),
            [matrix, (side,), (side,)],
        ),
        ("ShardedCardinality, one shard", ShardedCardinality(kept, 0, 1, np.copy), [matrix]),
        ("WeightedCardinality", WeightedCardinality(kept, weights), matrix),
        ("GlobalWeightedCardinality", GlobalWeightedCardinality(kept, {"0": weights}), [matrix]),
        ("NM 2:4", NM(2, 4), matrix),
        ("NM 4:8", NM(4, 8), matrix),
        ("NM 2:4 down", NM(2, 4, axis=0), matrix),
        ("BlockSparsity 4 × 4", BlockSparsity(int(KEEP * side * side / 16), (4, 4)), matrix),
        ("BlockSparsity 1 × 8", BlockSparsity(int(KEEP * side * side / 8), (8,)), matrix),
        ("rows", rows(side // 2), matrix),
        ("columns", columns(side // 2), matrix),
        ("filters", filters(conv[0] // 2), conv),
        ("ChannelSparsity", ChannelSparsity(conv[1] // 2), conv),
        ("kernels", kernels(conv[0] * conv[1] // 2), conv),
        ("PatternSparsity, 56 patterns", PatternSparsity(patterns_of(4)), conv),
        (
            "GroupCardinality",
            GroupCardinality(side // 2, ({"0": 0, "1": 1},)),
            [matrix, matrix[::-1]],
        ),
        ("Box", Box(-1.0, 1.0), matrix),
        ("Nonnegative", Nonnegative(), matrix),
        ("L2Ball", L2Ball(1.0), matrix),
        ("L1Ball", L1Ball(1.0), matrix),
        ("Simplex", Simplex(1.0), matrix),
        ("IntegerLattice", IntegerLattice(-2, 2), matrix),
        ("Monotone", Monotone(), matrix),
        ("PerTensor, 2 boxes", PerTensor({"0": Box(-1.0, 1.0), "1": Nonnegative()}), [matrix] * 2),
        ("LowRank 32, 768 × 768", LowRank(32), small),
        ("SparsePlusLowRank, 64 × 64", SparsePlusLowRank(200, 4), (64, 64)),
        (
            "Affine, 16 equations",
            Affine(rng.normal(size=(16, small[0])), np.ones(16)),
            small[:1],
        ),
    ]


def quantized(n: int) -> list[tuple[str, Any, Any]]:
    """The same for sets of levels."""
    kept, rows_, few = int(KEEP * n), (256, max(1, n // 256)), (min(n, LEARNED),)
    return [
        ("UniformGrid(8, step)", UniformGrid(8, step=0.03), (n,)),
        ("UniformGrid(4)", UniformGrid(4), (n,)),
        ("UniformGrid(8)", UniformGrid(8), (n,)),
        ("UniformGrid(12)", UniformGrid(12), (n,)),
        ("UniformGrid(12, proof)", UniformGrid(12, proof=True), (n,)),
        ("UniformGrid(8), 256 rows", UniformGrid(8, axis=0), rows_),
        ("UniformGrid(4, asymmetric)", UniformGrid(4, asymmetric=True), (n,)),
        ("UniformGrid(8, asymmetric)", UniformGrid(8, asymmetric=True), (n,)),
        ("ZeroFreeGrid(4)", ZeroFreeGrid(4), (n,)),
        ("ZeroFreeGrid(4, midrise)", ZeroFreeGrid(4, midrise=True), (n,)),
        ("Binary", Binary(), (n,)),
        ("Ternary", Ternary(), (n,)),
        ("PowerOfTwo(4)", PowerOfTwo(4), (n,)),
        ("PowerOfTwo(4, highest)", PowerOfTwo(4, highest=1), (n,)),
        ("ScaledPowers(4)", ScaledPowers(4), (n,)),
        ("Codebook of 16", Codebook(tuple(np.linspace(-3.0, 3.0, 16).tolist())), (n,)),
        ("LearnedCodebook(16)", LearnedCodebook(16), few),
        ("SparseQuantized, free step", SparseQuantized(kept, ZeroFreeGrid(4)), (n,)),
        ("SparseQuantized, given step", SparseQuantized(kept, ZeroFreeGrid(4, step=0.3)), (n,)),
        (
            "GlobalSparseQuantized, 2 tensors",
            GlobalSparseQuantized(kept, ZeroFreeGrid(4, step=0.3)),
            [rows_, (n // 8,)],
        ),
    ]
