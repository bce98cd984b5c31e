"""What is found of a hypothesis: a verdict, what it rests on, and by how much it holds or fails."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Verdict(Enum):
    """``NOT_CHECKABLE``: no trace can show it, and nobody declared it."""

    HOLDS = "holds"
    VIOLATED = "violated"
    UNDETERMINED = "undetermined"
    NOT_CHECKABLE = "not checkable"


class Basis(Enum):
    """What a verdict rests on."""

    DECLARED = "declared"  # by a type of the library or by the author: a run can only refute it
    SETTINGS = "settings"  # of the solver, the problem
    OBSERVED = "observed"  # in the trace


@dataclass(frozen=True)
class Finding:
    """hypothesis : in words
    at         : the step where it is violated, or where it holds by the least
    margin     : how far from violation, in the units of the detail; < 0 where violated.
    """

    hypothesis: str
    verdict: Verdict
    basis: Basis
    detail: str = ""
    at: int | None = None
    margin: float | None = None

    @property
    def text(self) -> str:
        """The verdict with its step: "violated at 7"."""
        violated = self.verdict is Verdict.VIOLATED and self.at is not None
        return f"{self.verdict.value} at {self.at}" if violated else self.verdict.value


class Margin(NamedTuple):
    """At a step: ≥ 0 holds, < 0 violated, NaN undetermined."""

    step: int
    value: float


def judged(
    hypothesis: str, margins: Iterable[Margin], detail: str, *, vacuous: str = ""
) -> Finding:
    """Observed step by step: violated at the first step that violates it. Where there was no step to
    look at it is undetermined; or it holds, for the reason that ``vacuous`` gives.
    """
    seen = list(margins)
    for step, value in seen:
        if value < 0:
            found = Verdict.VIOLATED
            return Finding(hypothesis, found, Basis.OBSERVED, detail, step, value)
    unknown = [margin for margin in seen if math.isnan(margin.value)]
    if not seen:
        verdict = Verdict.HOLDS if vacuous else Verdict.UNDETERMINED
        return Finding(hypothesis, verdict, Basis.OBSERVED, vacuous or "there was no such step")
    if unknown:
        found = Verdict.UNDETERMINED
        return Finding(hypothesis, found, Basis.OBSERVED, detail, unknown[0].step)
    step, value = min(seen, key=lambda margin: margin.value)
    return Finding(hypothesis, Verdict.HOLDS, Basis.OBSERVED, detail, step, value)


def declared(hypothesis: str, fact: bool | None, detail: str) -> Finding:
    """A fact that somebody vouches for, or nobody."""
    verdict = {True: Verdict.HOLDS, False: Verdict.VIOLATED, None: Verdict.UNDETERMINED}[fact]
    return Finding(hypothesis, verdict, Basis.DECLARED, detail)


def setting(
    hypothesis: str, holds: bool | None, detail: str, margin: float | None = None
) -> Finding:
    """Read off the settings; None: they do not say."""
    verdict = {True: Verdict.HOLDS, False: Verdict.VIOLATED, None: Verdict.UNDETERMINED}[holds]
    return Finding(hypothesis, verdict, Basis.SETTINGS, detail, None, margin)
