"""Solvers: what they refuse."""

import math

from lagrange import (
    ADMM,
    Progressive,
    Response,
    SolveError,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    solve,
)
from lagrange.step_sizes import Constant
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, Fixed, problem

NAN, INF = math.nan, math.inf


def admm(order=((0,), (1,)), blocks=2, **settings):
    """Init on a problem of that many blocks."""
    fields = {k: settings.pop(k) for k in ("inequality",) if k in settings}
    p = problem(*[Fixed({"a": ZERO})] * blocks, **fields)
    return ADMM(1.0, order, **settings).init(p)


def shared_row():
    p = problem(*[Fixed({"a": ZERO})] * 3)
    return solve(p, ADMM(1.0, ((0, 1), (2,))), stop=StepLimit(1))


def told_too_much():
    p, answer = problem(*[Fixed({"a": ZERO})] * 2), Response({"a": ZERO}, 0.0)
    return ADMM(1.0).tell(p, ADMM(1.0).init(p), (answer, answer))


CASES = [
    *refused("ADMM rho", ADMM, (0.0, -1.0, NAN, INF), "rho must be a finite number > 0"),
    *refused(
        "SLR rho",
        lambda v: SurrogateLagrangian(Constant(1.0), rho=v),
        (0.0, -1.0, NAN, INF),
        "rho must be a finite number > 0",
    ),
    *refused(
        "ADMM relaxation",
        lambda v: ADMM(1.0, relaxation=v),
        (0.0, 2.0, -1.0, NAN),
        "relaxation must lie in (0, 2)",
    ),
    *refused(
        "ADMM order",
        lambda v: ADMM(1.0, v),
        (((0,),), (), ((0,), ())),
        "at least two non-empty groups",
    ),
    Case(
        "ADMM with three groups",
        lambda _: ADMM(1.0, ((0,), (1,), (2,))),
        ValueError,
        ("3 groups", "diverge", "heuristic=True"),
    ),
    Case(
        "ADMM with three groups, relaxed",
        lambda _: ADMM(1.0, ((0,), (1,), (2,)), relaxation=1.5, heuristic=True),
        ValueError,
        ("relaxation", "more than two groups"),
    ),
    *[
        Case(
            f"ADMM order {order} of two blocks",
            lambda _, o=order: admm(o),
            ValueError,
            (f"order {order}", "each of the 2 blocks once"),
        )
        for order in (((0,), (0, 1)), ((0,), (2,)), ((0,), (1, 2)))
    ],
    Case(
        "ADMM with ≤ rows",
        lambda _: admm(inequality=frozenset({"a"})),
        ValueError,
        ("['a']", "equality rows only", "with_slacks"),
    ),
    Case(
        "ADMM told too much",
        lambda _: told_too_much(),
        ValueError,
        ("(0,) were asked", "2 answers"),
    ),
    Case(
        "ADMM group that shares a row",
        lambda _: shared_row(),
        SolveError,
        ("blocks 0 and 1", "row 'a'", "different groups"),
    ),
    *refused(
        "SLR group",
        lambda v: SurrogateLagrangian(Constant(1.0), v),
        (0, -1),
        "group must be at least 1",
    ),
    *refused(
        "SLR sweep_every",
        lambda v: SurrogateLagrangian(Constant(1.0), sweep_every=v),
        (0,),
        "sweep_every must be at least 1 or None",
    ),
    Case(
        "SLR sweep with rho",
        lambda _: SurrogateLagrangian(Constant(1.0), rho=1.0, sweep_every=2),
        ValueError,
        ("sweep", "rho", "no bound"),
    ),
    Case(
        "Progressive without stages",
        lambda _: Progressive(Subgradient(), StepLimit(1)).init(problem()),
        TypeError,
        ("sequence of problems", "in_stages"),
    ),
]
