"""ADMM with a smooth half and a set, in the order set → smooth → price.

    minimize f(x)   subject to   x = z ∈ C,   f with L-Lipschitz gradient, C any closed set
    z⁺ ∈ Proj_C(x + y/ρ);   x⁺ = argmin f + ⟨y, x⟩ + ρ/2 ‖x − z⁺‖²;   y⁺ = y + ρ (x⁺ − z⁺)
    AL(x, z, y) = f(x) + ⟨y, x − z⟩ + ρ/2 ‖x − z‖²

The x-step gives y⁺ = −∇f(x⁺), so ‖y⁺ − y‖ ≤ L ‖x⁺ − x‖ from the second sweep on.

N1   From the second sweep on  AL⁺ − AL ≤ −c ‖x⁺ − x‖²,  c = (ρ − L)/2 − L²/ρ, and for convex f
     c = ρ/2 − max(0, L²/ρ − L/2). Proof: the z-step does not raise AL, whichever nearest point is
     taken, but it has to be a global one. The x-step lowers it by
     f(x) − f(x⁺) − ⟨∇f(x⁺), x − x⁺⟩ + ρ/2 ‖x⁺ − x‖², where the part of f is at least −L/2 ‖x⁺ − x‖²,
     and at least ‖y⁺ − y‖²/(2L) if f is convex. The price raises it by ‖y⁺ − y‖²/ρ.
N2   So AL never rises if ρ ≥ 2L, and for convex f if ρ ≥ L. Both are sharp: where z stays, f = −x²/2
     has y⁺ = (ρz − y)/(ρ − 1), which grows for ever if ρ < 2, and f = x²/2 raises AL if ρ < 1. (The
     argument with strong convexity of the x-step alone gives √2 L for convex f, which is not sharp.) In
     the order smooth → set → price AL can rise at any ρ, as nothing ties y to the gradient there.
N3   Below the bound ADMM need not converge: f = x²/2, C = {−1, 1}, ρ < 1 has the cycle
     x = ∓ρ/(2 + ρ), |x − z| = 2/(2 + ρ).
N4   A limit has x = z and z ∈ Proj_C(z − ∇f(z)/ρ). Tested by distance, ‖v − z‖ = dist(v, C) at
     v = z − ∇f(z)/ρ: the nearest point need not be unique.
N5   For a grid of spacing s that says little: if ρ ≥ 2 max |∂_i f(z)|/s, *every* grid point satisfies
     N4. freeze ratio = max |∂_i f(z)| / (ρ s/2) ≤ 1 means: converged because frozen.

Setting: Y. Wang, W. Yin, J. Zeng, J. Sci. Comput. 78 (2019) 29–63; the proofs above are complete. Here
f is a quadratic ½ xᵀQx − ⟨d, x⟩ and C a finite set or {at most k nonzeros}; runs are exact.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from lagrange.solvers.admm import Order
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.exact_runs import LOSS_FIRST, SET_FIRST, Split, Sweep, admm
from proofs_checks.finite import Rationals, difference, dot, rationals, squared
from proofs_checks.quadratics import Project, Turned, grid, nearest, sparse


@dataclass(frozen=True)
class Setup:
    """f, the projection on C, and where to start."""

    f: Turned
    project: Project
    x: Rationals
    y: Rationals

    def run(self, rho: Fraction, count: int = 8, order: Order = SET_FIRST) -> list[Sweep]:
        """Sweeps of the library's ADMM."""
        split = Split(self.f.prox, lambda v, _: self.project(v))
        return list(admm(split, rho, (self.x, self.project(self.x), self.y), count, order=order))

    def lagrangian(self, s: Sweep, rho: Fraction) -> Fraction:
        """AL."""
        r = difference(s.x, s.z)
        return self.f.value(s.x) + dot(s.y, r) + rho / 2 * squared(r)


def descent(
    setup: Setup, sweeps: Sequence[Sweep], rho: Fraction, coefficient: Fraction
) -> Comparison:
    """N1: AL⁺ − AL ≤ −coefficient ‖x⁺ − x‖² from the second sweep on; its worst sweep."""

    def pairs() -> Iterator[tuple[Fraction, Fraction]]:
        for old, new in list(pairwise(sweeps))[1:]:
            change = setup.lagrangian(new, rho) - setup.lagrangian(old, rho)
            yield change, -coefficient * squared(difference(new.x, old.x))

    change, bound = max(pairs(), key=lambda pair: pair[0] - pair[1])
    return Comparison(change, bound, "<=")


def guaranteed(f: Turned, rho: Fraction) -> Fraction:
    """c = (ρ − L)/2 − L²/ρ."""
    return (rho - f.lipschitz) / 2 - f.lipschitz**2 / rho


def guaranteed_if_convex(f: Turned, rho: Fraction) -> Fraction:
    """c = ρ/2 − max(0, L²/ρ − L/2)."""
    if min(f.eigenvalues) < 0:
        raise HypothesisFails("f is not convex")
    L = f.lipschitz
    return rho / 2 - max(Fraction(0), L**2 / rho - L / 2)


def guaranteed_without_price(f: Turned, rho: Fraction) -> Fraction:
    """Wrong: (ρ − L)/2, the step of the price forgotten."""
    return (rho - f.lipschitz) / 2


def falls(
    setup: Setup,
    rho: Fraction,
    coefficient: Callable[[Turned, Fraction], Fraction] = guaranteed,
    order: Order = SET_FIRST,
) -> Comparison:
    """N1 for a run."""
    return descent(setup, setup.run(rho, order=order), rho, coefficient(setup.f, rho))


def never_rises(
    setup: Setup, factor: Fraction = Fraction(2), order: Order = SET_FIRST
) -> Comparison:
    """N2: AL does not rise at ρ = factor · L; a factor below 2, or 1 for convex f, is wrong."""
    rho = factor * setup.f.lipschitz
    return descent(setup, setup.run(rho, order=order), rho, Fraction(0))


def cycles(rho: Fraction, count: int = 50) -> Comparison:
    """N3: |x − z| is 2/(2 + ρ) after every sweep on {−1, 1}; ρ ≥ 1 is wrong."""
    f = Turned(rationals(1), (rationals(1),), rationals(0))
    x = rho / (2 + rho)
    setup = Setup(f, nearest(grid(rationals(1, -1), 1)), (x,), (-x,))
    smallest = min(abs(s.x[0] - s.z[0]) for s in setup.run(rho, count)[1:])
    return Comparison(2 / (2 + rho), smallest, "<=")


def fixed_point(f: Turned, project: Project, z: Rationals, rho: Fraction) -> Comparison:
    """N4: ‖v − z‖² ≤ dist²(v, C) at v = z − ∇f(z)/ρ."""
    v = tuple(a - g / rho for a, g in zip(z, f.gradient(z), strict=True))
    least = squared(difference(v, project(v)))
    return Comparison(squared(difference(v, z)), least, "<=")


def freeze_ratio(f: Turned, z: Rationals, rho: Fraction, spacing: Fraction) -> Fraction:
    """max |∂_i f(z)| / (ρ s/2)."""
    return max(map(abs, f.gradient(z))) / (rho * spacing / 2)


def frozen_everywhere(f: Turned, values: Sequence[Fraction], rho: Fraction) -> Comparison:
    """N5: the number of grid points that are not fixed, 0 if the largest freeze ratio is ≤ 1."""
    points = grid(values, len(f.linear))
    moved = sum(not fixed_point(f, nearest(points), z, rho).holds for z in points)
    return Comparison(moved, 0, "<=")


# ------------------------------------------------------------------ mutants, pinned

_SIGNS = grid(rationals(-1, 1), 1)
_HILL = Setup(  # f = −x²/2 on {−1, 1}
    Turned(rationals(-1), (rationals(1),), rationals(0)),
    nearest(_SIGNS),
    rationals(-1),
    rationals(0),
)
_BOWL = Setup(  # f = x²/2 − 2x on {−1, 1}
    Turned(rationals(1), (rationals(1),), rationals(2)), nearest(_SIGNS), rationals(0), rationals(0)
)
_SLOPE = Setup(  # f = x²/2 − 9x on {−1, 1}: z = 1 throughout
    Turned(rationals(1), (rationals(1),), rationals(9)), nearest(_SIGNS), rationals(0), rationals(9)
)
_AXES = (rationals(1, 0), rationals(0, 1))


def largest_by_sign(v: Rationals) -> Rationals:
    """Wrong: one nonzero, the largest entry rather than the largest magnitude."""
    kept = max(range(len(v)), key=lambda i: v[i])
    return tuple(a if i == kept else Fraction(0) for i, a in enumerate(v))


def _two_entries(project: Project) -> Setup:
    f = Turned(rationals(1, 1), _AXES, rationals(-1, -1))
    return Setup(f, project, rationals(0, 0), rationals(1, 0))


_SEPARABLE = Turned(rationals(1, 1), _AXES, rationals(3, 1))
_FIVE = rationals(-1, Fraction(-1, 2), 0, Fraction(1, 2), 1)  # |∂_i f| ≤ 4 there, spacing 1/2
_TWO = Fraction(2)

CLAIMS = (
    Claim(
        "N1",
        "set-first-descent",
        "AL⁺ − AL ≤ −((ρ − L)/2 − L²/ρ) ‖x⁺ − x‖² from the second sweep on",
        ("∇f is L-Lipschitz", "order set, smooth, price", "exact answers, global nearest points"),
        "derived; setting of Y. Wang, W. Yin, J. Zeng, J. Sci. Comput. 78 (2019) 29–63",
        falls,
        (
            Mutant(
                "step of the price forgotten",
                lambda: falls(_HILL, _TWO, guaranteed_without_price),
                lambda: falls(_HILL, _TWO),
            ),
            Mutant(
                "projection by sign",
                lambda: falls(_two_entries(largest_by_sign), _TWO),
                lambda: falls(_two_entries(sparse(1)), _TWO),
            ),
        ),
    ),
    Claim(
        "N2",
        "set-first-threshold",
        "AL does not rise from the second sweep on if ρ ≥ 2L, or ρ ≥ L for convex f",
        ("as N1",),
        "derived",
        never_rises,
        (
            Mutant(
                "ρ = 1.9 L",
                lambda: never_rises(_HILL, Fraction(19, 10)),
                lambda: never_rises(_HILL),
            ),
            Mutant(
                "ρ = 0.9 L, f convex",
                lambda: never_rises(_SLOPE, Fraction(9, 10)),
                lambda: never_rises(_SLOPE, Fraction(1)),
            ),
            Mutant(
                "loss first",
                lambda: never_rises(_BOWL, order=LOSS_FIRST),
                lambda: never_rises(_BOWL),
            ),
        ),
    ),
    Claim(
        "N3",
        "two-cycle",
        "ADMM on f = x²/2, C = {−1, 1} keeps |x − z| = 2/(2 + ρ) for ever if ρ < 1",
        ("start x = ρ/(2 + ρ), y = −x",),
        "derived (an instance)",
        cycles,
        (Mutant("ρ = 3", lambda: cycles(Fraction(3)), lambda: cycles(Fraction(1, 2))),),
    ),
    Claim(
        "N4",
        "set-fixed-point",
        "a limit z is a nearest point of C to z − ∇f(z)/ρ",
        ("x − z → 0, y + ∇f(x) → 0", "C closed"),
        "derived",
        fixed_point,
        (
            Mutant(
                "another support",
                lambda: fixed_point(_SEPARABLE, sparse(1), rationals(0, 1), _TWO),
                lambda: fixed_point(_SEPARABLE, sparse(1), rationals(3, 0), _TWO),
            ),
            Mutant(
                "value not refitted",
                lambda: fixed_point(_SEPARABLE, sparse(1), rationals(2, 0), _TWO),
                lambda: fixed_point(_SEPARABLE, sparse(1), rationals(3, 0), _TWO),
            ),
        ),
    ),
    Claim(
        "N5",
        "frozen-grid",
        "every grid point satisfies N4 if ρ ≥ 2 max |∂_i f|/s",
        ("C a grid of spacing s",),
        "derived",
        frozen_everywhere,
        (
            Mutant(
                "ρ = 1",
                lambda: frozen_everywhere(_SEPARABLE, _FIVE, Fraction(1)),
                lambda: frozen_everywhere(_SEPARABLE, _FIVE, Fraction(16)),
            ),
        ),
    ),
)
