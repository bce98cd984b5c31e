"""The evidence of a run: problem, settings, trace, bounds, and what is declared."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from lagrange.facts import Declared, Facts
from lagrange.known_blocks import known, type_name
from lagrange.problem import Problem
from lagrange.records import Record
from lagrange.theorems.findings import Basis, Finding, Verdict
from lagrange.vectors import Vector

UNIT = 2.0**-53
NOTHING = Declared()
ULPS = 64 * UNIT  # a handful of float operations on the same numbers, and some more


@dataclass(frozen=True)
class Evidence:
    """What there is to judge a run by.

    multipliers  : those that prove the bound, the last ones where none was proved
    lower, upper : the best bounds, of the minimization form; −inf and inf where there are none
    dual_value   : the best proved q(λ); ``lower`` may have been rounded up to an integer since
    recomputed   : were they recomputed in rationals, without blocks and solvers?
    refuted      : what that recomputation found wrong with the point, in words
    unproved     : and with the multipliers
    steps        : how many steps the run says it made; None where nothing but the trace says so
    changed      : files that are not those the run was made with
    """

    problem: Problem[Any]
    solver: Any
    records: Sequence[Record]
    multipliers: Vector
    lower: float = -math.inf
    upper: float = math.inf
    dual_value: float = -math.inf
    recomputed: bool = False
    refuted: str = ""
    unproved: str = ""
    steps: int | None = None
    changed: tuple[str, ...] = ()
    declared: Declared = NOTHING

    @cached_property
    def facts(self) -> tuple[Facts, ...]:
        """Of each block: what its author declared, else what is known by its type."""
        own = self.declared.blocks
        return tuple(own.get(i, known(block)) for i, block in enumerate(self.problem.blocks))

    @property
    def dual_optimum(self) -> tuple[float, float]:
        """An interval that holds max q: a point where it is declared, else the proved bounds."""
        q = self.declared.dual_optimum
        return (self.dual_value, self.upper) if q is None else (q, q)

    def describe(self, wanted: Callable[[int, Facts], bool]) -> str:
        """The blocks of which something is so, by type, with who says so."""
        named: dict[str, list[str]] = {}
        for i, (block, facts) in enumerate(zip(self.problem.blocks, self.facts, strict=True)):
            if wanted(i, facts):
                named.setdefault(f"{type_name(block)} ({facts.why})", []).append(str(i))
        parts = [f"block{'s' * (len(n) > 1)} {_few(n)}: {what}" for what, n in named.items()]
        return "; ".join(parts)

    @property
    def rounding(self) -> float:
        """Relative error of a norm of vectors with as many entries as there are multipliers."""
        single = any(a.dtype.itemsize < 8 for a in self.multipliers.values())
        entries = sum(math.prod(a.shape) for a in self.multipliers.values())
        return (2.0**-24 if single else UNIT) * 8 * (math.sqrt(entries) + 8)


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}–{names[-1]}"


class Moved(NamedTuple):
    """A step that moved the multipliers. k counts the moves before it; ``before`` is the last one."""

    k: int
    now: Record
    before: Record | None


def is_move(record: Record) -> bool:
    """Was the step rule consulted?"""
    return record.residual > 0 and not math.isnan(record.step_size)


def moves(records: Sequence[Record]) -> list[Moved]:
    """The steps at which a dual method consulted its rule."""
    found: list[Moved] = []
    before = None
    for record in records:
        if is_move(record):
            found.append(Moved(record.moves - 1, record, before))
            before = record
    return found


def about(*names: str) -> Callable[[Evidence], bool]:
    """Is the run's solver one of these classes of the library?"""
    return lambda run: (
        type_name(run.solver) in names
        and type(run.solver).__module__.startswith("lagrange.solvers.")
    )


@dataclass(frozen=True)
class Theorem:
    """Hypotheses ⇒ statement.

    about        : is it a statement on runs of this solver at all?
    consequences : what the hypotheses imply and a trace shows; where one fails, a hypothesis is false
    """

    name: str
    reference: str
    about: Callable[[Evidence], bool]
    statement: Callable[[Evidence], str]
    hypotheses: tuple[Callable[[Evidence], Finding], ...]
    consequences: tuple[Callable[[Evidence], Finding | None], ...] = ()


@dataclass(frozen=True)
class Licence:
    """A theorem judged on a run: its statement is licensed only if every hypothesis holds."""

    theorem: str
    reference: str
    statement: str
    hypotheses: tuple[Finding, ...]
    consequences: tuple[Finding, ...]

    @property
    def licensed(self) -> bool:
        """Does every hypothesis hold, and is none refuted by a consequence that fails?"""
        return not self.reasons

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """What stands against it."""
        failing = [h for h in self.hypotheses if h.verdict is not Verdict.HOLDS]
        return (*failing, *(c for c in self.consequences if c.verdict is Verdict.VIOLATED))


def judge(theorem: Theorem, run: Evidence) -> Licence:
    """Every hypothesis, one after the other."""
    consequences = (check(run) for check in theorem.consequences)
    same_files = (other_files(run),) if run.changed else ()
    return Licence(
        theorem.name,
        theorem.reference,
        theorem.statement(run),
        (*same_files, *(check(run) for check in theorem.hypotheses)),
        tuple(found for found in consequences if found is not None),
    )


def other_files(run: Evidence) -> Finding:
    """A trace says nothing about a problem that is built from other data."""
    detail = f"the SHA-256 of {', '.join(run.changed)} differs"
    return Finding("the files are those of the run", Verdict.VIOLATED, Basis.OBSERVED, detail)


def same(a: float, b: float, relative: float = ULPS) -> float:
    """The margin of a = b: the rounding that is allowed less the difference, relative to b."""
    size = max(abs(a), abs(b))
    if not (np.isfinite(a) and np.isfinite(b)):
        return -math.inf
    return relative if a == b else relative - abs(a - b) / size
