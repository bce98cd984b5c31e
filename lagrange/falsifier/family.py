"""Families of instances that a search can go through: a few rational numbers, and how many of them.

An instance has one row of numbers for every variable, numbers of its own besides, and a number of
iterations. What they mean is the business of the claim.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

Rationals = tuple[Fraction, ...]


class Instance(NamedTuple):
    """rows[i] are the numbers of variable i; scalars belong to no variable."""

    rows: tuple[Rationals, ...]
    scalars: Rationals
    iterations: int

    @property
    def numbers(self) -> Rationals:
        """All of them, row by row, the scalars last."""
        return tuple(v for row in self.rows for v in row) + self.scalars


@dataclass(frozen=True)
class Field:
    """One number of an instance: low ≤ v ≤ high, an integer if ``whole``."""

    name: str
    low: int | Fraction
    high: int | Fraction
    whole: bool = False

    def allows(self, v: Fraction) -> bool:
        """Is it in range, and an integer where it has to be?"""
        return self.low <= v <= self.high and not (self.whole and v.denominator > 1)

    def nearest(self, v: Fraction) -> Fraction:
        """An allowed number near v."""
        inside = Fraction(min(max(v, self.low), self.high))
        return Fraction(round(inside)) if self.whole else inside

    def lattice(self, denominator: int) -> list[Fraction]:
        """The multiples of 1/denominator in range, the smallest first; integers if ``whole``."""
        d = 1 if self.whole else denominator
        first, last = -(-self.low * d // 1), self.high * d // 1
        found = [Fraction(k, d) for k in range(int(first), int(last) + 1)]
        return sorted(found, key=lambda v: (abs(v), v < 0))


@dataclass(frozen=True)
class Family:
    """Where a search looks.

    name       : what the instances are, in words
    row        : the numbers of one variable
    scalars    : those of none
    variables  : how many variables there may be, ascending
    iterations : how many iterations, ascending
    """

    name: str
    row: tuple[Field, ...]
    scalars: tuple[Field, ...] = ()
    variables: tuple[int, ...] = (1, 2, 3)
    iterations: tuple[int, ...] = (1, 2, 3, 4, 5)

    def __str__(self) -> str:
        fewest, most = self.variables[0], self.variables[-1]
        count = f"{most}" if fewest == most else f"{fewest} to {most}"
        return f"{self.name}; {count} variables, at most {self.iterations[-1]} iterations"

    def fields(self, variables: int) -> tuple[Field, ...]:
        """Of ``Instance.numbers``."""
        return self.row * variables + self.scalars

    def instance(self, variables: int, iterations: int, numbers: Sequence[Fraction]) -> Instance:
        """The other way round."""
        width = len(self.row)
        rows = tuple(tuple(numbers[i * width : (i + 1) * width]) for i in range(variables))
        return Instance(rows, tuple(numbers[variables * width :]), iterations)

    def allows(self, instance: Instance) -> bool:
        """Is it one of the family?"""
        fields = self.fields(len(instance.rows))
        return (
            len(instance.rows) in self.variables
            and instance.iterations in self.iterations
            and all(f.allows(v) for f, v in zip(fields, instance.numbers, strict=True))
        )

    def lattice(self, variables: int, denominator: int) -> "Lattice":
        """All instances with this denominator, with the most iterations."""
        entries = [f.lattice(denominator) for f in self.fields(variables)]
        return Lattice(self, variables, tuple(map(tuple, entries)))


@dataclass(frozen=True)
class Lattice:
    """Finitely many instances by number; 0 is the one whose entries are all smallest."""

    family: Family
    variables: int
    entries: tuple[Rationals, ...]

    def __len__(self) -> int:
        total = 1
        for values in self.entries:
            total *= len(values)
        return total

    def __getitem__(self, number: int) -> Instance:
        chosen: list[Fraction] = []
        for values in reversed(self.entries):
            number, digit = divmod(number, len(values))
            chosen.append(values[digit])
        most = self.family.iterations[-1]
        return self.family.instance(self.variables, most, chosen[::-1])

    def __iter__(self) -> Iterator[Instance]:
        return (self[i] for i in range(len(self)))
