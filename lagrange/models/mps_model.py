"""A mixed-integer linear model from a file, taken apart at the rows that couple it.

model = from_mps("network.mps.gz", coupling="cap_*")
solution = solve(model, Subgradient(Polyak(estimate=1e4, patience=20)), stop=StepLimit(200))
print(model.report)
print(model.write_back(solution))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lagrange.models.mps_file import MpsFile, read_mps
from lagrange.models.mps_split import Coupling, Piece, Stack, chosen_rows, pieces, stacks
from lagrange.models.report import Part, SplitReport
from lagrange.oracles.checks import FloatArray
from lagrange.oracles.highs import UNLIMITED, Limits
from lagrange.oracles.milp import MilpBlock
from lagrange.problem import Problem
from lagrange.solution import Solution


class ModelAnswer(NamedTuple):
    """What a run says about the model, in the words and the sense of its file.

    values      : column -> value at the best feasible point; None: none was found
    objective   : of these values
    bound       : proved: no feasible point is better; ∓inf where nothing was proved
    multipliers : coupling row -> by how much the bound grows for a unit more on its right side, the
                  sign of row duals: in a minimization ≤ 0 for ≤ rows and ≥ 0 for ≥ rows
    """

    values: Mapping[str, float] | None
    objective: float | None
    bound: float
    multipliers: Mapping[str, float]


@dataclass(frozen=True, eq=False, repr=False)
class MilpModel(Problem[None]):
    """A problem, and the names that lead back to the model: rows "eq" and "le" hold the coupling rows
    of each sense, one above the other; the objective of a maximization is negated.

    report   : what taking it apart found; part i is block i
    sense    : of the model: "min" or "max"
    columns  : the names of each block's columns
    coupling : by sense, the names of the coupling rows and the sign each was taken with
    """

    report: SplitReport = field(kw_only=True)
    sense: str = field(kw_only=True)
    columns: tuple[tuple[str, ...], ...] = field(kw_only=True)
    coupling: Mapping[str, tuple[tuple[str, float], ...]] = field(kw_only=True)

    def __repr__(self) -> str:
        rows = {sense: len(names) for sense, names in self.coupling.items()}
        return f"MilpModel({self.sense}, {len(self.blocks)} blocks, coupling rows {rows})"

    def __str__(self) -> str:
        return f"{self!r}\n{self.report}"

    def assemble(self, points: Sequence[Any]) -> dict[str, float]:
        """Column -> value, from the points of all blocks in their order."""
        if len(points) != len(self.columns):
            raise ValueError(f"there are {len(self.columns)} blocks, got {len(points)} points")
        values = dict[str, float]()
        for i, (names, point) in enumerate(zip(self.columns, points, strict=True)):
            x: FloatArray = np.asarray(point, dtype=np.float64)
            if x.shape != (len(names),):
                raise ValueError(f"the point of block {i} must be ({len(names)},), got {x.shape}")
            values.update(zip(names, x.tolist(), strict=True))
        return values

    def write_back(self, solution: Solution) -> ModelAnswer:
        """The answer of a run on this problem, in the words of the file."""
        sign = 1.0 if self.sense == "min" else -1.0
        found = solution.point is not None
        multipliers = dict[str, float]()
        for sense, rows in self.coupling.items():
            for (name, way), value in zip(rows, solution.multipliers[sense].tolist(), strict=True):
                multipliers[name] = multipliers.get(name, 0.0) - sign * way * value
        return ModelAnswer(
            self.assemble(solution.point) if found else None,
            sign * solution.upper_bound if found else None,
            sign * solution.lower_bound,
            multipliers,
        )


def from_mps(path: str | Path, coupling: Coupling, *, limits: Limits = UNLIMITED) -> MilpModel:
    """The model of an MPS file (plain or gzip) as a problem whose coupling rows are relaxed.

    coupling : the rows to relax: a name, a pattern with * and ? ("cap_*"; brackets are letters), a
               sequence of names and patterns, or a function of the name that says yes
    limits   : for every block with integer columns

    What is left falls into its connected parts, a ``MilpBlock`` each, the largest first. Columns that
    are left in no row are one block, answered by a formula. The coupling rows of each sense are one
    array ("eq", "le"), so a sweep costs what the entries cost and not what the names do: ≥ rows are
    negated and a range is two ≤ rows. The objective's constant is in block 0.

    A feasible point is taken from the blocks' answers where these satisfy all coupling rows exactly;
    ``dataclasses.replace(model, recover=...)`` puts a repair in its place, whose point has to be the
    blocks' points in order.

    Raises FileNotFoundError; ValueError for a file that HiGHS cannot read or reads with a warning,
    rows that are not there, and columns without bounds where nothing could be proved then.
    """
    file = read_mps(path)
    chosen = chosen_rows(file.row_names, coupling)
    stacked = stacks(file, chosen)
    parts = pieces(file, chosen, stacked)
    columns = [tuple(file.column_names[int(j)] for j in piece.columns) for piece in parts]
    sign = 1.0 if file.sense == "min" else -1.0
    titles = [f"block {i} ({names[0]})" for i, names in enumerate(columns)]
    for piece, title in zip(parts, titles, strict=True):
        _require_bounds(file, piece, title, sign)
    return MilpModel(
        tuple(
            MilpBlock(
                sign * file.cost[piece.columns],
                piece.members,
                piece.images,
                sign * file.offset if i == 0 else 0.0,
                titles[i],
                limits,
            )
            for i, piece in enumerate(parts)
        ),
        {sense: stack.rhs for sense, stack in stacked.items()},
        frozenset(stacked) & {"le"},
        integral=_is_integral(file),
        report=_report(titles, parts, stacked),
        sense=file.sense,
        columns=tuple(columns),
        coupling={sense: _names(file, stack) for sense, stack in stacked.items()},
    )


def _names(file: MpsFile, stack: Stack) -> tuple[tuple[str, float], ...]:
    pairs = zip(stack.row, stack.sign, strict=True)
    return tuple((file.row_names[int(row)], float(sign)) for row, sign in pairs)


def _report(titles: list[str], parts: list[Piece], stacked: dict[str, Stack]) -> SplitReport:
    sizes = zip(titles, parts, strict=True)
    return SplitReport(
        tuple(Part(t, p.columns.size, p.members.rows.shape[0]) for t, p in sizes),
        sum(stack.row.size for stack in stacked.values()),
    )


def _is_integral(file: MpsFile) -> bool:
    """Is the objective a whole number wherever the columns are what they must be?"""
    whole = (file.cost == 0) | (file.integer & (file.cost == np.rint(file.cost)))
    return bool(whole.all()) and file.offset == int(file.offset)


def _require_bounds(file: MpsFile, piece: Piece, title: str, sign: float) -> None:
    """Refuses columns without which no bound could ever be proved."""
    low, high = (np.isinf(end) for end in piece.members.box)
    if piece.members.rows.shape[0] == 0:
        # the prices can make a column that couples cost anything
        couples = np.any([image.column_counts > 0 for image in piece.images.values()], axis=0)
        cost = sign * file.cost[piece.columns]
        loose = (low & (couples | (cost > 0))) | (high & (couples | (cost < 0)))
        why = "is in no row that is kept, so it runs off at some prices"
    elif piece.members.integer.any():
        loose, why = low | high, "stands beside integer columns"
    else:
        loose, why = low & high, "has no end on either side"
    if loose.any():
        j = int(piece.columns[np.flatnonzero(loose)[0]])
        raise ValueError(
            f"column {file.column_names[j]!r} of {title} lies in [{file.lower[j]}, {file.upper[j]}] "
            f"and {why}: no bound could be proved, for the kept rows imply none either; bound it in "
            "the file or keep a row that does"
        )
