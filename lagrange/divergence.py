"""Signs that a convex problem has no solution, read off the iterates of ADMM.

Without a solution the iterates run away along a direction that settles (Banjac, Goulart, Stellato,
Boyd, J. Optim. Theory Appl. 183 (2019) 490–519): the multipliers if there is no feasible point, the
blocks' answers if the objective is unbounded. The iterates are looked at when the step is a power of
two, and two stretches of the run are compared:

    d = (y_2k − y_k)/k,   d' = (y_k − y_k/2)/(k/2),   unsteadiness = ‖d − d'‖ / ‖d‖

A run of a solvable problem moves steadily too while ρ is far too small (or large) for it. So the travel
must also have become large: ⟨λ, r⟩ against the cost, or the answers against where they came from. And
before the multipliers' sign counts, the blocks are asked once with a pull so strong that costs and
prices hardly matter: only if that leaves the residual as large as it was, is there no feasible point in
sight. All this is evidence in floats, not a proof.
"""

import math
from typing import NamedTuple

from lagrange.vectors import Vector, norm, scale, subtract

FIRST = 16  # the first step that is marked
PRICED = 1.0  # how often ⟨λ, r⟩ must exceed the costs that were seen
SUSPICIOUS = 1e-3  # an infeasibility below this is probed
STRONG = 1e8  # the factor on ρ in the probe
TRAVEL = 1e2  # how far the answers must have gone, in multiples of where they were at first


class Mark(NamedTuple):
    """What is remembered of a step: λ, the answers' images, their cost."""

    step: int
    multipliers: Vector
    image: Vector
    cost: float


class Marks(NamedTuple):
    """The first mark and the last two."""

    first: Mark
    before: Mark
    last: Mark


class Signs(NamedTuple):
    """Unsteadiness of the multipliers and of the answers; NaN: no sign, or not looked at."""

    infeasibility: float = math.nan
    unboundedness: float = math.nan


NO_SIGNS = Signs()


class Probe(NamedTuple):
    """A sign that is in question, the residual it was seen at, and the offset to go on with."""

    signs: Signs
    residual: float
    offset: Vector

    def heard(self, residual: float) -> "Probe":
        """The sign counts if the strong pull left the residual where it was."""
        return self if residual >= 0.99 * self.residual else self._replace(signs=NO_SIGNS)


class Watch(NamedTuple):
    """Earlier iterates, and the question whether a strong pull stops them."""

    marks: Marks | None = None
    probe: Probe | None = None

    def next(self, now: Mark, priced: float, residual: float) -> tuple["Watch", Signs]:
        """After a step: what to remember, and the signs that count.

        now.image is the offset that the first group is asked with next; ``residual`` its length.
        """
        found = NO_SIGNS if self.probe is None else self.probe.signs
        if not is_marked(now.step):
            return Watch(self.marks), found
        marks, found = signs(self.marks, now, priced)
        if found.infeasibility < SUSPICIOUS:  # it counts after the probe, in the next step
            return Watch(marks, Probe(found, residual, now.image)), NO_SIGNS
        return Watch(marks), found


def is_marked(step: int) -> bool:
    """Powers of two from ``FIRST`` on."""
    return step >= FIRST and step & (step - 1) == 0


def signs(marks: Marks | None, now: Mark, priced: float) -> tuple[Marks, Signs]:
    """The marks with this one, and what they show; ``priced`` is ⟨λ, r⟩ at this step."""
    if marks is None:
        return Marks(now, now, now), NO_SIGNS
    new = Marks(marks.first, marks.last, now)
    if marks.before is marks.last:  # two marks make one stretch, it takes two
        return new, NO_SIGNS
    infeasible = unbounded = math.nan
    three = (marks.before, marks.last, now)
    if priced > PRICED * max(abs(now.cost), abs(marks.first.cost)) and priced > 0:
        infeasible = _unsteadiness(three, [mark.multipliers for mark in three])
    fallen = now.cost < marks.last.cost < marks.before.cost
    start = max(norm(marks.first.image), abs(marks.first.cost))
    if fallen and norm(now.image) > TRAVEL * norm(marks.first.image) and -now.cost > start:
        unbounded = _unsteadiness(three, [mark.image for mark in three])
    return new, Signs(infeasible, unbounded)


def _unsteadiness(marks: tuple[Mark, Mark, Mark], at: list[Vector]) -> float:
    """‖d − d'‖ / ‖d‖ of the mean moves over the two stretches between three marks."""
    a, b, c = (mark.step for mark in marks)
    earlier = scale(1.0 / (b - a), subtract(at[1], at[0]))
    later = scale(1.0 / (c - b), subtract(at[2], at[1]))
    length = norm(later)
    return norm(subtract(later, earlier)) / length if length > 0 else math.nan
