"""Quadratics with rational eigenvalues, and projections on small sets, all in rationals.

For checks of ADMM with a smooth half and a set: the Lipschitz constant of the gradient is known,
nearest points are found by looking at every candidate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from proofs_checks.comparison import HypothesisFails
from proofs_checks.finite import Rationals, difference, dot, squared

Rows = tuple[Rationals, ...]


@dataclass(frozen=True)
class Turned:
    """f = ½ Σ e_i ⟨q_i, x⟩² − ⟨d, x⟩, the q_i an orthonormal basis of rationals: L = max |e_i|."""

    eigenvalues: Rationals
    axes: Rows
    linear: Rationals

    def __post_init__(self) -> None:
        for i, a in enumerate(self.axes):
            for j, b in enumerate(self.axes):
                if dot(a, b) != (i == j):
                    raise HypothesisFails(f"the axes {self.axes} are not orthonormal")

    @property
    def lipschitz(self) -> Fraction:
        """L."""
        return max(map(abs, self.eigenvalues))

    def value(self, x: Rationals) -> Fraction:
        """f(x)."""
        terms = zip(self.eigenvalues, self.axes, strict=True)
        return sum((e * dot(q, x) ** 2 / 2 for e, q in terms), Fraction(0)) - dot(self.linear, x)

    def gradient(self, x: Rationals) -> Rationals:
        """∇f(x)."""
        return difference(self._along(x, lambda e: e), self.linear)

    def prox(self, v: Rationals, rho: Fraction) -> Rationals:
        """argmin f(x) + ρ/2 ‖x − v‖²; needs ρ > −e_i for all i."""
        if rho + min(self.eigenvalues) <= 0:
            raise HypothesisFails(f"rho = {rho} does not make the x-step strongly convex")
        right = tuple(d + rho * a for d, a in zip(self.linear, v, strict=True))
        return self._along(right, lambda e: 1 / (e + rho))

    def _along(self, x: Rationals, factor: Callable[[Fraction], Fraction]) -> Rationals:
        """Σ factor(e_i) ⟨q_i, x⟩ q_i."""
        parts = [
            [factor(e) * dot(q, x) * entry for entry in q]
            for e, q in zip(self.eigenvalues, self.axes, strict=True)
        ]
        return tuple(sum(column, Fraction(0)) for column in zip(*parts, strict=True))


Project = Callable[[Rationals], Rationals]


def grid(values: Sequence[Fraction], n: int) -> tuple[Rationals, ...]:
    """All points with entries among the values."""
    return tuple(product(values, repeat=n))


def nearest(members: Sequence[Rationals]) -> Project:
    """The first nearest member."""
    return lambda v: min(members, key=lambda z: squared(difference(v, z)))


def sparse(k: int) -> Project:
    """The first nearest point with at most k nonzeros, over all supports."""

    def project(v: Rationals) -> Rationals:
        supports = combinations(range(len(v)), k)
        points = [tuple(a if i in s else Fraction(0) for i, a in enumerate(v)) for s in supports]
        return min(points, key=lambda z: squared(difference(v, z)))

    return project
