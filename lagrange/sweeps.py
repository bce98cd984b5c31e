"""A sweep: answers of all blocks to one question, so that it may be written down as a bound.

``sweep`` looks at what was *asked*. Whether the answers are those to these asks is the word of whoever
answered: a response does not say to which prices it is one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from lagrange import bounds
from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.vectors import Vector


class Sweep(NamedTuple):
    """The one set of prices, and the answers in the order of the blocks. Made by ``sweep``."""

    multipliers: Vector
    answers: tuple[Response, ...]


def sweep(problem: Problem[Any], asks: Sequence[Ask[Any]], answers: Sequence[Response]) -> Sweep:
    """Refuses asks at several prices or with a query besides, and blocks left out or asked twice."""
    named = [ask.block for ask in asks]
    if sorted(named) != list(range(len(problem.blocks))) or len(answers) != len(asks):
        raise ValueError(
            f"a sweep asks each of the {len(problem.blocks)} blocks once and hears all of them, got "
            f"{len(answers)} answers to asks of blocks {named}"
        )
    price = asks[0].price
    for ask in asks:
        if ask.query is not None:
            raise ValueError(
                f"a sweep asks at prices alone, but block {ask.block} was asked with the query "
                f"{type(ask.query).__name__}: its answer proves nothing about the dual"
            )
        if ask.price is not price and not _same(ask.price, price):
            raise ValueError(
                f"blocks {asks[0].block} and {ask.block} were asked at different prices: their bounds "
                "add up to no bound; ask all blocks at the same multipliers"
            )
    order = sorted(range(len(named)), key=named.__getitem__)
    return Sweep(price, tuple(answers[k] for k in order))


def proved(problem: Problem[Any], heard: Sweep) -> float:
    """The certified lower bound of a sweep; NaN where a block proved none."""
    return bounds.certified_lower_bound(problem, heard.multipliers, heard.answers)


def _same(a: Vector, b: Vector) -> bool:
    return set(a) == set(b) and all(bool((a[name] == b[name]).all()) for name in b)
