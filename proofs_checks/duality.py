"""Weak duality and what may be called a bound.

    L(x, λ) = f(x) + ⟨λ, g(x)⟩,   q(λ) = min_{x ∈ X} L(x, λ),   f* = min {f(x) : x ∈ X, g(x) {=, ≤} 0}

No convexity anywhere: X is any set on which the minima exist.

W1  For feasible x and λ ≥ 0 on ≤ rows, ⟨λ, g(x)⟩ ≤ 0, so q(λ) ≤ L(x, λ) ≤ f(x).
W2  If x minimizes L(·, λ), then q(m) ≤ L(x, m) = q(λ) + ⟨g(x), m − λ⟩: g(x) is a subgradient.
W3  Any x ∈ X: q(m) ≤ L(x, m) = L(x, λ) + ⟨g(x), m − λ⟩. With L(x, λ) in q(λ)'s place every residual
    serves; the excess L(x, λ) − q(λ) is the ε of an ε-subgradient.
W4  d_i ≤ min_i for every block gives Σ d_i − ⟨λ, b⟩ ≤ Σ min_i − ⟨λ, b⟩ = q(λ). Values v_i ≥ min_i that
    a block has *reached* bound q(λ) from the other side.
W5  An integer that is ≥ q(λ), and f* is one, is ≥ ⌈q(λ)⌉. The ceiling of a float that was rounded
    upwards can be one too many.

What a surrogate value L(x, λ) is good for is in ``surrogate_values``. The proofs above are complete;
they are the source where a claim says "derived".
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import (
    TWO_SWITCHES,
    Choice,
    FiniteProblem,
    Point,
    Rationals,
    difference,
    dot,
    rationals,
)

# ------------------------------------------------------------------ W1, W2, W3


def certified_bound(problem: FiniteProblem, multipliers: Rationals) -> Fraction:
    """q at the projected multipliers."""
    return problem.dual(problem.project(multipliers))


def unprojected_bound(problem: FiniteProblem, multipliers: Rationals) -> Fraction:
    """Wrong: q at multipliers of ≤ rows that may be negative."""
    return problem.dual(multipliers)


Bound = Callable[[FiniteProblem, Rationals], Fraction]


def weak_duality(
    problem: FiniteProblem, multipliers: Rationals, bound: Bound = certified_bound
) -> Comparison:
    """W1: the bound is at most f*."""
    return Comparison(bound(problem, multipliers), problem.optimum(), "<=")


def minimizer_residual(problem: FiniteProblem, multipliers: Rationals) -> Sequence[int]:
    """g(x(λ))."""
    return problem.residual(problem.minimizer(multipliers))


def negated_residual(problem: FiniteProblem, multipliers: Rationals) -> Sequence[int]:
    """Wrong: the residual as b − Σ a_i."""
    return [-v for v in minimizer_residual(problem, multipliers)]


def first_residual(problem: FiniteProblem, multipliers: Rationals) -> Sequence[int]:
    """Wrong: the residual of a point that does not minimize, taken for a subgradient."""
    return problem.residual((0,) * len(problem.blocks))


def subgradient_inequality(
    problem: FiniteProblem,
    multipliers: Rationals,
    other: Rationals,
    subgradient: Callable[[FiniteProblem, Rationals], Sequence[int]] = minimizer_residual,
) -> Comparison:
    """W2: q(other) ≤ q(λ) + ⟨subgradient, other − λ⟩."""
    line = dot(difference(other, multipliers), subgradient(problem, multipliers))
    return Comparison(problem.dual(other), problem.dual(multipliers) + line, "<=")


def surrogate_line(problem: FiniteProblem, point: Point, multipliers: Rationals) -> Fraction:
    """L(x, λ), where the line starts."""
    return problem.lagrangian(point, multipliers)


def dual_line(problem: FiniteProblem, point: Point, multipliers: Rationals) -> Fraction:
    """Wrong: q(λ), as if x were a minimizer."""
    return problem.dual(multipliers)


def surrogate_subgradient(
    problem: FiniteProblem,
    point: Point,
    multipliers: Rationals,
    other: Rationals,
    line: Callable[[FiniteProblem, Point, Rationals], Fraction] = surrogate_line,
) -> Comparison:
    """W3: q(other) ≤ L(x, λ) + ⟨g(x), other − λ⟩."""
    slope = dot(difference(other, multipliers), problem.residual(point))
    return Comparison(problem.dual(other), line(problem, point, multipliers) + slope, "<=")


# ------------------------------------------------------------------ W4, W5


class Answer(NamedTuple):
    """What an inexact block says: a value it reached and a bound it proved, bound ≤ min ≤ value."""

    value: Fraction
    bound: Fraction


def sum_of_bounds(answers: Sequence[Answer]) -> Fraction:
    """Σ d_i."""
    return sum((a.bound for a in answers), Fraction(0))


def sum_of_values(answers: Sequence[Answer]) -> Fraction:
    """Wrong: Σ v_i, what the blocks reached."""
    return sum((a.value for a in answers), Fraction(0))


def inexact_bound(
    problem: FiniteProblem,
    multipliers: Rationals,
    answers: Sequence[Answer],
    combine: Callable[[Sequence[Answer]], Fraction] = sum_of_bounds,
) -> Comparison:
    """W4: Σ d_i − ⟨λ, b⟩ ≤ q(λ)."""
    for i, answer in enumerate(answers):
        least = problem.block_value(i, problem.answer(i, multipliers), multipliers)
        if not answer.bound <= least <= answer.value:
            raise HypothesisFails(f"block {i}: {answer.bound} <= {least} <= {answer.value} fails")
    bound = combine(answers) - dot(multipliers, problem.rhs)
    return Comparison(bound, problem.dual(multipliers), "<=")


def exact_ceiling(problem: FiniteProblem, multipliers: Rationals) -> int:
    """⌈q(λ)⌉ of the rational number."""
    return math.ceil(problem.dual(multipliers))


def float_ceiling(problem: FiniteProblem, multipliers: Rationals) -> int:
    """Wrong: the ceiling of q(λ) as computed in floats, even with one correctly rounded sum."""
    prices = [float(v) for v in multipliers]
    minima = [
        min(float(c.cost) + sum(p * a for p, a in zip(prices, c.image, strict=True)) for c in block)
        for block in problem.blocks
    ]
    return math.ceil(
        math.fsum(minima) - sum(p * b for p, b in zip(prices, problem.rhs, strict=True))
    )


def integral_rounding(
    problem: FiniteProblem,
    multipliers: Rationals,
    round_up: Callable[[FiniteProblem, Rationals], int] = exact_ceiling,
) -> Comparison:
    """W5: the bound rounded up to an integer is at most f*. Costs are integers by construction."""
    if not problem.is_dual_feasible(multipliers):
        raise HypothesisFails("a multiplier of a ≤ row is negative")
    return Comparison(round_up(problem, multipliers), problem.optimum(), "<=")


# ------------------------------------------------------------------ mutants, pinned

_FREE_LUNCH = FiniteProblem(((Choice(0, (-1,)),),), (0,), (True,))  # f = 0, g = −1 ≤ 0
_IDLE = FiniteProblem(((Choice(0, (0,)), Choice(-1, (0,))),), (0,), (False,))  # g = 0 always
_TENT = FiniteProblem(  # q = min(λ, −λ, 3)
    ((Choice(0, (1,)), Choice(0, (-1,)), Choice(3, (0,))),), (0,), (False,)
)
_TENTHS = FiniteProblem(  # at λ = −1/10 the float sum is 0.30000000000000004 − 3·0.1 > 0
    tuple((Choice(0, (a,)),) for a in (1, 1, 1, -3)), (0,), (False,)
)
_REACHED = (Answer(Fraction(1), Fraction(-2)), Answer(Fraction(0), Fraction(-1)))

CLAIMS = (
    Claim(
        "W1",
        "weak-duality",
        "q(λ) ≤ f*",
        ("the minimum over X is global", "λ ≥ 0 on ≤ rows"),
        "derived; classical",
        weak_duality,
        (
            Mutant(
                "no sign clip",
                lambda: weak_duality(_FREE_LUNCH, rationals(-1), unprojected_bound),
                lambda: weak_duality(_FREE_LUNCH, rationals(-1)),
            ),
            Mutant(
                "surrogate value reported as a bound",
                lambda: weak_duality(_IDLE, rationals(0), lambda p, m: p.lagrangian((0,), m)),
                lambda: weak_duality(_IDLE, rationals(0)),
            ),
        ),
    ),
    Claim(
        "W2",
        "subgradient-inequality",
        "q(m) ≤ q(λ) + ⟨g(x(λ)), m − λ⟩ for all m",
        ("x(λ) minimizes L(·, λ) over X",),
        "derived; classical",
        subgradient_inequality,
        (
            Mutant(
                "sign of g",
                lambda: subgradient_inequality(_TENT, rationals(1), rationals(0), negated_residual),
                lambda: subgradient_inequality(_TENT, rationals(1), rationals(0)),
            ),
            Mutant(
                "g of a point that does not minimize",
                lambda: subgradient_inequality(
                    TWO_SWITCHES, rationals(5), rationals(0), first_residual
                ),
                lambda: subgradient_inequality(TWO_SWITCHES, rationals(5), rationals(0)),
            ),
        ),
    ),
    Claim(
        "W3",
        "surrogate-subgradient",
        "q(m) ≤ L(x, λ) + ⟨g(x), m − λ⟩ for all m",
        ("x ∈ X",),
        "derived",
        surrogate_subgradient,
        (
            Mutant(
                "the value of a minimizer with another point's residual",
                lambda: surrogate_subgradient(
                    TWO_SWITCHES, (0, 0), rationals(5), rationals(0), dual_line
                ),
                lambda: surrogate_subgradient(TWO_SWITCHES, (0, 0), rationals(5), rationals(0)),
            ),
        ),
    ),
    Claim(
        "W4",
        "inexact-bound",
        "Σ d_i − ⟨λ, b⟩ ≤ q(λ)",
        ("d_i is a proved lower bound on block i's minimum at these multipliers",),
        "derived",
        inexact_bound,
        (
            Mutant(
                "sum of incumbents",
                lambda: inexact_bound(TWO_SWITCHES, rationals(2), _REACHED, sum_of_values),
                lambda: inexact_bound(TWO_SWITCHES, rationals(2), _REACHED),
            ),
        ),
    ),
    Claim(
        "W5",
        "integral-rounding",
        "⌈q(λ)⌉ ≤ f*",
        ("every feasible objective is an integer", "λ ≥ 0 on ≤ rows"),
        "derived",
        integral_rounding,
        (
            Mutant(
                "ceiling of a float",
                lambda: integral_rounding(_TENTHS, rationals(Fraction(-1, 10)), float_ceiling),
                lambda: integral_rounding(_TENTHS, rationals(Fraction(-1, 10))),
            ),
        ),
    ),
)
