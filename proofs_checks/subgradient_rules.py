"""What step rules promise for the best of K + 1 iterates, on top of ``subgradient_rates``.

    λ_{k+1} = P(λ_k + s_k g_k),   D_k = q* − q(λ_k),   R = ‖λ_0 − λ*‖,   G = max ‖g_k‖,   K + 1 moves

All follow from E1, ‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − 2 s_k D_k + s_k² ‖g_k‖².

U1   Constant length s_k = γ/‖g_k‖: min D_k ≤ G (R² + γ² (K + 1)) / (2γ (K + 1)). E1 summed, with
     s_k D_k ≥ γ D_k/G.
U2   Polyak's step s_k = θ D_k/‖g_k‖², 0 < θ < 2:
     ‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − θ(2 − θ) D_k²/‖g_k‖², E1 with this s. It needs q* itself.
U3   With a target v > q* in q*'s place nothing of that is left: on q(λ) = −|λ| with v = 1 the step is
     1 + |λ|, and λ jumps from 1/2 to −1 and then between −1 and 1 for ever. (With v = q* it is at the
     maximizer after one step.)
U4   Constant step s: the mean λ̄ of λ_0, …, λ_K has q* − q(λ̄) ≤ R²/(2s(K + 1)) + s G²/2: E1 summed, q
     concave.

Classical: N. Z. Shor, Minimization Methods for Non-Differentiable Functions, Springer (1985);
B. T. Polyak, USSR Comput. Math. Math. Phys. 9 (1969) 14–29. The proofs above are complete.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from lagrange.solvers.subgradient import Subgradient
from lagrange.state import Start
from lagrange.step_sizes import Polyak
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import (
    FiniteProblem,
    Rationals,
    difference,
    dual_maximizer,
    rationals,
    squared,
)
from proofs_checks.replay import replay
from proofs_checks.step_constants import stacked_norm
from proofs_checks.subgradient_rates import RIDGE, Move, ascend

Step = Callable[[Fraction, Sequence[int]], Fraction]  # of D_k and g_k


def moves(problem: FiniteProblem, start: Rationals, count: int, step: Step) -> list[Move]:
    """Exact ascent; ends early where g = 0 or the step is 0."""
    best = problem.dual(dual_maximizer(problem))
    found: list[Move] = []
    multipliers = problem.project(start)
    for _ in range(count):
        point = problem.minimizer(multipliers)
        g = problem.residual(point)
        if not any(g):
            break
        s = step(best - problem.dual(multipliers), g)
        after = ascend(problem, multipliers, point, s)
        found.append(Move(multipliers, point, s, after))
        multipliers = after
    return found


def shortfalls(problem: FiniteProblem, run: Sequence[Move]) -> list[Fraction]:
    """D_k."""
    best = problem.dual(dual_maximizer(problem))
    return [best - problem.dual(m.multipliers) for m in run]


def constant_length(length: Fraction) -> Step:
    """γ/‖g‖, for rational ‖g‖."""
    return lambda gap, g: length / stacked_norm((tuple(g),))


def best_of_constant_length(
    problem: FiniteProblem,
    start: Rationals,
    length: Fraction,
    count: int,
    select: Callable[[Sequence[Fraction]], Fraction] = min,
) -> Comparison:
    """U1: the least D_k; another choice than the least is wrong."""
    run = moves(problem, start, count, constant_length(length))
    if len(run) < count:
        raise HypothesisFails("g vanished: the run has found a maximizer")
    largest = max(stacked_norm((tuple(problem.residual(m.point)),)) for m in run)
    radius2 = squared(difference(run[0].multipliers, dual_maximizer(problem)))
    bound = largest * (radius2 + length**2 * count) / (2 * length * count)
    return Comparison(select(shortfalls(problem, run)), bound, "<=")


def polyak_step(theta: Fraction) -> Step:
    """θ D/‖g‖²."""
    return lambda gap, g: theta * gap / squared(list(g))


def polyak_approaches(
    problem: FiniteProblem, start: Rationals, theta: Fraction, used: Fraction | None = None
) -> Comparison:
    """U2 for one step with θ; a step with another factor ``used`` is wrong."""
    (move,) = moves(problem, start, 1, polyak_step(theta if used is None else used))
    target = dual_maximizer(problem)
    (gap,) = shortfalls(problem, [move])
    gain = theta * (2 - theta) * gap**2 / squared(list(problem.residual(move.point)))
    before = squared(difference(move.multipliers, target))
    return Comparison(squared(difference(move.after, target)), before - gain, "<=")


def target_above_never_arrives(target: float = 1.0, count: int = 20) -> Comparison:
    """U3: the least |λ_k|, k ≥ 1, of the library's Polyak step with a target above q* = 0 on −|λ|."""
    solver = Subgradient(Polyak(target=target))
    run = replay(RIDGE, solver, count, Start({"row0": np.array([0.5])}))
    return Comparison(Fraction(1, 2), min(abs(move.after[0]) for move, _ in run), "<=")


def mean(values: Sequence[Rationals]) -> Rationals:
    """Entry by entry."""
    return tuple(sum(column, Fraction(0)) / len(values) for column in zip(*values, strict=True))


def last(values: Sequence[Rationals]) -> Rationals:
    """Wrong: the last one."""
    return values[-1]


def averaged(
    problem: FiniteProblem,
    start: Rationals,
    step: Fraction,
    count: int,
    choose: Callable[[Sequence[Rationals]], Rationals] = mean,
) -> Comparison:
    """U4: q* − q(λ̄); another choice than the mean is wrong."""
    run = moves(problem, start, count, lambda gap, g: step)
    if len(run) < count:
        raise HypothesisFails("g vanished: the run has found a maximizer")
    target = dual_maximizer(problem)
    G2 = max(squared(list(problem.residual(m.point))) for m in run)
    bound = squared(difference(run[0].multipliers, target)) / (2 * step * count) + step * G2 / 2
    chosen = choose([m.multipliers for m in run])
    return Comparison(problem.dual(target) - problem.dual(chosen), bound, "<=")


# ------------------------------------------------------------------ mutants, pinned

SOURCE = "derived; classical: N. Z. Shor, Springer (1985)"
_ONE = Fraction(1)
_TOP = rationals(0)

CLAIMS = (
    Claim(
        "U1",
        "constant-length",
        "min D_k ≤ G (R² + γ² (K + 1)) / (2γ (K + 1))",
        ("x_k minimizes L(·, λ_k)", "s_k = γ/‖g_k‖"),
        SOURCE,
        best_of_constant_length,
        (
            Mutant(
                "last iterate",
                lambda: best_of_constant_length(RIDGE, _TOP, _ONE, 2, lambda d: d[-1]),
                lambda: best_of_constant_length(RIDGE, _TOP, _ONE, 2),
            ),
        ),
    ),
    Claim(
        "U2",
        "polyak-approaches",
        "‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − θ(2 − θ) D_k²/‖g_k‖²",
        ("s_k = θ D_k/‖g_k‖²", "0 < θ < 2"),
        "derived; B. T. Polyak, USSR Comput. Math. Math. Phys. 9 (1969) 14–29",
        polyak_approaches,
        (
            Mutant(
                "step two and a half times too long",
                lambda: polyak_approaches(RIDGE, rationals(2), _ONE, Fraction(5, 2)),
                lambda: polyak_approaches(RIDGE, rationals(2), _ONE),
            ),
        ),
    ),
    Claim(
        "U3",
        "polyak-above-the-optimum",
        "with a target above q* Polyak's step need not come near a maximizer",
        (),
        "derived (an instance)",
        target_above_never_arrives,
        (
            Mutant(
                "target q*",
                lambda: target_above_never_arrives(0.0, 1),
                lambda: target_above_never_arrives(),
            ),
        ),
    ),
    Claim(
        "U4",
        "averaged-iterates",
        "q* − q(λ̄) ≤ R²/(2s(K + 1)) + s G²/2",
        ("x_k minimizes L(·, λ_k)", "constant step"),
        SOURCE,
        averaged,
        (
            Mutant(
                "last iterate",
                lambda: averaged(RIDGE, _TOP, _ONE, 2, last),
                lambda: averaged(RIDGE, _TOP, _ONE, 2),
            ),
        ),
    ),
)
