"""The one abstraction: a block answers a priced query.

*At these prices (and, if asked, with this pull), what do you do?* The block answers with what it
consumes of the coupling rows (``image``) and what that costs. The engine never sees ``x_i``.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from lagrange.vectors import Vector

Q_co = TypeVar("Q_co", covariant=True)
Q_contra = TypeVar("Q_contra", contravariant=True)


@dataclass(frozen=True, slots=True, init=False)
class Response:
    """What a block does.

    image : A_i x_i, fresh arrays that the block never touches again. Rows left out are zero.
    cost  : f_i(x_i), without prices and without the pull. A stochastic block evaluates it on a
            fixed sample, so that two costs can be compared.
    bound : a *proved* lower bound on min f_i(x) + ⟨price, A_i x⟩ (+ pull) over X_i, rounded down;
            −inf where nothing is proved.
    point : x_i, opaque to the engine but sufficient to restart the block from.
    """

    image: Vector
    cost: float
    bound: float = -math.inf
    point: Any = None

    def __init__(
        self, image: Vector, cost: float, bound: float = -math.inf, point: Any = None
    ) -> None:
        # as the generated one, in half the time: every answer of every step passes here
        _set_image(self, image)
        _set_cost(self, cost)
        _set_bound(self, bound)
        _set_point(self, point)


_set_image, _set_cost, _set_bound, _set_point = (
    vars(Response)[field.name].__set__ for field in fields(Response)
)


@runtime_checkable
class Block(Protocol[Q_contra]):
    """min f_i(x) + ⟨price, A_i x⟩ (+ what the query adds) over x ∈ X_i.

    ``respond`` is a function of its arguments: asked the same thing twice it answers the same, and
    an answer that the solver rejects leaves nothing behind. ``start`` is an earlier response of
    this block to begin from, or None. ``lagrange.testing`` has checks for all of this.
    """

    def respond(self, price: Vector, query: Q_contra, start: Response | None) -> Response: ...


class Ask(NamedTuple, Generic[Q_co]):
    """One query for one block. The asks of one round are independent of each other."""

    block: int
    price: Vector
    query: Q_co
    start: Response | None
