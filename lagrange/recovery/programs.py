"""Small mixed-integer programs by HiGHS, started from a point: what recovery asks many of.

HiGHS only proposes: whether a point is feasible, and what it costs, is computed by whoever asked.
"""

from typing import Any, NamedTuple

import highspy
import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.highs import UNLIMITED, Limits, Status
from lagrange.oracles.linear_sets import BoolArray
from lagrange.oracles.sparse import SparseMatrix

# Without heuristics and cuts at nodes programs of a hundred columns take a quarter of the time and gain
# as much in all (replayed from a run of assignment 20 × 400, type D: 59 ms in place of 230).
TREE_ALONE = {
    "mip_allow_cut_separation_at_nodes": False,
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
    "mip_pscost_minreliable": 1,
}
KINDS = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger


class Program(NamedTuple):
    """min ⟨cost, x⟩  s.t.  row_lower ≤ R x ≤ row_upper,  0 ≤ x ≤ upper,  x_j whole where integer.

    cost, upper, integer (n,); rows R (m, n); row_lower, row_upper (m,), ±inf where there is no end.
    """

    cost: FloatArray
    rows: SparseMatrix
    row_lower: FloatArray
    row_upper: FloatArray
    upper: FloatArray
    integer: BoolArray


class Outcome(NamedTuple):
    """The best point that HiGHS found (n,), rounded where integer, or None; whether it went through to
    the end; the dual bound it claims, which nobody has proved; iterations of its simplex method, most
    of its time on small programs.
    """

    point: FloatArray | None
    solved: bool
    bound: float
    iterations: int


def minimize(
    program: Program,
    start: FloatArray | None = None,
    *,
    limits: Limits = UNLIMITED,
    step: float = 0.0,
    tree_alone: bool = False,
) -> Outcome:
    """One thread, the same answer each time unless ``limits`` has seconds.

    start      : a feasible point; what is found is no worse.
    step       : what is better by less does not count (0: all counts): a bound that close ends the
                 search. Nothing is lost where all objectives are multiples of it.
    tree_alone : without heuristics and cuts at nodes, for small programs with a good start
    """
    highs = highspy.Highs()
    options: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "mip_rel_gap": limits.gap,
        "mip_abs_gap": 0.999 * step,
        "mip_allow_restart": limits.nodes is None,  # a search that is cut short has no time for it
        **({} if limits.nodes is None else {"mip_max_nodes": limits.nodes}),
        **({} if limits.seconds is None else {"time_limit": limits.seconds}),
        **(TREE_ALONE if tree_alone else {}),
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(_model(program))
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = start.tolist()
        highs.setSolution(given)
    highs.run()
    info = highs.getInfo()
    solved = highs.getModelStatus() in (Status.kOptimal, Status.kInfeasible)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Outcome(None, solved, float(info.mip_dual_bound), info.simplex_iteration_count)
    x = np.array(highs.getSolution().col_value)
    point = np.where(program.integer, np.rint(x), x)
    return Outcome(point, solved, float(info.mip_dual_bound), info.simplex_iteration_count)


def _model(program: Program) -> highspy.HighsLp:
    rows, n = program.rows, program.cost.size
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = rows.shape
    model.col_cost_ = program.cost
    model.col_lower_, model.col_upper_ = np.zeros(n), program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.num_row_, model.a_matrix_.num_col_ = rows.shape
    model.a_matrix_.start_ = rows.starts.astype(np.int32)
    model.a_matrix_.index_ = rows.column.astype(np.int32)
    model.a_matrix_.value_ = rows.value
    model.integrality_ = [KINDS[int(whole)] for whole in program.integer]
    return model
