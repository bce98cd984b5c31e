"""Models written by hand as MPS files, and their optima by HiGHS as a whole."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import highspy
import numpy as np

TIES = ("tie_le", "tie_ge", "tie_eq")


class Row(NamedTuple):
    name: str
    kind: str  # N, L, G, E
    rhs: float = 0.0
    range: float | None = None


class Column(NamedTuple):
    name: str
    cost: float
    entries: Mapping[str, float]
    lower: float = 0.0
    upper: float = np.inf
    integer: bool = False


def write(
    path: Path, rows: Sequence[Row], columns: Sequence[Column], *, constant=0.0, maximize=False
) -> Path:
    """Free format; the constant of an objective stands on its right side, negated."""
    lines = ["NAME model", *(["OBJSENSE", "    MAX"] if maximize else []), "ROWS", " N obj"]
    lines += [f" {row.kind} {row.name}" for row in rows]
    lines += ["COLUMNS", *_columns(columns), "RHS", f"    RHS obj {-constant!r}"]
    lines += [f"    RHS {row.name} {float(row.rhs)!r}" for row in rows]
    ranges = [f"    RNG {row.name} {float(row.range)!r}" for row in rows if row.range is not None]
    lines += [*(["RANGES", *ranges] if ranges else []), "BOUNDS"]
    for c in columns:
        lines += [f" MI BND {c.name}" if c.lower == -np.inf else f" LO BND {c.name} {c.lower!r}"]
        lines += [f" PL BND {c.name}" if c.upper == np.inf else f" UP BND {c.name} {c.upper!r}"]
    path.write_text("\n".join([*lines, "ENDATA", ""]))
    return path


def _columns(columns: Sequence[Column]) -> list[str]:
    lines = list[str]()
    for c in columns:
        entries = [f"    {c.name} obj {float(c.cost)!r}"]
        entries += [f"    {c.name} {row} {float(v)!r}" for row, v in c.entries.items()]
        if c.integer:
            mark = f"    MARK{c.name} 'MARKER'"
            entries = [f"{mark} 'INTORG'", *entries, f"{mark} 'INTEND'"]
        lines += entries
    return lines


class Whole(NamedTuple):
    optimum: float
    values: dict[str, float]
    row_duals: dict[str, float]


def solved_as_a_whole(path: Path) -> Whole:
    """By HiGHS alone, without gaps."""
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", 0.0)
    highs.readModel(str(path))
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    program, solution = highs.getLp(), highs.getSolution()
    return Whole(
        highs.getInfo().objective_function_value,
        dict(zip(program.col_names_, solution.col_value, strict=True)),
        dict(zip(program.row_names_, solution.row_dual, strict=False)),
    )


def assignment(path: Path, agents=3, jobs=8, seed=0, room=0.85) -> Path:
    """Generalized assignment: each job once (equations), agents have capacities."""
    rng = np.random.default_rng(seed)
    cost, weight = rng.integers(10, 50, (agents, jobs)), rng.integers(5, 25, (agents, jobs))
    capacity = (room * weight.sum(axis=1) / agents).astype(int)
    rows = [Row(f"job[{j}]", "E", 1) for j in range(jobs)]
    rows += [Row(f"cap[{i}]", "L", capacity[i]) for i in range(agents)]
    columns = [
        Column(f"x[{i},{j}]", cost[i, j], {f"job[{j}]": 1, f"cap[{i}]": weight[i, j]}, 0, 1, True)
        for i in range(agents)
        for j in range(jobs)
    ]
    return write(path, rows, columns)


def location(path: Path, seed=1) -> Path:
    """Capacitated location: open sites (binary) and flows (continuous), demand rows ≥; a constant."""
    rng = np.random.default_rng(seed)
    sites, clients = 4, 5
    demand = rng.integers(2, 9, clients)
    ship = rng.integers(1, 9, (sites, clients))
    rows = [Row(f"demand_{j}", "G", demand[j]) for j in range(clients)]
    rows += [Row(f"open_{i}", "L", 0) for i in range(sites)]
    columns = [
        Column(f"y_{i}", 20 + i, {f"open_{i}": -float(demand.sum()) / 2}, 0, 1, True)
        for i in range(sites)
    ]
    columns += [
        Column(f"x_{i}_{j}", ship[i, j], {f"demand_{j}": 1, f"open_{i}": 1}, 0, float(demand[j]))
        for i in range(sites)
        for j in range(clients)
    ]
    return write(path, rows, columns, constant=12.5)


def two_knapsacks(path: Path, maximize=True, seed=2) -> Path:
    """Two knapsacks that share a range row; a column for overtime in no row but the shared one."""
    rng = np.random.default_rng(seed)
    rows = [Row("shared", "L", 10, 6), Row("bag_0", "L", 11), Row("bag_1", "L", 12)]
    sign = 1 if maximize else -1
    columns = [
        Column(
            f"x_{k}_{j}",
            sign * float(rng.integers(5, 20)),
            {"shared": rng.integers(1, 7), f"bag_{k}": rng.integers(2, 8)},
            0,
            2,
            True,
        )
        for k in range(2)
        for j in range(4)
    ]
    columns.append(Column("overtime", -sign * 4.0, {"shared": -1}, 0, 3))
    return write(path, rows, columns, constant=100.0, maximize=maximize)


def block_angular(path: Path, maximize=False, seed=3) -> Path:
    """A linear program of three blocks tied by a ≤ row, a ≥ row and an equation."""
    rng = np.random.default_rng(seed)
    rows = [Row("tie_le", "L", 9), Row("tie_ge", "G", 4), Row("tie_eq", "E", 7.5)]
    columns = list[Column]()
    sign = -1 if maximize else 1
    for k in range(3):
        rows += [Row(f"own_{k}_0", "L", 8), Row(f"own_{k}_1", "G", 1)]
        columns += [
            Column(
                f"x_{k}_{j}",
                sign * round(float(rng.uniform(-3, 5)), 2),
                {
                    **{tie: round(float(rng.uniform(0.2, 1.5)), 2) for tie in TIES},
                    **{f"own_{k}_{i}": round(float(rng.uniform(0.5, 2)), 2) for i in range(2)},
                },
                0.0,
                4.0,
            )
            for j in range(4)
        ]  # fmt: skip
    return write(path, rows, columns, maximize=maximize)


def dense_of(path: Path) -> dict[str, Any]:
    """The model in dense arrays, read by HiGHS."""
    highs = highspy.Highs()
    highs.silent()
    highs.readModel(str(path))
    program = highs.getLp()
    rows = np.zeros((program.num_row_, program.num_col_))
    for j in range(program.num_col_):
        a, b = program.a_matrix_.start_[j], program.a_matrix_.start_[j + 1]
        rows[program.a_matrix_.index_[a:b], j] = program.a_matrix_.value_[a:b]
    return {
        "rows": rows,
        "row_lower": np.array(program.row_lower_),
        "row_upper": np.array(program.row_upper_),
        "lower": np.array(program.col_lower_),
        "upper": np.array(program.col_upper_),
        "cost": np.array(program.col_cost_),
        "offset": program.offset_,
        "row_names": list(program.row_names_),
        "column_names": list(program.col_names_),
        "sign": -1.0 if program.sense_ == highspy.ObjSense.kMaximize else 1.0,
    }
