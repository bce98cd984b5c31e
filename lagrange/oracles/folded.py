"""A block whose image holds only zeros and ones answers pulls by prices alone.

On x ∈ {0, 1} every function is affine: φ(x) = φ(0) + (φ(1) − φ(0)) x. So what a query adds to an entry
folds into its price, exactly:

    ρ/2 (x + o)²   adds  ρ (½ + o)         w |x + o|   adds  w (|1 + o| − |o|)
                                           w [x + o]₊  adds  w ([1 + o]₊ − [o]₊)
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from lagrange import vectors
from lagrange.blocks import Block, Response
from lagrange.queries import Absolute, Quadratic
from lagrange.vectors import Array, Vector


@dataclass(frozen=True)
class BinaryImages:
    """A block that knows prices only, for solvers that pull: its answers, at the folded prices.

    Answers to a pull carry no bound. Raises ValueError if an image turns out not to be 0/1.
    """

    inner: Block[None]

    def respond(
        self, price: Vector, query: Quadratic | Absolute | None, start: Response | None
    ) -> Response:
        if query is None:
            return self.inner.respond(price, None, start)
        answer = self.inner.respond(vectors.add(price, _folded(query)), None, start)
        for name, array in answer.image.items():
            if float(abs(array * (array - 1.0)).max()) > 0:
                raise ValueError(
                    f"the image on row {name!r} must hold zeros and ones only, to fold the query "
                    f"{type(query).__name__} into prices; got {array}"
                )
        return replace(answer, bound=-math.inf)


def _folded(query: Quadratic | Absolute) -> Vector:
    if isinstance(query, Quadratic):
        return {name: query.rho * (o + 0.5) for name, o in query.offset.items()}
    return {
        name: query.weight * (_size(o + 1.0, name in one) - _size(o, name in one))
        for one in (query.one_sided,)
        for name, o in query.offset.items()
    }


def _size(array: Array, one_sided: bool) -> Any:
    return array.clip(min=0) if one_sided else abs(array)
