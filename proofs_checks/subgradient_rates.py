"""Subgradient ascent on the dual, iteration by iteration.

    λ_{k+1} = P(λ_k + s_k g(x_k)),   D_k = q(m) − L(x_k, λ_k)   for a target m,   m ≥ 0 on ≤ rows

E1   ‖λ_{k+1} − m‖² ≤ ‖λ_k − m‖² − 2 s_k D_k + s_k² ‖g_k‖².  Proof: P does not move points apart and
     leaves m where it is, so the left side is at most
     ‖λ_k + s_k g_k − m‖² = ‖λ_k − m‖² + 2 s_k ⟨g_k, λ_k − m⟩ + s_k² ‖g_k‖²,
     and q(m) ≤ L(x_k, m) = L(x_k, λ_k) + ⟨g_k, m − λ_k⟩. Any x_k ∈ X, minimizer or not.
E2   Summed over k = 0..K, for any steps s_k > 0:
     min_k D_k ≤ (‖λ_0 − m‖² + Σ s_k² ‖g_k‖²) / (2 Σ s_k).
     This is about the best iterate; for the last one it is false.
E3   With a constant step the term s G²/2 that remains of E2 is real: q(λ) = −|λ| from λ_0 = s/2 jumps
     between s/2 and −s/2 for ever, and D_k = s/2 = s G²/2 at every k.

Classical: N. Z. Shor, Minimization Methods for Non-Differentiable Functions, Springer (1985). The
proofs above are complete.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import (
    Choice,
    FiniteProblem,
    Point,
    Rationals,
    difference,
    rationals,
    squared,
)

SOURCE = "derived; classical: N. Z. Shor, Springer (1985)"


class Move(NamedTuple):
    """λ_k, x_k, s_k and λ_{k+1}."""

    multipliers: Rationals
    point: Point
    step: Fraction
    after: Rationals


Ascent = Callable[[FiniteProblem, Rationals, Point, Fraction], Rationals]


def ascend(
    problem: FiniteProblem, multipliers: Rationals, point: Point, step: Fraction
) -> Rationals:
    """P(λ + s g(x))."""
    g = problem.residual(point)
    return problem.project(tuple(m + step * v for m, v in zip(multipliers, g, strict=True)))


def descend(
    problem: FiniteProblem, multipliers: Rationals, point: Point, step: Fraction
) -> Rationals:
    """Wrong: the sign of g."""
    return ascend(problem, multipliers, point, -step)


def leap(problem: FiniteProblem, multipliers: Rationals, point: Point, step: Fraction) -> Rationals:
    """Wrong: twice the step that is reported."""
    return ascend(problem, multipliers, point, 2 * step)


def run(
    problem: FiniteProblem, start: Rationals, steps: Sequence[Fraction], ascent: Ascent = ascend
) -> list[Move]:
    """Exact subgradient ascent: x_k minimizes L(·, λ_k)."""
    moves: list[Move] = []
    multipliers = problem.project(start)
    for step in steps:
        point = problem.minimizer(multipliers)
        after = ascent(problem, multipliers, point, step)
        moves.append(Move(multipliers, point, step, after))
        multipliers = after
    return moves


def master_inequality(problem: FiniteProblem, move: Move, target: Rationals) -> Comparison:
    """E1 for one move."""
    _require_dual_feasible(problem, target)
    if move.step < 0:
        raise HypothesisFails(f"the step {move.step} is negative")
    g = problem.residual(move.point)
    shortfall = problem.dual(target) - problem.lagrangian(move.point, move.multipliers)
    bound = squared(difference(move.multipliers, target))
    bound += -2 * move.step * shortfall + move.step**2 * squared(g)
    return Comparison(squared(difference(move.after, target)), bound, "<=")


Select = Callable[[Sequence[Fraction]], Fraction]


def last(shortfalls: Sequence[Fraction]) -> Fraction:
    """Wrong: that of the last iterate."""
    return shortfalls[-1]


def best_iterate(
    problem: FiniteProblem, moves: Sequence[Move], target: Rationals, select: Select = min
) -> Comparison:
    """E2 for a run of consecutive moves."""
    _require_dual_feasible(problem, target)
    for before, after in pairwise(moves):
        if before.after != after.multipliers:
            raise HypothesisFails("the moves do not follow each other")
    if not moves or min(move.step for move in moves) <= 0:
        raise HypothesisFails("at least one move is needed, and every step must be > 0")
    level = problem.dual(target)
    shortfalls = [level - problem.lagrangian(m.point, m.multipliers) for m in moves]
    spent = sum(m.step**2 * squared(problem.residual(m.point)) for m in moves)
    bound = squared(difference(moves[0].multipliers, target)) + spent
    return Comparison(select(shortfalls), bound / (2 * sum(m.step for m in moves)), "<=")


RIDGE = FiniteProblem(  # q(λ) = −|λ|
    ((Choice(0, (1,)), Choice(0, (-1,)), Choice(0, (0,))),), (0,), (False,)
)


def constant_step_floor(
    step: Fraction, count: int, later: Callable[[Fraction, int], Fraction] = lambda s, k: s
) -> Comparison:
    """E3: the best of ``count`` iterates is s/2 away from q* = 0, no matter how many."""
    steps = [later(step, k) for k in range(count)]
    moves = run(RIDGE, (step / 2,), steps)
    best = max(RIDGE.lagrangian(m.point, m.multipliers) for m in moves)
    return Comparison(-best, step / 2, "==")


def _require_dual_feasible(problem: FiniteProblem, target: Rationals) -> None:
    if not problem.is_dual_feasible(target):
        raise HypothesisFails(f"the target {target} has a negative entry on a ≤ row")


# ------------------------------------------------------------------ mutants, pinned


def _one(ascent: Ascent) -> Comparison:
    [move] = run(RIDGE, rationals(Fraction(1, 2)), [Fraction(1)], ascent)
    return master_inequality(RIDGE, move, rationals(0))


def _from_the_top(select: Select = min) -> Comparison:
    """From the maximizer itself the tie is broken into a step away from it."""
    return best_iterate(RIDGE, run(RIDGE, rationals(0), [Fraction(1)] * 2), rationals(0), select)


CLAIMS = (
    Claim(
        "E1",
        "master-inequality",
        "‖λ_{k+1} − m‖² ≤ ‖λ_k − m‖² − 2 s_k (q(m) − L(x_k, λ_k)) + s_k² ‖g_k‖²",
        ("x_k ∈ X", "s_k ≥ 0", "m ≥ 0 on ≤ rows"),
        SOURCE,
        master_inequality,
        (
            Mutant("sign of g", lambda: _one(descend), lambda: _one(ascend)),
            Mutant("step doubled", lambda: _one(leap), lambda: _one(ascend)),
        ),
    ),
    Claim(
        "E2",
        "best-iterate",
        "min_k (q(m) − L(x_k, λ_k)) ≤ (‖λ_0 − m‖² + Σ s_k² ‖g_k‖²) / (2 Σ s_k)",
        ("E1 at every k", "s_k > 0"),
        SOURCE,
        best_iterate,
        (Mutant("last iterate", lambda: _from_the_top(last), _from_the_top),),
    ),
    Claim(
        "E3",
        "constant-step-floor",
        "with a constant step the best iterate can stay s G²/2 below q* for ever",
        (),
        "derived (an instance)",
        constant_step_floor,
        (
            Mutant(
                "diminishing step",
                lambda: constant_step_floor(Fraction(1), 9, lambda s, k: s / (k + 1)),
                lambda: constant_step_floor(Fraction(1), 9),
            ),
        ),
    ),
)
