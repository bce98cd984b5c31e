"""Random tiny problems about which everything is known: fast enough for a hundred thousand.

    minimize  Σ c_i(x_i)   subject to   Σ a_i(x_i) = b,  Σ d_i(x_i) ≤ e,   x_i from a list

The blocks choose from a list, or are 0/1 knapsacks of the library, whose list are the subsets that fit.
Uses of the rows are integers. Costs are integers, or multiples of 1/10 as floats have them: then sums
and products round, and a bound has to be rounded down. A planted point keeps every problem feasible.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from operator import mul
from random import Random
from typing import Any

import numpy as np

from lagrange.blocks import Block, Response
from lagrange.certificates import float_below
from lagrange.oracles.folded import BinaryImages
from lagrange.oracles.knapsack import Knapsack
from lagrange.problem import Problem
from lagrange.queries import Absolute
from lagrange.vectors import Vector, add, dot

EQUAL, MOST = "equal", "most"
Uses = tuple[int, ...]  # of all entries of both rows, those of EQUAL first
Wrap = Callable[[Any], Any]


@dataclass(frozen=True)
class Option:
    """One thing that a block can do."""

    cost: Fraction  # over a power of two: a float or a sum of floats
    uses: Uses


@dataclass(frozen=True)
class Tiny:
    """options[i] is what block i can do; knapsacks[i] is that block where it is one of the library's.

    equal : how many entries the = row has; the others are those of the ≤ row
    """

    options: tuple[tuple[Option, ...], ...]
    knapsacks: tuple[Knapsack | None, ...]
    rhs: Uses
    equal: int
    integral: bool

    def problem(self, wrap: Wrap = lambda block: block) -> Problem[Any]:
        """For the solvers; ``wrap`` may put something around every block."""
        blocks: list[Block[Any]] = [
            wrap(self._choices(options) if knapsack is None else BinaryImages(knapsack))
            for options, knapsack in zip(self.options, self.knapsacks, strict=True)
        ]
        rows = self._rows(self.rhs)
        return Problem(tuple(blocks), rows, frozenset({MOST} & set(rows)), integral=self.integral)

    @cached_property
    def _costs(self) -> tuple[list[int], int]:
        return scaled([o.cost for options in self.options for o in options])

    def _choices(self, options: Sequence[Option]) -> "Choices":
        return Choices(tuple(options), tuple(self._rows(option.uses) for option in options))

    def _rows(self, uses: Uses) -> dict[str, Any]:
        rows = {EQUAL: uses[: self.equal], MOST: uses[self.equal :]}
        return {name: np.array(v, dtype=np.float64) for name, v in rows.items() if v}

    def flat(self, multipliers: Vector) -> list[float]:
        """Multipliers in the order of ``Uses``."""
        return [v for row in (EQUAL, MOST) if row in multipliers for v in multipliers[row].tolist()]

    def is_dual_feasible(self, multipliers: Sequence[float]) -> bool:
        """λ ≥ 0 on the ≤ row."""
        return all(v >= 0 for v in multipliers[self.equal :])

    def dual(self, multipliers: Sequence[float]) -> Fraction:
        """q(λ), exactly: floats are integers over a power of two."""
        prices, over = scaled(multipliers)
        costs, unit = self._costs
        total, at = -unit * _dot(prices, self.rhs), 0
        for options in self.options:
            values = [
                costs[at + k] * over + unit * _dot(prices, o.uses) for k, o in enumerate(options)
            ]
            total, at = total + min(values), at + len(options)
        return Fraction(total, unit * over)

    def optimum(self) -> Fraction:
        """f*, from the cheapest way to every total use."""
        best: dict[Uses, Fraction] = {(0,) * len(self.rhs): Fraction(0)}
        for options in self.options:
            grown: dict[Uses, Fraction] = {}
            for (uses, cost), option in product(best.items(), options):
                total = tuple(a + b for a, b in zip(uses, option.uses, strict=True))
                value = cost + option.cost
                if total not in grown or value < grown[total]:
                    grown[total] = value
            best = grown
        return min(cost for uses, cost in best.items() if self._fits(uses))

    def _fits(self, uses: Uses) -> bool:
        e = self.equal
        rest = zip(uses[e:], self.rhs[e:], strict=True)
        return uses[:e] == self.rhs[:e] and all(a <= b for a, b in rest)


def scaled(values: Sequence[float | Fraction]) -> tuple[list[int], int]:
    """Integers and the power of two that they are over."""
    ratios = [v.as_integer_ratio() for v in values]
    over = max((d for _, d in ratios), default=1)
    return [n * (over // d) for n, d in ratios], over


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(map(mul, a, b))


@dataclass(frozen=True)
class Choices:
    """A block with a list: exact answers to prices, bounds rounded down; ℓ1 pulls are answered too."""

    options: tuple[Option, ...]
    images: tuple[Mapping[str, Any], ...]

    @cached_property
    def _costs(self) -> tuple[list[int], int]:
        return scaled([option.cost for option in self.options])

    def respond(self, price: Vector, query: Absolute | None, start: Response | None) -> Response:
        if query is not None:
            return self._pulled(price, query)
        prices, over = scaled([v for row in self.images[0] for v in price[row].tolist()])
        costs, unit = self._costs
        values = [
            c * over + unit * _dot(prices, o.uses) for c, o in zip(costs, self.options, strict=True)
        ]
        k = values.index(min(values))
        return self._at(k, float_below(Fraction(values[k], unit * over)))

    def _pulled(self, price: Vector, query: Absolute) -> Response:
        """The best choice in floats; it proves nothing."""

        def value(k: int) -> float:
            far = add(query.offset, self.images[k])
            sizes = ((v.clip(min=0) if n in query.one_sided else abs(v)) for n, v in far.items())
            pull = query.weight * sum(float(v.sum()) for v in sizes)
            return float(self.options[k].cost) + dot(price, self.images[k]) + pull

        return self._at(min(range(len(self.options)), key=value), -math.inf)

    def _at(self, k: int, bound: float) -> Response:
        image = {row: array.copy() for row, array in self.images[k].items()}
        return Response(image, float(self.options[k].cost), bound, k)


# ------------------------------------------------------------------ at random


def random_problem(random: Random) -> Tiny:
    """Up to three blocks and three entries of each row."""
    equal, most = random.choice(((1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (1, 2)))
    integral = random.random() < 0.5
    unit = 1.0 if integral or random.random() < 0.3 else 0.1
    options: list[tuple[Option, ...]] = []
    knapsacks: list[Knapsack | None] = []
    for i in range(random.randint(1, 3)):
        knapsack, found = None, list[Option]()
        if i > 0 and random.random() < 0.4:  # the first block knows all rows
            knapsack, found = _knapsack(random, equal, most, unit)
        else:
            for _ in range(random.randint(1, 3)):
                uses = tuple(random.randint(-2, 2) for _ in range(equal + most))
                found.append(Option(Fraction(unit * random.randint(-5, 5)), uses))
        options.append(tuple(found))
        knapsacks.append(knapsack)
    planted = [random.choice(found).uses for found in options]
    used = [sum(column) for column in zip(*planted, strict=True)]
    rhs = tuple(v + (random.randint(0, 2) if j >= equal else 0) for j, v in enumerate(used))
    return Tiny(tuple(options), tuple(knapsacks), rhs, equal, integral)


def _knapsack(random: Random, equal: int, most: int, unit: float) -> tuple[Knapsack, list[Option]]:
    """Its items are the entries of one of the rows."""
    row = EQUAL if most == 0 or (equal > 0 and random.random() < 0.5) else MOST
    n = equal if row == EQUAL else most
    cost = [unit * random.randint(-5, 5) for _ in range(n)]
    weight = [random.randint(0, 3) for _ in range(n)]
    capacity = random.randint(0, 5)
    found: list[Option] = []
    for x in product((0, 1), repeat=n):
        if _dot(weight, x) <= capacity:
            before = (0,) * (0 if row == EQUAL else equal)
            after = (0,) * (most if row == EQUAL else 0)
            value = sum((Fraction(c) for c, one in zip(cost, x, strict=True) if one), Fraction(0))
            found.append(Option(value, (*before, *x, *after)))
    return Knapsack(np.array(cost), np.array(weight), capacity, row), found
