"""A run of a library solver on a finite problem, as exact moves.

The floats of a run *are* rational numbers, so a theorem about exact arithmetic can be checked on them
without a tolerance as long as the run itself did not round: integer data and dyadic steps.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from lagrange.engine import serially
from lagrange.records import Record
from lagrange.state import Solver, Start
from proofs_checks.finite import FiniteProblem, as_problem, multipliers_of
from proofs_checks.subgradient_rates import Move


def replay(
    problem: FiniteProblem, solver: Solver[None], steps: int, start: Start | None = None
) -> Iterator[tuple[Move, Record]]:
    """Steps the solver by hand; a step at which the multipliers stayed has step size 0."""
    instance = as_problem(problem)
    state: Any = solver.init(instance, start)
    for _ in range(steps):
        asks = solver.ask(instance, state)
        if not asks:
            return
        new: Any = solver.tell(instance, state, serially(instance, asks))
        moved = new.record.moves > state.record.moves
        yield (
            Move(
                multipliers_of(problem, state.multipliers),
                tuple(response.point for response in new.responses),
                Fraction(new.record.step_size) if moved else Fraction(0),
                multipliers_of(problem, new.multipliers),
            ),
            new.record,
        )
        state = new
