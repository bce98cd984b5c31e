"""Bit widths that nest: every point of the coarser set is one of the finer set.

Stages from fine to coarse (progressive quantization) need it: bounds of one stage hold at the next,
and a point of the next is feasible at this one, only if the sets lie in each other. Many grids do not:
with the range kept, 8 bits have the levels j/127 and 4 bits j/7, of which the finer grid has −1, 0, 1
only.

    same step, more levels           nest
    half the step, twice the levels  nest, but not on the midrise grid (odd multiples of s/2)
    free step                        nest if the integer levels do

Nesting does not make projections compose: nearest of the fine and then of the coarse grid is double
rounding, and not the nearest of the coarse grid.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lagrange.sets.codebook import Learned
from lagrange.sets.grids import UniformGrid
from lagrange.sets.levels import Family, Fixed, Scaled, Shifted
from lagrange.sets.nearest import PRECISIONS
from lagrange.sets.powers import Powers
from lagrange.sets.quantized import Quantized

CHECKED = (PRECISIONS["float64"], PRECISIONS["float32"])


def nests(coarse: Quantized, fine: Quantized) -> bool:
    """Whether every array in ``coarse`` is in ``fine``, in double and in single precision: exact."""
    inner, outer = coarse.family(), fine.family()
    if not isinstance(outer, Fixed) and fine.rows_along() is None:
        if coarse.rows_along() is not None and not isinstance(inner, Fixed):
            return False  # rows with levels of their own need not fit one row of levels
    elif coarse.rows_along() not in (None, fine.rows_along()) and not isinstance(inner, Fixed):
        return False
    return _lies_in(inner, outer)


def nested(*sets: Quantized) -> tuple[Quantized, ...]:
    """The sets, from fine to coarse, if each lies in the one before it; refuses otherwise."""
    for fine, coarse in pairwise(sets):
        if not nests(coarse, fine):
            raise ValueError(
                f"{coarse} does not lie in {fine}: it has a level that the finer set lacks"
                f"{_witness(coarse, fine)}; keep the step, or halve it with each bit, from fine to "
                "coarse"
            )
    return sets


def refined_grids(widths: Sequence[int], step: float) -> tuple[Quantized, ...]:
    """Uniform grids of these bit widths that nest, fine to coarse: ``step`` is that of the coarsest,
    and each further bit halves it.
    """
    if not widths or sorted(set(widths), reverse=True) != list(widths):
        raise ValueError(f"widths must fall, from fine to coarse, got {list(widths)}")
    coarsest = widths[-1]
    return nested(*(UniformGrid(b, step=step * 2.0 ** (coarsest - b)) for b in widths))


def _witness(coarse: Quantized, fine: Quantized) -> str:
    inner, outer = coarse.family(), fine.family()
    if not (isinstance(inner, Fixed) and isinstance(outer, Fixed)):
        return ""
    missing = inner.levels[~np.isin(inner.levels, outer.levels)]
    return f", {float(missing[np.argmin(abs(missing))])}"


def _lies_in(inner: Family, outer: Family) -> bool:
    if isinstance(inner, Powers) and inner.highest is not None:
        inner = Fixed(inner.levels(inner.highest, CHECKED[1]))
    if isinstance(
        inner, Fixed
    ):  # the array of all levels is a member if and only if every array is
        return all(outer.holds(inner.rounded(p), p) for p in CHECKED)
    if isinstance(outer, Learned):
        return _most_values(inner) <= outer.count
    if isinstance(inner, Powers) and isinstance(outer, Powers):
        return outer.highest is None and inner.count <= outer.count
    if isinstance(inner, Scaled) and isinstance(outer, Scaled):
        return bool(np.isin(inner.ladder, outer.ladder).all())
    if isinstance(inner, Shifted) and isinstance(outer, Shifted):
        return _range_lies_in(inner, outer)
    return False


def _most_values(family: Family) -> float:
    """How many distinct values an array of the family may have."""
    if isinstance(family, Scaled):
        return family.signed().size
    if isinstance(family, Shifted):
        return family.top + 1
    if isinstance(family, Powers):
        return 2 * family.count + 1
    return family.count if isinstance(family, Learned) else np.inf


def _range_lies_in(inner: Shifted, outer: Shifted) -> bool:
    if outer.zero_point is None:
        return inner.top <= outer.top
    if inner.zero_point is None:
        return False
    above = outer.top - outer.zero_point
    return inner.zero_point <= outer.zero_point and inner.top - inner.zero_point <= above
