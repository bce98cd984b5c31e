"""Tables for regression and classification: shipped with scikit-learn, random, or a file of numbers.

A table is (A, b): features (m, n) and a target (m,). For classification the target is −1 or 1.

    diabetes       442 × 10   Efron et al., Ann. Statist. 32 (2004) 407–499
    breast_cancer  569 × 30   malignant (−1) or benign (1)
    wine           178 × 13   the first cultivar (1) or another one (−1)
    digits        1797 × 61   an even digit (1) or an odd one (−1); pixels that never change left out
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from problems.options import require_unused
from problems.seeds import require_seed

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

REGRESSION = ("diabetes",)
CLASSES = ("breast_cancer", "wine", "digits")


class Table(NamedTuple):
    """Features (m, n), target (m,), and where they come from."""

    A: FloatArray
    b: FloatArray
    source: str


def regression(name: str, rows: int | None, columns: int | None, seed: int | None) -> Table:
    """A table with a real target: of scikit-learn, ``random`` (a sparse x and noise) or a file.

    rows, columns and seed are of a random table: 100, 20 and 0 unless given.
    """
    rows, columns, seed = _sizes(name, rows, columns, seed)
    if name in REGRESSION:
        raw = scikit_learn(name)
        return _table(raw.data, raw.target, f"scikit-learn, {name}")
    if name == "random":
        rng = np.random.default_rng(seed)
        A = rng.normal(size=(rows, columns))
        planted = rng.normal(size=columns) * (rng.random(columns) < 0.2)
        b = A @ planted + 0.1 * rng.normal(size=rows)
        return Table(A, b, f"generated, seed {seed}")
    return _read_csv(name, REGRESSION)


def classification(name: str, rows: int | None, columns: int | None, seed: int | None) -> Table:
    """A table with target −1 or 1: of scikit-learn, ``random`` (two clouds that overlap) or a file.

    rows, columns and seed are of a random table: 100, 20 and 0 unless given.
    """
    rows, columns, seed = _sizes(name, rows, columns, seed)
    if name in CLASSES:
        raw = scikit_learn(name)
        positive = {"breast_cancer": raw.target == 1, "wine": raw.target == 0}
        target = positive.get(name, raw.target % 2 == 0)
        A = raw.data[:, raw.data.std(axis=0) > 0]
        return _table(A, np.where(target, 1.0, -1.0), f"scikit-learn, {name}")
    if name == "random":
        rng = np.random.default_rng(seed)
        b = np.where(np.arange(rows) % 2 == 0, 1.0, -1.0)
        direction = rng.normal(size=columns) / np.sqrt(columns)
        A = rng.normal(size=(rows, columns)) + np.outer(b, direction)
        return Table(A, b, f"generated, seed {seed}")
    table = _read_csv(name, CLASSES)
    if not bool((np.abs(table.b) == 1).all()):
        raise ValueError(f"the last column of {name} must hold −1 and 1 only")
    return table


def standardized(a: FloatArray) -> FloatArray:
    """Every column with mean 0 and variance 1."""
    deviation = a.std(axis=0)
    if not np.all(deviation > 0):
        where = f"column {int(np.argmin(deviation)) + 1}" if a.ndim == 2 else "the target"
        raise ValueError(
            f"{where} is constant and cannot be standardized: leave it out, or --standardize false"
        )
    return np.ascontiguousarray((a - a.mean(axis=0)) / deviation)


def as_csv(A: FloatArray, b: FloatArray) -> str:
    """One line a row, the target last; repr of a float is exact."""
    rows = np.column_stack([A, b]).tolist()
    return "\n".join(",".join(map(repr, row)) for row in rows) + "\n"


def _table(A: FloatArray, b: FloatArray, source: str) -> Table:
    """Row by row in memory: products of the same numbers in another layout may round otherwise."""
    return Table(np.ascontiguousarray(A), np.ascontiguousarray(b), source)


def scikit_learn(name: str) -> Any:
    """A table that scikit-learn ships; it is imported here and nowhere else."""
    try:
        from sklearn import datasets
    except ImportError:
        raise ValueError(
            f"the table {name} comes with scikit-learn: pip install 'lagrange[tables]', or use "
            "--table random"
        ) from None
    return getattr(datasets, f"load_{name}")()


def _sizes(
    name: str, rows: int | None, columns: int | None, seed: int | None
) -> tuple[int, int, int]:
    """Those of a random table; refused with any other one."""
    given = {"rows": rows, "columns": columns, "seed": seed}
    require_unused(f"table {name}", {} if name == "random" else given)
    rows, columns = 100 if rows is None else rows, 20 if columns is None else columns
    if rows < 2 or columns < 1:
        raise ValueError(f"rows must be ≥ 2 and columns ≥ 1, got {rows} and {columns}")
    seed = seed or 0
    require_seed(seed)
    return rows, columns, seed


def _read_csv(name: str, shipped: Sequence[str]) -> Table:
    path = Path(name)
    if not path.is_file():
        known = ", ".join((*shipped, "random"))
        raise ValueError(f"table must be {known} or a file; there is no file {path}")
    try:
        lines = [[float(word) for word in line.split(",")] for line in path.read_text().split()]
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error}") from None
    width = len(lines[0]) if lines else 0
    if width < 2:
        raise ValueError(f"{path} must have at least two columns, the last one is the target")
    for i, line in enumerate(lines):
        if len(line) != width:
            raise ValueError(f"{path}: line {i + 1} has {len(line)} numbers, line 1 has {width}")
        if not all(map(math.isfinite, line)):
            raise ValueError(f"{path}: line {i + 1} holds a NaN or an infinity")
    numbers = np.array(lines, dtype=np.float64)
    return _table(numbers[:, :-1], numbers[:, -1], name)
