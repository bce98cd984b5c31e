"""What an exact block owes besides: its answers are minimizers, so the laws of duality hold.

A block is *exact* if it returns a minimizer of what it was asked, up to rounding.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from lagrange import vectors
from lagrange.blocks import Block
from lagrange.testing.compare import require, same, shown, slack
from lagrange.testing.questions import (
    Candidate,
    Questions,
    ask,
    pull_of,
    rounding,
    value,
    with_rho,
)


def check_answer_beats(
    block: Block[Any], questions: Questions, candidates: Iterable[Candidate] = ()
) -> None:
    """No candidate is better than the answer, and neither is an answer to another question."""
    answers = [ask(block, q) for q in questions]
    others = [Candidate(a.image, a.cost) for a in answers] + list(candidates)
    for q, answer in zip(questions, answers, strict=True):
        reached = value(q, answer.image, answer.cost)
        for image, cost in others:
            other = value(q, image, cost)
            require(
                reached <= other + rounding(q, answer.image, answer.cost),
                f"{q}: answered {shown(answer.image)}, which costs {reached}, "
                f"but {shown(image)} costs {other}",
            )


def check_bound_is_tight(block: Block[Any], questions: Questions) -> None:
    """Where an exact block proves a bound, it is what its own answer costs."""
    for q in questions:
        answer = ask(block, q)
        reached = value(q, answer.image, answer.cost)
        require(
            answer.bound == -math.inf
            or answer.bound >= reached - rounding(q, answer.image, answer.cost),
            f"{q}: answered {shown(answer.image)}, which costs {reached}, but proves only "
            f"{answer.bound}",
        )


def check_bound_is_concave_in_price(block: Block[Any], questions: Questions) -> None:
    """The bound as a function of the price is concave along every segment between two of the
    prices that come with the same query; where both ends have a bound, so has what lies between.
    """
    for p, q in combinations(questions, 2):
        ends = ask(block, p).bound, ask(block, q).bound
        if not (same(p.query, q.query) and all(map(math.isfinite, ends))):
            continue
        for t in (0.25, 0.5, 0.75):
            price = vectors.add_scaled(vectors.scale(1 - t, p.price), t, q.price)
            chord, here = (1 - t) * ends[0] + t * ends[1], ask(block, p._replace(price=price)).bound
            require(
                here >= chord - slack(price, abs(ends[0]) + abs(ends[1])),
                f"between {shown(p.price)} and {shown(q.price)}, at {t}: the bound is {here}, "
                f"the chord {chord}",
            )


def check_price_monotone(block: Block[Any], questions: Questions) -> None:
    """⟨λ − λ', A x − A x'⟩ ≤ 0 for exact answers to two prices and one and the same query."""
    for p, q in combinations(questions, 2):
        if not same(p.query, q.query):
            continue
        more = vectors.subtract(p.price, q.price)
        x, y = ask(block, p).image, ask(block, q).image
        product = vectors.dot(more, vectors.subtract(x, y))
        room = slack(x, vectors.norm(more) * (vectors.norm(x) + vectors.norm(y)))
        require(
            product <= room,
            f"{p} and at {shown(q.price)}: consumed {shown(x)} and {shown(y)}; "
            f"⟨λ − λ', A x − A x'⟩ = {product} > 0",
        )


def check_large_pull_obeys(
    block: Block[Any],
    questions: Questions,
    *,
    rhos: Sequence[float] = (1e-2, 1.0, 1e2, 1e4, 1e6),
    nearest: float | None = None,
) -> None:
    """As ρ grows, the image comes ever nearer to −offset: the distance never grows. Questions
    without a pull are passed over.

    nearest : the distance the set allows; the last one must come within 1e-3 (1 + ‖offset‖) of it.
    """
    for q in questions:
        pull = pull_of(q.query)
        if pull is None:
            continue
        room = 1.0 + vectors.norm(pull.offset)
        last, before = math.inf, math.nan
        for rho in rhos:
            image = ask(block, q._replace(query=with_rho(q.query, rho))).image
            distance = vectors.norm(vectors.add(image, pull.offset))
            require(
                distance <= last + slack(image, room),
                f"{q}: rho = {before} brings the image to {last} from −offset, the larger "
                f"rho = {rho} only to {distance}",
            )
            last, before = distance, rho
        require(
            nearest is None or abs(last - nearest) <= 1e-3 * room,
            f"{q}: at rho = {before} the image is {last} from −offset, the set allows {nearest}",
        )
