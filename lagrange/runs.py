"""Runs: execute a method of an instance and report what it proved and what it measured."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

from lagrange.certificates import NO_CLAIMS, Claims, prove
from lagrange.checkpoint import Keeper
from lagrange.engine import solve
from lagrange.instances import Instance, Method
from lagrange.records import Record, ignore
from lagrange.solution import Solution, SolveError
from lagrange.status import Status
from lagrange.stopping import StepLimit, Stop, TimeLimit


@dataclass(frozen=True)
class Finished:
    """An executed run that is not saved yet.

    error    : why it failed, if it did
    prepared : seconds for loading and compiling loops before the clock started
    """

    family: str
    options: Mapping[str, Any]
    instance: Instance
    solver_name: str
    method: Method
    solution: Solution
    error: str | None = None
    prepared: float = 0.0

    @property
    def point(self) -> Mapping[str, Any] | None:
        """The feasible point as named arrays."""
        found = self.solution.point
        return None if found is None else self.instance.point_arrays(found)


def named(instance: Instance, solver: str | None, options: Mapping[str, Any]) -> str:
    """The name of the method, the first where none is named; refuses one that these options exclude."""
    name = solver or next(iter(instance.methods))
    instance.require(name, options)
    return name


def choose(
    instance: Instance,
    solver: str | None,
    steps: int | None,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[str, Method]:
    """The method of that name, the first where none is named; ``options``: those that were given."""
    name = named(instance, solver, options)
    if steps is not None and steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    return name, instance.methods[name](steps)


def execute(
    family: str,
    options: Mapping[str, Any],
    instance: Instance,
    solver: str | None = None,
    *,
    steps: int | None = None,
    seconds: float | None = None,
    observe: Callable[[Record], None] = ignore,
    keeper: Keeper | None = None,
) -> Finished:
    """Runs one method of an instance to its end; a failure is kept with what was found before.

    steps   : most steps of the solver; a schedule that is made for a horizon is made for this one
    seconds : most seconds, dense training included; compiling loops (``Instance.prepare``) is not
    keeper  : saves the state along the way; the run goes on from what it saved before
    """
    began = perf_counter()
    name = named(instance, solver, options)
    instance.prepare(name)
    prepared, began = perf_counter() - began, perf_counter()
    name, method = choose(instance, name, steps, options)
    start = method.solver.init(method.problem, method.start)
    stop: Stop = StepLimit(method.steps)
    if instance.stop is not None:
        stop = instance.stop | stop
    seconds = instance.seconds if seconds is None else seconds
    if seconds is not None:
        stop = stop | TimeLimit(max(1e-3, seconds - (perf_counter() - began)))
    if keeper is not None:
        start, stop = keeper.resumed(start), keeper | stop
    error = None
    try:
        solution = solve(method.problem, method.solver, stop=stop, observe=observe, start=start)
    except SolveError as failure:
        solution, error = failure.solution, str(failure)
    if keeper is not None:
        solution = keeper.whole(solution)
    return Finished(family, options, instance, name, method, solution, error, prepared)


def claims_of(run: Finished) -> Claims:
    """What the run proves, by exact recomputation; no claims where the instance has no exact twin."""
    if run.instance.exact is None:
        return NO_CLAIMS
    return prove(run.instance.exact, run.solution.multipliers, run.point, run.instance.sense)


def unmeasured(instance: Instance, status: str) -> dict[str, Any]:
    """The report of a run that nothing was found in: its keys, in their order."""
    bounds = "lower_bound", "upper_bound", "gap", "certified", "seconds", "steps", "run"
    facts = () if instance.exact is None else instance.exact.fact_names
    keys = "status", *bounds, "sense", "dual_value", *facts, *instance.measured
    return {**dict.fromkeys(keys), "status": status, "certified": False, "sense": instance.sense}


def report_of(run: Finished, folder: Path, measures: Mapping[str, Any]) -> dict[str, Any]:
    """The object of ``solve --json``. Bounds are the proved ones; without an exact twin they are the
    solver's own and ``certified`` is false. A number that was not proved or measured is None.
    """
    solution, claims = run.solution, claims_of(run)
    lower, upper, gap = claims.lower_bound, claims.upper_bound, claims.gap
    if run.instance.exact is None:
        lower, upper = solution.lower_bound, solution.upper_bound
        if run.instance.sense == "max":
            lower, upper = 0.0 - upper, 0.0 - lower
        gap = solution.gap
    status = solution.status
    if status is Status.OPTIMAL and claims.gap:  # closed in floats, but not exactly
        status = Status.GAP_REACHED
    report = {
        **unmeasured(run.instance, status.name.lower()),
        "lower_bound": lower,
        "upper_bound": upper,
        "gap": gap,
        "certified": claims.dual_value is not None,
        "seconds": solution.state.record.seconds,
        "steps": solution.state.record.step,
        "run": str(folder),
        "dual_value": claims.dual_value,
        **claims.facts,
        **measures,
    }
    if run.error is not None:
        report["error"] = run.error
    return {key: _plain(value) for key, value in report.items()}


def _plain(value: Any) -> Any:
    """NaN and infinities were not measured: JSON has no word for them but null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
