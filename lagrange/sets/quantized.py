"""What quantized sets of one array share: rows along an axis, projection, membership and size."""

import math
from typing import Protocol

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet
from lagrange.sets.levels import Family, Scaled, Shifted
from lagrange.sets.nearest import Floats, precision
from lagrange.sets.size import Size, is_real, is_whole, number_bits
from lagrange.vectors import Array


class Quantized(StoredSet, Protocol):
    """A set of arrays whose entries are levels of a family; each row along ``axis`` has its own.

    Projected are arrays of float64, float32, float16 and bfloat16 of any layout, in main memory and in
    doubles; the answer is of the array's own type. NaN and infinity are refused, and contained in
    no set. An empty array and a zero array are members, except where the levels are given and zero is
    none of them.
    """

    def family(self) -> Family:
        """The levels, for one row."""
        ...

    def code_bits(self) -> int:
        """Bits that say which level an entry has."""
        ...

    def row_bits(self, number: int) -> int:
        """Bits of what a row stores besides: scale, zero point; ``number``: bits of one number."""
        ...

    def rows_along(self) -> int | None:
        """The axis along which rows have levels of their own; None: one row."""
        ...

    @property
    def exact(self) -> bool:
        """Whether ``project`` gives a nearest member; else the scale is the best that a search met."""
        family = self.family()
        return not (isinstance(family, Scaled | Shifted) and math.isfinite(family.budget))

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"the array on a {type(self).__name__}")
        family, p, x = self.family(), precision(v), arrays.doubles(v)
        axis = checked_axis(self.rows_along(), x)
        values = np.empty_like(x)
        for row, place in zip(as_rows(x, axis), as_rows(values, axis), strict=True):
            place[...] = family.values(row.ravel(), p).reshape(row.shape)
        return arrays.like(v, values)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        if not arrays.is_finite(v):
            return False
        family, p, x = self.family(), precision(v), arrays.doubles(v)
        axis = checked_axis(self.rows_along(), x)
        return all(family.holds(row.ravel(), p) for row in as_rows(x, axis))

    def size(self, v: Array) -> Size:
        shape = tuple(v.shape)
        axis = self.rows_along()
        rows = 1 if axis is None else shape[axis]
        number = number_bits(v.dtype)
        return Size(math.prod(shape) * self.code_bits(), scales=rows * self.row_bits(number))


def as_rows(x: Floats, axis: int | None) -> Floats:
    """A view of x whose first index runs over the rows."""
    return np.atleast_1d(x)[None] if axis is None else np.moveaxis(x, axis, 0)


def checked_axis(axis: int | None, x: Floats) -> int | None:
    """The axis, if x has it."""
    if axis is not None and not 0 <= axis < x.ndim:
        raise ValueError(
            f"axis must lie in 0 … {x.ndim - 1} for an array of shape {x.shape}, got {axis}"
        )
    return axis


def require_bits(bits: int, least: int, most: int, why: str) -> None:
    """Refuses widths out of range; ``why`` says where the upper end comes from."""
    if not is_whole(bits) or not least <= bits <= most:
        why = why if is_whole(bits) and bits > most else ""
        raise ValueError(f"bits must be a whole number from {least} to {most}{why}, got {bits!r}")


def require_step(step: float | None) -> None:
    """Refuses a given step that is not a positive finite number."""
    if step is not None and not (is_real(step) and 0 < step < math.inf):
        raise ValueError(
            f"step must be a finite number > 0, or None for the best one, got {step!r}"
        )


def require_axis(axis: int | None) -> None:
    """Refuses negative axes: they would mean another axis in another array."""
    if axis is not None and (not is_whole(axis) or axis < 0):
        raise ValueError(f"axis must be a whole number ≥ 0, or None for one row, got {axis!r}")
