"""Where data files lie: in the folder that the environment variable LAGRANGE_DATA names.

No data is part of the project. Families run on generated or shipped tables without it.
"""

import csv
import os
from pathlib import Path

VARIABLE = "LAGRANGE_DATA"
SOURCES = {
    "gap": "generalized assignment files of J. E. Beasley's OR-Library (gap) and of Yagiura et al.",
    "scp": "set covering files of J. E. Beasley's OR-Library (scp)",
    "cap": "facility location files of J. E. Beasley's OR-Library (cap)",
    "mnist": "the four gzipped IDX files of MNIST",
}


def data_path(name: str) -> Path:
    """The path of a data file, for example ``gap/BEST.tsv``; ValueError if it is not there."""
    folder = os.environ.get(VARIABLE)
    source = SOURCES.get(name.split("/")[0], "the data set")
    if not folder:
        raise ValueError(
            f"{name} is needed and {VARIABLE} is not set: let it name the folder that holds {name} "
            f"({source})"
        )
    path = Path(folder) / name
    if not path.exists():
        raise ValueError(f"there is no {path}: put {source} there, or point {VARIABLE} elsewhere")
    return path


def best_known_assignments() -> dict[tuple[str, str], float]:
    """Best known objectives of the OR-Library files by (instance, sense), from gap/BEST.tsv."""
    with data_path("gap/BEST.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {(r["instance"], r["sense"]): float(r["optimum_or_best_known"]) for r in rows}


def assignment_file(name: str) -> Path:
    """The file of an OR-Library assignment instance, wherever it lies under ``gap``."""
    found = sorted(data_path("gap").glob(f"*/{name}"))
    if not found:
        raise ValueError(f"there is no instance {name!r} under {data_path('gap')}")
    return found[0]
