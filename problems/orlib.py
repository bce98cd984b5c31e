"""Reading files of OR-Library: words, wherever the lines break, with errors that name the file.

Numbers are kept as they are written: a file with decimals becomes whole numbers of a small unit, so
that what is proved is proved for the file and not for floats near it.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np

IntArray = np.ndarray[Any, np.dtype[np.int64]]
LARGEST = 2**53  # whole numbers up to here are floats
DECIMALS = 9  # at most, behind the point


def words_of(path: Path) -> list[str]:
    """What stands in an instance file, without the white space."""
    try:
        return path.read_text().split()
    except FileNotFoundError:
        raise ValueError(
            f"there is no instance file {path}: give the path of a file in the family's format"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read instance file {path}: {error}") from None


class Words:
    """The words of a file, taken from the front."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        self._words = words_of(path)

    def take(self, count: int, what: str) -> list[str]:
        """The next words; ``what`` says in an error what they should have been."""
        left = len(self._words) - self._at
        if left < count:
            raise ValueError(
                f"{self.path} is empty or truncated: {what} should follow entry {self._at}, that is "
                f"{count} numbers, and only {left} are left"
            )
        self._at += count
        return self._words[self._at - count : self._at]

    def next_is(self, word: str) -> bool:
        """Is this the next word?"""
        return self._words[self._at : self._at + 1] == [word]

    def whole(self, count: int, what: str, least: int = 0) -> list[int]:
        """The next words as whole numbers ≥ ``least``."""
        began = self._at
        numbers: list[int] = []
        for at, word in enumerate(self.take(count, what), began + 1):
            try:
                number = int(word)
            except ValueError:
                raise ValueError(
                    f"{self.path}: entry {at} is {word!r}, {what} must be whole numbers"
                ) from None
            if not least <= number <= LARGEST:
                raise ValueError(
                    f"{self.path}: entry {at} is {number}, {what} must lie in [{least}, 2^53]"
                )
            numbers.append(number)
        return numbers

    def decimals(self, count: int, what: str) -> list[Decimal]:
        """The next words as decimal numbers, exactly as they are written."""
        began = self._at
        numbers: list[Decimal] = []
        for at, word in enumerate(self.take(count, what), began + 1):
            try:
                number = Decimal(word)
            except InvalidOperation:
                number = Decimal("nan")
            if not (number.is_finite() and abs(number) <= LARGEST):
                raise ValueError(
                    f"{self.path}: entry {at} is {word!r}, {what} must be numbers within ±2^53"
                )
            numbers.append(number)
        return numbers

    def end(self) -> None:
        """Refuses what is left over."""
        left = len(self._words) - self._at
        if left:
            raise ValueError(
                f"{self.path} is too long: {left} words are left after the last number, from "
                f"{self._words[self._at]!r} on"
            )


def in_units(what: str, numbers: Sequence[Decimal]) -> tuple[IntArray, int]:
    """The numbers times ``unit`` = 10^k as whole numbers, with the smallest k that makes them whole."""
    places = max((-int(n.normalize().as_tuple().exponent) for n in numbers), default=0)
    unit = 10 ** max(0, places)
    whole = [int(n * unit) for n in numbers]
    largest = max((abs(n) for n in whole), default=0)
    if places > DECIMALS or largest > LARGEST:
        raise ValueError(
            f"{what} have up to {places} decimals and reach {largest} in units of 1/{unit}; at most "
            f"{DECIMALS} decimals and 2^53 are kept exactly: round or rescale them"
        )
    return np.array(whole, dtype=np.int64), unit
