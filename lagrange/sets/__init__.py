"""Sets with an exact Euclidean projection, or labelled otherwise; numpy and torch alike."""

from lagrange.sets.additive import SparsePlusLowRank
from lagrange.sets.affine import Affine
from lagrange.sets.base import Set, StoredSet, StoredVectorSet, VectorSet
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.config import from_config, register, to_config
from lagrange.sets.convex import Box, L2Ball, Nonnegative
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.nested import nested, nests, refined_grids
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.sharded import ShardedCardinality
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.size import Size
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

__all__ = [
    "NM",
    "Affine",
    "Binary",
    "BlockSparsity",
    "Box",
    "Cardinality",
    "ChannelSparsity",
    "Codebook",
    "GlobalCardinality",
    "GlobalSparseQuantized",
    "GlobalWeightedCardinality",
    "GroupCardinality",
    "IntegerLattice",
    "L1Ball",
    "L2Ball",
    "LearnedCodebook",
    "LowRank",
    "Monotone",
    "Nonnegative",
    "PatternSparsity",
    "PerTensor",
    "PowerOfTwo",
    "ScaledPowers",
    "Set",
    "ShardedCardinality",
    "Simplex",
    "Size",
    "SparsePlusLowRank",
    "SparseQuantized",
    "StoredSet",
    "StoredVectorSet",
    "Ternary",
    "UniformGrid",
    "VectorSet",
    "WeightedCardinality",
    "ZeroFreeGrid",
    "columns",
    "filters",
    "from_config",
    "kernels",
    "nested",
    "nests",
    "patterns_of",
    "refined_grids",
    "register",
    "rows",
    "to_config",
]
