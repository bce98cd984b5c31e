"""Powers of two as levels: a multiplication becomes a shift.

    PowerOfTwo(bits, highest)    {0, ±2^e : highest − m < e ≤ highest},  m = 2^(bits−1) − 1
    PowerOfTwo(bits)             the same, with the best whole number for highest
    ScaledPowers(bits)           s · {±1, ±2, ±4, …}, 2^bits levels, with the best s ≥ 0

Nearest is meant in value: between 2^e and 2^(e+1) the border is 1.5 · 2^e, not the 1.414… · 2^e at
which the rounded logarithm changes. Ties go to the smaller magnitude. Powers that a precision does not
hold are left out in it.
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.sets.config import register
from lagrange.sets.ladders import Ladder
from lagrange.sets.levels import Family, Scaled, normalized
from lagrange.sets.nearest import Floats, Precision, nearest
from lagrange.sets.quantized import Quantized, require_axis, require_bits
from lagrange.sets.size import is_whole

EXPONENT_BITS = 16  # of a stored exponent


@dataclass(frozen=True, eq=False)
class Powers:
    """{0, ±2^e : highest − count < e ≤ highest}^n; the best highest exponent if None."""

    count: int
    highest: int | None

    def values(self, x: Floats, p: Precision) -> Floats:
        if self.holds(x, p):
            return x.copy()
        levels = self.levels(self.best(x, p) if self.highest is None else self.highest, p)
        return nearest(x, levels)

    def holds(self, x: Floats, p: Precision) -> bool:
        mantissas, exponents = np.frexp(x[x != 0])
        if not exponents.size:
            return True
        if not (abs(mantissas) == 0.5).all():
            return False
        last = int(exponents.max()) - 1  # frexp: 2^e = 0.5 · 2^(e+1)
        first = int(exponents.min()) - 1
        if self.highest is None:
            return last - first < self.count
        return last <= self.highest and self.highest - first < self.count

    def with_zero(self) -> "Powers":
        return self

    def best(self, x: Floats, p: Precision) -> int:
        """The highest exponent with the least squared error; the largest of several.

        All that can be best are tried: from the first that is of use to the largest magnitude down
        to where 2 · 2^e Σ |x|, which bounds what is gained, falls below what is gained already.
        """
        unit, power = normalized(abs(x))
        relative = np.ldexp(1.0, np.arange(1 - self.count, 1))
        ladder = Ladder(unit, np.append(0.0, relative))
        gain, best = -1.0, 0
        highest = min(0, math.frexp(p.largest)[1] - 1 - power)
        while 2 * math.ldexp(ladder.total, highest) >= gain and highest > -1100:
            s = math.ldexp(1.0, highest)
            A, B = ladder.sums(np.array([1 / s]))
            now = float(2 * s * A[0] - s * s * B[0])
            if now > gain:
                gain, best = now, highest
            highest -= 1
        return best + power

    def levels(self, highest: int, p: Precision) -> Floats:
        """Zero and the powers that the precision holds."""
        first, last = math.frexp(p.smallest)[1] - 1, math.frexp(p.largest)[1] - 1
        lowest = max(highest - self.count + 1, first)
        positive = np.ldexp(1.0, np.arange(lowest, min(highest, last) + 1))
        return np.concatenate([-positive[::-1], [0.0], positive])


@register
@dataclass(frozen=True)
class PowerOfTwo(Quantized):
    """Zero and signed powers of two.

    bits    : of a code; 2^(bits−1) − 1 exponents
    highest : the largest exponent; None: the best one, for each row
    axis    : rows along this axis have exponents of their own; None: one range for the array
    """

    bits: int
    highest: int | None = None
    axis: int | None = None

    def __post_init__(self) -> None:
        require_axis(self.axis)
        require_bits(self.bits, 2, 8, " (more exponents than any number format has)")
        if self.highest is not None and (
            not is_whole(self.highest) or not -1074 <= self.highest <= 1023
        ):
            raise ValueError(
                "highest must be a whole number from -1074 to 1023, the exponents of doubles, or "
                f"None for the best one, got {self.highest!r}"
            )

    def family(self) -> Family:
        return Powers(2 ** (self.bits - 1) - 1, self.highest)

    def code_bits(self) -> int:
        return self.bits

    def row_bits(self, number: int) -> int:
        return EXPONENT_BITS

    def rows_along(self) -> int | None:
        return self.axis


@register
@dataclass(frozen=True)
class ScaledPowers(Quantized):
    """One free scale times ±1, ±2, ±4, …: 2^bits levels, zero not among them.

    axis : rows along this axis have a scale each; None: one for the array
    """

    bits: int
    axis: int | None = None

    def __post_init__(self) -> None:
        require_axis(self.axis)
        require_bits(self.bits, 1, 6, " (2^bits − 1 is the number of doublings)")

    def family(self) -> Family:
        return Scaled(np.exp2(np.arange(float(1 << (self.bits - 1)))))

    def code_bits(self) -> int:
        return self.bits

    def row_bits(self, number: int) -> int:
        return number

    def rows_along(self) -> int | None:
        return self.axis
