"""Progressive runs: the inner solver's theorems on the last stage, and what carries over to it.

A set that shrinks from stage to stage makes bounds of an earlier stage hold in later ones; the inner
theorem is about the last stage alone, from the start that it was handed.
proofs: proofs_checks/progressive.py
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from lagrange.known_blocks import type_name
from lagrange.problem import Problem
from lagrange.sets.nested import nests
from lagrange.stages import StagedProblem
from lagrange.theorems.evidence import Evidence, Theorem, about
from lagrange.theorems.findings import Basis, Finding, Margin, Verdict, declared, judged

BUDGETS = ("Cardinality", "GlobalCardinality")
GRIDS = (
    "UniformGrid",
    "ZeroFreeGrid",
    "PowerOfTwo",
    "ScaledPowers",
    "Binary",
    "Ternary",
    "Codebook",
)


def last_stage(run: Evidence) -> Evidence | None:
    """The run of the inner solver on the last stage; None if it was never reached."""
    problem: Any = run.problem
    if not isinstance(problem, StagedProblem):
        return None
    stages: tuple[Problem[Any], ...] = problem.stages  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    last = len(stages) - 1
    earlier = [r for r in run.records if r.stage < last]
    steps = earlier[-1].step if earlier else 0
    moves = earlier[-1].moves if earlier else 0
    records = [
        r._replace(step=r.step - steps, moves=r.moves - moves)
        for r in run.records
        if r.stage == last
    ]
    if not records:
        return None
    inner = run.solver.solver
    return replace(run, problem=stages[last], solver=inner, records=records, steps=None)


def stages_in_order(run: Evidence) -> Finding:
    """All steps are there and follow each other, stages never go back."""
    hypothesis, count = "stages follow each other", len(run.records)
    if run.steps is not None and run.steps != count:
        detail = f"the trace has {count} steps, the run says that it made {run.steps}"
        return Finding(hypothesis, Verdict.VIOLATED, Basis.OBSERVED, detail)
    margins: list[Margin] = []
    stage = 0
    for expected, r in enumerate(run.records, 1):
        fine = r.step == expected and stage <= r.stage <= stage + 1
        margins.append(Margin(expected, 0.0 if fine else -1.0))
        stage = r.stage
    return judged(hypothesis, margins, f"{count} steps")


def stages_nested(run: Evidence) -> Finding:
    """Every set lies in the one of the stage before; blocks that stay the same do."""
    problem: Any = run.problem
    hypothesis = "the sets shrink from stage to stage"
    answers: list[tuple[bool | None, str]] = []
    for number, (before, after) in enumerate(pairwise(problem.stages), 1):
        for fine, coarse in zip(before.blocks, after.blocks, strict=True):
            answers.append((_block_lies_in(coarse, fine), f"stage {number}: {type_name(coarse)}"))
    values = [answer for answer, _ in answers]
    answer = False if False in values else None if None in values else True
    named = "; ".join(what for value, what in answers if value is answer)
    return declared(hypothesis, answer, named or "there is one stage")


def _block_lies_in(coarse: Any, fine: Any) -> bool | None:
    if coarse is fine:
        return True
    if type_name(coarse) == type_name(fine) == "SetBlock" and coarse.rows == fine.rows:
        return lies_in(coarse.members, fine.members)
    return None


def lies_in(coarse: Any, fine: Any) -> bool | None:
    """Whether one set lies in another, where a rule says so; None where no rule here does."""
    name = type_name(coarse)
    if name != type_name(fine):
        return None
    if name in ("Each", "PerTensor"):
        if set(coarse.sets) != set(fine.sets):
            return None
        parts = [lies_in(part, fine.sets[row]) for row, part in coarse.sets.items()]
        return False if False in parts else None if None in parts else True
    if name in BUDGETS:
        return coarse.k <= fine.k if coarse == replace(fine, k=coarse.k) else None
    if name in GRIDS:
        return nests(coarse, fine)
    return True if coarse == fine else None


def never_holds_without_stages(run: Evidence) -> Finding:
    """The last stage, whose problem is the one that was asked for, was reached."""
    reached = last_stage(run) is not None
    found = declared("the last stage was reached", reached, "")
    return found if reached else replace(found, verdict=Verdict.VIOLATED)


THEOREMS = (
    Theorem(
        "progressive.nested",
        "derived: proofs_checks/progressive.py",
        about("Progressive"),
        lambda run: "a bound proved in one stage holds in all later ones",
        (stages_in_order, stages_nested),
    ),
    Theorem(
        "progressive.last-stage",
        "derived: the solver's own theorems, listed with the last stage",
        about("Progressive"),
        lambda run: "what is licensed for the inner solver holds for the problem of the last stage",
        (stages_in_order, never_holds_without_stages),
    ),
)
