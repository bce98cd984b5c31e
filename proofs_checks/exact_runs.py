"""Runs of the library's ADMM in exact rational arithmetic.

The solvers only add, scale and compare, so that arrays of rational numbers pass through them as arrays
of floats do. What would spoil it are the few float constants on the way, −1.0 or a relaxation of 1.5:
``Exact`` is a fraction that takes a float for the rational number it is. A theorem can then be checked
on the solver itself without a tolerance.

    minimize F(x) + G(z)   subject to   x − z = 0
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.engine import serially
from lagrange.penalties import AnyPenalty, ConstantPenalty
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.solvers.admm import ADMM, Order
from lagrange.state import Start
from lagrange.vectors import Vector
from proofs_checks.finite import Rationals

ROW = "split"
LOSS_FIRST: Order = ((0,), (1,))  # x → z → y
SET_FIRST: Order = ((1,), (0,))  # z → x → y


class Exact(Fraction):
    """A fraction; a float in the same operation stands for the rational number it is."""

    def __add__(self, other: Any) -> Any:
        return Exact(Fraction(self) + Fraction(other))

    def __sub__(self, other: Any) -> Any:
        return Exact(Fraction(self) - Fraction(other))

    def __rsub__(self, other: Any) -> Any:
        return Exact(Fraction(other) - Fraction(self))

    def __mul__(self, other: Any) -> Any:
        return Exact(Fraction(self) * Fraction(other))

    def __truediv__(self, other: Any) -> Any:
        return Exact(Fraction(self) / Fraction(other))

    def __rtruediv__(self, other: Any) -> Any:
        return Exact(Fraction(other) / Fraction(self))

    def __neg__(self) -> Any:
        return Exact(-Fraction(self))

    def __abs__(self) -> Any:
        return Exact(abs(Fraction(self)))

    def __radd__(self, other: Any) -> Any:
        return self + other

    def __rmul__(self, other: Any) -> Any:
        return self * other


def array(values: Sequence[Fraction | int]) -> Any:
    """The numbers as an array for the solvers."""  # (n,)
    entries = np.empty(len(values), dtype=object)
    entries[:] = [Exact(v) for v in values]
    return entries


def numbers(entries: Any) -> Rationals:
    """And back."""
    return tuple(Fraction(v) for v in entries)


@dataclass(frozen=True)
class Prox:
    """A block from its proximal map: answer(v, ρ) minimizes f(x) + ρ/2 ‖x − v‖².

    sign : image = sign · x: 1 for the first half of the split, −1 for the second
    """

    answer: Callable[[Rationals, Fraction], Rationals]
    sign: int

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        rho = Fraction(query.rho)
        pulled = query.offset[ROW] + price[ROW] / Exact(rho)
        return self.at(self.answer(numbers(-self.sign * pulled), rho))

    def at(self, x: Rationals) -> Response:
        """What the block says at x. Costs are left out: no solver step depends on them."""
        return Response({ROW: self.sign * array(x)}, 0.0, point=x)


class Sweep(NamedTuple):
    """x, z and y after a sweep, and the ρ it was made with."""

    x: Rationals
    z: Rationals
    y: Rationals
    rho: Fraction


@dataclass(frozen=True)
class Split:
    """F and G by their proximal maps."""

    first: Callable[[Rationals, Fraction], Rationals]
    second: Callable[[Rationals, Fraction], Rationals]


Rho = Fraction | AnyPenalty


def admm(
    split: Split,
    rho: Rho,
    start: tuple[Rationals, Rationals, Rationals],
    count: int,
    relaxation: Fraction = Fraction(1),
    order: Order = LOSS_FIRST,
) -> Iterator[Sweep]:
    """(x, z, y) at the start, then after 1, …, count sweeps of the library's solver."""
    x, z, y = start
    problem = Problem(
        (Prox(split.first, 1), Prox(split.second, -1)), {ROW: array([Fraction(0)] * len(y))}
    )
    penalty = ConstantPenalty(rho) if isinstance(rho, Fraction) else rho  # type: ignore[arg-type]
    solver = ADMM(penalty, order, float(relaxation))
    answers = tuple(
        block.at(v)  # type: ignore[attr-defined]
        for block, v in zip(problem.blocks, (x, z), strict=True)
    )
    state: Any = solver.init(problem, Start({ROW: array(y)}, answers))
    yield Sweep(x, z, y, Fraction(state.memory.rho))
    for _ in range(count):
        used = Fraction(state.memory.rho)
        for _ in range(2):
            state = solver.tell(problem, state, serially(problem, solver.ask(problem, state)))
        points = [response.point for response in state.responses]
        yield Sweep(points[0], points[1], numbers(state.multipliers[ROW]), used)


def own_admm(
    split: Split,
    rho: Fraction,
    start: tuple[Rationals, Rationals, Rationals],
    count: int,
    relaxation: Fraction = Fraction(1),
    dual: Fraction = Fraction(1),
) -> Iterator[Sweep]:
    """The same recursion written down again; ``dual`` scales the step of y, 1 is right."""
    x, z, y = start
    yield Sweep(x, z, y, rho)
    for _ in range(count):
        x = split.first(tuple(b - c / rho for b, c in zip(z, y, strict=True)), rho)
        h = tuple(relaxation * a + (1 - relaxation) * b for a, b in zip(x, z, strict=True))
        z = split.second(tuple(a + c / rho for a, c in zip(h, y, strict=True)), rho)
        y = tuple(c + dual * rho * (a - b) for a, b, c in zip(h, z, y, strict=True))
        yield Sweep(x, z, y, rho)
