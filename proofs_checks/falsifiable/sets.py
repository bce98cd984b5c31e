"""Projections: no member of the set is nearer than the answer.

    P(w) ∈ C   and   ‖w − P(w)‖ ≤ ‖w − c‖ for every c ∈ C

Nothing need be known of C: members are the points that ``contains`` accepts, and what other points are
projected on, if it accepts that. Where only a function is given, the members are its fixed points.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from lagrange.sets.sparsity import Cardinality
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import rules
from proofs_checks.finite import Rationals

ROUNDING = 1e-9  # relative, of what a projection may compute in floats

FAMILY = Family(
    "points, each with a candidate that may be a member",
    (Field("point", -3, 3), Field("candidate", -3, 3)),
    iterations=(1,),
)


@dataclass(frozen=True)
class Members:
    """The two methods of a set."""

    project: Callable[[Any], Any]
    contains: Callable[[Any], bool]


def accept(given: Any) -> Members:
    """A set, a class of it that needs no settings, or a function v → nearest member."""
    rule: Any = rules.made(given)
    if callable(getattr(rule, "project", None)) and callable(getattr(rule, "contains", None)):
        return Members(rule.project, rule.contains)
    if callable(rule):
        project: Any = rule
        return Members(project, lambda v: bool(np.array_equal(project(v.copy()), v)))
    raise ValueError(
        f"the rule must be a set with project and contains, or a function v → member, got {given!r}"
    )


def is_nearest(instance: Instance, members: Members) -> Comparison | None:
    """‖w − P(w)‖² ≤ ‖w − c‖²; an answer outside the set is infinitely far."""
    w, c = (np.array([float(v) for v in column]) for column in zip(*instance.rows, strict=True))
    z = np.asarray(members.project(w.copy()), dtype=np.float64)
    if not members.contains(c):
        c = np.asarray(members.project(c.copy()), dtype=np.float64)
        if not members.contains(c):
            return None  # that the answer is no member comes to light where it is asked for
    far = _squared(w, c)
    if z.shape != w.shape or not members.contains(z):
        return Comparison(math.inf, far, "<=")
    return Comparison(_squared(w, z), far, "<=", error=ROUNDING * (1 + float(far)))


def _squared(a: Any, b: Any) -> Fraction:
    pairs: list[Rationals] = [
        (Fraction(x), Fraction(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)
    ]
    return sum(((x - y) ** 2 for x, y in pairs), Fraction(0))


def script(instance: Instance) -> str:
    """Both distances."""
    w, c = ([float(v) for v in column] for column in zip(*instance.rows, strict=True))
    return f"""from fractions import Fraction
import numpy as np

members = rule() if isinstance(rule, type) else rule
project = getattr(members, "project", members)
contains = getattr(members, "contains", lambda v: np.array_equal(project(v.copy()), v))
w, c = np.array({w}), np.array({c})
c = c if contains(c) else project(c.copy())  # another member
z = project(w.copy())

def square(a, b):
    return sum((Fraction(x) - Fraction(y)) ** 2 for x, y in zip(a.tolist(), b.tolist()))

print("point", w, "goes to", z, "member:", contains(z), "squared distance", float(square(w, z)))
print("the member", c, "has squared distance", float(square(w, c)))
print("violated:", bool(contains(c) and (not contains(z) or square(w, c) < square(w, z))))
"""


PROJECTION = Falsifiable(
    "projection-is-nearest",
    "the projection of a point is a member of the set, and no member is nearer",
    "a set with project and contains, or a function v → nearest member, for numpy vectors",
    Rule(Cardinality(1), "from lagrange.sets import Cardinality\n\nrule = Cardinality(1)"),
    FAMILY,
    accept,
    is_nearest,
    script,
    ("squared distance of the answer", "that of another member"),
)
