"""What a check returns: what was measured, what is predicted, and the relation between the two."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

Number: TypeAlias = int | float | Fraction
Relation: TypeAlias = Literal["==", "<="]


class HypothesisFails(ValueError):
    """An instance breaks a hypothesis: the theorem says nothing about it, so nothing is compared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """measured {==, <=} predicted.

    The comparison is exact: a float stands for the rational number it is. ``error`` is how far
    rounding may have moved the difference; it stays 0 where both sides are rational. Infinite and
    undefined numbers never hold: nothing was measured.
    """

    measured: Number
    predicted: Number
    relation: Relation
    error: float = 0.0

    def __post_init__(self) -> None:
        if self.relation not in ("==", "<="):
            raise ValueError(f"the relation must be == or <=, got {self.relation!r}")
        if not (math.isfinite(self.error) and self.error >= 0):
            raise ValueError(f"error must be a finite number >= 0, got {self.error}")

    @property
    def margin(self) -> Fraction | None:
        """predicted − measured, exactly; None if one of them is not finite."""
        if not (_finite(self.measured) and _finite(self.predicted)):
            return None
        return Fraction(self.predicted) - Fraction(self.measured)

    @property
    def holds(self) -> bool:
        """Is the relation true?"""
        margin = self.margin
        if margin is None:
            return False
        slack = Fraction(self.error)
        return margin >= -slack if self.relation == "<=" else abs(margin) <= slack


def _finite(x: Number) -> bool:
    return not isinstance(x, float) or math.isfinite(x)
