"""Runs of anybody's ADMM in exact arithmetic: a solver made for a ρ, on a split x − z = 0.

The blocks, and why floats do no harm, are in ``proofs_checks.exact_runs``; there the solver is the
library's, here it is what the user's function makes.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from lagrange.engine import serially
from lagrange.problem import Problem
from lagrange.solvers.admm import ADMM
from lagrange.state import Start, State
from proofs_checks.exact_runs import ROW, SET_FIRST, Prox, Split, Sweep, array, numbers
from proofs_checks.finite import Rationals

MakeSolver = Callable[[Any], Any]  # ρ → solver

LIBRARY = "from lagrange import ADMM as rule"
LIBRARY_SET_FIRST = (
    "from lagrange import ADMM\n\n\ndef rule(rho):\n    return ADMM(rho, ((1,), (0,)))"
)


def set_first(rho: Any) -> ADMM:
    """z → x → y."""
    return ADMM(rho, SET_FIRST)


def finished(problem: Any, solver: Any, state: State[Any], count: int) -> Iterator[State[Any]]:
    """The states after 1, …, count finished steps."""
    for step in range(state.record.step + 1, state.record.step + count + 1):
        while state.record.step < step:
            state = solver.tell(problem, state, serially(problem, solver.ask(problem, state)))
        yield state


def sweeps(
    split: Split,
    make: MakeSolver,
    rho: Fraction,
    start: tuple[Rationals, Rationals, Rationals],
    count: int,
) -> Sequence[Sweep]:
    """(x, z, y) at the start, then after 1, …, count sweeps."""
    x, z, y = start
    problem = Problem(
        (Prox(split.first, 1), Prox(split.second, -1)), {ROW: array([Fraction(0)] * len(y))}
    )
    answers = (Prox(split.first, 1).at(x), Prox(split.second, -1).at(z))
    solver = make(rho)
    state = solver.init(problem, Start({ROW: array(y)}, answers))
    found = [Sweep(x, z, y, rho)]
    for now in finished(problem, solver, state, count):
        first, second = (response.point for response in now.responses if response)
        found.append(Sweep(first, second, numbers(now.multipliers[ROW]), Fraction(now.record.rho)))
    return found


def floats(values: Sequence[Fraction]) -> list[float]:
    """For a script."""
    return [float(v) for v in values]


def script(blocks: str, start: tuple[Rationals, Rationals, Rationals]) -> str:
    """The beginning of a script: a problem of two blocks made for ``rho``, and a function ``sweep``."""
    x, z, y = map(floats, start)
    return f"""import numpy as np
from lagrange import Problem, Response, Start, StepLimit, solve
{blocks}
problem, solver = Problem((first, second), {{"split": np.zeros({len(x)})}}), rule(rho)
at_start = Response({{"split": np.array({x})}}, 0.0), Response({{"split": -np.array({z})}}, 0.0)
state = solver.init(problem, Start({{"split": np.array({y})}}, at_start))

def sweep(state):
    return solve(problem, solver, stop=StepLimit(state.record.step + 1), start=state).state
"""
