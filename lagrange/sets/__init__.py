"""Sets with an exact Euclidean projection, for numpy arrays and torch tensors alike."""

from lagrange.sets.base import Set, VectorSet
from lagrange.sets.convex import Box
from lagrange.sets.sparsity import Cardinality, GlobalCardinality

__all__ = ["Box", "Cardinality", "GlobalCardinality", "Set", "VectorSet"]
