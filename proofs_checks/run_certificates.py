"""What the run certificate of the library relies on besides the other claims.

L1  Late answers. Exact blocks answer in turn while λ moves; x_k holds the answer of block i to
    λ_{j(i)}, where j(i) is the last time it was asked, whether it was accepted or refused: a refused
    answer was no better than what the block had, which therefore minimizes there. At λ_k
        f_i(x_i) + ⟨λ_k, a_i(x_i)⟩ − min ≤ ⟨λ_k − λ_{j(i)}, a_i(x_i) − a_i(x)⟩, x the minimizer at λ_k,
    since x was no better than x_i at λ_{j(i)}. Summed over the blocks
        L(x_k, λ_k) − q(λ_k) ≤ Σ_i ‖λ_k − λ_{j(i)}‖₁ diam_i, diam_i the largest |a_i(x) − a_i(x')|_∞.
    So with steps that vanish x_k is an e_k-minimizer, e_k → 0, and g(x_k) an e_k-subgradient. With
    D_k = max q − q(λ_k), d_k = s_k ‖g_k‖:  ‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − 2 s_k (D_k − e_k) + d_k².
    If D_k ≥ ε for ever, Σ s_k = ∞ drives the right-hand side to −∞: lim inf D_k = 0.
L2  Successive sweeps. For two runs of ADMM, Δ their difference, A = I, B = −I, from any starts:
    ⟨Δx⁺, −Δ(y⁺ + ρ(z⁺ − z))⟩ ≥ 0 and ⟨Δz⁺, Δy⁺⟩ ≥ 0, as both halves are monotone. Added, with
    ρ Δr⁺ = Δ(y⁺ − y):  V⁺ ≤ V − ρ ‖Δr⁺ + Δ(z⁺ − z)‖², V = ρ ‖Δz‖² + ‖Δy‖²/ρ. A run and the same run a
    sweep later: ρ ‖z^k − z^{k−1}‖² + ρ ‖r^k‖² never rises. Without convexity it does.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from itertools import pairwise

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Choice, FiniteProblem, Rationals, difference, rationals, squared
from proofs_checks.planted import Planted, residual, run, worst

Turn = Callable[[int, int], int]


def in_turn(step: int, blocks: int) -> int:
    """Cyclic."""
    return step % blocks


def never_the_last(step: int, blocks: int) -> int:
    """Wrong: one block is left out."""
    return step % (blocks - 1)


def accepts(problem: FiniteProblem, block: int, old: int, new: int, now: Rationals) -> bool:
    """Is the answer better at these multipliers?"""
    return problem.block_value(block, new, now) < problem.block_value(block, old, now)


def accepts_nothing(*_: object) -> bool:
    """Wrong: what a block had is kept, whatever it answers."""
    return False


def late_answers(
    problem: FiniteProblem,
    multipliers: Rationals,
    steps: int = 8,
    first: Fraction = Fraction(1),
    turn: Turn = in_turn,
    accept: Callable[..., bool] = accepts,
) -> Comparison:
    """L1: of all steps the one where L(x, λ) − q(λ) is nearest to its bound."""
    n, now = len(problem.blocks), problem.project(multipliers)
    point = list(problem.minimizer(now))
    asked = [now] * n
    found: list[tuple[Fraction, Fraction]] = []
    for k in range(steps):
        g = problem.residual(tuple(point))
        s = first / (k + 1)
        now = problem.project(tuple(v + s * d for v, d in zip(now, g, strict=True)))
        i = turn(k, n)
        answer = problem.answer(i, now)
        if accept(problem, i, point[i], answer, now):
            point[i] = answer
        asked[in_turn(k, n)] = now
        excess = problem.lagrangian(tuple(point), now) - problem.dual(now)
        allowed = sum(
            (
                _length(difference(now, then)) * _diameter(problem, j)
                for j, then in enumerate(asked)
            ),
            Fraction(0),
        )
        found.append((excess, allowed))
    return worst(found)


def _length(v: Rationals) -> Fraction:
    """‖v‖₁."""
    return sum(map(abs, v), Fraction(0))


def _diameter(problem: FiniteProblem, block: int) -> int:
    images = [choice.image for choice in problem.blocks[block]]
    return max(abs(a - b) for u in images for v in images for a, b in zip(u, v, strict=True))


def successive_sweeps(
    instance: Planted, z: Rationals, y: Rationals, rho: Fraction = Fraction(1), sweeps: int = 6
) -> Comparison:
    """L2: of all sweeps the one where ρ ‖Δz‖² + ρ ‖r‖² is nearest to rising."""
    return rises_most(run(instance, rho, z, y, sweeps), rho)


def rises_most(sweeps: object, rho: Fraction) -> Comparison:
    """The largest energy of a difference less the one before."""
    energies = [
        rho * squared(difference(b.z, a.z)) + rho * squared(residual(b))
        for a, b in pairwise(sweeps)  # type: ignore[call-overload]
    ]
    return worst((after, before) for before, after in pairwise(energies))


_THREE = FiniteProblem(
    (
        (Choice(0, (0,)), Choice(1, (-1,))),
        (Choice(0, (0,)), Choice(2, (-1,))),
        (Choice(0, (0,)), Choice(5, (-3,))),
    ),
    (-4,),
    (False,),
)
_pinned = partial(late_answers, _THREE, rationals(0))
_LASSO = Planted(rationals(1, 2), Fraction(1), rationals(1, 0), rationals(1, Fraction(1, 2)))


def _concave() -> Comparison:
    """Wrong: a first half that is not convex, f = −3/4 Σ x²/2."""
    instance = Planted(rationals(0, 0), Fraction(1), rationals(1, 0), rationals(1, Fraction(1, 2)))
    object.__setattr__(instance, "curvature", rationals(Fraction(-3, 4), Fraction(-3, 4)))
    return successive_sweeps(instance, rationals(0, 0), rationals(0, 0))


CLAIMS = (
    Claim(
        "L1",
        "late-answers",
        "L(x_k, λ_k) − q(λ_k) ≤ Σ_i ‖λ_k − λ_{j(i)}‖₁ diam_i",
        (
            "every answer is a minimizer",
            "blocks answer in turn",
            "an answer is kept if it is better",
        ),
        "derived",
        late_answers,
        (
            Mutant("a block that is left out", partial(_pinned, turn=never_the_last), _pinned),
            Mutant("no answer is accepted", partial(_pinned, accept=accepts_nothing), _pinned),
        ),
    ),
    Claim(
        "L2",
        "successive-sweeps",
        "ρ ‖z^k − z^{k−1}‖² + ρ ‖r^k‖² never rises",
        ("F, G convex", "exact answers", "no relaxation, ρ constant", "x − z = 0"),
        "derived",
        successive_sweeps,
        (
            Mutant(
                "a half that is not convex",
                _concave,
                lambda: successive_sweeps(_LASSO, rationals(0, 0), rationals(3, -2)),
            ),
        ),
    ),
)
