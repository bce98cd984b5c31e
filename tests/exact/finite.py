"""A block with finitely many choices, answered and bounded in rationals, and brute force over it."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lagrange import Problem, Quadratic, Response


@dataclass(frozen=True)
class Finite:
    """Choice k has cost ``costs[k]`` and takes ``images[row][k]`` of every row."""

    costs: Sequence[float]
    images: Mapping[str, np.ndarray]  # row -> (choices, entries of the row)

    def respond(self, price, query: Quadratic | None, start) -> Response:
        values = [self.value(k, price, query) for k in range(len(self.costs))]
        k = values.index(min(values))
        bound = float_at_most(values[k]) if query is None else -math.inf
        return self.choice(k, bound)

    def choice(self, k: int, bound: float = -math.inf) -> Response:
        image = {row: np.array(array[k], dtype=float) for row, array in self.images.items()}
        return Response(image, float(self.costs[k]), bound, k)

    def value(self, k: int, price, query: Quadratic | None = None) -> Fraction:
        """Cost plus prices plus pull, exactly."""
        value = Fraction(self.costs[k])
        for row, array in self.images.items():
            value += exact_dot(price[row], array[k])
            if query is not None:
                far = array[k] + query.offset[row]
                value += Fraction(query.rho) / 2 * exact_dot(far, far)
        return value


def exact_dot(a, b) -> Fraction:
    pairs = zip(np.asarray(a).tolist(), np.asarray(b).tolist(), strict=True)
    return sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction(0))


def float_at_most(value: Fraction) -> float:
    x = float(value)
    return x if Fraction(x) <= value else math.nextafter(x, -math.inf)


def dual_value(problem: Problem, multipliers) -> Fraction:
    """q(λ) of a problem whose blocks are all ``Finite``, exactly."""
    least = [min(b.value(k, multipliers) for k in range(len(b.costs))) for b in problem.blocks]
    return sum(least) - sum(exact_dot(multipliers[r], problem.rhs[r]) for r in problem.rhs)


def feasible_costs(problem: Problem) -> list[float]:
    """The costs of all feasible combinations of choices; whole numbers throughout."""
    found = []
    for ks in itertools.product(*(range(len(b.costs)) for b in problem.blocks)):
        picked = [b.choice(k) for b, k in zip(problem.blocks, ks, strict=True)]
        residual = problem.residual(picked)
        if all(
            bool((g <= 0).all() if row in problem.inequality else (g == 0).all())
            for row, g in residual.items()
        ):
            found.append(sum(r.cost for r in picked))
    return found
