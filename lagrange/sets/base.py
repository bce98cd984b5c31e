"""What a set is: a projection and a membership test.

``Set`` speaks of one array, ``VectorSet`` of a mapping of named arrays (one budget across tensors).
"""

from typing import Protocol

from lagrange.vectors import Array, Vector


class Set(Protocol):
    """A closed set of arrays of one shape."""

    def project(self, v: Array) -> Array:
        """A nearest member, as a fresh array; deterministic where there are several."""
        ...

    def contains(self, v: Array) -> bool:
        """Exact membership, no tolerance."""
        ...


class VectorSet(Protocol):
    """A closed set of vectors (named arrays)."""

    def project(self, v: Vector) -> Vector: ...

    def contains(self, v: Vector) -> bool: ...
