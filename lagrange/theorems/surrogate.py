"""Surrogate Lagrangian relaxation: what licenses it.

With exact blocks no theory of its own is needed. Block i of x_k was found at some λ_{j(i)}, or found
again since, with k − j(i) < n steps; so at λ_k it is at most ‖λ_k − λ_{j(i)}‖ diam(A_i X_i) above its
minimum, and

    e_k = L(x_k, λ_k) − q(λ_k) ≤ (sum of the last n step lengths) Σ_i diam(A_i X_i).

g(x_k) is an e_k-subgradient, and ‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − 2 s_k (D_k − e_k) + d_k² with
D_k = max q − q(λ_k), d_k = s_k ‖g_k‖. If d_k → 0, then e_k → 0; were D_k ≥ ε for ever, the sum of the
right-hand sides would fall to −∞ as Σ s_k = ∞ (or Σ d_k = ∞ with ‖g‖ bounded above). So
lim inf D_k = 0. q is Lipschitz and λ moves less and less between sweeps: the bounds proved in regular
sweeps tend to max q as well. A block whose answer is refused is not better: what it had is still a
minimizer. (derived; checked in proofs_checks/run_certificates.py)

Reference    [1] Bragin, Luh, Yan, Yu, Stern, J. Optim. Theory Appl. 164 (2015) 173–201
"""

import math
from collections.abc import Iterator

from lagrange.known_blocks import type_name
from lagrange.records import Record
from lagrange.theorems.common import (
    SUMS,
    bounded,
    exact,
    fits_bounds,
    length_recorded,
    values_are_minima,
    whole_trace,
)
from lagrange.theorems.evidence import Evidence, Theorem, about, moves
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, judged, setting
from lagrange.theorems.steps import counted, follows_rule, unsummable, vanishing

_ours = about("SurrogateLagrangian")


def no_quadratic(run: Evidence) -> Finding:
    """The theorems are about L, not about the augmented Lagrangian."""
    rho = run.solver.rho
    detail = (
        "rho is not set" if rho is None else f"rho = {rho:g} adds ρ/2 ‖g‖² to what is minimized"
    )
    return setting("no quadratic term", rho is None, detail)


def every_turn(run: Evidence) -> Finding:
    """Blocks answer in turn: each within so many steps."""
    n = len(run.problem.blocks)
    wait = -(-n // min(run.solver.group, n))
    return setting("every block answers in turn", True, f"each within {wait} steps")


def condition_accepted(run: Evidence) -> Finding:
    """SOC: λ moves after an improvement only, or where all blocks were heard at this λ, which proves
    a bound.
    """

    def margins() -> Iterator[Margin]:
        for _, now, _ in moves(run.records):
            heard = math.isfinite(now.lower_bound)
            yield Margin(now.step, 0.0 if now.accepted or heard else -1.0)

    hypothesis = "every move follows an improvement of L(·, λ), or an exact minimizer"
    detail = "the improvement is that of costs on the same data, as the blocks report them"
    return judged(hypothesis, margins(), detail, vacuous="λ never moved")


def first_step(run: Evidence) -> Finding:
    """s_0 ‖g_0‖² < max q − L(x_0, λ_0), which keeps the next surrogate value below max q."""
    first = [Margin(m.now.step, _room(run, 1.0, m.now)) for m in moves(run.records)[:1]]
    return judged(
        "the first step is short enough",
        first,
        f"(max q − L_0) − s_0 ‖g_0‖², {_known(run)}",
    )


def every_step(run: Evidence) -> Finding:
    """s_k ‖g_k‖² < 2 (max q − L_k)."""
    margins = [Margin(m.now.step, _room(run, 2.0, m.now)) for m in moves(run.records)]
    detail = f"2 (max q − L_k) − s_k ‖g_k‖², {_known(run)}"
    return judged("every step is short enough", margins, detail, vacuous="λ never moved")


def _room(run: Evidence, factor: float, now: Record) -> float:
    """factor (max q − L) − s ‖g‖², for certain: NaN where bounds on max q leave it open."""
    low, high = run.dual_optimum
    spent = now.movement * now.residual
    surely = factor * (low - now.lagrangian) - spent
    at_most = factor * (high - now.lagrangian) - spent
    if surely > 0:
        return surely
    return min(at_most, -math.ulp(0.0)) if at_most <= 0 else math.nan


def _known(run: Evidence) -> str:
    low, high = run.dual_optimum
    return f"max q {f'= {low:.8g}' if low == high else f'in [{low:.8g}, {high:.8g}]'}"


def limit_is_optimal(run: Evidence) -> Finding:
    """Shrinking steps make λ converge to something. That it maximizes q is the step of the proof that
    could not be made here; a proved bound that reaches max q shows it.
    """
    hypothesis = "the limit of λ maximizes q"
    _, high = run.dual_optimum
    size = 1 + abs(high)
    reached = math.isfinite(high) and run.dual_value >= high - SUMS * size
    detail = f"the best proved dual value is {run.dual_value:.8g}, {_known(run)}"
    verdict = Verdict.HOLDS if reached else Verdict.UNDETERMINED
    return Finding(hypothesis, verdict, Basis.OBSERVED, detail)


def _limit(run: Evidence) -> str:
    every = run.solver.sweep_every
    if every is None:
        return (
            "q(λ_k) comes as near to max q as one likes (but is not measured: sweep_every is None)"
        )
    return f"the best of the bounds that are proved every {every} steps tends to max q"


THEOREMS = (
    Theorem(
        "surrogate.exact-blocks",
        "derived: diminishing steps with subgradients at late answers",
        _ours,
        _limit,
        (
            whole_trace,
            no_quadratic,
            exact,
            bounded,
            every_turn,
            length_recorded,
            counted,
            follows_rule,
            vanishing,
            unsummable,
        ),
        (values_are_minima,),
    ),
    Theorem(
        "surrogate.contraction",
        "Bragin et al. (2015)",
        lambda run: _ours(run) and type_name(run.solver.step_size) == "SurrogateContraction",
        lambda run: "λ_k tends to a maximizer of q",
        (
            whole_trace,
            no_quadratic,
            condition_accepted,
            length_recorded,
            counted,
            follows_rule,
            vanishing,
            unsummable,
            first_step,
            limit_is_optimal,
        ),
        (fits_bounds,),
    ),
    Theorem(
        "surrogate.distance",
        "derived: proofs_checks/surrogate_values.py",
        _ours,
        lambda run: "every move came nearer to every maximizer of q",
        (whole_trace, no_quadratic, length_recorded, every_step),
        (fits_bounds,),
    ),
)
