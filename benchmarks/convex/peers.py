"""Time to the same KKT residual: ours, pyproximal's ADMM, cvxpy with three solvers.

Setting up is part of every time: factorizations, and for cvxpy the compilation, which is also shown
apart. An ADMM is stopped by the KKT residual of its iterate, looked at every ten steps by the same
function. pyproximal gets the best of three steps tau, a solver of cvxpy the loosest of several
tolerances whose answer passes, and only the time of that run.
"""

import contextlib
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from benchmarks.convex.instances import Case, FloatArray
from lagrange import Status, StepLimit, solve
from lagrange.stopping import Stop

TOLERANCE = 1e-6
EVERY = 10
STEPS = 20_000
LIMIT = 60.0  # seconds for one run of a peer
TAUS = (0.1, 1.0, 10.0)
TOLERANCES = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)


class Timed(NamedTuple):
    """Seconds, and the violation that was reached; compilation is a part of seconds."""

    seconds: float
    kkt: float
    compilation: float = 0.0

    @property
    def passed(self) -> bool:
        """Did it reach the tolerance?"""
        return self.kkt <= TOLERANCE


class KktBelow(Stop):
    """Stops when the KKT residual of the answer is small; looks every ``EVERY`` steps."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self.last = np.inf

    def __call__(self, state: Any) -> Status | None:
        if state.record.step == 0 or state.record.step % EVERY:
            return None
        self.last = self._case.kkt(self._case.answer(state))
        return Status.CONVERGED if self.last <= TOLERANCE else None


def ours(case: Case) -> tuple[Timed, int]:
    """Our ADMM and its number of steps."""
    began = perf_counter()
    stop = KktBelow(case)
    solution = solve(case.problem(), case.solver, stop=stop | StepLimit(STEPS))
    return Timed(perf_counter() - began, stop.last), solution.state.record.step


class Enough(Exception):
    """Raised out of a peer's callback, the only way to stop it."""


def pyproximal(case: Case) -> Timed:
    """The best of its runs."""
    best = Timed(np.inf, np.inf)
    for tau in TAUS:
        began, count, last = perf_counter(), [0], [np.inf]

        def look(x: FloatArray) -> None:
            count[0] += 1  # noqa: B023 - the loop runs one at a time
            if count[0] % EVERY == 0:  # noqa: B023
                last[0] = case.kkt(x)  # noqa: B023
            if last[0] <= TOLERANCE or perf_counter() - began > LIMIT:  # noqa: B023
                raise Enough

        with contextlib.suppress(Enough):
            case.proximal(tau, STEPS, look)
        run = Timed(perf_counter() - began, last[0])
        if (not run.passed, run.seconds) < (not best.passed, best.seconds):
            best = run
    return best


def through_cvxpy(case: Case, solver: str, options: Callable[[float], dict[str, Any]]) -> Timed:
    """The loosest tolerance whose answer passes."""
    last = Timed(np.inf, np.inf)
    for tolerance in TOLERANCES:
        problem, x = case.model()
        began = perf_counter()
        try:
            problem.solve(solver=solver, **options(tolerance))
        except Exception:  # a solver that gives up: recorded as not passed
            return Timed(perf_counter() - began, np.inf)
        seconds = perf_counter() - began
        kkt = np.inf if x.value is None else case.kkt(x.value)
        last = Timed(seconds, kkt, problem.compilation_time or 0.0)
        if last.passed or seconds > LIMIT:
            return last
    return last


CVXPY: dict[str, Callable[[float], dict[str, Any]]] = {
    "OSQP": lambda e: {
        "eps_abs": e,
        "eps_rel": e,
        "max_iter": 1_000_000,
        "time_limit": LIMIT,
    },
    "SCS": lambda e: {
        "eps_abs": e,
        "eps_rel": e,
        "max_iters": 1_000_000,
        "time_limit_secs": LIMIT,
    },
    "CLARABEL": lambda e: {
        "tol_gap_abs": e,
        "tol_gap_rel": e,
        "tol_feas": e,
        "time_limit": LIMIT,
    },
}
