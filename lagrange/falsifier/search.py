"""Three ways to look for a violation, from cheap to expensive; each stops when the trials are over.

lattice     small integers, then halves and thirds, on one, two, three variables, in between other
            short fractions on one; all of them where there are few, else a random selection
strategies  Hypothesis, guided towards small margins (a file of its own)
refine      from the nearest misses, one number at a time, in steps that are halved: pattern search
"""

from collections.abc import Iterator
from fractions import Fraction
from random import Random

from lagrange.falsifier.family import Family, Instance, Lattice
from lagrange.falsifier.trials import Trials

MOST = 1500  # instances of one lattice
STEPS = tuple(Fraction(1, 2**k) for k in range(8))
DENOMINATORS = (1, 2, 3)
FINER = (5, 7, 8, 10)  # on one variable, where the lattice has few instances
FEW = 4000


def lattice(family: Family, trials: Trials, random: Random) -> None:
    """Tiny instances, the smallest shapes first."""
    one = family.variables[:1]
    sizes = [(1, family.variables), *((d, one) for d in FINER)]
    sizes += [(d, family.variables) for d in DENOMINATORS[1:]]
    for denominator, some in sizes:
        for variables in some:
            points = family.lattice(variables, denominator)
            if denominator in FINER and len(points) > FEW:
                continue  # the time is better spent on more variables
            for instance in _selected(points, random):
                if trials.over:
                    return
                trials.put(instance)


def _selected(lattice: Lattice, random: Random) -> Iterator[Instance]:
    """All in order, or so many at random: numbers can be too large for ``sample``."""
    if len(lattice) <= MOST:
        yield from lattice
        return
    for _ in range(MOST):
        yield lattice[random.randrange(len(lattice))]


def refine(family: Family, trials: Trials) -> None:
    """Pattern search from each of the nearest misses."""
    for score, instance in list(trials.near):
        for step in STEPS:
            while not trials.over:
                better = _better_neighbor(family, trials, instance, score, step)
                if better is None:
                    break
                score, instance = better


def _better_neighbor(
    family: Family, trials: Trials, instance: Instance, score: float, step: Fraction
) -> tuple[float, Instance] | None:
    """A neighbor with a smaller score; None if no number gets one by a step up or down."""
    fields = family.fields(len(instance.rows))
    for i, one in enumerate(fields):
        for move in (step, -step):
            numbers = list(instance.numbers)
            numbers[i] = one.nearest(numbers[i] + move)
            if numbers[i] == instance.numbers[i]:
                continue
            near = family.instance(len(instance.rows), instance.iterations, numbers)
            found = trials.put(near)
            if trials.over:
                return None
            if found is not None and found < score:
                return found, near
    return None
