"""Study files, families that fail or take their time, and what a finished study says."""

import csv
import json
import os
import signal
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.instances import Instance
from problems.lasso import lasso

SMALL = """
[study]
name = "small"
seeds = [1, 2]
metrics = ["lower_bound", "gap", "no_such_number"]
baseline = "subgradient"
steps = 20
checkpoint = 0

[[problem]]
name = "jobs"
family = "assignment"
options = { agents = 3, jobs = [8] }

[[problem]]
family = "lasso"
options = { table = "random", rows = 12, columns = 3 }

[[solver]]
name = "subgradient"
problems = ["jobs"]

[[solver]]
name = "surrogate"
label = "SLR"

[[solver]]
name = "admm"
problems = ["lasso"]
options = { rho = [0.5, 2.0] }
"""

WITH_FAILURES = """
[study]
name = "failing"
seeds = [0, 1]
steps = 5

[[problem]]
family = "lasso"
options = { table = "random", rows = 12, columns = 3 }

[[problem]]
name = "raises"
family = "tests.worlds.studies:raising"

[[problem]]
name = "dies"
family = "tests.worlds.studies:dying"

[[solver]]
name = "admm"
"""

PATIENT = """
[study]
name = "patient"
seeds = [0, 1]
steps = 50
checkpoint = 0.02

[[problem]]
family = "tests.worlds.studies:patient"

[[solver]]
name = "surrogate"
"""


@dataclass(frozen=True)
class Slow:
    """A block that takes its time, or does something else before it answers."""

    block: Any
    seconds: float = 0.0
    error: str = ""

    def respond(self, price, query, start):
        time.sleep(self.seconds)
        if self.error == "raise":
            raise ZeroDivisionError("the oracle gave up")
        if self.error == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return self.block.respond(price, query, start)


def with_blocks(seed, **how):
    """A small lasso whose blocks are ``Slow``."""
    instance = lasso(table="random", rows=12, columns=3, seed=seed)

    def slowed(make):
        def method(steps):
            made = make(steps)
            blocks = tuple(Slow(block, **how) for block in made.problem.blocks)
            return made._replace(problem=replace(made.problem, blocks=blocks))

        return method

    methods = {name: slowed(make) for name, make in instance.methods.items()}
    return replace(instance, methods=methods)


def patient(*, seed: int = 0) -> Instance:
    """A second a run, nearly all of it asleep."""
    return with_blocks(seed, seconds=0.02)


def raising(*, seed: int = 0) -> Instance:
    return with_blocks(seed, error="raise")


def dying(*, seed: int = 0) -> Instance:
    """With seed 1 its process is killed from within."""
    return with_blocks(seed, error="die" if seed == 1 else "")


def written(folder: Path, text: str) -> Path:
    path = folder / "s.toml"
    path.write_text(text)
    return path


def numbers(study: Path) -> dict[str, Any]:
    """All that the cells of a study found, by folder; the clock left out."""
    return {cell.name: numbers_of(cell) for cell in sorted((study / "cells").iterdir())}


def numbers_of(cell: Path) -> dict[str, Any]:
    document = json.loads((cell / "run.json").read_text())
    report = {k: v for k, v in document["report"].items() if k not in ("seconds", "run")}
    with (cell / "trace.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    trace = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return {
        "report": report,
        "certificate": json.loads((cell / "certificate.json").read_text()),
        "trace": trace,
        "arrays": {n: arrays(cell / n) for n in ("multipliers.npz", "point.npz")},
    }


def arrays(path: Path) -> dict[str, bytes]:
    if not path.exists():
        return {}
    with np.load(path) as stored:
        return {name: stored[name].tobytes() for name in stored.files}
