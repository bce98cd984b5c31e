"""What can be falsified: a claim about all instances of a family and all rules of a kind."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from lagrange.falsifier.family import Family, Instance


class Verdict(Protocol):
    """measured ≤ predicted, compared exactly; ``proofs_checks.comparison.Comparison`` is one."""

    @property
    def measured(self) -> int | float | Fraction: ...
    @property
    def predicted(self) -> int | float | Fraction: ...
    @property
    def margin(self) -> Fraction | None:
        """predicted − measured; None if one of them is not finite."""
        ...

    @property
    def holds(self) -> bool: ...


class Rule(NamedTuple):
    """A user's rule, and the lines of Python after which it is called ``rule``."""

    value: Any
    source: str


@dataclass(frozen=True)
class Falsifiable:
    """A claim, where to look for a violation, and how to show one.

    takes   : the kind of rule it is about, in words
    default : the rule where none is given
    accept  : makes of a given rule what ``check`` expects; ValueError if it is none
    check   : the claim for one instance and one rule, in rationals; None where the instance does not
              satisfy its hypotheses
    script  : a script that shows the violation with the public library alone, given ``rule``
    names   : what is measured and what it is claimed to be at most, in words
    """

    name: str
    statement: str
    takes: str
    default: Rule
    family: Family
    accept: Callable[[Any], Any]
    check: Callable[[Instance, Any], Verdict | None]
    script: Callable[[Instance], str]
    names: tuple[str, str] = ("measured", "claimed at most")
