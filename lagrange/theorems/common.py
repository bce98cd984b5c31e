"""Hypotheses that several theorems share."""

import math
from collections.abc import Iterator

from lagrange.facts import Facts
from lagrange.known_blocks import type_name
from lagrange.theorems.evidence import Evidence, moves, same
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, declared, judged

SUMS = (
    2.0**-30
)  # relative: sums of thousands of terms of either sign, in single or double precision


def whole_trace(run: Evidence) -> Finding:
    """All steps are there and follow each other; what every solver measures is a finite number."""
    hypothesis, count = "the trace is whole", len(run.records)
    if run.steps is not None and run.steps != count:
        detail = f"the trace has {count} steps, the run says that it made {run.steps}"
        first = min(count, run.steps) + 1
        return Finding(hypothesis, Verdict.VIOLATED, Basis.OBSERVED, detail, first)
    by_admm = type_name(run.solver) == "ADMM"  # the others have no dual residual

    def margins() -> Iterator[Margin]:
        for expected, record in enumerate(run.records, 1):
            lengths = (record.residual, record.dual_residual if by_admm else 0.0)
            fine = record.step == expected and min(lengths) >= 0
            numbers = (*lengths, record.cost, record.lagrangian)
            yield Margin(expected, 0.0 if fine and all(map(math.isfinite, numbers)) else -1.0)

    detail = f"{count} steps, none missing, residuals are lengths, costs finite"
    return judged(hypothesis, margins(), detail)


def blocks_that(hypothesis: str, run: Evidence, fact: str, who: range | None = None) -> Finding:
    """A fact of all blocks, or of those in ``who``: False of one is enough to violate it."""
    chosen = range(len(run.facts)) if who is None else who
    values: list[bool | None] = [getattr(run.facts[i], fact) for i in chosen]
    answer = False if False in values else None if None in values else True

    def relevant(i: int, facts: Facts) -> bool:
        return i in chosen and getattr(facts, fact) is answer

    return declared(hypothesis, answer, run.describe(relevant))


def convex(run: Evidence) -> Finding:
    """F, G closed proper convex."""
    return blocks_that("every block is convex", run, "convex")


def exact(run: Evidence) -> Finding:
    """Every answer is a minimizer."""
    return blocks_that("every answer is a minimizer", run, "exact")


def bounded(run: Evidence) -> Finding:
    """‖g‖ ≤ G at all points of X; a trace shows those it visited only."""
    found = blocks_that("the residual is bounded over all of X", run, "bounded")
    largest = max((r.residual for r in run.records), default=math.nan)
    detail = f"{found.detail}; the largest one seen is {largest:.4g}"
    if found.verdict is Verdict.VIOLATED:  # X is unbounded: the run itself may stay bounded
        return Finding(found.hypothesis, Verdict.UNDETERMINED, Basis.DECLARED, detail)
    return declared(found.hypothesis, found.verdict is Verdict.HOLDS or None, detail)


def saddle_point(run: Evidence) -> Finding:
    """Convex piecewise linear-quadratic problems with a finite value have optimal points of both
    problems, with equal values (Rockafellar, Wets, Variational Analysis, Springer 1998, ch. 11).
    """
    hypothesis = "L has a saddle point"
    if run.declared.saddle_point is not None:
        return declared(hypothesis, run.declared.saddle_point, "declared by the instance's author")
    piecewise = blocks_that("", run, "piecewise")
    if piecewise.verdict is not Verdict.HOLDS:
        detail = f"nobody declared one, and not every block is linear-quadratic: {piecewise.detail}"
        return declared(hypothesis, None, detail)
    below = math.isfinite(run.lower) or all(f.bounded_below for f in run.facts)
    if not (below and math.isfinite(run.upper)):
        lacking = "that the optimum is bounded below" if math.isfinite(run.upper) else "feasibility"
        detail = f"the problem is linear-quadratic, but nothing shows {lacking}"
        return declared(hypothesis, None, detail)
    bound = f"at least {run.lower:.8g}" if math.isfinite(run.lower) else "bounded below"
    detail = f"convex, linear-quadratic, feasible (a point costs {run.upper:.8g}), {bound}"
    return declared(hypothesis, True, detail)


def length_recorded(run: Evidence) -> Finding:
    """Dual methods: λ moved by s g, of length s ‖g‖, with s ≥ 0."""

    def margins() -> Iterator[Margin]:
        for _, now, _ in moves(run.records):
            wrong = now.step_size < 0
            value = -1.0 if wrong else same(now.movement, now.step_size * now.residual)
            yield Margin(now.step, value)

    return judged(
        "λ moved by s g",
        margins(),
        "relative deviation of ‖s g‖ from s ‖g‖",
        vacuous="λ never moved",
    )


def values_are_minima(run: Evidence) -> Finding:
    """Consequence of exact answers: where a bound was proved, L(x, λ) lies on it. It never lies below,
    save by less than 1 where the bound was rounded up to an integer.
    """
    rounded = 1.0 if run.problem.integral else 0.0

    def margins() -> Iterator[Margin]:
        for r in run.records:
            if math.isfinite(r.lower_bound) and math.isfinite(r.lagrangian):
                size = 1 + abs(r.cost) + abs(r.lagrangian) + abs(r.lagrangian - r.cost)
                above = r.lagrangian - r.lower_bound
                yield Margin(r.step, SUMS * size + min(-above, above + rounded))

    detail = "distance of L(x, λ) from the bound that was proved at the same λ, up to rounding"
    return judged("L(x, λ) = q(λ)", margins(), detail)


def fits_bounds(run: Evidence) -> Finding | None:
    """Consequence: a declared max q is at least every proved dual value and at most every cost."""
    q = run.declared.dual_optimum
    if q is None:
        return None
    slack = SUMS * (1 + abs(q))
    margin = min(q - run.dual_value, run.upper - q) + slack
    proved = f"[{run.dual_value:.8g}, {run.upper:.8g}]"
    detail = f"max q = {q:.8g} is declared; it is proved to lie in {proved}"
    verdict = Verdict.HOLDS if margin >= 0 else Verdict.VIOLATED
    return Finding("max q is as declared", verdict, Basis.OBSERVED, detail, None, margin)
