"""Models from MPS files: what they refuse."""

from pathlib import Path

import numpy as np

from lagrange import SolveError, StepLimit, Subgradient, solve
from lagrange.models.mps_model import from_mps
from tests.errors.case import Case

ONES = np.ones(2)

MODEL = """NAME model
ROWS
 N obj
 L cap_1
 G cap_2
 E own_1
 L own_2
COLUMNS
    x obj 1.0 cap_1 1.0
    x own_1 1.0
    y obj 2.0 cap_1 1.0
    y cap_2 1.0 own_1 -1.0
    z obj -1.0 cap_2 1.0
    z own_2 1.0
RHS
    RHS cap_1 4.0 cap_2 1.0
    RHS own_1 1.0 own_2 3.0
BOUNDS
 UP BND x 4.0
 UP BND y 3.0
 UP BND z 3.0
ENDATA
"""


def saved(folder: Path, text: str = MODEL, name: str = "model.mps") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def changed(old: str, new: str, coupling="cap_*"):
    assert old in MODEL
    return lambda place: from_mps(saved(place.folder, MODEL.replace(old, new)), coupling)


def coupled(coupling):
    return lambda place: from_mps(saved(place.folder), coupling)


def model_of(place):
    return from_mps(saved(place.folder), "cap_*")


CASES = [
    Case(
        "no such file",
        lambda place: from_mps(place.folder / "ghost.mps", "cap*"),
        FileNotFoundError,
        ("no file", "ghost.mps"),
    ),
    Case(
        "file of another kind",
        lambda place: from_mps(saved(place.folder, name="model.lp"), "cap*"),
        ValueError,
        ("*.mps or *.mps.gz", "'model.lp'"),
    ),
    *[
        Case(
            f"mps file {name}",
            lambda place, t=text: from_mps(saved(place.folder, t), "cap*"),
            ValueError,
            ("model.mps", "could not be read", *says),
        )
        for name, text, says in (
            ("empty", "", ("Parser error",)),
            ("truncated", MODEL[: MODEL.index("RHS")], ("Parser error",)),
            ("without its end", MODEL.replace("ENDATA\n", ""), ("Parser error",)),
            ("of prose", "once upon a time\n", ("Parser error",)),
            (
                "with an unknown row",
                MODEL.replace("1.0 cap_1 1.0", "1.0 cap_9 1.0"),
                ("cap_9", "not defined"),
            ),
            ("with a row twice", MODEL.replace(" L own_2", " L own_2\n L own_2"), ("own_2",)),
            ("with crossing bounds", MODEL.replace("y 3.0", "y -3.0"), ("inconsistent bounds",)),
        )
    ],
    Case(
        "truncated gzip",
        lambda place: _truncated(place.folder),
        ValueError,
        ("model.mps.gz", "could not be read"),
    ),
    Case(
        "quadratic objective",
        changed("ENDATA", "QUADOBJ\n    x x 2.0\nENDATA"),
        ValueError,
        ("model.mps", "quadratic objective"),
    ),
    Case(
        "semi-continuous column",
        changed(" UP BND x", " SC BND x"),
        ValueError,
        ("'x'", "semi-continuous", "binary column"),
    ),
    Case("infinite cost", changed("obj 1.0", "obj inf"), ValueError, ("objective", "infinity")),
    Case(
        "no columns",
        lambda place: from_mps(
            saved(place.folder, "NAME m\nROWS\n N obj\n L cap_1\nCOLUMNS\nRHS\nENDATA\n"), "cap*"
        ),
        ValueError,
        ("model.mps", "no columns"),
    ),
    *[
        Case(
            f"{bad} in an mps file",
            changed(old, old.replace(old.split()[-1], bad)),
            ValueError,
            ("model.mps", f"line {line}", repr(bad), "no number"),
        )
        for bad, old, line in (
            ("1.x0", "    x obj 1.0 cap_1 1.0", 9),
            ("nan", "    x own_1 1.0", 10),
            ("1_0", "    RHS own_1 1.0 own_2 3.0", 17),
            ("4d0", " UP BND x 4.0", 19),
        )
    ],
    Case(
        "bound on an unknown column",
        changed("BND z 3.0", "BND z 3.0\n UP BND w 1.0"),
        ValueError,
        ("'w'", "under BOUNDS", "not under COLUMNS"),
    ),
    Case(
        "no such row",
        coupled(["cap_1", "cap_3"]),
        ValueError,
        ("no row 'cap_3'", "'cap_1'", "'cap_2'", "of 4 rows"),
    ),
    Case(
        "pattern that fits nothing",
        coupled("capp*"),
        ValueError,
        ("no row fits the pattern 'capp*'", "cap_1", "of 4 rows"),
    ),
    Case("no coupling", coupled([]), ValueError, ("at least one row", "got none", "'cap_1'")),
    Case(
        "coupling that is never right",
        coupled(lambda name: False),
        ValueError,
        ("no to each of the 4 rows", "'own_1'"),
    ),
    Case(
        "coupling row without bounds",
        lambda place: from_mps(
            saved(
                place.folder,
                MODEL.replace(" L cap_1", " G cap_1").replace("cap_1 4.0", "cap_1 -1e30"),
            ),
            "cap_1",
        ),
        ValueError,
        ("'cap_1'", "no bound", "nothing to relax"),
    ),
    Case(
        "empty row that cannot hold",
        lambda place: from_mps(
            saved(
                place.folder,
                MODEL.replace(" L own_2\n", " L own_2\n G hollow\n").replace(
                    "BOUNDS", "    RHS hollow 1.0\nBOUNDS"
                ),
            ),
            "cap*",
        ),
        ValueError,
        ("'hollow'", "no entries", "[1.0, inf]", "no feasible point"),
    ),
    Case(
        "free column in no row",
        lambda place: from_mps(
            saved(
                place.folder,
                MODEL.replace("RHS\n", "    w obj 1.0\nRHS\n", 1).replace(
                    "ENDATA", " FR BND w\nENDATA"
                ),
            ),
            "cap*",
        ),
        ValueError,
        ("'w'", "[-inf, inf]", "in no row that is kept", "bound it in the file"),
    ),
    Case(
        "column in coupling rows alone without an end",
        changed(" UP BND z 3.0\n", "", ["cap_*", "own_2"]),
        ValueError,
        ("'z'", "[0.0, inf]", "in no row that is kept", "keep a row"),
    ),
    Case(
        "integer column without an end",
        changed(" UP BND x 4.0\n UP BND y 3.0\n", " LI BND y 0\n PL BND y\n"),
        ValueError,
        ("'x'", "block 0 (x)", "[0.0, inf]", "beside integer columns", "bound it in the file"),
    ),
    Case(
        "column without any end",
        changed(" UP BND x 4.0\n UP BND y 3.0\n", " FR BND x\n FR BND y\n"),
        ValueError,
        ("'x'", "[-inf, inf]", "no end on either side"),
    ),
    Case(
        "points of too few blocks",
        lambda place: model_of(place).assemble([ONES]),
        ValueError,
        ("2 blocks", "1 points"),
    ),
    Case(
        "point of another block",
        lambda place: model_of(place).assemble([np.ones(1), np.ones(2)]),
        ValueError,
        ("block 0", "(2,)", "(1,)"),
    ),
    Case(
        "block without a feasible point in a run",
        lambda place: solve(
            from_mps(
                saved(place.folder, MODEL.replace("own_1 1.0 own_2", "own_1 9.0 own_2")), "cap_*"
            ),
            Subgradient(),
            stop=StepLimit(1),
        ),
        SolveError,
        ("block 0 (x)", "no feasible point"),
    ),
]


def _truncated(folder: Path):
    import gzip

    path = folder / "model.mps.gz"
    path.write_bytes(gzip.compress(MODEL.encode())[:90])
    return from_mps(path, "cap*")
