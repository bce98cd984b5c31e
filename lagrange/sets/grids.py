"""Uniform grids: levels at equal distances, with a given step or the best one.

    UniformGrid(bits)                    s · {−M, …, M},  M = 2^(bits−1) − 1
    UniformGrid(bits, asymmetric=True)   s · {−z, …, 2^bits − 1 − z},  z a whole number
    ZeroFreeGrid(bits)                   s · {±1, …, ±2^(bits−1)}
    ZeroFreeGrid(bits, midrise=True)     s · {±1/2, ±3/2, …}, 2^bits levels

A step that is not given is part of the point: the set is the union over all s ≥ 0, and the projection
finds the step of least squared error among all of them (``lagrange.sets.steps``), not a local one. The
proof takes as many evaluations as there are levels, so with more than 9 bits (8 if asymmetric) it is
asked for with ``proof=True``; else the search may stop without it, and ``exact`` is False.
Ties go to the level of smaller magnitude; between −l and +l to +l.

The zero-free grid is that of progressive ADMM, where zero belongs to pruned weights.
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.sets.config import register
from lagrange.sets.levels import Family, Fixed, Scaled, Shifted
from lagrange.sets.quantized import Quantized, require_axis, require_bits, require_step

WIDEST = 16
WIDEST_SEARCHED = 12  # at 16 bits the search for the best step takes most of a minute
WIDEST_PROVED = 9  # beyond, a proof takes more time than a search over some hundred steps
BUDGET = 20.0  # evaluations of a search without a proof
WIDEST_SHIFTED = 8  # the same for step and zero point together


@register
@dataclass(frozen=True)
class UniformGrid(Quantized):
    """Equally spaced levels, zero among them.

    step       : the distance of two levels; None: the best one
    asymmetric : 2^bits levels from −z to 2^bits − 1 − z steps instead of 2^bits − 1 symmetric ones
    zero_point : z; None: the best one, together with the best step
    axis       : rows along this axis have a step (and zero point) each; None: one for the array
    proof      : search until the step is proved to be the best with more than 9 (8) bits too
    """

    bits: int
    step: float | None = None
    asymmetric: bool = False
    zero_point: int | None = None
    axis: int | None = None
    proof: bool = False

    def __post_init__(self) -> None:
        require_step(self.step)
        require_axis(self.axis)
        if self.zero_point is not None and not self.asymmetric:
            raise ValueError(
                f"a symmetric grid has its zero point in the middle, got {self.zero_point}: "
                "leave it out, or ask for asymmetric=True"
            )
        if self.asymmetric and self.step is not None and self.zero_point is None:
            raise ValueError(
                f"an asymmetric grid with the given step {self.step} needs its zero_point too, "
                "got None: give both or neither"
            )
        free_point = self.asymmetric and self.zero_point is None
        most = WIDEST if self.step is not None else WIDEST_SEARCHED
        why = " (wider grids need a step)" if self.step is None else ""
        if free_point:
            most, why = WIDEST_SHIFTED, " (wider asymmetric grids need a zero_point)"
        require_bits(self.bits, 1 if self.asymmetric else 2, most, why)
        if self.zero_point is not None and not 0 <= self.zero_point < (1 << self.bits):
            raise ValueError(
                f"zero_point must be one of the codes 0 … {(1 << self.bits) - 1}, got {self.zero_point}"
            )

    def family(self) -> Family:
        most = (1 << (self.bits - 1)) - 1
        if self.step is not None:
            first = -most if self.zero_point is None else -self.zero_point
            last = most if self.zero_point is None else (1 << self.bits) - 1 - self.zero_point
            return Fixed(self.step * np.arange(first, last + 1.0))
        if self.asymmetric:
            budget = search_budget(self.bits + 1, self.proof)  # two sides
            return Shifted((1 << self.bits) - 1, self.zero_point, budget)
        return Scaled(np.arange(most + 1.0), search_budget(self.bits, self.proof))

    def code_bits(self) -> int:
        return self.bits

    def row_bits(self, number: int) -> int:
        return number + (self.bits if self.asymmetric else 0)

    def rows_along(self) -> int | None:
        return self.axis


@register
@dataclass(frozen=True)
class ZeroFreeGrid(Quantized):
    """Equally spaced levels on either side of zero, zero not among them; 2^bits levels.

    step    : the distance of two levels of one sign; None: the best one
    midrise : the two levels next to zero are one step apart too; otherwise two steps
    axis    : rows along this axis have a step each; None: one for the array
    proof   : search until the step is proved to be the best with more than 9 bits too

    With a free step the zero array is a member (s = 0), and no other array with a zero in it.
    """

    bits: int
    step: float | None = None
    midrise: bool = False
    axis: int | None = None
    proof: bool = False

    def __post_init__(self) -> None:
        require_step(self.step)
        require_axis(self.axis)
        why = " (wider grids need a step)" if self.step is None else ""
        require_bits(self.bits, 1, WIDEST if self.step is not None else WIDEST_SEARCHED, why)

    def family(self) -> Family:
        count = 1 << (self.bits - 1)
        ladder = np.arange(1.0, 2 * count, 2) if self.midrise else np.arange(1.0, count + 1)
        if self.step is None:
            return Scaled(ladder, search_budget(self.bits, self.proof))
        unit = self.step / 2 if self.midrise else self.step
        return Fixed(unit * np.concatenate([-ladder[::-1], ladder]))

    def code_bits(self) -> int:
        return self.bits

    def row_bits(self, number: int) -> int:
        return number

    def rows_along(self) -> int | None:
        return self.axis


def search_budget(bits: int, proof: bool) -> float:
    """Of the search for a step; infinite where it ends with a proof."""
    return math.inf if proof or bits <= WIDEST_PROVED else BUDGET
