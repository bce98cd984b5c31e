"""Data of set covering: OR-Library files (scp4x–6x, a–e) and a generator in their manner.

Reference    Balas, Ho, Math. Program. Study 12 (1980) 37–60: how scp4x–6x were drawn
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.oracles.sparse import SparseMatrix
from problems.data import data_path
from problems.orlib import IntArray, Words
from problems.seeds import require_seed

COSTS = (1, 100)  # of generated columns, drawn evenly


@dataclass(frozen=True, eq=False)
class CoveringData:
    """n columns of whole costs ≥ 0 (n,); the columns ``covers[i]``, one at least, cover row i."""

    cost: IntArray
    covers: tuple[IntArray, ...]

    def __post_init__(self) -> None:
        n = self.cost.size
        if (self.cost < 0).any():
            j = int((self.cost < 0).argmax())
            raise ValueError(
                f"cost[{j}] is {self.cost[j]}, it must be ≥ 0: a column that pays is in a best cover, "
                "take it and its rows out"
            )
        if sum(self.cost.tolist()) > 2**53:
            raise ValueError(f"the costs add up to {sum(self.cost.tolist())}, more than 2^53")
        for i, columns in enumerate(self.covers):
            if columns.size == 0:
                raise ValueError(f"no column covers row {i + 1}: there is no cover")
            if not 0 <= columns.min() <= columns.max() < n:
                raise ValueError(
                    f"row {i + 1} names column {columns.max() + 1 if columns.min() >= 0 else 0}; "
                    f"columns are numbered from 1 to {n}"
                )
            if np.unique(columns).size < columns.size:
                raise ValueError(f"row {i + 1} names a column twice")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.covers), self.cost.size

    @cached_property
    def matrix(self) -> SparseMatrix:
        """Entry (i, j) is 1 where column j covers row i."""
        lengths = [columns.size for columns in self.covers]
        row = np.repeat(np.arange(len(self.covers)), lengths)
        column = np.concatenate(self.covers)
        return SparseMatrix(row, column, np.ones(column.size), self.shape)

    @cached_property
    def rows_of(self) -> tuple[IntArray, ...]:
        """The rows that each column covers."""
        A = self.matrix
        order = np.argsort(A.column, kind="stable")
        return tuple(np.split(A.row[order], np.cumsum(A.column_counts)[:-1]))

    def to_text(self) -> str:
        """The OR-Library format, one row a line."""
        lines = [" ".join(map(str, self.shape)), " ".join(map(str, self.cost.tolist()))]
        for columns in self.covers:
            lines.append(" ".join(map(str, [columns.size, *(columns + 1).tolist()])))
        return "\n".join(lines) + "\n"


def read_covering(path: Path) -> CoveringData:
    """One instance: ``m n``, n column costs, then for each row how many columns and which, from 1."""
    words = Words(path)
    m, n = words.whole(2, "the numbers of rows and columns", 1)
    cost = np.array(words.whole(n, f"the costs of {n} columns"), dtype=np.int64)
    covers: list[IntArray] = []
    for i in range(m):
        (count,) = words.whole(1, f"how many columns cover row {i + 1} of {m}", 1)
        columns = words.whole(count, f"the columns of row {i + 1} of {m}", 1)
        covers.append(np.array(columns, dtype=np.int64) - 1)
    words.end()
    return CoveringData(cost, tuple(covers))


def generate_covering(rows: int, columns: int, density: float, seed: int) -> CoveringData:
    """Entries 1 with probability ``density`` in (0, 1], costs drawn from 1–100. Every row has at least
    two columns and every column at least one row, as far as there are as many.
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"rows and columns must be at least 1, got {rows} and {columns}")
    if not 0 < density <= 1:
        raise ValueError(f"density must lie in (0, 1], got {density}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    cost = rng.integers(COSTS[0], COSTS[1] + 1, columns)
    inside = rng.random((rows, columns)) < density
    empty = np.flatnonzero(~inside.any(axis=0))
    inside[rng.integers(0, rows, empty.size), empty] = True
    for i in np.flatnonzero(inside.sum(axis=1) < 2).tolist():
        inside[i, rng.permutation(columns)[:2]] = True
    return CoveringData(cost, tuple(np.flatnonzero(line) for line in inside))


def best_known_covers() -> dict[str, int]:
    """Optima of the OR-Library files by instance, from scp/BEST.tsv."""
    with data_path("scp/BEST.tsv").open() as file:
        rows: Sequence[dict[str, Any]] = list(csv.DictReader(file, delimiter="\t"))
    return {row["instance"]: int(row["optimum_or_best_known"]) for row in rows}
