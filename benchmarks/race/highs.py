"""HiGHS on the assignment model: defaults, one thread, bound and best point over time by callbacks."""

import math
from time import perf_counter
from typing import Any

import highspy
import numpy as np

from benchmarks.race.cells import Log
from problems.assignment_data import AssignmentData, IntArray


def run(data: AssignmentData, limit: float, agent: IntArray | None) -> dict[str, Any]:
    """``agent`` (n,): the point to start from; None: from nothing."""
    began, log = perf_counter(), Log()
    solver = highspy.Highs()
    for name, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("mip_rel_gap", 0.0),
    ):
        solver.setOptionValue(name, value)
    solver.passModel(model(data))
    if agent is not None:
        start = highspy.HighsSolution()
        taken = np.arange(len(data.capacity))[:, None] == agent
        start.col_value = taken.ravel().astype(float).tolist()
        solver.setSolution(start)

    def note(event: Any) -> None:
        lower, upper = event.data_out.mip_dual_bound, event.data_out.mip_primal_bound
        lower, upper = (x if abs(x) < 1e30 else math.copysign(math.inf, x) for x in (lower, upper))
        if not log or (lower, upper) != log[-1][1:]:
            log.append((perf_counter() - began, lower, upper))

    solver.cbMipLogging.subscribe(note)
    solver.cbMipImprovingSolution.subscribe(note)
    solver.cbMipInterrupt.subscribe(note)  # asked often: bounds between two lines of the log
    built = perf_counter() - began
    solver.setOptionValue("time_limit", max(0.01, limit - built))
    solver.run()
    info = solver.getInfo()
    log.append((perf_counter() - began, info.mip_dual_bound, info.objective_function_value))
    return {
        "status": solver.modelStatusToString(solver.getModelStatus()).lower(),
        "preparation": 0.0,
        "log": log,
        "nodes": int(info.mip_node_count),
    }


def model(data: AssignmentData) -> highspy.HighsLp:
    """Columns x_ij by agents; rows: every job once, every agent within its capacity."""
    m, n = data.cost.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = m * n, n + m
    program.col_cost_ = data.cost.ravel().astype(float)
    program.col_lower_, program.col_upper_ = np.zeros(m * n), np.ones(m * n)
    program.row_lower_ = np.concatenate([np.ones(n), np.full(m, -highspy.kHighsInf)])
    program.row_upper_ = np.concatenate([np.ones(n), data.capacity.astype(float)])
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.num_col_, matrix.num_row_ = m * n, n + m
    matrix.start_ = np.arange(0, 2 * m * n + 1, 2, dtype=np.int32)
    rows = np.stack([np.tile(np.arange(n), m), n + np.repeat(np.arange(m), n)], axis=1)
    matrix.index_ = rows.ravel().astype(np.int32)
    matrix.value_ = np.stack([np.ones(m * n), data.weight.ravel()], axis=1).ravel()
    program.integrality_ = [highspy.HighsVarType.kInteger] * (m * n)
    return program
