"""Deliberately broken blocks: sound answers, altered on the way out."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from lagrange import Response
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.knapsack import Knapsack
from lagrange.queries import Quadratic
from lagrange.testing import Question

RNG = np.random.default_rng(31)
KNAPSACK = Knapsack(np.array([-3.0, 1.0, -2.0, 0.5]), np.array([2, 1, 3, 1]), 4, "x")
SQUARES = LeastSquares(RNG.normal(size=(6, 4)), RNG.normal(size=6), "x")
ROWS = {"x": np.zeros(4)}
PRICES = [np.zeros(4), *RNG.normal(size=(5, 4))]
PLAIN = [Question({"x": p}) for p in PRICES]
OFFSET = np.array([1.0, -2.0, 0.5, 0.0])
PULLED = [Question({"x": p}, Quadratic(2.0, {"x": OFFSET})) for p in PRICES]


@dataclass
class Altered:
    """A sound block whose answers are altered on the way out."""

    alter: Callable[..., Response]
    inner: Any = SQUARES
    seen: list[Any] = field(default_factory=list)

    def respond(self, price: Any, query: Any, start: Response | None) -> Response:
        answer = self.inner.respond(price, query, start)
        changed = self.alter(self, answer, price, query, start)
        self.seen.append((price, changed))
        return changed


def remembers(block: Altered, answer: Response, *asked: Any) -> Response:
    """Goes on from its last answer instead of from ``start``."""
    image = answer.image["x"]
    if block.seen:
        image = 0.5 * (image + block.seen[-1][1].image["x"])
    return replace(answer, image={"x": image})


def caches_by_start(
    block: Altered, answer: Response, price: Any, query: Any, start: Any
) -> Response:
    """Better only where the start is one of its own objects."""
    mine = any(start is one for _, one in block.seen)
    return replace(answer, cost=answer.cost - mine)


def draws_global_numbers(block: Altered, answer: Response, *asked: Any) -> Response:
    np.random.random()
    return answer


def draws_torch_numbers(block: Altered, answer: Response, *asked: Any) -> Response:
    torch.rand(1)
    return answer


def reuses_its_array(block: Altered, answer: Response, *asked: Any) -> Response:
    """Writes every answer into one array."""
    array = block.seen[0][1].image["x"] if block.seen else np.zeros(4)
    array[:] = answer.image["x"]
    return replace(answer, image={"x": array})


def changes_the_prices(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    price["x"] += 1.0
    return answer


def image_is_the_price(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    return replace(answer, image={"x": price["x"].view()})


def image_is_a_read_only_view(
    block: Altered, answer: Response, price: Any, *asked: Any
) -> Response:
    return replace(answer, image={"x": np.broadcast_to(price["x"], (4,))})


def image_is_the_point(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, point=answer.image["x"])


def image_is_its_own(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={"x": SHARED})


SHARED = np.ones(4)


def keeps_what_it_gave(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    """Answers from its notes, and its notes are the arrays it handed out."""
    for p, given in block.seen:
        if np.array_equal(p["x"], price["x"]):
            return replace(given, image={"x": given.image["x"].copy()})
    return answer


def cost_not_a_number(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, cost=math.nan)


def stands_still(block: Altered, answer: Response, *asked: Any) -> Response:
    return Response({"x": np.zeros(4)}, 0.0)


def other_row(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={"y": answer.image["x"]})


def other_shape(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={"x": answer.image["x"].reshape(2, 2)})


def leaves_out_zero_rows(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    extra = {"y": np.zeros(1)} if price["x"][0] > 0 else {}
    return replace(answer, image={**answer.image, **extra})


def no_row(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={})


def not_finite(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={"x": answer.image["x"] * math.nan})


def single_precision(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, image={"x": answer.image["x"].astype(np.float32)})


def bound_too_high(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, bound=answer.bound + 1e-3)


def bound_without_prices(block: Altered, answer: Response, *asked: Any) -> Response:
    """The cost is a bound on f, not on f + ⟨price, A x⟩."""
    return replace(answer, bound=answer.cost)


def bound_infinite(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, bound=math.inf)


def bound_nan(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, bound=math.nan)


def bound_loose(block: Altered, answer: Response, *asked: Any) -> Response:
    return replace(answer, bound=answer.bound - 0.01)


def bound_kinked(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    """Below q, but convex where q is nearly flat."""
    return replace(answer, bound=-100 + 10 * float(price["x"] @ price["x"]))


def bound_with_a_hole(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
    asked_before = any(np.array_equal(price["x"], p) for p in PRICES)
    return answer if asked_before else replace(answer, bound=-math.inf)


def answers_uphill(
    block: Altered, answer: Response, price: Any, query: Any, start: Any
) -> Response:
    """Consumes more of what got dearer: the price's sign is wrong."""
    return block.inner.respond({"x": -price["x"]}, query, start)


def stops_early(block: Altered, answer: Response, *asked: Any) -> Response:
    """Honest about its cost, but a step away from the minimizer."""
    x = answer.image["x"] + 0.01
    return replace(
        answer, image={"x": x}, cost=0.5 * float(np.sum((SQUARES.A @ x - SQUARES.b) ** 2))
    )


def worse_from_a_start(
    block: Altered, answer: Response, price: Any, query: Any, start: Any
) -> Response:
    return answer if start is None else replace(answer, cost=answer.cost + 0.01)


def refuses_a_start(
    block: Altered, answer: Response, price: Any, query: Any, start: Any
) -> Response:
    if start is None:
        return answer
    return replace(answer, image={"x": answer.image["x"], "y": np.zeros(1)})


def ignores_rho(block: Altered, answer: Response, price: Any, query: Any, start: Any) -> Response:
    return block.inner.respond(price, Quadratic(1 / query.rho, query.offset), start)


def offset_with_wrong_sign(
    block: Altered, answer: Response, price: Any, query: Any, start: Any
) -> Response:
    return block.inner.respond(price, Quadratic(query.rho, {"x": -query.offset["x"]}), start)
