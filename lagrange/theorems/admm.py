"""ADMM, two groups: the convex theorem, and descent for nonconvex sets.

Convex       Boyd, Parikh, Chu, Peleato, Eckstein, Found. Trends Mach. Learn. 3 (2011) 1–122, §3.2, and
             Eckstein, Bertsekas, Math. Program. 55 (1992) 293–318 for relaxation; with ρ that changes
             finitely often the theorem begins anew after the last change.
             proofs: proofs_checks/admm_convex.py, admm_variants.py
Consequence  α = 1, ρ constant: sweeps (z, λ) → (z⁺, λ⁺) are nonexpansive in ρ ‖B z‖² + ‖λ‖²/ρ, so
             ρ ‖r‖² + ‖s‖²/ρ never rises. (derived: proofs_checks/run_certificates.py)
             α ≠ 1: with v = A x⁺ + B z − b, λ moves by ρ u and the effective prices by s = ρ (v − u):
             r = (2 − α) u + (1 − α) s/ρ, and λ − ρ B z moves by α ρ v. From the second sweep on that is
             an averaged map [Eckstein, Bertsekas]: ‖v‖ never rises. The three lengths give it:
             ‖v‖² = ‖r‖²/((2 − α)(1 − α)) − ‖u‖²/(1 − α) + ‖s/ρ‖²/(2 − α).
Nonconvex    set first, smooth f second, x − z = 0, ρ γ > 2 L² with γ = ρ for convex f, ρ − L else: from
             the first sweep on the augmented Lagrangian falls by (γ/2 − L²/ρ) ‖Δx‖² at least.
             proofs: proofs_checks/admm_nonconvex.py
"""

import math
from collections.abc import Iterator, Sequence

from lagrange.known_blocks import type_name
from lagrange.solvers.groups import Order
from lagrange.theorems.common import SUMS, blocks_that, convex, exact, saddle_point, whole_trace
from lagrange.theorems.evidence import Evidence, Theorem, about, same
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, declared, judged, setting
from lagrange.theorems.penalties import few_changes, is_constant, rho_recorded

_ours = about("ADMM")


def two_groups(run: Evidence) -> Finding:
    """F and G."""
    n = len(run.solver.order)
    return setting("there are two groups of blocks", n == 2, f"order {run.solver.order}")


def relaxation(run: Evidence) -> Finding:
    """α ∈ (0, 2)."""
    alpha = run.solver.relaxation
    margin = min(alpha, 2 - alpha)
    return setting("the relaxation lies in (0, 2)", margin > 0, f"α = {alpha:g}", margin)


def no_relaxation(run: Evidence) -> Finding:
    """α = 1."""
    alpha = run.solver.relaxation
    return setting("no relaxation", alpha == 1, f"α = {alpha:g}")


def multipliers_moved(run: Evidence) -> Finding:
    """λ moved by ρ u with ρ r = (2 − α) ρ u + (1 − α) s: the trace has the three lengths, and each is
    at most the sum of the others.
    """
    alpha = run.solver.relaxation

    def margins() -> Iterator[Margin]:
        for r in run.records:
            scale = 0.0 if math.isnan(r.residual_scale) else r.residual_scale
            error = run.rounding * r.rho * (r.residual + scale)
            far = same(r.step_size, r.rho)
            if far >= 0:
                third = r.rho * r.residual
                one, other = (2 - alpha) * r.movement, 0.0
                if alpha != 1:
                    error, other = 4 * error, abs(1 - alpha) * r.dual_residual
                far = error + min(one + other - third, third - abs(one - other))
            yield Margin(r.step, far if r.movement >= 0 else -1.0)

    detail = "step size ρ, " + (
        "length ρ ‖r‖ up to rounding"
        if alpha == 1
        else f"and ρ r can be the sum of {2 - alpha:g} times the move and {1 - alpha:g} s"
    )
    return judged("λ moved by ρ times the residual", margins(), detail)


def energy_falls(run: Evidence) -> Finding | None:
    """Consequence for α = 1 and constant ρ."""
    if run.solver.relaxation != 1 or not is_constant(run.solver.rho):
        return None

    def margins() -> Iterator[Margin]:
        last = math.nan
        for r in run.records:
            energy = r.rho * r.residual**2 + r.dual_residual**2 / r.rho
            # the two parts are squares of differences of vectors of these sizes
            floor = run.rounding * (
                math.sqrt(r.rho) * r.residual_scale + r.dual_scale / math.sqrt(r.rho)
            )
            if r.step > 1 and math.isfinite(energy):
                yield Margin(r.step, last - energy + 4 * floor * (math.sqrt(last) + floor))
            last = energy

    return judged("ρ ‖r‖² + ‖s‖²/ρ never rises", margins(), "its fall in a sweep")


def distance_falls(run: Evidence) -> Finding | None:
    """Consequence for α ≠ 1 and constant ρ; the first sweep may begin anywhere."""
    alpha = run.solver.relaxation
    if alpha == 1 or not is_constant(run.solver.rho):
        return None
    parts = (1 / ((2 - alpha) * (1 - alpha)), 1 / (2 - alpha), -1 / (1 - alpha))  # as at the top

    def margins() -> Iterator[Margin]:
        last = longest_before = math.nan
        for r in run.records:
            root = math.sqrt(r.rho)
            lengths = (root * r.residual, r.dual_residual / root, r.movement / root)
            value = sum(part * length**2 for part, length in zip(parts, lengths, strict=True))
            floor = run.rounding * (root * r.residual_scale + r.dual_scale / root)
            longest = max(lengths)
            if r.step > 2 and math.isfinite(value):
                error = 8 * sum(map(abs, parts)) * floor * (max(longest, longest_before) + floor)
                yield Margin(r.step, last - value + error)
            last, longest_before = value, longest

    return judged("ρ ‖A x⁺ + B z − b‖² never rises", margins(), "its fall in a sweep")


def set_first(run: Evidence) -> Finding:
    """Projection, then the smooth block, then λ: the dual step must follow the smooth block."""
    hypothesis = "the set answers first, the smooth block second"
    groups: Order = run.solver.order
    order = [[run.facts[i].indicator is True for i in group] for group in groups]
    named = " then ".join(
        ", ".join(type_name(run.problem.blocks[i]) for i in group) for group in groups
    )
    holds = len(order) == 2 and all(order[0]) and not any(order[1])
    return setting(hypothesis, holds, f"the order is {named}")


def _second(run: Evidence) -> Sequence[int]:
    order: Order = run.solver.order
    return order[-1]


def _constant(run: Evidence) -> float | None:
    """L of the second group: the largest of its blocks, None if one has none."""
    constants = [run.facts[i].smoothness for i in _second(run)]
    known = [L for L in constants if L is not None]
    return max(known) if len(known) == len(constants) else None


def smooth(run: Evidence) -> Finding:
    """∇f L-Lipschitz, image x."""
    hypothesis, group = "f is smooth with a known constant, seen as it is", _second(run)
    L = _constant(run)
    if L is None:
        detail = run.describe(lambda i, facts: i in group and facts.smoothness is None)
        return declared(hypothesis, None, f"no constant is declared for {detail}")
    return declared(hypothesis, True, f"L = {L:.6g}")


def rho_above_threshold(run: Evidence) -> Finding:
    """ρ γ(ρ) > 2 L² at the least ρ of the run."""
    hypothesis, L = "ρ is above its threshold", _constant(run)
    if L is None or not run.records:
        return setting(hypothesis, None, "there is no L to compare it with")
    least = min(run.records, key=lambda r: r.rho)
    is_convex = all(run.facts[i].convex for i in _second(run))
    gamma = least.rho if is_convex else least.rho - L
    needed = math.sqrt(2) * L if is_convex else 2 * L
    detail = f"ρ γ − 2 L²; ρ = {least.rho:.6g}, it must exceed {needed:.6g}"
    margin = least.rho * gamma - 2 * L**2
    verdict = Verdict.HOLDS if margin > 0 and least.rho > L else Verdict.VIOLATED
    return Finding(hypothesis, verdict, Basis.OBSERVED, detail, least.step, margin)


def projections_exact(run: Evidence) -> Finding:
    """Every answer is a global minimizer, on either side."""
    return blocks_that("projections and the smooth minimizations are exact", run, "exact")


def descends(run: Evidence) -> Finding | None:
    """Consequence for α = 1: L + ρ/2 ‖r‖² at the new λ, the recorded value + ρ ‖r‖², never rises."""
    if run.solver.relaxation != 1 or not is_constant(run.solver.rho):
        return None

    def margins() -> Iterator[Margin]:
        last = math.nan
        for r in run.records:
            value = r.lagrangian + r.rho * r.residual**2
            if r.step > 1:
                yield Margin(r.step, last - value + SUMS * (1 + abs(r.cost) + abs(value)))
            last = value

    return judged("the augmented Lagrangian never rises", margins(), "its fall in a sweep")


THEOREMS = (
    Theorem(
        "admm.convex",
        "Boyd et al. (2011), §3.2; Eckstein, Bertsekas (1992) for α ≠ 1",
        _ours,
        lambda run: "residuals → 0, costs → the optimum, λ → a maximizer of q",
        (
            whole_trace,
            two_groups,
            convex,
            exact,
            saddle_point,
            rho_recorded,
            few_changes,
            relaxation,
            multipliers_moved,
        ),
        (energy_falls, distance_falls),
    ),
    Theorem(
        "admm.nonconvex",
        "derived: proofs_checks/admm_nonconvex.py",
        lambda run: _ours(run) and not all(facts.convex for facts in run.facts),
        lambda run: (
            "the augmented Lagrangian falls; if it is bounded below, successive answers approach each "
            "other and the residual tends to 0. That says nothing about the quality of the limit"
        ),
        (
            whole_trace,
            two_groups,
            set_first,
            projections_exact,
            smooth,
            rho_above_threshold,
            rho_recorded,
            few_changes,
            no_relaxation,
            multipliers_moved,
        ),
        (descends,),
    ),
)
