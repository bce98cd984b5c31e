"""The block on HiGHS and models from files: what they refuse."""

import math
from pathlib import Path

import numpy as np

from lagrange import Quadratic, SolveError, StepLimit, Subgradient, solve
from lagrange.models.mps_model import from_mps
from lagrange.oracles.highs import Limits
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.milp import MilpBlock
from lagrange.oracles.sparse import SparseMatrix
from tests.errors.case import Case, refused

NAN, INF = math.nan, math.inf
EYE, ONES = np.eye(2), np.ones(2)

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


def members(rows=EYE, row_upper=(1.0, 1.0), lower=(0.0, 0.0), upper=(1.0, 1.0), integer=(0, 0)):
    return LinearSet(
        SparseMatrix.dense(rows), np.full(2, -INF), np.array(row_upper), np.array(lower),
        np.array(upper), np.array(integer, dtype=bool),
    )  # fmt: skip


def block(over=None, cost=(1.0, 1.0), image=EYE, **settings):
    images = {"a": SparseMatrix.dense(image)}
    over = members() if over is None else over
    return MilpBlock(np.array(cost), over, images, name="truck 7", **settings)


def no_rows():
    none, ends = np.zeros(0), np.array([1.0, INF])
    free = LinearSet(SparseMatrix.empty(0, 2), none, none, np.zeros(2), ends, np.zeros(2, bool))
    return block(free)


def asked(of, price=(0.0, 0.0), query=None):
    return of.respond({"a": np.array(price)}, query, None)


def hard_knapsack(**limits):
    """No point can be found before the first node: every row is an equation."""
    rng = np.random.default_rng(0)
    rows = rng.integers(10**4, 10**5, (3, 50)).astype(float)
    middle = np.floor(rows.sum(axis=1) / 2)
    over = LinearSet(
        SparseMatrix.dense(rows), middle, middle, np.zeros(50), np.ones(50), np.ones(50, bool)
    )
    images = {"a": SparseMatrix.dense(np.ones((1, 50)))}
    hard = MilpBlock(-np.ones(50), over, images, name="truck 7", limits=Limits(**limits))
    return hard.respond({"a": np.zeros(1)}, None, None)


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


def doubtful(place):
    """No point satisfies rows to a tolerance below zero."""
    place.patch.setattr("lagrange.oracles.milp.POINT_TOLERANCE", -10.0)
    rows = np.array([[0.5, 0.25], [0.0, 0.0]])
    asked(block(members(rows)), (-1.0, -1.0))


BLOCKS = [
    Case(
        "triplets of different length",
        lambda _: SparseMatrix(np.array([0]), np.array([0, 1]), np.ones(2), (2, 2)),
        ValueError,
        ("equally long", "(1,)", "(2,)"),
    ),
    Case(
        "triplet outside of the shape",
        lambda _: SparseMatrix(np.array([0, 2]), np.array([0, 1]), ONES, (2, 2)),
        ValueError,
        ("(2, 1)", "the shape is (2, 2)"),
    ),
    Case(
        "triplet NaN",
        lambda _: SparseMatrix(np.array([0, 1]), np.array([0, 1]), np.array([1, NAN]), (2, 2)),
        ValueError,
        ("NaN or an infinity",),
    ),
    Case(
        "triplets at one place",
        lambda _: SparseMatrix(np.array([1, 1]), np.array([0, 0]), ONES, (2, 2)),
        ValueError,
        ("same place", "add them up"),
    ),
    Case(
        "bounds of rows too short",
        lambda _: members(row_upper=(1.0,)),
        ValueError,
        ("row_upper", "(2,)", "(1,)"),
    ),
    Case("bounds NaN", lambda _: members(lower=(0.0, NAN)), ValueError, ("lower", "NaN")),
    Case(
        "integer for other columns",
        lambda _: members(integer=(1,)),
        ValueError,
        ("integer", "2 ≥ 1 columns", "(1,)"),
    ),
    Case(
        "bounds of a column that cross",
        lambda _: members(upper=(1.0, -1.0)),
        ValueError,
        ("0.0 and -1.0", "column 1"),
    ),
    Case(
        "no whole number between bounds",
        lambda _: members(lower=(0.2, 0.0), upper=(0.8, 1.0), integer=(1, 0)),
        ValueError,
        ("1.0 and 0.0", "column 0"),
    ),
    Case(
        "row without entries that cannot hold",
        lambda _: members(rows=np.array([[1.0, 1.0], [0.0, 0.0]]), row_upper=(1.0, -1.0)),
        ValueError,
        ("row 1", "no entries", "-1.0"),
    ),
    *refused("gap", lambda v: Limits(gap=v), (-0.1, NAN, INF), "gap must be a finite number ≥ 0"),
    *refused(
        "search nodes", lambda v: Limits(nodes=v), (0, 1.5), "nodes must be a whole number ≥ 1"
    ),
    *refused("query seconds", lambda v: Limits(seconds=v), (0, NAN), "seconds must be > 0 or None"),
    Case(
        "costs and columns",
        lambda _: block(cost=(1.0, 2.0, 3.0)),
        ValueError,
        ("3 costs", "2 columns"),
    ),
    Case(
        "image of other columns",
        lambda _: block(image=np.ones((2, 3))),
        ValueError,
        ("'a'", "3 columns, not 2"),
    ),
    Case(
        "block without images",
        lambda _: MilpBlock(ONES, members(), {}),
        ValueError,
        ("at least one coupling row", "none"),
    ),
    *refused(
        "objective constant",
        lambda v: block(offset=v),
        (NAN, INF),
        "offset must be a finite number",
    ),
    Case(
        "milp with a pull",
        lambda _: asked(block(), query=Quadratic(1.0, {"a": ONES})),
        ValueError,
        ("MilpBlock", "prices only", "Quadratic"),
    ),
    Case(
        "milp at NaN prices", lambda _: asked(block(), (NAN, 0.0)), ValueError, ("row 'a'", "NaN")
    ),
    Case(
        "milp at prices of another shape",
        lambda _: asked(block(), (1.0, 2.0, 3.0)),
        ValueError,
        ("row 'a'", "(3,)", "(2,)"),
    ),
    Case(
        "block without a feasible point",
        lambda _: asked(block(members(rows=-EYE, row_upper=(-2.0, 0.0)))),
        ValueError,
        ("truck 7", "no feasible point"),
    ),
    Case(
        "integer block without a feasible point",
        lambda _: asked(
            block(members(rows=-np.ones((2, 2)), row_upper=(-3.0, 0.0), integer=(1, 1)))
        ),
        ValueError,
        ("truck 7", "no feasible point"),
    ),
    *[
        Case(
            f"{kind} block without a minimum",
            lambda _, i=integer: asked(block(members(-EYE, upper=(1.0, INF), integer=i)), (0, -2)),
            ValueError,
            ("truck 7", "no minimum at these prices", "column 1", "[0.0, inf]", "finite bounds"),
        )
        for kind, integer in (("linear", (0, 0)), ("integer", (1, 1)))
    ],
    Case(
        "block without rows and without a minimum",
        lambda _: asked(no_rows(), (0.0, -2.0)),
        ValueError,
        ("truck 7", "no minimum", "column 1"),
    ),
    Case(
        "limit before a point",
        lambda _: hard_knapsack(nodes=1),
        ValueError,
        ("truck 7", "no point was found within", "nodes=1", "allow more"),
    ),
    Case(
        "point that is none",
        doubtful,
        ValueError,
        ("truck 7", "rounded, is not feasible", "row 0", "scale the rows"),
    ),
]

FILES = [
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

CASES = [*BLOCKS, *FILES]


def _truncated(folder: Path):
    import gzip

    path = folder / "model.mps.gz"
    path.write_bytes(gzip.compress(MODEL.encode())[:90])
    return from_mps(path, "cap*")
