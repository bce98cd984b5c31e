"""Convex problems for ADMM whose saddle point is chosen first: every number stays rational.

    minimize F(x) + G(z)   subject to   x − z = 0
    F = Σ h_i x_i²/2 − d_i x_i,   G = weight ‖z‖₁,   d = h z* + y*,   y* ∈ ∂G(z*)

Soft thresholds of rationals are rational, so runs of the library's solver are exact (``exact_runs``)
and no reference solver is needed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.exact_runs import Rho, Split, Sweep, admm
from proofs_checks.finite import Rationals, difference, squared


@dataclass(frozen=True)
class Planted:
    """h, weight, z* and y*; h may be 0."""

    curvature: Rationals
    weight: Fraction
    z: Rationals
    y: Rationals

    def __post_init__(self) -> None:
        for z, y in zip(self.z, self.y, strict=True):
            if abs(y) > self.weight or z * y != self.weight * abs(z):
                raise HypothesisFails(f"y* = {y} is no subgradient of {self.weight} |z| at {z}")
        if min(self.curvature) < 0:
            raise HypothesisFails(f"the curvatures {self.curvature} must be ≥ 0")

    @property
    def linear(self) -> Rationals:
        """d."""
        return tuple(h * z + y for h, z, y in zip(self.curvature, self.z, self.y, strict=True))

    def split(self) -> Split:
        """Both proximal maps."""

        def first(v: Rationals, rho: Fraction) -> Rationals:
            terms = zip(self.curvature, self.linear, v, strict=True)
            return tuple((d + rho * a) / (h + rho) for h, d, a in terms)

        def second(v: Rationals, rho: Fraction) -> Rationals:
            t = self.weight / rho
            return tuple(a - min(max(a, -t), t) for a in v)

        return Split(first, second)

    def cost(self, x: Rationals, z: Rationals) -> Fraction:
        """p."""
        terms = zip(self.curvature, self.linear, x, strict=True)
        return sum((h * a * a / 2 - d * a for h, d, a in terms), Fraction(0)) + self.weight * sum(
            map(abs, z), Fraction(0)
        )

    def optimum(self) -> Fraction:
        """p*."""
        return self.cost(self.z, self.z)


Sweeps = Sequence[Sweep]


def run(
    instance: Planted, rho: Rho, z: Rationals, y: Rationals, count: int = 6, **options: Any
) -> Sweeps:
    """Sweeps of the library's ADMM from (z, y)."""
    return list(admm(instance.split(), rho, (z, z, y), count, **options))


def residual(sweep: Sweep) -> Rationals:
    """r."""
    return difference(sweep.x, sweep.z)


def energy(instance: Planted, sweep: Sweep, rho: Fraction) -> Fraction:
    """V."""
    y, z = difference(sweep.y, instance.y), difference(sweep.z, instance.z)
    return squared(y) / rho + rho * squared(z)


def worst(pairs: Iterable[tuple[Fraction, Fraction]]) -> Comparison:
    """The pair (left, right) of left ≤ right that is nearest to failing, or fails most."""
    left, right = max(pairs, key=lambda pair: pair[0] - pair[1])
    return Comparison(left, right, "<=")


Energy = Callable[[Planted, Sweep, Fraction], Fraction]
