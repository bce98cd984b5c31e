"""Hypotheses on ρ: the theorems are about a constant one, or about the steps after its last change."""

import math
from collections.abc import Iterator
from itertools import pairwise
from numbers import Real
from typing import Any

from lagrange.known_blocks import type_name
from lagrange.penalties import ConstantPenalty, ResidualBalancing, Spectral
from lagrange.theorems.evidence import ULPS, Evidence, same
from lagrange.theorems.findings import Finding, Margin, declared, judged


def is_constant(rule: Any) -> bool:
    """A number, or the rule that is one."""
    return isinstance(rule, (Real, ConstantPenalty))


def _value(rule: Any) -> float:
    return float(rule.rho if isinstance(rule, ConstantPenalty) else rule)


def _changes(run: Evidence) -> list[int]:
    """The steps at which ρ was another one than before."""
    rhos = [(r.step, r.rho) for r in run.records]
    return [step for (_, a), (step, b) in pairwise(rhos) if a != b]


def rho_recorded(run: Evidence) -> Finding:
    """ρ > 0, and what the settings say: the constant, or a change that the rule allows."""
    rule = run.solver.rho

    def margins() -> Iterator[Margin]:
        before = math.nan
        for r in run.records:
            fine = math.isfinite(r.rho) and r.rho > 0
            value = 0.0 if fine else -1.0
            if fine and is_constant(rule):
                value = same(r.rho, _value(rule), 0.0)
            elif fine and type(rule) in (ResidualBalancing, Spectral):
                value = _allowed(rule, before, r.rho, r.step)
            before = r.rho
            yield Margin(r.step, value)

    detail = f"ρ = {_value(rule):g}" if is_constant(rule) else f"by {type_name(rule)}"
    return judged("ρ is the one of the settings", margins(), detail)


def _allowed(rule: Any, before: float, rho: float, step: int) -> float:
    """Rules of the library begin at ``first`` and change by at most ``factor``, at set sweeps."""
    if math.isnan(before):
        return same(rho, rule.first, 0.0)
    if rho == before:
        return 0.0
    if (step - 1) % rule.every:
        return -1.0
    return math.log(rule.factor) + ULPS - abs(math.log(rho / before))


def few_changes(run: Evidence) -> Finding:
    """ρ changes finitely often; from the last change on the theorem holds."""
    hypothesis, rule = "ρ changes finitely often", run.solver.rho
    if is_constant(rule):
        return declared(hypothesis, True, "it is constant")
    steps = _changes(run)
    last = f", the last one at step {steps[-1]}: the theorem holds from there" if steps else ""
    seen = f"{len(steps)} changes{last}"
    if type(rule) not in (ResidualBalancing, Spectral):
        own = run.declared.finite_changes
        return declared(hypothesis, own, f"{type_name(rule)} is no rule of the library; {seen}")
    counts = (Margin(step, float(rule.changes - n)) for n, step in enumerate(steps, 1))
    detail = f"{type_name(rule)} changes it at most {rule.changes} times; {seen}"
    if not steps:
        return declared(hypothesis, True, detail)
    return judged(hypothesis, counts, detail)
