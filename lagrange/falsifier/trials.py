"""The claim put to one instance after another: counts, the nearest misses, and the first violation."""

from dataclasses import dataclass, field
from fractions import Fraction
from time import perf_counter
from typing import Any

from lagrange.falsifier.claim import Falsifiable, Verdict
from lagrange.falsifier.family import Instance

KEPT = 8  # near misses that the refinement starts from


@dataclass
class Trials:
    """What a search has seen so far.

    deadline : of ``perf_counter``
    most     : instances that a stage may judge; None: as many as there is time for
    stage    : the present one
    counts   : instances judged, by stage
    outside  : instances that do not satisfy the hypotheses
    near     : the smallest scores and their instances, the smallest first
    found    : the first violation
    """

    claim: Falsifiable
    rule: Any
    deadline: float
    most: int | None = None
    stage: str = "lattice"
    counts: dict[str, int] = field(default_factory=lambda: dict[str, int]())
    outside: int = 0
    near: list[tuple[float, Instance]] = field(default_factory=lambda: list[Any]())
    found: Instance | None = None

    @property
    def over(self) -> bool:
        """Is there a violation, or nothing left of time or number?"""
        spent = self.most is not None and self.counts.get(self.stage, 0) >= self.most
        return spent or self.found is not None or perf_counter() > self.deadline

    def begin(self, stage: str, deadline: float) -> None:
        """The next stage."""
        self.stage, self.deadline = stage, deadline

    def put(self, instance: Instance) -> float | None:
        """Judges one instance; its score, which is negative for a violation, None outside."""
        verdict = judge(self.claim, self.rule, instance)
        if verdict is None:
            self.outside += 1
            return None
        self.counts[self.stage] = self.counts.get(self.stage, 0) + 1
        if not verdict.holds:
            self.found = instance
        score = score_of(verdict)
        if len(self.near) < KEPT or score < self.near[-1][0]:
            self.near = sorted([*self.near, (score, instance)], key=lambda p: p[0])[:KEPT]
        return score


def judge(claim: Falsifiable, rule: Any, instance: Instance) -> Verdict | None:
    """The verdict; an error of the rule names the instance that it failed on."""
    try:
        return claim.check(instance, rule)
    except Exception as error:
        raise ValueError(
            f"the rule failed with {type(error).__name__}: {error}, on {shown(instance)}"
        ) from error


def score_of(verdict: Verdict) -> float:
    """The margin relative to what is compared, in [−1, 1]."""
    margin = verdict.margin
    if margin is None:
        return -1.0
    scale = 1 + abs(Fraction(verdict.measured)) + abs(Fraction(verdict.predicted))
    return float(margin / scale)


def shown(instance: Instance) -> str:
    """An instance as text."""
    rows = "; ".join(" ".join(map(str, row)) for row in instance.rows)
    return f"rows ({rows}), scalars ({' '.join(map(str, instance.scalars))})"
