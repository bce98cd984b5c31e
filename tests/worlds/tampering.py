"""Ways to make a saved run claim more than it proves."""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.certificates import ExactTwin


def change_report(folder: Path, **values: Any) -> None:
    """Writes other numbers into the report of run.json."""
    file = folder / "run.json"
    document = json.loads(file.read_text())
    for name in values:
        assert name in document["report"], f"the report has no {name}"
    document["report"].update(values)
    file.write_text(json.dumps(document))


def report_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())["report"]


def change_array(file: Path, name: str, change: Callable[[np.ndarray], None]) -> None:
    """Changes one array of an npz file in place."""
    with np.load(file) as stored:
        arrays = {key: stored[key].copy() for key in stored.files}
    change(arrays[name])
    np.savez(file, **arrays)


def exact_dual(twin: ExactTwin, row: str, multipliers: np.ndarray) -> Fraction:
    value = twin.dual_value({row: [Fraction(x) for x in multipliers.tolist()]})
    assert value is not None
    return value


def lowering_move(
    twin: ExactTwin, row: str, multipliers: np.ndarray, size: float
) -> tuple[int, float]:
    """An entry and a move of about that size after which exact q is lower."""
    before = exact_dual(twin, row, multipliers)
    for entry in range(len(multipliers)):
        for step in (size, -size):
            moved = multipliers.copy()
            moved[entry] += step
            if moved[entry] != multipliers[entry] and exact_dual(twin, row, moved) < before:
                return entry, step
    raise AssertionError(f"no move of size {size} lowers the bound")
