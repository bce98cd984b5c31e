"""Members of quantized sets as codes: what a row stores besides them, and the levels it stands for.

    set                                  stored for a row                levels
    given (Codebook, given steps)        nothing: they are in the set    the set's
    a free scale (Binary, UniformGrid)   s                               fl(s q)
    a free scale and zero point          s, z                            fl(s (q − z))
    powers of two                        the highest exponent            ±2^e, 0
    learned codebook                     its numbers                     these

All of it is exact: the levels made from what is stored are the entries, bit for bit.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from torch import Tensor

from lagrange.nn.bits import Codes
from lagrange.sets import arrays
from lagrange.sets.codebook import Learned
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.levels import Family, Fixed, Scaled, Shifted, scales
from lagrange.sets.nearest import Floats, Precision, precision
from lagrange.sets.powers import EXPONENT_BITS, Powers
from lagrange.sets.product import PerTensor
from lagrange.sets.quantized import Quantized, as_rows


@dataclass(frozen=True)
class RowFormat:
    """What a row of a family stores.

    numbers : how many numbers of the array's own type
    whole   : the width of one whole number stored besides (zero point, exponent); 0: none
    book    : the numbers are levels themselves, not a scale
    """

    numbers: int
    whole: int = 0
    book: bool = False


@dataclass(frozen=True)
class Grid:
    """Whose levels an array has; ``sparse``: those of its nonzero entries only."""

    levels: Quantized
    sparse: bool


def grid_of(members: object, name: str) -> Grid | None:
    """The levels of array ``name`` of a member; None: its values may be any numbers."""
    if isinstance(members, PerTensor):
        return grid_of(members.sets[name], name)
    if isinstance(members, SparseQuantized | GlobalSparseQuantized):
        return Grid(members.grid, sparse=True)
    if Quantized in type(members).__mro__:  # a protocol: isinstance does not take it
        return Grid(cast("Quantized", members), sparse=False)
    return None


def row_format(family: Family) -> RowFormat:
    """What a row stores."""
    match family:
        case Scaled():
            return RowFormat(1)
        case Shifted():
            return RowFormat(1, whole=family.top.bit_length())
        case Powers(highest=None):
            return RowFormat(0, whole=EXPONENT_BITS)
        case Learned():
            return RowFormat(family.count, book=True)
        case _:
            return RowFormat(0)


def described(family: Family, x: Floats, p: Precision) -> tuple[Floats, int]:
    """The numbers and the whole number of a row x (n,) that is a member."""
    match family:
        case Scaled():
            return np.array([_scale(x, family.ladder, p)]), 0
        case Shifted():
            return _shifted(family, x, p)
        case Powers(highest=None):
            exponents = np.frexp(x[x != 0])[1]
            return np.zeros(0), int(exponents.max(initial=-(1 << 14))) - 1
        case Learned():
            book = np.unique(x)
            last = book[-1] if book.size else 0.0
            return np.append(book, np.full(family.count - book.size, last)), 0
        case _:
            return np.zeros(0), 0


def levels(family: Family, numbers: Floats, whole: int, p: Precision) -> Floats:
    """The levels of a row, ascending, from what ``described`` gave."""
    match family:
        case Scaled():
            return p.product(float(numbers[0]), family.signed())
        case Shifted():
            return p.product(float(numbers[0]), np.arange(-whole, family.top - whole + 1.0))
        case Powers(highest=None):
            return family.levels(whole, p)
        case Powers():
            assert family.highest is not None
            return family.levels(family.highest, p)
        case Fixed():
            return family.rounded(p)
        case _:
            return numbers


def tables(grid: Quantized, member: Tensor) -> Floats:
    """The levels of each row (rows, count) of a member at the scale that ``described`` finds, used by
    an entry or not.
    """
    family, p = grid.family(), precision(member)
    rows = as_rows(arrays.doubles(member), grid.rows_along())
    return np.array([levels(family, *described(family, row.ravel(), p), p) for row in rows])


def codes_of(x: Floats, table: Floats) -> Codes:
    """The place of each entry in the levels."""
    return np.searchsorted(table, x)


def _scale(x: Floats, ladder: Floats, p: Precision) -> float:
    magnitudes = np.unique(abs(x))
    if not magnitudes.any():
        return 0.0
    return float(scales(magnitudes, ladder, p)[0])


def _shifted(family: Shifted, x: Floats, p: Precision) -> tuple[Floats, int]:
    """The first scale at which the entries fit between −z and top − z, and that z."""
    if not x.any():
        return np.zeros(1), family.zero_point or 0
    ladder = np.arange(family.top + 1.0)
    for s in scales(np.unique(abs(x)), ladder, p):
        ends = np.array([x.max(), -x.min()]).clip(min=0.0)
        up, down = (int(end) for end in np.searchsorted(p.product(float(s), ladder), ends))
        z = down if family.zero_point is None else family.zero_point
        if down <= z <= family.top - up:
            return np.array([float(s)]), z
    return np.zeros(1), 0  # no member: refused before
