"""One cell: a run in a folder of its own, and the file that says how it ended.

    run.json, trace.csv, ...   as ``lagrange solve`` leaves them: verify and certify take the folder
    checkpoint.zip             the state while it runs; gone once it is finished
    cell.json                  written last: what was run, its error if any, fingerprints of the rest

A cell that was killed goes on from its checkpoint, or anew where there is none; either way it ends with
the same numbers, the clock aside, unless its budget is in seconds.
"""

import hashlib
import json
import os
import platform
import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lagrange import families, run_folder, runs
from lagrange.checkpoint import Keeper
from lagrange.status import Status
from lagrange.study.plan import Cell
from lagrange.whole_files import put

try:
    import fcntl
except ModuleNotFoundError:  # not on this system: two studies must not share a folder there
    fcntl = None

FORMAT = 1
MARKER, CHECKPOINT, LOCK, ERROR = "cell.json", "checkpoint.zip", "lock", "error.txt"
UNLIMITED = float("inf")


class Outcome(NamedTuple):
    """How a cell ended.

    error   : why it failed, None if it did not
    seconds : of this and of what it went on from, up to the checkpoint
    """

    error: str | None
    seconds: float
    note: str = ""


def run_cell(cell: Cell, folder: Path, every: float) -> Outcome:
    """Runs a cell in ``folder`` unless it is finished there; never raises an Exception.

    every : seconds between two checkpoints
    """
    key = json.dumps([cell.spec, run_folder.versions()])
    keeper = Keeper(folder / CHECKPOINT, key, every=every)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / LOCK):
            if finished(folder):
                return Outcome(None, 0.0, "finished elsewhere")
            try:
                error, layers = _run(cell, folder, keeper)
            except Exception as failure:
                error, layers = _named(failure), {}
                (folder / ERROR).write_text(traceback.format_exc(), encoding="utf-8")
            outcome = Outcome(error, keeper.spent, keeper.note)
            mark(cell, folder, outcome, layers)
            return outcome
    except Exception as failure:  # the folder cannot be written: a full disk
        return Outcome(_named(failure), keeper.spent)


def _run(cell: Cell, folder: Path, keeper: Keeper) -> tuple[str | None, dict[str, Any]]:
    """Error, and the nonzeros and the size of each layer."""
    for old in (folder / MARKER, folder / ERROR, *folder.glob("*.part")):
        old.unlink(missing_ok=True)  # of a failure, of a kill
    instance = families.make(cell.family, cell.options)
    run = runs.execute(
        cell.family,
        cell.options,
        instance,
        cell.solver,
        steps=cell.steps,
        seconds=cell.seconds or UNLIMITED,
        keeper=keeper,
    )
    if run.error is None:
        keeper.save()  # what follows the solver may take long
    if run.solution.status is Status.INTERRUPTED:
        return "interrupted", {}
    run_folder.save(run, folder, overwrite=True)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return run.error, layers_of(run)


def layers_of(run: runs.Finished) -> dict[str, tuple[int, int]]:
    """Nonzeros and entries of the arrays of the point that the coupling rows speak of."""
    point, rows = run.point or {}, run.method.problem.rhs
    same = (name for name in rows if name in point and point[name].shape == rows[name].shape)
    return {name: (int(np.count_nonzero(point[name])), int(point[name].size)) for name in same}


def mark(cell: Cell, folder: Path, outcome: Outcome, layers: Mapping[str, Any]) -> None:
    """Writes cell.json, whole or not at all."""
    names = sorted(p.name for p in folder.iterdir() if p.name not in (MARKER, CHECKPOINT, LOCK))
    document = {
        "format": FORMAT,
        "spec": cell.spec,
        "error": outcome.error,
        "seconds": outcome.seconds,
        "note": outcome.note,
        "layers": layers,
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "sha256": {name: _digest(folder / name) for name in names},
    }
    put(folder / MARKER, json.dumps(document, indent=1) + "\n")


def marker(folder: Path) -> Mapping[str, Any] | None:
    """cell.json as it was written; None where it is missing, damaged or not of these files."""
    try:
        document = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        whole = document["format"] == FORMAT and all(
            _digest(folder / name) == digest for name, digest in document["sha256"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return document if whole else None


def finished(folder: Path) -> bool:
    """Did the cell end, without an error, and are its files whole?"""
    document = marker(folder)
    return document is not None and document["error"] is None


@contextmanager
def _alone(path: Path) -> Generator[None]:
    """One process at a time; the system frees the lock of one that is killed."""
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _named(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
