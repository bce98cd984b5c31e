"""The cvxpy block and models taken apart: what they refuse."""

import math

import cvxpy as cp
import numpy as np

from lagrange import ADMM, Quadratic, SolveError, StepLimit, solve
from lagrange.models.cvxpy_model import from_cvxpy
from lagrange.oracles.convex import ConvexBlock
from tests.errors.case import Case

X, Y = cp.Variable(2, name="x"), cp.Variable(2, name="y")
ROW = X + Y == 1
COST = cp.sum_squares(X) + cp.sum_squares(Y)
ZERO = {"a": np.zeros(2)}


def taken_apart(row=ROW, cost=COST, *, coupling=None, local=(), sense=cp.Minimize):
    problem = cp.Problem(sense(cost), [row, *local])
    return from_cvxpy(problem, [row] if coupling is None else coupling)


def with_variable(**attributes):
    z = cp.Variable((2, 2), name="z", **attributes)
    return taken_apart(cp.diag(z) == X, cp.sum_squares(X) + cp.norm(z))


def block(cost=None, *local, **settings):
    return ConvexBlock("b", cp.sum(X) if cost is None else cost, local, {"a": X}, **settings)


def asked(made, price=ZERO, query=None):
    return made.respond(price, query, None)


def solution_of(*names):
    variables = [cp.Variable(2, name=name) for name in names]
    row = (variables[0] == variables[1]).set_label("other")
    cost = sum(cp.sum_squares(v) for v in variables)
    return solve(taken_apart(row, cost), ADMM(1.0), stop=StepLimit(1))


def unbounded_in_a_run():
    # the pull holds x + y, nothing holds x − y
    z = cp.Variable(2, name="z")
    solve(taken_apart(z[0] + z[1] + cp.sum(Y) == 0, z[0] - z[1]), ADMM(1.0), stop=StepLimit(1))


CASES = [
    # the door of from_cvxpy
    Case("no cvxpy problem", lambda _: from_cvxpy(COST, [ROW]), TypeError, ("cvxpy.Problem",)),
    Case(
        "a nonconvex cvxpy problem",
        lambda _: taken_apart(sense=cp.Maximize),
        ValueError,
        ("convex", "is_dcp() is False"),
    ),
    *[
        Case(
            f"coupling {given!r}",
            lambda _, given=given: taken_apart(coupling=given),
            ValueError,
            ("at least one constraint", f"got {given!r}"),
        )
        for given in ([], (), "all")
    ],
    Case(
        "coupling that only looks the same",
        lambda _: taken_apart(coupling=[X + Y == 1]),
        ValueError,
        ("x + y == 1.0", "none of the problem's 1 constraints", "keep the object"),
    ),
    Case("coupling named twice", lambda _: taken_apart(coupling=[ROW, ROW]), ValueError, ("two",)),
    Case(
        "coupling rows of one label",
        lambda _: taken_apart(
            (row := (X == Y).set_label("r")),
            coupling=[row, (other := (X <= 1).set_label("r"))],
            local=[other],
        ),
        ValueError,
        ("two rows called 'r'", "distinct labels"),
    ),
    Case(
        "coupling that is not affine",
        lambda _: taken_apart(cp.norm(X + Y) <= 1),
        ValueError,
        ("(x + y, 2) <= 1.0", "not affine", "keep them local"),
    ),
    Case(
        "coupling by a cone",
        lambda _: taken_apart(cp.SOC(Y[0], X)),
        ValueError,
        ("not affine", "==, <= and >="),
    ),
    Case(
        "coupling without variables",
        lambda _: taken_apart(X - X <= 1),
        ValueError,
        ("no variables left", "drop it"),
    ),
    # variables and parameters of blocks
    *[
        Case(
            f"a variable that is {attribute}",
            lambda _, attribute=attribute: with_variable(**{attribute: True}),
            ValueError,
            ("'z'", f"{attribute}=...", *says),
        )
        for attribute, says in (
            ("boolean", ("integer variables", "from_mps", "HiGHS")),
            ("integer", ("integer variables", "from_mps", "HiGHS")),
            ("diag", ("cvxpy.diag",)),
        )
    ],
    Case(
        "a complex variable",
        lambda _: block(cp.norm(cp.Variable(2, complex=True, name="z"))),
        ValueError,
        ("'z'", "complex=...", "real variables"),
    ),
    Case(
        "a parameter without a value",
        lambda _: taken_apart(cost=COST + cp.sum(cp.multiply(cp.Parameter(2, name="p"), X))),
        ValueError,
        ("parameter 'p' has no value", "set its .value"),
    ),
    # the block
    Case("a concave block", lambda _: block(-cp.norm(X)), ValueError, ("block 'b'", "convex")),
    Case(
        "an unbounded convex block",
        lambda _: asked(block()),
        ValueError,
        ("block 'b' is unbounded at these prices", "ADMM", "add bounds"),
    ),
    Case(
        "a convex block unbounded in spite of the pull",
        lambda _: unbounded_in_a_run(),
        SolveError,
        ("block 'z' is unbounded", "even the quadratic term", "add bounds"),
    ),
    Case(
        "an infeasible convex block",
        lambda _: asked(block(None, X >= 1, X <= 0)),
        ValueError,
        ("block 'b' is infeasible", "['x']", "2 local constraints"),
    ),
    Case(
        "a convex block that the solver gives up",
        lambda _: asked(block(cp.sum(cp.exp(X)), X >= 0, options={"max_iter": 2})),
        RuntimeError,
        ("block 'b'", "MaxIterations after 2", "options"),
    ),
    Case(
        "prices of another shape",
        lambda _: asked(block(), {"a": np.zeros(3)}),
        ValueError,
        ("prices of row 'a' have shape (3,)", "the block (2,)"),
    ),
    Case(
        "a pull with a NaN",
        lambda _: asked(block(), ZERO, Quadratic(1.0, {"a": np.array([0.0, math.nan])})),
        ValueError,
        ("pull of row 'a'", "NaN or an infinity"),
    ),
    # the way back
    Case(
        "a solution of another model",
        lambda _: taken_apart().write_back(solution_of("x", "u")),
        ValueError,
        ("this model's blocks", "['y']", "['u']"),
    ),
    Case(
        "a solution with other rows",
        lambda _: taken_apart().write_back(solution_of("x", "y")),
        ValueError,
        ("rows ['other']", "rows are ['constraint 0']"),
    ),
]
