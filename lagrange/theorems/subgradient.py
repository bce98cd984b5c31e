"""Subgradient theorems: λ ← P(λ + s g) with g at a minimizer x of L(·, λ).

All of them telescope one inequality, for every λ* and D_k = max q − q(λ_k):

    ‖λ_{k+1} − λ*‖² ≤ ‖λ_k − λ*‖² − 2 s_k D_k + s_k² ‖g_k‖²

References   [1] Shor, Minimization Methods for Non-Differentiable Functions, Springer (1985), ch. 2
             [2] Polyak, USSR Comput. Math. Math. Phys. 9 (1969) 14–29
             proofs: proofs_checks/subgradient_rates.py, subgradient_rules.py
"""

import math
from collections.abc import Callable
from dataclasses import replace

from lagrange.known_blocks import type_name
from lagrange.theorems.common import (
    bounded,
    exact,
    fits_bounds,
    length_recorded,
    saddle_point,
    values_are_minima,
    whole_trace,
)
from lagrange.theorems.evidence import Evidence, Theorem, about, moves
from lagrange.theorems.findings import Finding, Margin, declared, judged
from lagrange.theorems.steps import (
    counted,
    follows_rule,
    polyak_scale,
    polyak_target,
    square_summable,
    unsummable,
    vanishing,
)

_ours = about("Subgradient")
_walk = (whole_trace, exact, length_recorded)
_schedule = (*_walk, counted, follows_rule, bounded)


def _with_rule(*names: str, otherwise: bool = False) -> Callable[[Evidence], bool]:
    """Runs of ``Subgradient`` with a rule of one of these classes; or with none of them."""
    return lambda run: _ours(run) and (type_name(run.solver.step_size) in names) is not otherwise


def _any_step(run: Evidence) -> str:
    lengths = sum(m.now.movement**2 for m in moves(run.records))
    steps = sum(m.now.step_size for m in moves(run.records))
    if steps == 0:
        return "nothing: λ did not move"
    R = run.declared.distance
    if R is None:
        return (
            f"max q − best q ≤ (R² + {lengths:.6g})/{2 * steps:.6g}, R the distance to a maximizer"
        )
    return f"max q − best q ≤ {(R**2 + lengths) / (2 * steps):.6g}"


def _floor(run: Evidence) -> str:
    return f"best q(λ_k) comes within {run.solver.step_size.size / 2:g} G² of max q, G = max ‖g‖"


def minima_exist(run: Evidence) -> Finding:
    """Over bounded sets they do; elsewhere a bound that was proved at a step shows it."""
    hypothesis = "every question has a minimizer"
    if all(facts.bounded for facts in run.facts):
        return declared(hypothesis, True, "the sets are bounded")
    margins = (
        Margin(r.step, 0.0 if math.isfinite(r.lower_bound) else math.nan) for r in run.records
    )
    return judged(hypothesis, margins, "a bound was proved at the step")


def attained(run: Evidence) -> Finding:
    """Some λ* maximizes q: declared; or q is piecewise linear and bounded; or L has a saddle point."""
    hypothesis, known = "max q is attained", run.declared
    if known.distance is not None or known.dual_optimum is not None:
        return declared(hypothesis, True, "declared by the instance's author")
    if all(facts.piecewise_dual for facts in run.facts) and math.isfinite(run.upper):
        detail = f"q is piecewise linear, and at most {run.upper:.8g}, the cost of a feasible point"
        return declared(hypothesis, True, detail)
    return replace(saddle_point(run), hypothesis=hypothesis)


THEOREMS = (
    Theorem(
        "subgradient.any-steps",
        "telescoped from the inequality of the method [1]",
        _ours,
        _any_step,
        (*_walk, minima_exist),
        (values_are_minima,),
    ),
    Theorem(
        "subgradient.diminishing",
        "Shor (1985), ch. 2",
        _with_rule("Constant", "Polyak", otherwise=True),
        lambda run: "the best q(λ_k) tends to max q",
        (*_schedule, vanishing, unsummable),
        (values_are_minima,),
    ),
    Theorem(
        "subgradient.square-summable",
        "Shor (1985), ch. 2",
        _with_rule("Constant", "Polyak", otherwise=True),
        lambda run: "λ_k tends to a maximizer of q",
        (*_schedule, vanishing, unsummable, square_summable, attained),
        (values_are_minima,),
    ),
    Theorem(
        "subgradient.constant",
        "Shor (1985), ch. 2",
        _with_rule("Constant"),
        _floor,
        _schedule,
        (values_are_minima,),
    ),
    Theorem(
        "subgradient.polyak",
        "Polyak (1969)",
        _with_rule("Polyak"),
        lambda run: "q(λ_k) tends to max q, and λ_k to a maximizer",
        (*_walk, follows_rule, bounded, polyak_scale, polyak_target, attained),
        (values_are_minima, fits_bounds),
    ),
)
