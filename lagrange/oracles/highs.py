"""HiGHS as a function: the same set and the same costs give the same answer, bit for bit."""

from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import highspy
import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.linear_sets import LinearSet

TOLERANCE = 1e-9  # asked of HiGHS for feasibility, optimality and whole numbers; 1e-10 is its least

Status = highspy.HighsModelStatus
STOPPED = (Status.kTimeLimit, Status.kSolutionLimit, Status.kIterationLimit)


@dataclass(frozen=True)
class Limits:
    """When HiGHS may stop before it is done; ``gap`` and ``nodes`` concern integer columns only.

    gap     : relative gap between its point and its bound, ≥ 0
    nodes   : of the search tree; None: as many as it takes
    seconds : for one query. With this limit answers depend on the clock: asked the same thing twice
              a block may answer differently, and a run cannot be repeated. ``nodes`` has no such flaw.
    """

    gap: float = 0.0
    nodes: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.gap < float("inf"):
            raise ValueError(f"gap must be a finite number ≥ 0, got {self.gap}")
        if self.nodes is not None and (self.nodes != int(self.nodes) or self.nodes < 1):
            raise ValueError(f"nodes must be a whole number ≥ 1 or None, got {self.nodes}")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds must be > 0 or None, got {self.seconds}")


UNLIMITED = Limits()


class Found(NamedTuple):
    """What HiGHS ended with: its status, the point (None: it has none), the multipliers of the rows
    (of a linear program) and the dual bound (of an integer one).
    """

    status: Status
    point: FloatArray | None
    multipliers: FloatArray
    dual_bound: float


class LinearSolver:
    """min ⟨cost, x⟩ over one mixed-integer linear set, by one HiGHS model that is kept alive.

    Before every solve all that HiGHS remembers of the last one (basis, solution, incumbent) is
    cleared, so answers do not depend on what was asked before. A lock lets one thread in at a time.
    Pickled and copied without the HiGHS model, which is built again when it is first asked.
    """

    def __init__(self, members: LinearSet, limits: Limits) -> None:
        self._members = members
        self._limits = limits
        self._lock = Lock()
        self._highs: highspy.Highs | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return LinearSolver, (self._members, self._limits)

    def minimize(self, cost: FloatArray) -> Found:
        """Solves at these costs."""
        with self._lock:
            if self._highs is None:
                self._highs = _model(self._members, self._limits)
            highs = self._highs
            highs.clearSolver()
            columns = np.arange(cost.size, dtype=np.int32)
            highs.changeColsCost(cost.size, columns, cost)
            if self._limits.seconds is not None:
                # an integer search has its own clock; that of linear programs runs on and on
                before = 0.0 if self._members.integer.any() else highs.getRunTime()
                highs.setOptionValue("time_limit", before + self._limits.seconds)
            highs.run()
            return _found(highs)


def _found(highs: highspy.Highs) -> Found:
    info, solution = highs.getInfo(), highs.getSolution()
    has_point = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Found(
        highs.getModelStatus(),
        np.array(solution.col_value) if has_point else None,
        np.array(solution.row_dual if solution.dual_valid else np.zeros(highs.getNumRow())),
        float(info.mip_dual_bound),
    )


def _model(members: LinearSet, limits: Limits) -> highspy.Highs:
    highs = highspy.Highs()
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "mip_rel_gap": limits.gap,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": TOLERANCE,
        "primal_feasibility_tolerance": TOLERANCE,
        "dual_feasibility_tolerance": TOLERANCE,
        **({} if limits.nodes is None else {"mip_max_nodes": int(limits.nodes)}),
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_linear_program(members))
    return highs


def _linear_program(members: LinearSet) -> highspy.HighsLp:
    rows = members.rows
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows.shape
    program.col_cost_ = np.zeros(rows.shape[1])
    program.col_lower_, program.col_upper_ = members.lower, members.upper
    program.row_lower_, program.row_upper_ = members.row_lower, members.row_upper
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_row_, matrix.num_col_ = rows.shape
    matrix.start_ = rows.starts.astype(np.int32)
    matrix.index_ = rows.column.astype(np.int32)
    matrix.value_ = rows.value
    if members.integer.any():
        kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        program.integrality_ = [kinds[int(whole)] for whole in members.integer]
    return program
