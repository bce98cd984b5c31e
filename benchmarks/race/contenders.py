"""Who runs: HiGHS at its defaults, HiGHS started from our point, our own run, our proof."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.race import highs
from benchmarks.race.cells import Log, Spec, cell_file, read_cell
from lagrange import Solution, solve
from lagrange.certificates import prove
from lagrange.records import Record
from lagrange.stopping import GapBelow, TimeLimit
from problems.assignment import assignment, build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_exact import ExactAssignment
from problems.assignment_recovery import recovering_bundle
from problems.assignment_start import start_of

Cell = dict[str, Any]


def run(contender: str, spec: Spec, limit: float, folder: Path) -> Cell:
    data = generate(spec.kind, spec.agents, spec.jobs, spec.seed)
    if contender == "highs":
        return highs.run(data, limit, None)
    if contender == "highs-started":
        ours = read_cell(cell_file(folder, spec, "ours", limit))
        return highs.run(data, limit, np.array(ours["point"]))
    if contender == "ours":
        return ours_run(data, limit)
    if contender == "ours-proof":
        from problems.assignment_proof import proved

        preparation = _prepared()
        began = perf_counter()
        proof = proved(data, limit)
        return {
            "status": proof.status,
            "preparation": preparation,
            "log": [(perf_counter() - began, proof.lower_bound, proof.upper_bound)],
            "detail": proof.detail,
        }
    raise SystemExit(f"there is no contender {contender!r}")


def ours_run(data: AssignmentData, limit: float) -> Cell:
    preparation = _prepared()
    began, log = perf_counter(), Log()
    solution = _solved(data, limit, _logging(log, began))
    wall = perf_counter() - began
    point = solution.point
    claims = prove(
        ExactAssignment(data),
        solution.multipliers,
        None if point is None else {"agent": point},
        "min",
    )
    wrong = claims.lower_bound != solution.lower_bound or (
        point is not None and claims.upper_bound != solution.upper_bound
    )
    return {
        "status": "WRONG" if wrong else solution.status.name.lower(),
        "preparation": preparation,
        "wall": wall,
        "steps": solution.state.record.step,
        "log": log,
        "point": None if point is None else point.tolist(),
        "certified": [claims.lower_bound, claims.upper_bound],
    }


def _solved(data: AssignmentData, limit: float, observe: Callable[[Record], None]) -> Solution:
    problem = replace(build(data), recover=lambda responses: None)
    solver = recovering_bundle(data)
    start = solver.init(problem, start_of(data, "capacity"))  # the time it took counts
    return solve(problem, solver, stop=GapBelow(0) | TimeLimit(limit), observe=observe, start=start)


def _logging(log: Log, began: float) -> Callable[[Record], None]:
    best = [-math.inf, math.inf]

    def observe(record: Record) -> None:
        if record.lower_bound > best[0] or record.upper_bound < best[1]:
            best[0] = max(best[0], record.lower_bound) if record.lower_bound > best[0] else best[0]
            best[1] = record.upper_bound if record.upper_bound < best[1] else best[1]
            log.append((perf_counter() - began, best[0], best[1]))

    return observe


def _prepared() -> float:
    """Seconds for loading and compiling, as before a run of the family."""
    began = perf_counter()
    assignment().prepare("bundle")
    return perf_counter() - began


def rounded_up(bound: float) -> float:
    """The bound of a problem whose objectives are whole numbers; HiGHS's tolerance is forgiven."""
    return float(math.ceil(Fraction(bound) - Fraction(1, 10**6))) if math.isfinite(bound) else bound
