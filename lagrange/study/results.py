"""What the folders of a study hold: one result a cell, numbers by seed, traces."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lagrange.study.cell import MARKER, marker
from lagrange.study.plan import Cell, Study
from lagrange.study.units import unit

STATES = FINISHED, FAILED, MISSING, DAMAGED = "finished", "failed", "not run", "damaged"


@dataclass(frozen=True)
class Result:
    """A cell and what its folder says.

    state    : finished, failed, not run (or not to its end), damaged (a file is not the one written)
    marker   : cell.json;  document: run.json;  certificate: certificate.json; {} where there is none
    """

    cell: Cell
    folder: Path
    state: str
    marker: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    document: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    certificate: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())

    @property
    def report(self) -> Mapping[str, Any]:
        """The numbers of the run."""
        return self.document.get("report", {})

    def number(self, metric: str) -> float | None:
        """A number of the report; None where it was not measured, or is none."""
        value = self.report.get(metric)
        return float(value) if isinstance(value, int | float) else None

    def trace(self) -> dict[str, list[float]]:
        """Columns of trace.csv; what is no number is NaN."""
        with (self.folder / "trace.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        return {name: [_float(row[i]) for row in rows] for i, name in enumerate(header)}


def collect(study: Study, folder: Path) -> list[Result]:
    """One result a cell, in the order of the study."""
    return [_result(cell, cells_folder(folder) / cell.folder) for cell in study.cells]


def cells_folder(folder: Path) -> Path:
    """Where a study keeps its runs."""
    return folder / "cells"


def strays(study: Study, folder: Path) -> list[str]:
    """Folders of runs that belong to no cell of the study: of a grid that was another before."""
    cells, own = cells_folder(folder), {cell.folder for cell in study.cells}
    there = [path.name for path in cells.iterdir() if path.is_dir()] if cells.is_dir() else []
    return sorted(name for name in there if name not in own)


def _result(cell: Cell, folder: Path) -> Result:
    document = marker(folder)
    if document is None or document["spec"] != cell.spec:
        return Result(cell, folder, DAMAGED if (folder / MARKER).exists() else MISSING)
    if document["error"] is not None:
        return Result(cell, folder, FAILED, document)
    run, certificate = (
        json.loads((folder / name).read_text()) for name in ("run.json", "certificate.json")
    )
    return Result(cell, folder, FINISHED, document, run, certificate)


def as_csv(results: Sequence[Result]) -> str:
    """One row a cell with every number of its report, in full precision; empty: not measured."""
    reports = (name for r in results for name in r.report if r.number(name) is not None)
    names = [*dict.fromkeys(reports)]
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write(["problem", "solver", "seed", "state", "seconds_in_all", *names])
    for r in results:
        cell = r.cell.problem, r.cell.label, r.cell.seed, r.state, r.marker.get("seconds")
        write([*cell, *(r.number(name) for name in names)])
    return file.getvalue()


def select(results: Sequence[Result], problem: str, label: str) -> list[Result]:
    """The finished ones of a solver on a problem, by seed."""
    return [
        r
        for r in results
        if r.state == FINISHED and (r.cell.problem, r.cell.label) == (problem, label)
    ]


def by_seed(results: Sequence[Result], metric: str) -> dict[int | None, float]:
    """The metric of each result in which it was measured, in the unit in which it is shown."""
    numbers, scale = {r.cell.seed: r.number(metric) for r in results}, unit(metric).scale
    return {seed: scale * x for seed, x in numbers.items() if x is not None}


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
