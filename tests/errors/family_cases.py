"""Instances and their files, data: what they refuse."""

import math
import sys

import numpy as np

from problems import data
from problems.assignment import assignment
from problems.assignment_data import AssignmentData, generate, read_orlib
from problems.lasso import lasso
from problems.networks.digits import load_digits
from problems.pruning import pruning
from tests.errors.case import Case, refused

GOOD = "2 3\n1 2 3\n4 5 6\n1 1 1\n2 2 2\n3 4\n"
ROW = np.array([[1, 1]])


def instance_file(text, *says, name=None):
    """A file with this text is refused; the message names the file."""
    encoded = text if isinstance(text, bytes) else text.encode()

    def call(place):
        path = place.folder / "gap.txt"
        path.write_bytes(encoded)
        read_orlib(path)

    return Case(name or f"instance file {text!r}", call, ValueError, ("gap.txt", *says))


def table_file(text, *says):
    def call(place):
        (place.folder / "t.csv").write_text(text)
        lasso(table=str(place.folder / "t.csv"))

    return Case(f"table {text!r}", call, ValueError, says)


def without_sklearn(call):
    def hidden(place):
        place.patch.setitem(sys.modules, "sklearn", None)
        call()

    return hidden


def missing_data(place):
    place.patch.setenv(data.VARIABLE, str(place.folder))
    data.data_path("gap/BEST.tsv")


def missing_instance(place):
    (place.folder / "gap").mkdir()
    place.patch.setenv(data.VARIABLE, str(place.folder))
    data.assignment_file("gap99-9")


def without_data(place):
    place.patch.delenv(data.VARIABLE, raising=False)
    data.data_path("gap/BEST.tsv")


CASES = [
    instance_file("", "empty or truncated", "'m n'"),
    instance_file(" \n\n", "empty or truncated"),
    instance_file("2", "empty or truncated"),
    instance_file(GOOD[:-3], "truncated", "2 agents and 3 jobs", "16 numbers", "it has 15"),
    instance_file("2 3\n1 2 3\n", "truncated", "16 numbers", "it has 5"),
    instance_file(GOOD + "7", "too long", "16 numbers", "it has 17"),
    instance_file("0 3", "at least 1", "0 and 3"),
    instance_file("2 -3", "at least 1", "2 and -3"),
    instance_file("2 x 3", "entry 2", "'x'", "whole numbers"),
    instance_file("2 3 4.5", "entry 3", "'4.5'", "whole numbers"),
    instance_file("2 3 nan", "entry 3", "'nan'"),
    instance_file(b"\xff\xfe\x00", "cannot read", name="instance file that is no text"),
    Case(
        "instance file that is not there",
        lambda place: read_orlib(place.folder / "lost.txt"),
        ValueError,
        ("no instance file", "lost.txt"),
    ),
    Case(
        "instance file that is a folder",
        lambda place: read_orlib(place.folder),
        ValueError,
        ("cannot read", "directory"),
    ),
    Case(
        "negative weight",
        lambda place: _read(place, "1 2\n1 1\n5 -7\n9"),
        ValueError,
        ("weight[0, 1]", "-7", "≥ 0"),
    ),
    Case(
        "negative capacity",
        lambda place: _read(place, "1 2\n1 1\n5 7\n-9"),
        ValueError,
        ("capacity[0]", "-9", "≥ 0"),
    ),
    Case(
        "weights of another shape",
        lambda _: AssignmentData(ROW, ROW.T, np.array([1])),
        ValueError,
        ("1 × 2", "(2, 1)"),
    ),
    Case(
        "capacities of another shape",
        lambda _: AssignmentData(ROW, ROW, np.array([1, 2])),
        ValueError,
        ("1 × 2", "(2,)"),
    ),
    *[
        Case(
            f"kind {k!r}",
            lambda _, k=k: generate(k, 2, 3, 0),
            ValueError,
            ("A, B, C, D, E", repr(k)),
        )
        for k in ("F", "", "AB", "a")
    ],
    Case("no agents", lambda _: generate("A", 0, 3, 0), ValueError, ("at least 1", "0 and 3")),
    Case("no jobs", lambda _: generate("A", 2, 0, 0), ValueError, ("at least 1", "2 and 0")),
    Case("sense", lambda _: assignment(sense="up"), ValueError, ("min or max", "'up'")),
    *refused(
        "assignment seed", lambda v: assignment(seed=v), (-1,), "seed must be a whole number ≥ 0"
    ),
    *refused("lasso seed", lambda v: lasso(table="random", seed=v), (-2,), "seed must be", "≥ 0"),
    *refused("pruning seed", lambda v: pruning(seed=v), (-3,), "seed must be", "≥ 0"),
    # lasso
    *refused(
        "fraction",
        lambda v: lasso(fraction=v),
        (0.0, 1.0, -1.0, math.nan),
        "fraction must lie in (0, 1)",
    ),
    Case(
        "random table of one row",
        lambda _: lasso(table="random", rows=1),
        ValueError,
        ("rows must be ≥ 2", "got 1 and 20"),
    ),
    Case(
        "random table without columns",
        lambda _: lasso(table="random", columns=0),
        ValueError,
        ("columns ≥ 1", "got 100 and 0"),
    ),
    Case(
        "table that is not there",
        lambda _: lasso(table="lost.csv"),
        ValueError,
        ("diabetes, random or a file", "lost.csv"),
    ),
    table_file("1,x\n2,3\n", "t.csv", "not a table of numbers", "'x'"),
    table_file("1,2\n3\n", "t.csv", "line 2 has 1 numbers", "line 1 has 2"),
    table_file("1,2\n3,nan\n", "t.csv", "line 2 holds a NaN"),
    table_file("1\n2\n", "t.csv", "at least two columns"),
    table_file("", "t.csv", "at least two columns"),
    table_file("1,2\n1,3\n", "column 1 is constant", "leave it out"),
    Case(
        "lasso weight",
        lambda _: lasso(weight=-1.0),
        ValueError,
        ("weight must be", "≥ 0", "got -1.0"),
    ),
    Case(
        "diabetes without scikit-learn",
        without_sklearn(lasso),
        ValueError,
        ("scikit-learn", "pip install", "--table random"),
    ),
    # pruning
    *[
        Case(
            f"{name} {value}",
            lambda _, n=name, v=value: pruning(**{n: v}),
            ValueError,
            (f"{name} must be at least {least}", f"got {value}"),
        )
        for name, value, least in (("pretrain", -1, 0), ("epochs", 0, 1), ("retrain", -2, 0))
    ],
    Case("scope", lambda _: pruning(scope="row"), ValueError, ("global, layer, or", "'row'")),
    Case("keep", lambda _: pruning(keep=1.5), ValueError, ("(0, 1]", "1.5")),
    Case("keep 0", lambda _: pruning(keep=0.0), ValueError, ("(0, 1]", "0.0")),
    Case(
        "keep that rounds to nothing",
        lambda _: pruning(keep=0.001, scope="layer"),
        ValueError,
        ("0.001 of 144", "rounds to nothing"),
    ),
    Case(
        "pattern without a layer",
        lambda _: pruning(pattern="attention*"),
        ValueError,
        ("'attention*'", "conv1.weight", "fc2.weight"),
    ),
    Case(
        "digits without scikit-learn",
        without_sklearn(load_digits),
        ValueError,
        ("scikit-learn", "pip install"),
    ),
    # data folder
    Case(
        "data folder not set",
        without_data,
        ValueError,
        ("gap/BEST.tsv", "LAGRANGE_DATA", "not set"),
    ),
    Case("data file missing", missing_data, ValueError, ("gap/BEST.tsv", "LAGRANGE_DATA")),
    Case("instance missing", missing_instance, ValueError, ("'gap99-9'", "gap")),
]


def _read(place, text):
    (place.folder / "gap.txt").write_text(text)
    return read_orlib(place.folder / "gap.txt")
