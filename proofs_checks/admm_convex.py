"""ADMM with two convex halves, sweep by sweep.

    minimize F(x) + G(z)   subject to   x − z = 0,   saddle point (z*, z*, y*),   p = F(x) + G(z)
    x⁺ = argmin F + ⟨y, x⟩ + ρ/2 ‖x − z‖²;  z⁺ = argmin G − ⟨y, z⟩ + ρ/2 ‖x⁺ − z‖²;  y⁺ = y + ρ r⁺
    r = x − z,   Δ = z⁺ − z,   V = ‖y − y*‖²/ρ + ρ ‖z − z*‖²

The optimality conditions are −(y⁺ + ρΔ) ∈ ∂F(x⁺) and y⁺ ∈ ∂G(z⁺). Hence, with the subgradient
inequalities at any point u and with any price m,

    p⁺ − p(u, u) + ⟨m, r⁺⟩ ≤ −⟨y⁺ − m, r⁺⟩ − ρ ⟨Δ, x⁺ − u⟩
        = (‖y − m‖² − ‖y⁺ − m‖²)/(2ρ) + ½ρ (‖z − u‖² − ‖z⁺ − u‖²) − ½ρ ‖r⁺ + Δ‖²       (*)

(r⁺ = (y⁺ − y)/ρ, x⁺ − u = z⁺ − u + r⁺, and 2⟨a − b, a − c⟩ = ‖a − b‖² + ‖a − c‖² − ‖b − c‖²).

A1   V⁺ ≤ V − ρ ‖r⁺‖² − ρ ‖Δ‖² in every sweep but the first, where it needs y ∈ ∂G(z). Proof: A1w and
     ‖r⁺ + Δ‖² = ‖r⁺‖² + ‖Δ‖² + 2⟨r⁺, Δ⟩, where ρ⟨r⁺, Δ⟩ = ⟨y⁺ − y, z⁺ − z⟩ ≥ 0: ∂G is monotone.
     F the indicator of 0, G = 0, z = 0, y = ρ breaks it in the first sweep, by 2ρ.
A1w  V⁺ ≤ V − ρ ‖r⁺ + Δ‖² in every sweep: (*) at u = z*, m = y*, where the left side is ≥ 0 by A3.
A2   p⁺ − p* ≤ −⟨y⁺, r⁺⟩ − ρ ⟨Δ, r⁺ + z⁺ − z*⟩: the first line of (*) at u = z*, m = 0.
A3   p* − p⁺ ≤ ⟨y*, r⁺⟩: the saddle point. p⁺ itself may lie below p*.
A4   Averages x̄, z̄ over sweeps 1..K: for every price m
     p(x̄, z̄) − p* + ⟨m, r̄⟩ ≤ (ρ ‖z_0 − z*‖² + ‖y_0 − m‖²/ρ)/(2K). Proof: (*) at u = z*, summed over the
     sweeps; p is convex.

Classical: S. Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122; the proofs above are complete.
What changes with relaxation and with ρ is in ``admm_variants``.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.exact_runs import Sweep, own_admm
from proofs_checks.finite import Rationals, difference, dot, rationals, squared
from proofs_checks.planted import Energy, Planted, Sweeps, energy, residual, run, worst

SOURCE = "derived; classical: S. Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122"


def energy_falls(
    instance: Planted, sweeps: Sweeps, first: int = 1, value: Energy = energy
) -> Comparison:
    """A1: V⁺ ≤ V − ρ ‖r⁺‖² − ρ ‖Δ‖² from sweep ``first`` on (0 is wrong), each with its own ρ."""

    def pairs() -> Iterator[tuple[Fraction, Fraction]]:
        for old, new in list(pairwise(sweeps))[first:]:
            gain = squared(residual(new)) + squared(difference(new.z, old.z))
            rho = new.rho
            yield value(instance, new, rho), value(instance, old, rho) - rho * gain

    return worst(pairs())


def energy_falls_weakly(instance: Planted, sweeps: Sweeps, value: Energy = energy) -> Comparison:
    """A1w: V⁺ ≤ V − ρ ‖r⁺ + Δ‖² from the first sweep on."""

    def pairs() -> Iterator[tuple[Fraction, Fraction]]:
        for old, new in pairwise(sweeps):
            gain = new.rho * squared(difference(new.x, old.z))
            yield value(instance, new, new.rho), value(instance, old, new.rho) - gain

    return worst(pairs())


def energy_with_weights_swapped(instance: Planted, sweep: Sweep, rho: Fraction) -> Fraction:
    """Wrong: ρ ‖y − y*‖² + ‖z − z*‖²/ρ."""
    return energy(instance, sweep, 1 / rho)


def cost_above(
    instance: Planted,
    sweeps: Sweeps,
    price: Callable[[Planted, Sweep], Rationals] = lambda instance, sweep: sweep.y,
    with_move: bool = True,
) -> Comparison:
    """A2: p⁺ − p* ≤ −⟨y⁺, r⁺⟩ − ρ ⟨Δ, r⁺ + z⁺ − z*⟩; another ``price`` than y⁺ is wrong, and so is
    leaving out the term in Δ.
    """

    def pairs() -> Iterator[tuple[Fraction, Fraction]]:
        for old, new in pairwise(sweeps):
            bound = -dot(price(instance, new), residual(new))
            if with_move:
                toward = difference(new.x, instance.z)
                bound -= new.rho * dot(difference(new.z, old.z), toward)
            yield instance.cost(new.x, new.z) - instance.optimum(), bound

    return worst(pairs())


def cost_below(
    instance: Planted,
    sweeps: Sweeps,
    price: Callable[[Planted, Sweep], Rationals] = lambda instance, sweep: instance.y,
) -> Comparison:
    """A3: p* − p⁺ ≤ ⟨y*, r⁺⟩; another ``price`` than y* is wrong."""
    return worst(
        (instance.optimum() - instance.cost(s.x, s.z), dot(price(instance, s), residual(s)))
        for s in sweeps[1:]
    )


def average(values: Sequence[Rationals]) -> Rationals:
    """The mean, entry by entry."""
    return tuple(sum(column, Fraction(0)) / len(values) for column in zip(*values, strict=True))


def ergodic(
    instance: Planted, sweeps: Sweeps, price: Rationals, since: int = 1, factor: int = 2
) -> Comparison:
    """A4 at one price m; ``since`` = 0 and another ``factor`` than 2 are wrong."""
    x, z = average([s.x for s in sweeps[since:]]), average([s.z for s in sweeps[since:]])
    rho, start, K = sweeps[1].rho, sweeps[0], len(sweeps) - 1
    gap = instance.cost(x, z) - instance.optimum() + dot(price, difference(x, z))
    far = rho * squared(difference(start.z, instance.z))
    far += squared(difference(start.y, price)) / rho
    return Comparison(gap, far / (factor * K), "<=")


# ------------------------------------------------------------------ mutants, pinned

_STIFF = Planted(
    rationals(99), Fraction(0), rationals(0), rationals(0)
)  # nearly the indicator of 0
_LASSO = Planted(
    rationals(1, 2, Fraction(1, 3)), Fraction(2), rationals(1, 0, -3), rationals(2, 1, -2)
)
_FROM = (rationals(4, -1, 0), rationals(0, 5, 1))
_TINY = Planted(rationals(2), Fraction(3), rationals(0), rationals(1))
_FLAT = Planted(rationals(1), Fraction(3), rationals(0), rationals(1))


def _lasso() -> Sweeps:
    return run(_LASSO, Fraction(3), *_FROM)


def _wrong_dual() -> Sweeps:
    """Wrong: y⁺ = y − ρ r⁺."""
    z, y = _FROM
    return list(own_admm(_LASSO.split(), Fraction(3), (z, z, y), 6, dual=Fraction(-1)))


def _stiff() -> Sweeps:
    return run(_STIFF, Fraction(1), rationals(0), rationals(1))


def _tiny() -> Sweeps:
    return run(_TINY, Fraction(3), rationals(1), rationals(1), 1)


def _flat() -> Sweeps:
    return run(_FLAT, Fraction(1), rationals(0), rationals(0), 1)


def _optimal_price(instance: Planted, sweep: Sweep) -> Rationals:
    """Wrong in A2: y*."""
    return instance.y


def _no_price(instance: Planted, sweep: Sweep) -> Rationals:
    """Wrong in A3: 0, as if p were never below p*."""
    return rationals(0)


def _new_price(instance: Planted, sweep: Sweep) -> Rationals:
    """Wrong in A3: y⁺."""
    return sweep.y


_tiny_ergodic = partial(ergodic, _TINY, price=rationals(3))

CLAIMS = (
    Claim(
        "A1",
        "admm-energy",
        "V⁺ ≤ V − ρ ‖r⁺‖² − ρ ‖z⁺ − z‖² from the second sweep on",
        ("F, G convex with a saddle point", "exact answers", "y ∈ ∂G(z) before the sweep"),
        SOURCE,
        energy_falls,
        (
            Mutant(
                "from the first sweep",
                lambda: energy_falls(_STIFF, _stiff(), first=0),
                lambda: energy_falls(_STIFF, _stiff()),
            ),
            Mutant(
                "sign of the dual step",
                lambda: energy_falls(_LASSO, _wrong_dual()),
                lambda: energy_falls(_LASSO, _lasso()),
            ),
        ),
    ),
    Claim(
        "A1w",
        "admm-energy-from-anywhere",
        "V⁺ ≤ V − ρ ‖r⁺ + (z⁺ − z)‖² in every sweep",
        ("F, G convex with a saddle point", "exact answers"),
        SOURCE,
        energy_falls_weakly,
        (
            Mutant(
                "weights of V swapped",
                lambda: energy_falls_weakly(_TINY, _tiny(), energy_with_weights_swapped),
                lambda: energy_falls_weakly(_TINY, _tiny()),
            ),
        ),
    ),
    Claim(
        "A2",
        "admm-cost-above",
        "p⁺ − p* ≤ −⟨y⁺, r⁺⟩ − ρ ⟨z⁺ − z, r⁺ + z⁺ − z*⟩",
        ("as A1w",),
        SOURCE,
        cost_above,
        (
            Mutant(
                "y* for y",
                lambda: cost_above(_FLAT, _flat(), _optimal_price),
                lambda: cost_above(_FLAT, _flat()),
            ),
            Mutant(
                "move of z left out",
                lambda: cost_above(_TINY, _tiny(), with_move=False),
                lambda: cost_above(_TINY, _tiny()),
            ),
        ),
    ),
    Claim(
        "A3",
        "admm-cost-below",
        "p* − p⁺ ≤ ⟨y*, r⁺⟩",
        ("(z*, z*, y*) is a saddle point",),
        SOURCE,
        cost_below,
        (
            Mutant(
                "p never below p*",
                lambda: cost_below(_TINY, _tiny(), _no_price),
                lambda: cost_below(_TINY, _tiny()),
            ),
            Mutant(
                "y for y*",
                lambda: cost_below(_FLAT, _flat(), _new_price),
                lambda: cost_below(_FLAT, _flat()),
            ),
        ),
    ),
    Claim(
        "A4",
        "admm-ergodic",
        "p(x̄, z̄) − p* + ⟨m, r̄⟩ ≤ (ρ ‖z_0 − z*‖² + ‖y_0 − m‖²/ρ)/(2K) for every m",
        ("as A1w", "averages over sweeps 1..K", "no relaxation"),
        SOURCE,
        ergodic,
        (
            Mutant(
                "average from 0",
                lambda: _tiny_ergodic(sweeps=_tiny(), since=0),
                lambda: _tiny_ergodic(sweeps=_tiny()),
            ),
            Mutant(
                "half the constant",
                lambda: _tiny_ergodic(sweeps=_tiny(), factor=4),
                lambda: _tiny_ergodic(sweeps=_tiny()),
            ),
        ),
    ),
)
