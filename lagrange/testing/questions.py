"""What a block is asked in a check, what it could have done, and what that is worth."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from lagrange import vectors
from lagrange.blocks import Block, Response
from lagrange.queries import Quadratic, Staged
from lagrange.testing.compare import shown, slack
from lagrange.vectors import Vector


class Question(NamedTuple):
    """What a block is asked: prices, a query, and an earlier answer to start from."""

    price: Vector
    query: Any = None
    start: Response | None = None

    def __str__(self) -> str:
        pull = pull_of(self.query)
        if pull is None:
            return f"asked at {shown(self.price)}"
        return f"asked at {shown(self.price)} with rho {pull.rho}, offset {shown(pull.offset)}"


class Candidate(NamedTuple):
    """Something the block could have done: A_i x_i and f_i(x_i) of a feasible x_i."""

    image: Vector
    cost: float


Questions = Sequence[Question]
Does = Callable[[Any], Candidate | None]


def ask(block: Block[Any], question: Question, start: Response | None = None) -> Response:
    """The block's answer; ``start`` takes the place of the question's own."""
    return block.respond(question.price, question.query, start or question.start)


def value(question: Question, image: Vector, cost: float) -> float:
    """f_i(x) + ⟨price, A_i x⟩ + what the query adds: what the block was asked to minimize."""
    return cost + vectors.dot(question.price, image) + _added(question.query, image)


def rounding(question: Question, image: Vector, cost: float) -> float:
    """How far floats may put ``value`` off."""
    size = abs(cost) + vectors.dot_magnitude(question.price, image)
    return slack(image, size + _added(question.query, image))


def pull_of(query: Any) -> Quadratic | None:
    """The quadratic pull in a query, None if there is none."""
    if isinstance(query, Staged):
        return pull_of(cast("Staged[Any]", query).query)
    if query is None or isinstance(query, Quadratic):
        return query
    raise TypeError(f"what {type(query).__name__} adds to the cost is not known here")


def with_rho(query: Any, rho: float) -> Any:
    """The same query with another weight of its pull."""
    if isinstance(query, Staged):
        staged = cast("Staged[Any]", query)
        return Staged(staged.stage, with_rho(staged.query, rho))
    return replace(query, rho=rho)


def _added(query: Any, image: Vector) -> float:
    pull = pull_of(query)
    if pull is None:
        return 0.0
    return pull.rho / 2 * vectors.norm(vectors.add(image, pull.offset)) ** 2
