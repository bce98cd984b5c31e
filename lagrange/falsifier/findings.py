"""What a search ends in: a counterexample with a script, or how much was tried in vain."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from lagrange.falsifier.claim import Falsifiable
from lagrange.falsifier.family import Instance
from lagrange.falsifier.trials import shown


@dataclass(frozen=True)
class Counterexample:
    """An instance on which the claim fails: measured > predicted, found again by a second run.

    instance, first : after and before it was made simpler
    script          : shows the violation with the public library alone
    """

    claim: Falsifiable
    instance: Instance
    first: Instance
    measured: int | float | Fraction
    predicted: int | float | Fraction
    tried: int
    stage: str
    script: str

    falsified = True

    def __str__(self) -> str:
        size = f"{_many(len(self.instance.rows), 'variable')}, "
        size += _many(self.instance.iterations, "iteration")
        left, right = self.claim.names
        return (
            f"FALSIFIED {self.claim.name}: {self.claim.statement}\n"
            f"found by {self.stage}, instance {self.tried} that was tried; shrunk to {size}\n"
            f"{left} {_number(self.measured)}, {right} {_number(self.predicted)}, "
            f"on {shown(self.instance)}"
        )


@dataclass(frozen=True)
class NotFalsified:
    """No violation among the instances that were tried. No more is said.

    counts  : instances judged, by stage
    outside : further instances that do not satisfy the hypotheses
    skipped : the stage that could not run, and why; empty if all ran
    """

    claim: Falsifiable
    counts: Mapping[str, int]
    outside: int
    skipped: str

    falsified = False

    @property
    def tried(self) -> int:
        """Instances judged."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        stages = ", ".join(f"{name} {count}" for name, count in self.counts.items())
        lines = [
            f"not falsified {self.claim.name}: {self.claim.statement}",
            f"{self.tried} instances were tried ({stages}) of the family: {self.claim.family}",
            "another instance, or another family, may still violate it",
        ]
        if self.outside:
            lines[1] += f"; {self.outside} more did not satisfy the hypotheses"
        return "\n".join([*lines, *([self.skipped] if self.skipped else [])])


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _number(x: int | float | Fraction) -> str:
    """Exactly if that is short, else rounded."""
    return str(x) if len(str(x)) <= 24 else f"{float(x):.12g}"
