"""Surrogate values: L(x, λ) at a point x ∈ X that need not minimize.

    q(λ) = min_{x ∈ X} L(x, λ),   q* = sup q,   f* the optimum

S1  q(λ) is a minimum, so L(x, λ) lies above it or on it.
S2  Nothing else holds: f = a + b, g = 2 − a − b, a, b ∈ {0, 1} has f* = 2. At λ = 5 the block update
    (0, 0) → (1, 0) lowers L from 10 to 6, and 6 > f*.
S3  If x' is no worse than x at λ' = P(λ + s g(x)) and s = γ (v − L(x, λ)) / ‖g(x)‖², then
    L(x', λ') ≤ L(x, λ') = L(x, λ) + ⟨g, λ' − λ⟩ ≤ L(x, λ) + s ‖g‖² = (1 − γ) L(x, λ) + γ v,
    which is < v for γ < 1. Row by row P leaves a move with g_j ≥ 0 as it is and shortens one with
    g_j < 0, so ⟨g, λ' − λ⟩ ≤ s ‖g‖² survives the projection. With v ≤ q* the surrogate value stays a
    lower bound on f*; without the condition on s nothing is known.

The proofs above are complete; they are the source where a claim says "derived".
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import (
    TWO_SWITCHES,
    Choice,
    FiniteProblem,
    Point,
    Rationals,
    rationals,
    squared,
)

Value = Callable[[FiniteProblem, Point, Rationals], Fraction]


def surrogate_value(problem: FiniteProblem, point: Point, multipliers: Rationals) -> Fraction:
    """L(x, λ)."""
    return problem.lagrangian(point, multipliers)


def surrogate_is_above(
    problem: FiniteProblem, point: Point, multipliers: Rationals, value: Value = surrogate_value
) -> Comparison:
    """S1: q(λ) ≤ L(x, λ)."""
    return Comparison(problem.dual(multipliers), value(problem, point, multipliers), "<=")


def surrogate_exceeds_optimum(value: Value = surrogate_value) -> Comparison:
    """S2: after a strict improvement at λ = 5 the surrogate value is 4 above f*."""
    problem, multipliers, old, new = TWO_SWITCHES, rationals(5), (0, 0), (1, 0)
    if not problem.lagrangian(new, multipliers) < problem.lagrangian(old, multipliers):
        raise HypothesisFails("the update does not improve the Lagrangian")
    return Comparison(value(problem, new, multipliers) - problem.optimum(), 4, "==")


class Iterate(NamedTuple):
    """A point of X and the multipliers it was found at."""

    point: Point
    multipliers: Rationals


Update = Callable[[FiniteProblem, Iterate, Rationals], Point]
Step = Callable[[Fraction, Fraction, Fraction], Fraction]


def block_update(block: int) -> Update:
    """Re-solves one block at the *new* multipliers: L(x', λ') ≤ L(x, λ')."""

    def update(problem: FiniteProblem, now: Iterate, multipliers: Rationals) -> Point:
        choice = problem.answer(block, multipliers)
        return (*now.point[:block], choice, *now.point[block + 1 :])

    return update


def stale_update(block: int) -> Update:
    """Wrong: re-solves it at the old multipliers."""
    return lambda problem, now, _: block_update(block)(problem, now, now.multipliers)


def short_step(share: Fraction, distance: Fraction, length2: Fraction) -> Fraction:
    """γ (v − L) / ‖g‖²."""
    return share * distance / length2


def long_step(share: Fraction, distance: Fraction, length2: Fraction) -> Fraction:
    """Wrong: two and a half times that."""
    return Fraction(5, 2) * short_step(share, distance, length2)


def surrogate_stays_below(
    problem: FiniteProblem,
    now: Iterate,
    level: Fraction,
    share: Fraction,
    update: Update,
    step: Step = short_step,
) -> Comparison:
    """S3: L(x', λ') ≤ (1 − γ) L(x, λ) + γ v, below the level v. ``level`` may be any v ≤ q*."""
    value, g = problem.lagrangian(*now), problem.residual(now.point)
    if not problem.is_dual_feasible(now.multipliers):
        raise HypothesisFails("a multiplier of a ≤ row is negative")
    if not value < level:
        raise HypothesisFails(f"the surrogate value {value} is not below the level {level}")
    if not (0 < share < 1 and squared(g) > 0):
        raise HypothesisFails(f"share {share} must lie in (0, 1) and g = {g} must not vanish")
    s = step(share, level - value, squared(g))
    moved = problem.project(tuple(m + s * v for m, v in zip(now.multipliers, g, strict=True)))
    after = problem.lagrangian(update(problem, now, moved), moved)
    return Comparison(after, (1 - share) * value + share * level, "<=")


# ------------------------------------------------------------------ mutants, pinned

_LURE = FiniteProblem(  # q = min(λ, 4λ − 1, 3 − λ), q* = 3/2
    ((Choice(0, (1,)), Choice(-1, (4,)), Choice(3, (-1,)), Choice(9, (0,))),), (0,), (False,)
)


def _short(problem: FiniteProblem, level: Fraction, now: Iterate, **wrong: Any) -> Comparison:
    return surrogate_stays_below(
        problem, now, level, Fraction(1, 2), **{"update": block_update(0), **wrong}
    )


_SWITCHING = partial(_short, TWO_SWITCHES, Fraction(2), Iterate((0, 0), rationals(0)))
_LURED = partial(_short, _LURE, Fraction(3, 2), Iterate((0,), rationals(0)))

CLAIMS = (
    Claim(
        "S1",
        "surrogate-above-dual",
        "q(λ) ≤ L(x, λ)",
        ("x ∈ X",),
        "derived",
        surrogate_is_above,
        (
            Mutant(
                "value at the multipliers before the move",
                lambda: surrogate_is_above(
                    TWO_SWITCHES,
                    (0, 0),
                    rationals(1),
                    lambda p, x, m: p.lagrangian(x, rationals(0)),
                ),
                lambda: surrogate_is_above(TWO_SWITCHES, (0, 0), rationals(1)),
            ),
        ),
    ),
    Claim(
        "S2",
        "surrogate-above-optimum",
        "a surrogate value can exceed f*, also right after a strict improvement",
        (),
        "derived (an instance)",
        surrogate_exceeds_optimum,
        (
            Mutant(
                "certified bound taken for the surrogate value",
                lambda: surrogate_exceeds_optimum(lambda p, x, m: p.dual(m)),
                surrogate_exceeds_optimum,
            ),
        ),
    ),
    Claim(
        "S3",
        "surrogate-below-level",
        "L(x', λ') ≤ (1 − γ) L(x, λ) + γ v < v",
        (
            "L(x, λ) < v ≤ q*",
            "λ' = P(λ + s g(x)), s = γ (v − L(x, λ)) / ‖g(x)‖², 0 < γ < 1",
            "L(x', λ') ≤ L(x, λ')",
        ),
        "X. Zhao, P. B. Luh, J. Wang, J. Optim. Theory Appl. 100 (1999) 699–712, for the method; "
        "proof derived",
        surrogate_stays_below,
        (
            Mutant("step 2.5 times too long", lambda: _SWITCHING(step=long_step), _SWITCHING),
            Mutant("old multipliers", lambda: _LURED(update=stale_update(0)), _LURED),
        ),
    ),
)
