"""A sparse matrix as triplets: just what a block needs, with sums whose rounding is known."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.oracles.checks import FloatArray, finite_array

IndexArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """``value[k]`` at (``row[k]``, ``column[k]``) of an (m, n) matrix; at most one entry a place.

    Kept sorted by rows, without zeros; ``row_counts`` (m,) and ``column_counts`` (n,) count entries.
    An entry of a product with k terms is a sum of k rounded products in a fixed order, so it errs by
    at most 1.01 k u times the product of the magnitudes.
    """

    row: IndexArray
    column: IndexArray
    value: FloatArray
    shape: tuple[int, int]
    row_counts: IndexArray = field(init=False, repr=False)
    column_counts: IndexArray = field(init=False, repr=False)
    _magnitude: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        row, column = (np.asarray(a, dtype=np.int64) for a in (self.row, self.column))
        value = np.asarray(self.value, dtype=np.float64)
        if not (row.shape == column.shape == value.shape and row.ndim == 1):
            raise ValueError(
                "row, column and value must be 1-d and equally long, got shapes "
                f"{row.shape}, {column.shape} and {value.shape}"
            )
        m, n = self.shape
        if row.size and not (
            0 <= row.min() <= row.max() < m and 0 <= column.min() <= column.max() < n
        ):
            raise ValueError(
                f"entries reach from ({row.min()}, {column.min()}) to ({row.max()}, {column.max()}), "
                f"the shape is {self.shape}"
            )
        if not np.isfinite(value).all():
            raise ValueError("the matrix holds a NaN or an infinity")
        kept = np.flatnonzero(value)
        kept = kept[np.lexsort((column[kept], row[kept]))]
        row, column, value = row[kept], column[kept], value[kept]
        if ((np.diff(row) == 0) & (np.diff(column) == 0)).any():
            raise ValueError("two entries stand at the same place of the matrix: add them up first")
        for name, array in (
            ("row", row),
            ("column", column),
            ("value", value),
            ("row_counts", np.bincount(row, minlength=m)),
            ("column_counts", np.bincount(column, minlength=n)),
            ("_magnitude", np.abs(value)),
        ):
            object.__setattr__(self, name, array)

    @classmethod
    def dense(cls, matrix: Any) -> "SparseMatrix":
        """From a 2-d array."""
        array = finite_array("matrix", matrix, 2)
        row, column = np.nonzero(array)
        return cls(row, column, array[row, column], (array.shape[0], array.shape[1]))

    @classmethod
    def empty(cls, rows: int, columns: int) -> "SparseMatrix":
        """All zeros."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, np.zeros(0), (rows, columns))

    @property
    def starts(self) -> IndexArray:
        """Where each row begins among the triplets, and where the last one ends; (m + 1,)."""
        return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(self.row_counts)))

    def times(self, x: FloatArray) -> FloatArray:
        """A x; (m,)."""
        return _sums(self.row, self.value * x[self.column], self.shape[0])

    def transposed_times(self, y: FloatArray) -> FloatArray:
        """Aᵀ y; (n,)."""
        return _sums(self.column, self.value * y[self.row], self.shape[1])

    def size_of_times(self, x: FloatArray) -> FloatArray:
        """|A| |x|: the scale of the rounding errors of ``times``."""
        return _sums(self.row, self._magnitude * np.abs(x)[self.column], self.shape[0])

    def size_of_transposed_times(self, y: FloatArray) -> FloatArray:
        """|A|ᵀ |y|: the scale of the rounding errors of ``transposed_times``."""
        return _sums(self.column, self._magnitude * np.abs(y)[self.row], self.shape[1])


def _sums(place: IndexArray, terms: FloatArray, size: int) -> FloatArray:
    # bincount of nothing counts in whole numbers
    return np.bincount(place, terms, minlength=size).astype(np.float64, copy=False)
