"""≤ rows as equations: a slack block s ≥ 0 for every inequality row.

    g(x) ≤ 0   becomes   g(x) + s = 0,  s ≥ 0

Multipliers of the new problem are those of the old one; at prices λ ≥ 0 the slack costs nothing, so
bounds agree too.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from lagrange.blocks import Response
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.vectors import Array, Vector, first_bad_row

Q = TypeVar("Q")


@dataclass(frozen=True)
class Slack:
    """s ≥ 0 on one row; ``zero`` is an array of zeros of that row's shape."""

    row: str
    zero: Array

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price[self.row]
        if first_bad_row({self.row: p}) is not None:
            raise ValueError(f"the prices of row {self.row!r} hold a NaN or an infinity")
        if query is None:  # min ⟨p, s⟩ over s ≥ 0: 0 at s = 0, unbounded where p < 0
            proved = 0.0 if float(p.min()) >= 0 else -math.inf
            return Response({self.row: 0.0 * self.zero}, 0.0, proved, 0.0 * self.zero)
        s = (-(query.offset[self.row] + p / query.rho)).clip(min=0)
        return Response({self.row: s}, 0.0, -math.inf, 1.0 * s)


def with_slacks(problem: Problem[Any]) -> Problem[Any]:
    """The same problem with equality rows only; its slack blocks come after the others, by name."""
    rows = sorted(problem.inequality)
    slacks = tuple(Slack(row, 0.0 * problem.rhs[row]) for row in rows)
    recover = problem.recover
    kept = len(problem.blocks)
    return Problem(
        (*problem.blocks, *slacks),
        problem.rhs,
        recover=None if recover is None else (lambda responses: recover(responses[:kept])),
        integral=problem.integral,
        solvable=problem.solvable,
    )
