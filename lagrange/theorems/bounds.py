"""Weak duality: are the reported bounds bounds? For every solver and every problem.

    q(λ) ≤ L(x, λ) ≤ f(x) for feasible x, if λ ≥ 0 on ≤ rows and q is a global minimum or below one

proofs: proofs_checks/duality.py
"""

import math
from collections.abc import Iterator

from lagrange.theorems.common import SUMS, blocks_that
from lagrange.theorems.evidence import Evidence, Theorem
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, declared, judged


def lower_is_proved(run: Evidence) -> Finding:
    """Recomputed in rationals; or each block proved its part at the same prices."""
    hypothesis = "the lower bound is proved"
    if run.unproved:
        return Finding(hypothesis, Verdict.VIOLATED, Basis.OBSERVED, run.unproved)
    if run.recomputed and math.isfinite(run.lower):
        return Finding(
            hypothesis,
            Verdict.HOLDS,
            Basis.OBSERVED,
            "recomputed in rational arithmetic at the saved multipliers, without blocks and solver",
        )
    if not math.isfinite(run.lower):
        silent = blocks_that(hypothesis, run, "proves")
        what = f": {silent.detail}" if silent.verdict is Verdict.VIOLATED else ""
        detail = f"no lower bound was proved{what}"
        return Finding(hypothesis, Verdict.VIOLATED, Basis.OBSERVED, detail)
    found = blocks_that(hypothesis, run, "proves")
    return declared(hypothesis, found.verdict is Verdict.HOLDS or None, found.detail)


def upper_is_cost(run: Evidence) -> Finding:
    """Recomputed in rationals; or the problem's own ``recover`` vouches for the point."""
    hypothesis = "the upper bound is the cost of a feasible point"
    if run.refuted:
        return Finding(hypothesis, Verdict.VIOLATED, Basis.OBSERVED, run.refuted)
    if math.isinf(run.upper):
        return declared(hypothesis, True, "no upper bound is claimed")
    if run.recomputed:
        detail = "recomputed in rational arithmetic, every constraint checked exactly"
        return Finding(hypothesis, Verdict.HOLDS, Basis.OBSERVED, detail)
    return declared(hypothesis, True, "the problem's recover function vouches for it")


def right_signs(run: Evidence) -> Finding:
    """λ ≥ 0 on ≤ rows."""
    signs = [
        (name, float(run.multipliers[name].min()))
        for name in sorted(run.problem.inequality)
        if name in run.multipliers
    ]
    hypothesis = "multipliers of ≤ rows are ≥ 0"
    if not signs:
        return Finding(hypothesis, Verdict.HOLDS, Basis.SETTINGS, "there are equality rows only")
    row, least = min(signs, key=lambda pair: pair[1])
    verdict = Verdict.HOLDS if least >= 0 else Verdict.VIOLATED
    return Finding(hypothesis, verdict, Basis.OBSERVED, f"the least is in row {row!r}", None, least)


def never_cross(run: Evidence) -> Finding:
    """No bound of any step lies above the cost of any feasible point."""

    def margins() -> Iterator[Margin]:
        best = run.upper
        for r in run.records:
            best = min(best, r.upper_bound) if r.upper_bound == r.upper_bound else best
        for r in run.records:
            if math.isfinite(r.lower_bound) and math.isfinite(best):
                size = 1 + abs(r.lower_bound) + abs(best)
                yield Margin(r.step, best - r.lower_bound + SUMS * size)
        if math.isfinite(run.lower) and math.isfinite(best):
            last = run.records[-1].step if run.records else 0
            yield Margin(last, best - run.lower + SUMS * (1 + abs(best)))

    detail = "the least cost of a feasible point less the bound"
    return judged("no bound lies above the cost of a feasible point", margins(), detail)


def _interval(run: Evidence) -> str:
    return f"the optimum, as a minimum, lies in [{run.lower:.10g}, {run.upper:.10g}]"


THEOREMS = (
    Theorem(
        "bounds.weak-duality",
        "derived: proofs_checks/duality.py",
        lambda run: True,
        _interval,
        (lower_is_proved, upper_is_cost, right_signs, never_cross),
    ),
)
