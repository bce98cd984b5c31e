"""Loops are compiled before the clock of a run starts, by a run that is too small to matter."""

from collections.abc import Callable

from lagrange import compiled
from lagrange.engine import solve
from lagrange.instances import Instance
from lagrange.status import Status
from lagrange.stopping import StepLimit

STEPS = 20  # of the small run: enough that every loop of a dual method has its turn


def by_a_small_run(small: Callable[[], Instance]) -> Callable[[str], None]:
    """An instance's ``prepare``: the same solver on a small instance of the family, with numba only."""

    def prepare(solver: str) -> None:
        if compiled.is_available():
            method = small().methods[solver](STEPS)
            stop = StepLimit(STEPS)
            start = method.solver.init(method.problem, method.start)
            done = solve(method.problem, method.solver, stop=stop, start=start)
            if done.status is Status.INTERRUPTED:  # Ctrl-C meant the whole command
                raise KeyboardInterrupt

    return prepare
