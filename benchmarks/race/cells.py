"""One cell of the race: an instance, a contender, a limit; its log is a file, so that a race can go on.

    python -m benchmarks.race.cells D-20-400-0 highs 60 FILE

A log is a list of (seconds, lower bound, upper bound), best so far, from the moment the numbers of the
instance are in memory: HiGHS's model is built, and our starting multipliers are computed, on the clock.
What is loaded and compiled once a machine (``preparation``) is off it and stated apart.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from lagrange.whole_files import put

Log = list[tuple[float, float, float]]


class Spec(NamedTuple):
    """A generated instance."""

    kind: str
    agents: int
    jobs: int
    seed: int

    @classmethod
    def of(cls, text: str) -> "Spec":
        kind, agents, jobs, seed = text.split("-")
        return cls(kind, int(agents), int(jobs), int(seed))

    def __str__(self) -> str:
        return "-".join(map(str, self))

    @property
    def size(self) -> str:
        return f"{self.agents}x{self.jobs}"


def cell_file(folder: Path, spec: Spec, contender: str, limit: float) -> Path:
    return folder / f"{spec}.{contender}.{limit:g}.json"


def run_cell(folder: Path, spec: Spec, contender: str, limit: float) -> None:
    """In a process of its own with one thread; nothing if the file is there."""
    file = cell_file(folder, spec, contender, limit)
    if file.exists():
        return
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    words = [sys.executable, "-m", "benchmarks.race.cells", str(spec), contender, f"{limit:g}"]
    began = perf_counter()
    subprocess.run([*words, str(file)], check=True, env={**os.environ, **threads})
    cell = read_cell(file)
    lower, upper = cell["log"][-1][1:] if cell["log"] else (math.nan, math.nan)
    print(f"{spec!s:14} {contender:13} {lower:12g} ≤ {upper:<12g} {cell['status']:12} "
          f"{perf_counter() - began:6.1f} s", flush=True)  # fmt: skip


def read_cell(file: Path) -> dict[str, Any]:
    cell = json.loads(file.read_text())
    cell["log"] = [tuple(map(float, entry)) for entry in cell["log"]]
    return cell


def main(words: list[str]) -> None:
    spec, contender, limit, file = Spec.of(words[0]), words[1], float(words[2]), Path(words[3])
    from benchmarks.race import contenders

    cell = contenders.run(contender, spec, limit, file.parent)
    put(file, json.dumps({"spec": str(spec), "contender": contender, "limit": limit, **cell}))


if __name__ == "__main__":
    main(sys.argv[1:])
