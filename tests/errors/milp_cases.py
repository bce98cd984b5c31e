"""The block on HiGHS: what it refuses."""

import math

import numpy as np

from lagrange import Quadratic
from lagrange.oracles.highs import Limits
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.milp import MilpBlock
from lagrange.oracles.sparse import SparseMatrix
from tests.errors.case import Case, refused

NAN, INF = math.nan, math.inf
EYE, ONES = np.eye(2), np.ones(2)


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


def doubtful(place):
    """No point satisfies rows to a tolerance below zero."""
    place.patch.setattr("lagrange.oracles.milp.POINT_TOLERANCE", -10.0)
    rows = np.array([[0.5, 0.25], [0.0, 0.0]])
    asked(block(members(rows)), (-1.0, -1.0))


CASES = [
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
