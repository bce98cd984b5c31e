"""How many bits a member of a set takes, by what they are spent on."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import TypeGuard


@dataclass(frozen=True)
class Size:
    """Bits of one stored member.

    values   : the numbers themselves, or their codes into a codebook
    indices  : where the values stand (positions, bit maps, patterns)
    scales   : factors shared by many values (one a tensor, one a channel)
    codebook : the numbers that codes stand for
    """

    values: int
    indices: int = 0
    scales: int = 0
    codebook: int = 0

    def __post_init__(self) -> None:
        for name, bits in vars(self).items():
            if not is_whole(bits) or bits < 0:
                raise ValueError(f"{name} must be a whole number of bits ≥ 0, got {bits}")

    @property
    def total(self) -> int:
        return self.values + self.indices + self.scales + self.codebook

    def __add__(self, other: "Size") -> "Size":
        """The bits of two members stored side by side."""
        return Size(
            self.values + other.values,
            self.indices + other.indices,
            self.scales + other.scales,
            self.codebook + other.codebook,
        )


def is_real(number: object) -> TypeGuard[float]:
    """A number, not a word or an array; NaN and infinity are."""
    return isinstance(number, Real)


def is_whole(number: object) -> TypeGuard[float]:
    """A finite whole number, as an int or as a float."""
    return is_real(number) and math.isfinite(number) and number == math.floor(number)


def code_bits(choices: int) -> int:
    """Bits of a code of fixed length for one of ``choices`` things: ⌈log₂ choices⌉; 0 for one."""
    return max(choices - 1, 0).bit_length()


def index_bits(kept: int, total: int) -> int:
    """Bits that say which ``kept`` of ``total`` places are taken: positions or a bit map, the less."""
    return min(kept * code_bits(total), total)


def most_within(bits: int, total: int, each: int) -> int:
    """The most of ``total`` values, ``each`` bits a value, that fit in ``bits`` with their indices."""
    by_position = bits // (each + code_bits(total)) if each + code_bits(total) else total
    by_map = (bits - total) // each if each and bits >= total else 0
    return min(total, max(by_position, by_map))


def number_bits(dtype: object) -> int:
    """Bits of one number of an array type of numpy or torch."""
    return 8 * math.floor(getattr(dtype, "itemsize"))  # noqa: B009  (the types share no protocol)
