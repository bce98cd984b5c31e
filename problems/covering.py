"""Set covering: columns of least cost so that every row is covered.

    min Σ_j c_j x_j   s.t.  Σ_{j covers i} x_j ≥ 1 for every row i,   x binary

The covering rows are relaxed (coupling row ``cover``, as −Σ x_j ≤ −1). What is left asks of each column
only whether it pays, all of them in one ``Selection``. That has the integrality property: the best
bound is that of the linear relaxation, no more; rounded up to a whole number as all costs are whole.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.oracles.selection import Selection
from lagrange.oracles.sparse import SparseMatrix
from lagrange.problem import Feasible, Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.volume import Volume
from lagrange.state import Solver, Start
from lagrange.step_sizes import Polyak
from lagrange.stopping import GapBelow, Stalled
from problems.compiling import by_a_small_run
from problems.covering_data import CoveringData, generate_covering, read_covering
from problems.covering_exact import ExactCovering
from problems.covering_repair import cover_from, total_cost
from problems.options import require_unused

CUTS = 100  # that the bundle keeps: with 40 the last digits take three times as long


def covering(
    *,
    instance: str | None = None,
    rows: int | None = None,
    columns: int | None = None,
    density: float | None = None,
    seed: int | None = None,
) -> Instance:
    """Set covering from an OR-Library file (scp…), or a generated instance.

    instance : path of a file in OR-Library format; without it one is generated
    rows     : how many to generate; 50 unless given
    columns  : how many to generate; 200 unless given
    density  : share of ones of the generated matrix, in (0, 1]; 0.05 unless given
    seed     : of the generator; 0 unless given
    """
    if instance is None:
        rows, columns = (default if k is None else k for k, default in ((rows, 50), (columns, 200)))
        density, seed = 0.05 if density is None else density, seed or 0
        data = generate_covering(rows, columns, density, seed)
        name, source = f"{rows}x{columns}-{density:g}-{seed}", f"generated, seed {seed}"
    else:
        given = {"rows": rows, "columns": columns, "density": density, "seed": seed}
        require_unused("an instance file", given)
        data = read_covering(Path(instance))
        name, source = Path(instance).stem, "OR-Library format"
    problem, start = build(data), Start({"cover": starting_prices(data)})
    polyak = Polyak(patience=20, estimate=float(data.cost.sum()))

    def method(solver: Solver[None], steps: int) -> Method:
        return Method(problem, solver, steps, start)

    return Instance(
        name=name,
        source=source,
        methods={
            "bundle": lambda steps: method(LevelBundle(CUTS, tolerance=1e-5), steps or 5000),
            "volume": lambda steps: method(Volume(polyak), steps or 5000),
            "subgradient": lambda steps: method(Subgradient(polyak), steps or 5000),
        },
        stop=GapBelow(0) | Stalled(),
        prepare=by_a_small_run(lambda: covering(rows=5, columns=20, density=0.2)),
        seconds=15.0,
        exact=ExactCovering(data),
        point_arrays=lambda point: {"taken": point.astype(np.int64)},
        archive={"instance.txt": data.to_text()},
        rebuild={"instance": "instance.txt"},
    )


def build(data: CoveringData) -> Problem[None]:
    """The problem with its covering rows relaxed."""
    A = data.matrix

    def recover(responses: Sequence[Response]) -> Feasible | None:
        cover = cover_from(data, responses[0].point)
        return None if cover is None else Feasible(cover, float(total_cost(data, cover)))

    block = Selection(
        data.cost.astype(np.float64), SparseMatrix(A.row, A.column, -A.value, A.shape), "cover"
    )
    right = -np.ones(A.shape[0])
    return Problem((block,), {"cover": right}, frozenset({"cover"}), recover, integral=True)


def starting_prices(data: CoveringData) -> np.ndarray:
    """λ_i = the least share of a column's cost, divided evenly over its rows: no column pays yet, so
    the first bound is Σ λ_i. (m,)
    """
    share = data.cost / np.maximum(data.matrix.column_counts, 1)
    return np.array([share[columns].min() for columns in data.covers])
