"""The run certificate: which theorem licenses a run, and what stands against the others.

Every hypothesis of every theorem about the run's solver is judged: it *holds*, is *violated* at a step,
stays *undetermined* or is *not checkable*. What is declared (convexity, exactness, a saddle point) is
listed apart from what was observed in the trace: a run can refute a declared fact, never show it. A
statement is licensed only if every hypothesis holds.

    certificate = certify(problem, solver, solution)
    certificate.line          "licensed: admm.convex, bounds.weak-duality"
    certificate.as_markdown() the whole table
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from lagrange.certificates import Claims
from lagrange.facts import Declared
from lagrange.problem import Problem
from lagrange.runs import Finished, claims_of
from lagrange.solution import Solution
from lagrange.state import Solver
from lagrange.theorems import admm, augmented, bounds, progressive, subgradient, surrogate
from lagrange.theorems.evidence import Evidence, Licence, judge
from lagrange.theorems.findings import Basis, Finding, Verdict

THEOREMS = (
    *admm.THEOREMS,
    *augmented.THEOREMS,
    *subgradient.THEOREMS,
    *surrogate.THEOREMS,
    *progressive.THEOREMS,
    *bounds.THEOREMS,
)
FORMAT = 1


@dataclass(frozen=True)
class RunCertificate:
    """What licenses a run. ``licences``: one for each theorem about its solver."""

    name: str
    solver: str
    licences: tuple[Licence, ...]

    @property
    def licensed(self) -> tuple[str, ...]:
        """Names of the theorems whose every hypothesis holds."""
        return tuple(each.theorem for each in self.licences if each.licensed)

    @property
    def convergence(self) -> tuple[str, ...]:
        """Those that say where the run is going, rather than that its bounds are bounds."""
        return tuple(name for name in self.licensed if not name.endswith(BESIDES))

    @property
    def line(self) -> str:
        """One line for a report."""
        if self.convergence:
            return f"licensed: {', '.join(self.licensed)}"
        besides = f" (licensed besides: {', '.join(self.licensed)})" if self.licensed else ""
        return f"no theorem licenses this run: {'; '.join(self.reasons)}{besides}"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What stands against each theorem on convergence, the one with the fewest violations first."""
        about = [each for each in self.licences if not each.theorem.endswith(BESIDES)]
        return tuple(_against(each) for each in sorted(about, key=_violations)) or (
            f"none that is known here covers the method {self.solver}",
        )

    def of(self, theorem: str) -> Licence:
        """The licence of one theorem. Raises ValueError where it is not about this run's solver."""
        for each in self.licences:
            if each.theorem == theorem:
                return each
        known = ", ".join(each.theorem for each in self.licences)
        raise ValueError(f"{theorem!r} was not judged on this run, these were: {known}")

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``certificate.json``; a margin that is not finite is null."""
        return {
            "format": FORMAT,
            "name": self.name,
            "solver": self.solver,
            "line": self.line,
            "licensed": list(self.licensed),
            "theorems": [
                {
                    "theorem": each.theorem,
                    "reference": each.reference,
                    "statement": each.statement,
                    "licensed": each.licensed,
                    "hypotheses": [_as_json(h) for h in each.hypotheses],
                    "consequences": [_as_json(c) for c in each.consequences],
                }
                for each in self.licences
            ],
        }

    def as_lines(self) -> list[str]:
        """The same as plain text, for a terminal."""
        lines: list[str] = []
        for each in self.licences:
            verdict = "LICENSED    " if each.licensed else "not licensed"
            lines.append(f"{verdict}  {each.theorem}: {each.statement}")
            for found in (*each.hypotheses, *each.consequences):
                said = f"{found.hypothesis} ({found.basis.value})"
                lines.append(
                    f"    {found.text:14} {said}" + f": {found.detail}" * bool(found.detail)
                )
        return [*lines, self.line]

    def as_markdown(self) -> str:
        """A table for each theorem; what is declared stands apart from what was observed."""
        lines = [f"# {self.name} by {self.solver}", "", self.line, ""]
        for each in self.licences:
            verdict = "licensed" if each.licensed else "not licensed"
            lines += [
                f"## {each.theorem}: {verdict}",
                "",
                f"{each.statement} ({each.reference})",
                "",
            ]
            seen = [h for h in each.hypotheses if h.basis is not Basis.DECLARED]
            said = [h for h in each.hypotheses if h.basis is Basis.DECLARED]
            for title, found in (
                ("declared, not refuted by this run", said),
                ("observed, or read off the settings", seen),
                ("consequence", each.consequences),
            ):
                lines += _table(title, found)
        return "\n".join(lines)


BESIDES = ("weak-duality", "any-steps", "distance", "nested", "progressive.last-stage")


def certify(
    problem: Problem[Any],
    solver: Solver[Any],
    solution: Solution,
    *,
    declared: Declared | None = None,
    name: str = "run",
) -> RunCertificate:
    """Judges a run that was begun from nothing or from a ``Start``, by its trace.

    Blocks of the library declare themselves; what is known of your own blocks, of a saddle point or of
    max q is said in ``declared``.
    """
    best = solution.state.best
    # a bound that was rounded up to an integer is less than 1 above a dual value
    dual = best.lower_bound - 1.0 if problem.integral else best.lower_bound
    run = Evidence(
        problem,
        solver,
        list(solution.trace),
        solution.multipliers,
        best.lower_bound,
        best.upper_bound,
        dual,
        steps=solution.state.record.step,
        declared=declared or Declared(),
    )
    return certificate(name, run)


def certify_run(
    run: Finished, claims: Claims | None = None, declared: Declared | None = None
) -> RunCertificate:
    """Judges an executed run of a family; ``claims``: what it proves, recomputed where None."""
    solution = run.solution
    evidence = Evidence(
        run.method.problem,
        run.method.solver,
        list(solution.trace),
        solution.multipliers,
        solution.lower_bound,
        solution.upper_bound,
        solution.lower_bound - (1.0 if run.method.problem.integral else 0.0),
        steps=solution.state.record.step,
        declared=declared or Declared(),
    )
    if run.instance.exact is not None:
        evidence = with_claims(evidence, claims or claims_of(run), run.instance.sense)
    return certificate(run.instance.name, evidence)


def with_claims(run: Evidence, claims: Claims, sense: str) -> Evidence:
    """The evidence with the recomputed bounds, of the family's sense, in place of the solver's own."""
    lower, upper, dual = claims.lower_bound, claims.upper_bound, claims.dual_value
    if sense == "max":
        lower, upper, dual = _negated(upper), _negated(lower), _negated(dual)
    return replace(
        run,
        lower=-math.inf if lower is None else lower,
        upper=math.inf if upper is None else upper,
        dual_value=-math.inf if dual is None else dual,
        recomputed=True,
    )


def _negated(x: float | None) -> float | None:
    return None if x is None else -x


def certificate(name: str, run: Evidence) -> RunCertificate:
    """Every theorem about the run's solver; of a progressive run also those about its last stage."""
    licences = [judge(theorem, run) for theorem in THEOREMS if theorem.about(run)]
    inner = progressive.last_stage(run)
    if inner is not None:
        licences += [
            replace(each, theorem=f"last stage: {each.theorem}")
            for each in certificate(name, inner).licences
            if each.theorem != "bounds.weak-duality"
        ]
    return RunCertificate(name, type(run.solver).__name__, tuple(licences))


def _violations(licence: Licence) -> int:
    return sum(reason.verdict is Verdict.VIOLATED for reason in licence.reasons)


def _against(licence: Licence) -> str:
    """The reasons against one theorem, by verdict."""
    said: dict[str, list[str]] = {}
    for reason in licence.reasons:
        said.setdefault(reason.text, []).append(reason.hypothesis)
    parts = (f"{verdict}: {', '.join(names)}" for verdict, names in said.items())
    return f"{licence.theorem} ({'; '.join(parts)})"


def _as_json(found: Finding) -> dict[str, Any]:
    margin = found.margin
    return {
        "hypothesis": found.hypothesis,
        "verdict": found.verdict.value,
        "basis": found.basis.value,
        "detail": found.detail,
        "step": found.at,
        "margin": None if margin is None or not math.isfinite(margin) else margin,
    }


def _table(title: str, found: tuple[Finding, ...] | list[Finding]) -> list[str]:
    if not found:
        return []
    lines = [f"| {title} | verdict | margin | detail |", "|---|---|---|---|"]
    for each in found:
        margin = "" if each.margin is None else f"{each.margin:.3g}"
        margin += f" at {each.at}" if margin and each.at is not None else ""
        detail = each.detail.replace("|", "\\|")
        lines.append(f"| {each.hypothesis} | {each.text} | {margin} | {detail} |")
    return [*lines, ""]
