"""Hypotheses on the steps of dual methods.

That steps vanish and that their sum is infinite cannot be seen in a finite run. Both are properties of
the rule's formula, which its class declares; what is observed is that the recorded steps follow it.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from lagrange.contraction import alpha
from lagrange.facts import StepFacts
from lagrange.known_blocks import type_name
from lagrange.step_sizes import Constant, Diminishing, Polyak, Progress, SurrogateContraction
from lagrange.theorems.evidence import Evidence, Moved, is_move, moves, same
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, declared, judged, setting

UNSEEN = "a property of the formula, no finite run shows it"


def facts_of(rule: Any, run: Evidence) -> StepFacts:
    """What its class says of a rule; its author for a rule that the library does not know."""
    if type(rule) is Diminishing:
        return StepFacts(True, True, rule.power > 0.5)
    if type(rule) is SurrogateContraction:  # the class refuses M ≤ 1 and r ≤ 0
        return StepFacts(True, True, rule.M < 2)
    if type(rule) is Constant:
        return StepFacts(False, True, False)
    if type(rule) is Polyak:
        return StepFacts()  # they depend on the run
    return run.declared.steps or StepFacts()


def vanishing(run: Evidence) -> Finding:
    """Step lengths s_k ‖g_k‖ → 0."""
    rule = run.solver.step_size
    fact = facts_of(rule, run).vanishing
    return declared("the steps vanish", fact, f"{_formula(rule)}; {UNSEEN}")


def unsummable(run: Evidence) -> Finding:
    """Σ s_k = ∞; the distance that was travelled so far is reported."""
    rule = run.solver.step_size
    walked = sum(move.now.movement for move in moves(run.records))
    detail = f"{_formula(rule)}; {UNSEEN}. So far λ has moved by {walked:.4g} in all"
    return declared("the sum of the steps is infinite", facts_of(rule, run).unsummable, detail)


def square_summable(run: Evidence) -> Finding:
    """Σ (s_k ‖g_k‖)² < ∞."""
    rule = run.solver.step_size
    fact = facts_of(rule, run).square_summable
    hypothesis = "the sum of the squared steps is finite"
    return declared(hypothesis, fact, f"{_formula(rule)}; {UNSEEN}")


def _formula(rule: Any) -> str:
    if type(rule) is Diminishing:
        return f"s_k = {rule.first:g}/(k + 1)^{rule.power:g}"
    if type(rule) is SurrogateContraction:
        return f"s_k ‖g_k‖ ~ k^(−1/M), M = {rule.M:g}, r = {rule.r:g}"
    if type(rule) is Constant:
        return f"s_k = {rule.size:g}"
    if type(rule) is Polyak:
        return "Polyak's steps depend on the values met"
    return f"{type_name(rule)} is no rule of the library"


def follows_rule(run: Evidence) -> Finding:
    """The recorded steps are those of the rule's formula."""
    rule = run.solver.step_size
    deviation = _deviations(rule)
    hypothesis = "the recorded steps follow the rule"
    if type(rule) is Polyak:
        detail = (
            f"relative deviation from {rule!r}, asked again what the trace says that it was asked"
        )
        return judged(hypothesis, _replayed(rule, run), detail, vacuous="λ never moved")
    if deviation is None:
        detail = f"{_formula(rule)}, or it depends on more than the trace has"
        own = run.declared.steps is not None
        return Finding(
            hypothesis, Verdict.HOLDS if own else Verdict.NOT_CHECKABLE, Basis.DECLARED, detail
        )
    margins = (Margin(m.now.step, value) for m in moves(run.records) for value in deviation(m))
    return judged(
        hypothesis, margins, f"relative deviation from {_formula(rule)}", vacuous="λ never moved"
    )


def _deviations(rule: Any) -> Callable[[Moved], Iterator[float]] | None:
    """For a move, the margin by which it is that of the formula; none where nothing can be said."""
    if type(rule) is Diminishing:
        return lambda m: iter([same(m.now.step_size, rule.first / (m.k + 1) ** rule.power)])
    if type(rule) is Constant:
        return lambda m: iter([same(m.now.step_size, rule.size)])
    if type(rule) is SurrogateContraction:
        return lambda m: _contracted(rule, m)
    return None


def _replayed(rule: Polyak, run: Evidence) -> Iterator[Margin]:
    """Halved scales and best upper bounds depend on all moves before: the rule goes through them."""
    memory, best = rule.init(), math.inf
    for r in run.records:
        best = min(best, math.inf if math.isnan(r.upper_bound) else r.upper_bound)
        if not is_move(r):
            continue
        now = Progress(r.moves - 1, r.residual, r.lagrangian, upper_bound=best)
        try:
            step, memory = rule.next(now, memory)
        except ValueError:  # no level to aim at
            step = math.nan
        yield Margin(r.step, same(r.step_size, step))


def _contracted(rule: SurrogateContraction, m: Moved) -> Iterator[float]:
    """s_k ‖g_k‖ = α_k s_{k−1} ‖g_{k−1}‖; the first step is the given one, if one is given."""
    if m.before is None or m.before.movement == 0:
        if m.k == 0 and rule.first_step is not None:
            yield same(m.now.step_size, rule.first_step)
        return
    yield same(m.now.movement, alpha(m.k, rule.M, rule.r) * m.before.movement)


def counted(run: Evidence) -> Finding:
    """Moves are numbered without a gap: the rule's k is how often it was asked before."""
    counts = (
        Margin(m.now.step, 0.0 if m.k == k else -1.0) for k, m in enumerate(moves(run.records))
    )
    return judged("the moves are numbered without a gap", counts, "", vacuous="λ never moved")


def polyak_scale(run: Evidence) -> Finding:
    """One scale throughout, in (0, 2)."""
    rule = run.solver.step_size
    if rule.patience is not None:
        return setting(
            "the scale stays in a closed part of (0, 2)",
            False,
            f"it is halved after {rule.patience} moves without a better value (patience)",
        )
    margin = min(rule.scale, 2 - rule.scale)
    hypothesis = "the scale stays in a closed part of (0, 2)"
    return setting(hypothesis, True, f"scale {rule.scale:g} throughout", margin)


def polyak_target(run: Evidence) -> Finding:
    """The level that each step aimed at, L + s ‖g‖²/scale, is max q."""
    hypothesis, rule = "the target is max q", run.solver.step_size
    low, high = run.dual_optimum
    if low < high:
        what = "the best upper bound at each move" if rule.target is None else f"{rule.target:g}"
        known = f"max q is only known to lie in [{low:.8g}, {high:.8g}]"
        outside = rule.target is not None and not low <= rule.target <= high
        verdict = Verdict.VIOLATED if outside else Verdict.UNDETERMINED
        return Finding(hypothesis, verdict, Basis.OBSERVED, f"the target is {what}; {known}")

    def margins() -> Iterator[Margin]:
        for _, now, _ in moves(run.records):
            aimed = now.lagrangian + now.step_size * now.residual**2 / rule.scale
            size = 1 + abs(high) + abs(now.lagrangian)
            yield Margin(now.step, same(aimed - high + size, size))

    return judged(hypothesis, margins(), f"level aimed at, relative to max q = {high:.8g}")
