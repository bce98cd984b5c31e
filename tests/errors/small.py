"""The smallest problems that the error cases run."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange import Problem, Response, StepLimit, Subgradient, solve
from lagrange.step_sizes import Constant

ZERO = np.zeros(2)


@dataclass(frozen=True)
class Fixed:
    """A block that always does the same."""

    image: Any
    cost: float = 0.0

    def respond(self, price, query, start):
        image = {name: 1.0 * array for name, array in self.image.items()}
        return Response(image, self.cost, point=0.0)


@dataclass(frozen=True)
class Breaking:
    """A block that raises what it is told to."""

    error: BaseException

    def respond(self, price, query, start):
        raise self.error


def problem(*blocks: Any, **fields: Any) -> Problem[Any]:
    """Rows "a" of two entries; one block that does nothing unless others are given."""
    fields.setdefault("rhs", {"a": ZERO})
    return Problem(blocks or (Fixed({"a": ZERO}),), **fields)


def run(*blocks: Any, **fields: Any) -> Any:
    """Two subgradient steps."""
    return solve(problem(*blocks, **fields), Subgradient(Constant(1.0)), stop=StepLimit(2))
