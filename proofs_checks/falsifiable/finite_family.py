"""Finite problems with one coupling row: each variable is a block with two choices.

    minimize Σ c_i(x_i)   subject to   Σ a_i(x_i) {= , ≤} b,   x_i ∈ {first, second}

The first choices together are feasible by construction: b = Σ a_i(first), plus some room in a ≤ row.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from lagrange.engine import serially
from lagrange.falsifier import Family, Field, Instance
from lagrange.state import Start, State
from proofs_checks.finite import Choice, FiniteProblem, Rationals, as_problem, as_vector

FAMILY = Family(
    "integer problems with one coupling row and two choices a block",
    (
        Field("cost of the first", -3, 3, whole=True),
        Field("its use", -2, 2, whole=True),
        Field("cost of the second", -3, 3, whole=True),
        Field("its use", -2, 2, whole=True),
    ),
    (
        Field("is it a ≤ row", 0, 1, whole=True),
        Field("room in a ≤ row", 0, 2, whole=True),
        Field("first multiplier", 0, 6),
    ),
    variables=(1, 2, 3),
    iterations=(1, 2, 3, 4, 5),
)


def problem_of(instance: Instance) -> FiniteProblem:
    """The problem; the room counts in a ≤ row only."""
    blocks = tuple(
        (Choice(int(c), (int(a),)), Choice(int(d), (int(b),))) for c, a, d, b in instance.rows
    )
    at_most, room, _ = instance.scalars
    used = sum(first.image[0] for first, _ in blocks)
    return FiniteProblem(blocks, (used + int(room) * int(at_most),), (bool(at_most),))


def start_of(instance: Instance) -> Rationals:
    """λ_0, as the float that the solver is given."""
    return (Fraction(float(instance.scalars[-1])),)


def states(instance: Instance, solver: Any) -> Iterator[tuple[State[Any], State[Any]]]:
    """The states before and after every finished step."""
    problem = as_problem(problem_of(instance))
    old = now = solver.init(problem, Start(as_vector(start_of(instance))))
    while now.record.step < instance.iterations:
        asks = solver.ask(problem, now)
        if not asks:
            return
        now = solver.tell(problem, now, serially(problem, asks))
        if now.record.step > old.record.step:
            yield old, now
            old = now


def script(instance: Instance, solver: str) -> str:
    """The beginning of a script: the problem and a function ``advance``."""
    blocks = "\n".join(
        f"    [({int(c)}, {int(a)}), ({int(d)}, {int(b)})]," for c, a, d, b in instance.rows
    )
    problem = problem_of(instance)
    rows = 'frozenset({"row"})' if problem.inequality[0] else "frozenset()"
    return f"""from fractions import Fraction
from itertools import product
import numpy as np
from lagrange import Problem, Response, Start

class Choices(list):  # (cost, use of the row), ...
    def respond(self, price, query, start):
        cost, use = min(self, key=lambda x: x[0] + x[1] * price["row"][0])
        value = cost + use * price["row"][0]
        return Response({{"row": np.array([float(use)])}}, float(cost), value)

choices = [
{blocks}
]
problem = Problem(tuple(map(Choices, choices)), {{"row": np.array([{problem.rhs[0]}.0])}}, {rows})
solver = {solver}
state = solver.init(problem, Start({{"row": np.array([{float(instance.scalars[-1])!r}])}}))

def advance(state):
    answers = [problem.blocks[a.block].respond(a.price, a.query, a.start)
               for a in solver.ask(problem, state)]
    return solver.tell(problem, state, answers) if answers else state
"""
