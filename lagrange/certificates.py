"""Claims that are proved: exact recomputation of bounds and points, independent of the solvers.

Every finite float *is* a rational number. So the question is not whether a float computation was
right but whether these particular multipliers and this particular point prove what is claimed:

    lower bound   q(λ), recomputed in rationals; rounded up to an integer if all objectives are
    upper bound   the cost of the point, recomputed in rationals, every constraint checked exactly

The arithmetic is that of an ``ExactTwin``, which a family writes without its blocks.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from lagrange.status import Status
from lagrange.stopping import relative_gap
from lagrange.vectors import Vector, first_bad_row

Fact = int | float | None


class Infeasible(ValueError):
    """A point breaks a constraint; the text says which."""


class ExactTwin(Protocol):
    """Exact arithmetic for one instance, in minimization form."""

    @property
    def integral(self) -> bool:
        """Is every feasible objective an integer?"""
        ...

    def dual_value(self, multipliers: Mapping[str, Sequence[Fraction]]) -> Fraction | None:
        """q(λ), or a proved lower bound on the optimum; None if these multipliers prove none."""
        ...

    def cost(self, point: Mapping[str, Any]) -> Fraction | None:
        """The objective of a point; raises Infeasible; None if it cannot be computed exactly."""
        ...

    @property
    def fact_names(self) -> tuple[str, ...]:
        """Names of the numbers that a report claims besides the bounds."""
        ...

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, Fact]:
        """These numbers for a point; None where one does not exist."""
        ...


@dataclass(frozen=True)
class Claims:
    """What multipliers and point prove, in the family's own sense; None where nothing is proved.

    dual_value : q(λ) as a float, rounded to the side on which it is still proved
    gap        : (upper − lower) / |objective of the point|
    """

    dual_value: float | None
    lower_bound: float | None
    upper_bound: float | None
    gap: float | None
    facts: Mapping[str, Fact]


NO_CLAIMS = Claims(None, None, None, None, {})


def prove(
    twin: ExactTwin, multipliers: Vector | None, point: Mapping[str, Any] | None, sense: str
) -> Claims:
    """All that is proved by the multipliers and the point. Raises Infeasible for a wrong point."""
    dual = None if multipliers is None else twin.dual_value(_rationals(multipliers))
    cost = None if point is None else twin.cost(point)
    facts: Mapping[str, Fact] = {} if point is None else twin.facts(point)
    dual_value = None if dual is None else float_below(dual)
    bound = dual_value
    if dual is not None and twin.integral:
        bound = float_below(Fraction(math.ceil(dual)))  # above 2⁵³ floats skip integers
    if dual is not None and cost is not None and dual > cost:
        raise ValueError(f"the dual value {dual} exceeds the cost {cost} of a feasible point")
    value = None if cost is None else float_above(cost)
    gap = None if bound is None or value is None else relative_gap(bound, value)
    if sense == "min":
        return Claims(dual_value, bound, value, gap, facts)
    return Claims(_negated(dual_value), _negated(value), _negated(bound), gap, facts)


def disagreements(
    claimed: Mapping[str, Any], proved: Claims, fact_names: Collection[str] = ()
) -> list[str]:
    """Every claimed number that is not what is proved, in words; empty if all are.

    A fact that is claimed needs its evidence: without a point nothing said about it is proved.
    """
    expected: dict[str, Any] = {
        "dual_value": proved.dual_value,
        "lower_bound": proved.lower_bound,
        "upper_bound": proved.upper_bound,
        "gap": proved.gap,
        "certified": proved.dual_value is not None,
        **dict.fromkeys(fact_names),
        **proved.facts,
    }
    wrong = [
        f"{name}: claimed {claimed.get(name)}, proved {value}"
        for name, value in expected.items()
        if claimed.get(name) != value
    ]
    if claimed.get("status") == Status.OPTIMAL.name.lower() and proved.gap != 0:
        wrong.append(f"status: claimed optimal, the proved gap is {proved.gap}")
    found = proved.lower_bound if claimed.get("sense") == "max" else proved.upper_bound
    if claimed.get("status") == Status.INFEASIBLE.name.lower() and found is not None:
        wrong.append(f"status: claimed infeasible, there is a feasible point of objective {found}")
    return wrong


def float_below(value: Fraction) -> float:
    """The largest float that is at most value."""
    x = float(value)
    return x if Fraction(x) <= value else math.nextafter(x, -math.inf)


def float_above(value: Fraction) -> float:
    """The smallest float that is at least value."""
    return -float_below(-value)


def _negated(x: float | None) -> float | None:
    return None if x is None else 0.0 - x


def row_of(
    multipliers: Mapping[str, Sequence[Fraction]], row: str, length: int
) -> Sequence[Fraction]:
    """The multipliers of one row, refused where they are missing or too few or too many."""
    if row not in multipliers:
        raise ValueError(f"there are no multipliers of row {row!r}, only of {sorted(multipliers)}")
    if len(multipliers[row]) != length:
        raise ValueError(f"row {row!r} has {length} entries, there are {len(multipliers[row])}")
    return multipliers[row]


def entries_of(point: Mapping[str, Any], name: str, length: int) -> list[Fraction]:
    """One array of a point as rationals; Infeasible where it is missing or no list of numbers."""
    if name not in point:
        raise Infeasible(f"there is no array {name!r}, only {sorted(point)}")
    array = np.asarray(point[name])
    if array.ndim != 1 or array.size != length:
        raise Infeasible(
            f"{name!r} has {array.size} entries in {array.ndim} dimensions, not {length}"
        )
    try:
        return [Fraction(entry) for entry in array.tolist()]
    except (ValueError, OverflowError, TypeError) as error:
        raise Infeasible(f"{name!r} holds something that is no finite number: {error}") from None


def _rationals(multipliers: Vector) -> dict[str, list[Fraction]]:
    bad = first_bad_row(multipliers)
    if bad is not None:
        raise ValueError(f"the multipliers of row {bad!r} hold a NaN or an infinity")
    return {
        name: [Fraction(float(x)) for x in array.ravel().tolist()]
        for name, array in multipliers.items()
    }
