"""Nearest of finitely many levels, without a rounding error in the decision.

Sets of levels work on flat doubles. A level is a number of the array's own precision, so that what was
projected is exactly what is stored; ``Precision.round`` says which one.

Ties go to the level of smaller magnitude; between −l and +l to +l.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lagrange.sets.arrays import chunks, require_floats
from lagrange.vectors import Array

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]
HUGE = 2.0**1000  # sums of two numbers below do not overflow


@dataclass(frozen=True)
class Precision:
    """A binary floating-point format: significant bits, smallest and largest positive number."""

    name: str
    digits: int
    smallest: float
    largest: float

    def round(self, x: Floats) -> Floats:
        """The nearest numbers of the format (ties to even), as doubles; beyond the range: ±inf.

        Half formats are reached through singles, as both libraries do.
        """
        if self.name == "float64":
            return x
        with np.errstate(over="ignore"):
            single = x.astype(np.float32)
            if self.name == "float16":
                single = single.astype(np.float16).astype(np.float32)
            if self.name == "bfloat16":
                bits = single.view(np.uint32)
                even = (bits >> np.uint32(16)) & np.uint32(1)
                kept = (bits + np.uint32(0x7FFF) + even) & np.uint32(0xFFFF0000)
                single = np.where(np.isfinite(single), kept.view(np.float32), single)
        return single.astype(np.float64)

    def product(self, scale: Floats | float, levels: Floats | float) -> Floats:
        """fl(s q) for numbers s of the format and integers q: rounded once (24 + 16 bits fit 53)."""
        with np.errstate(over="ignore"):
            return self.round(np.asarray(scale * levels))

    def around(self, x: Floats) -> Floats:
        """The numbers of the format in the neighborhood of positive x (n,): (n, 9), some repeated."""
        exponent = np.frexp(x)[1] - self.digits
        spacing = np.maximum(np.ldexp(1.0, exponent), self.smallest)
        with np.errstate(over="ignore"):
            return self.round(x[:, None] + spacing[:, None] * (np.arange(-4, 5) / 2))


PRECISIONS = {
    p.name: p
    for p in (
        Precision("float64", 53, 2.0**-1074, (2 - 2.0**-52) * 2.0**1023),
        Precision("float32", 24, 2.0**-149, (2 - 2.0**-23) * 2.0**127),
        Precision("float16", 11, 2.0**-24, (2 - 2.0**-10) * 2.0**15),
        Precision("bfloat16", 8, 2.0**-133, (2 - 2.0**-7) * 2.0**127),
    )
}


def precision(v: Array) -> Precision:
    """The format of an array's numbers."""
    require_floats(v)
    return PRECISIONS[str(v.dtype).removeprefix("torch.")]


def nearest(x: Floats, levels: Floats) -> Floats:
    """For each entry of x (n,) its nearest level; ``levels`` (m,) ascend, m ≥ 1.

    The place of an entry among evenly spaced levels is computed and then checked against the cuts
    between levels; elsewhere, and where the check fails, it is searched.
    """
    out = np.empty_like(x)
    even = is_even(levels)
    with np.errstate(over="ignore"):
        for piece in chunks(x.size):
            out[piece] = levels[_places(x[piece], levels, even)]
    return out


def is_even(levels: Floats) -> bool:
    """Whether levels are evenly spaced up to rounding, so many that a search takes longer."""
    if levels.size < 4 or not 1 / HUGE < max(-levels[0], levels[-1]) < HUGE:
        return False  # beyond, differences or their inverses overflow
    step = (levels[-1] - levels[0]) / (levels.size - 1)
    off = levels - levels[0] - step * np.arange(float(levels.size))
    return float(abs(off).max()) <= 1e-3 * step


def _places(x: Floats, levels: Floats, even: bool) -> Indices:
    doubled, cut = _cuts(x, levels)
    if not even:
        return np.searchsorted(cut, doubled, side="left")
    last = levels.size - 1
    spread = (x - levels[0]) * (last / (levels[-1] - levels[0]))
    places = np.rint(spread).clip(0, last).astype(np.intp)
    below = np.concatenate([[-math.inf], cut])[places]
    above = np.concatenate([cut, [math.inf]])[places]
    wrong = np.flatnonzero((doubled <= below) | (doubled > above))
    places[wrong] = np.searchsorted(cut, doubled[wrong], side="left")
    return places


def _cuts(x: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """2x and, for each pair of neighbors a < b, the largest number that 2x may be to go to a.

    a + b = h + e without error (Knuth's two-sum); 2x against h, then against the sign of e.
    """
    if max(-levels[0], levels[-1]) > HUGE:
        levels = levels / 2  # the sums would overflow
    else:
        x = x + x
    a, b = levels[:-1], levels[1:]
    h = a + b
    b_seen = h - a
    e = (a - (h - b_seen)) + (b - b_seen)
    up = (e < 0) | ((e == 0) & (h <= 0))  # at h: to b, which is of smaller magnitude where h < 0
    return x, np.where(up, np.nextafter(h, -math.inf), h)
