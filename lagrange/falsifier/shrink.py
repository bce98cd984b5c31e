"""From a violation to the simplest one nearby that is still a violation.

The order is fewer variables, then fewer iterations, then shorter denominators, then smaller
numerators. A step is kept only if the claim still fails in exact arithmetic.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from lagrange.falsifier.family import Family, Instance


def size(instance: Instance) -> tuple[int, int, int, int, int]:
    """What is minimized; of equal sizes the one with fewer negative numbers."""
    numbers = instance.numbers
    return (
        len(instance.rows),
        instance.iterations,
        sum(v.denominator - 1 for v in numbers),
        sum(abs(v.numerator) for v in numbers),
        sum(v < 0 for v in numbers),
    )


def shrink(family: Family, instance: Instance, fails: Callable[[Instance], bool]) -> Instance:
    """The end of a greedy descent: no single step makes it simpler and keeps the violation."""
    while True:
        now = size(instance)
        simpler = (
            near
            for near in _neighbors(family, instance)
            if size(near) < now and family.allows(near) and fails(near)
        )
        found = next(simpler, None)
        if found is None:
            return instance
        instance = found


def _neighbors(family: Family, instance: Instance) -> Iterator[Instance]:
    rows, scalars, iterations = instance
    for i in range(len(rows)):
        yield Instance(rows[:i] + rows[i + 1 :], scalars, iterations)
    for fewer in family.iterations:
        if fewer < iterations:
            yield Instance(rows, scalars, fewer)
    numbers = list(instance.numbers)
    for denominator in (1, 2, 3, 4):  # snap: all numbers at once, then one by one
        yield family.instance(len(rows), iterations, [_snapped(v, denominator) for v in numbers])
    for i, v in enumerate(numbers):
        for simple in _simpler(v):
            yield family.instance(len(rows), iterations, [*numbers[:i], simple, *numbers[i + 1 :]])


def _snapped(v: Fraction, denominator: int) -> Fraction:
    return v.limit_denominator(denominator)


def _simpler(v: Fraction) -> Iterator[Fraction]:
    """Candidates in the place of v, the simplest first."""
    sign = 1 if v > 0 else -1
    yield from (Fraction(0), Fraction(1), Fraction(-1), Fraction(2), Fraction(-2))
    for denominator in (1, 2, 3, 4, 5, 6, 8):
        yield v.limit_denominator(denominator)
        for away in (-sign, sign):
            yield Fraction(round(v * denominator) + away, denominator)
    yield v / 2
    yield v - sign
    yield -v
