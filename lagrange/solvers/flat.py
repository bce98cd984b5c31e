"""The coupling space as one numpy array: all rows one after the other, for solvers with linear algebra
of their own.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from lagrange.problem import Problem
from lagrange.vectors import Vector

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Flat(NamedTuple):
    """Row name and shape, in order; n entries in all."""

    rows: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, problem: Problem[Any]) -> "Flat":
        """Of numpy rows only."""
        for name, array in problem.rhs.items():
            if not isinstance(array, np.ndarray):
                raise ValueError(
                    f"rhs row {name!r} is a {type(array).__name__}: this solver takes numpy arrays only"
                )
        return cls(tuple((name, tuple(array.shape)) for name, array in problem.rhs.items()))

    @property
    def size(self) -> int:
        """How many numbers that are: n."""
        return sum(math.prod(shape) for _, shape in self.rows)

    def array(self, vector: Vector) -> FloatArray:
        """(n,) as float64, a copy; rows that the vector lacks are zero."""
        parts = [
            np.ravel(vector[name]) if name in vector else np.zeros(math.prod(shape))
            for name, shape in self.rows
        ]
        return np.concatenate(parts).astype(np.float64, copy=False)

    def vector(self, array: FloatArray) -> Vector:
        """The rows of an array (n,), each a copy."""
        rows: dict[str, FloatArray] = {}
        start = 0
        for name, shape in self.rows:
            end = start + math.prod(shape)
            rows[name] = array[start:end].reshape(shape).copy()
            start = end
        return rows

    def marks(self, names: frozenset[str]) -> BoolArray:
        """(n,): which entries belong to these rows."""
        return np.concatenate(
            [np.full(math.prod(shape), name in names, dtype=np.bool_) for name, shape in self.rows]
        )
