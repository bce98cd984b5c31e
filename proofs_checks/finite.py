"""Finite integer problems: small enough to know everything about them, in rationals.

    minimize  Σ_i f_i(x_i)   subject to   g(x) = Σ_i a_i(x_i) − b  {= 0, ≤ 0},   x_i from a list

A point is a tuple of indices, one choice for each block. Costs and images are integers. ``as_problem``
is the same problem for the solvers of the library.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import NamedTuple, TypeAlias

import numpy as np

from lagrange.blocks import Response
from lagrange.certificates import float_below
from lagrange.problem import Problem
from lagrange.vectors import Vector
from proofs_checks.comparison import HypothesisFails

Rationals: TypeAlias = tuple[Fraction, ...]
Point: TypeAlias = tuple[int, ...]


class Choice(NamedTuple):
    """f_i and a_i of one x_i."""

    cost: int
    image: tuple[int, ...]


@dataclass(frozen=True)
class FiniteProblem:
    """blocks[i] lists the choices of block i; inequality[j] says that row j is ≤ rather than =."""

    blocks: tuple[tuple[Choice, ...], ...]
    rhs: tuple[int, ...]
    inequality: tuple[bool, ...]

    def points(self) -> Iterator[Point]:
        """All of X."""
        return product(*(range(len(block)) for block in self.blocks))

    def cost(self, point: Point) -> int:
        """f(x)."""
        return sum(choice.cost for choice in self._chosen(point))

    def residual(self, point: Point) -> tuple[int, ...]:
        """g(x)."""
        images = [choice.image for choice in self._chosen(point)]
        return tuple(sum(column) - b for *column, b in zip(*images, self.rhs, strict=True))

    def is_feasible(self, point: Point) -> bool:
        """Does x satisfy the coupling rows?"""
        g = self.residual(point)
        return all(v <= 0 if le else v == 0 for v, le in zip(g, self.inequality, strict=True))

    def optimum(self) -> int:
        """f*. Raises HypothesisFails if no point is feasible."""
        costs = [self.cost(x) for x in self.points() if self.is_feasible(x)]
        if not costs:
            raise HypothesisFails("the instance has no feasible point")
        return min(costs)

    def lagrangian(self, point: Point, multipliers: Rationals) -> Fraction:
        """L(x, λ)."""
        return self.cost(point) + dot(multipliers, self.residual(point))

    def block_value(self, block: int, choice: int, multipliers: Rationals) -> Fraction:
        """f_i(x_i) + ⟨λ, a_i(x_i)⟩."""
        cost, image = self.blocks[block][choice]
        return cost + dot(multipliers, image)

    def answer(self, block: int, multipliers: Rationals) -> int:
        """A minimizing choice of one block, the first of several."""
        values = [self.block_value(block, c, multipliers) for c in range(len(self.blocks[block]))]
        return values.index(min(values))

    def minimizer(self, multipliers: Rationals) -> Point:
        """x(λ)."""
        return tuple(self.answer(i, multipliers) for i in range(len(self.blocks)))

    def dual(self, multipliers: Rationals) -> Fraction:
        """q(λ) = min_x L(x, λ)."""
        return self.lagrangian(self.minimizer(multipliers), multipliers)

    def project(self, multipliers: Rationals) -> Rationals:
        """P: λ with the entries of ≤ rows raised to at least zero."""
        pairs = zip(multipliers, self.inequality, strict=True)
        return tuple(max(v, Fraction(0)) if le else v for v, le in pairs)

    def is_dual_feasible(self, multipliers: Rationals) -> bool:
        """λ ≥ 0 on the ≤ rows."""
        return self.project(multipliers) == multipliers

    def _chosen(self, point: Point) -> list[Choice]:
        return [block[i] for block, i in zip(self.blocks, point, strict=True)]


TWO_SWITCHES = FiniteProblem(  # f = a + b, g = 2 − a − b
    ((Choice(0, (0,)), Choice(1, (-1,))),) * 2, (-2,), (False,)
)


def rationals(*values: int | float | Fraction) -> Rationals:
    """The rational numbers that these are; a float is the one it stands for."""
    return tuple(Fraction(v) for v in values)


def dot(a: Sequence[Fraction | int], b: Sequence[Fraction | int]) -> Fraction:
    """⟨a, b⟩."""
    return sum((Fraction(x) * y for x, y in zip(a, b, strict=True)), Fraction(0))


def squared(a: Sequence[Fraction | int]) -> Fraction:
    """‖a‖²."""
    return dot(a, a)


def difference(a: Rationals, b: Rationals) -> Rationals:
    """a − b."""
    return tuple(x - y for x, y in zip(a, b, strict=True))


def dual_maximizer(problem: FiniteProblem) -> Rationals:
    """λ* with q(λ*) = q*, for one coupling row and a feasible problem.

    q is concave, piecewise linear and bounded by f*, so it is largest at a corner: where two of its
    lines f + λ g cross, or at λ = 0 (its only end, and the answer where q is constant).
    """
    if len(problem.rhs) != 1:
        raise HypothesisFails(f"one coupling row is needed, the instance has {len(problem.rhs)}")
    problem.optimum()
    lines = {(problem.residual(x)[0], problem.cost(x)) for x in problem.points()}
    corners = {Fraction(0)}
    for (g, f), (h, e) in combinations(lines, 2):
        if g != h:
            corners.add(Fraction(f - e, h - g))
    candidates = [(corner,) for corner in corners if problem.is_dual_feasible((corner,))]
    return max(candidates, key=problem.dual)


@dataclass(frozen=True)
class ChoiceBlock:
    """One block of a finite problem for the library: exact answers, bounds rounded down."""

    problem: FiniteProblem
    block: int

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        multipliers = multipliers_of(self.problem, price)
        i = self.problem.answer(self.block, multipliers)
        bound = float_below(self.problem.block_value(self.block, i, multipliers))
        return self.response(i, bound)

    def response(self, choice: int, bound: float = -np.inf) -> Response:
        """What the block says when it does this."""
        cost, image = self.problem.blocks[self.block][choice]
        rows = {f"row{j}": np.array([float(v)]) for j, v in enumerate(image)}
        return Response(rows, float(cost), bound, choice)


def as_problem(problem: FiniteProblem) -> Problem[None]:
    """The instance for ``lagrange.solve``: rows row0, row1, …, each of shape (1,)."""
    return Problem(
        tuple(ChoiceBlock(problem, i) for i in range(len(problem.blocks))),
        as_vector(rationals(*problem.rhs)),
        frozenset(f"row{j}" for j, le in enumerate(problem.inequality) if le),
        integral=True,
    )


def as_vector(multipliers: Rationals) -> Vector:
    """Numbers as a coupling vector, rounded to floats."""
    return {f"row{j}": np.array([float(v)]) for j, v in enumerate(multipliers)}


def multipliers_of(problem: FiniteProblem, vector: Vector) -> Rationals:
    """A coupling vector as the rationals that its floats are."""
    return rationals(*(float(vector[f"row{j}"][0]) for j in range(len(problem.rhs))))
