"""Problems, states, rules, the loop: what they refuse."""

import math
from dataclasses import replace

import numpy as np

from lagrange import (
    GapBelow,
    NoneAbove,
    Problem,
    ResidualBelow,
    Response,
    SolveError,
    Stalled,
    Start,
    StepLimit,
    Subgradient,
    TimeLimit,
    Trace,
    in_stages,
    solve,
)
from lagrange.bounds import certified_lower_bound
from lagrange.contraction import choose_constants
from lagrange.solvers.moves import next_move
from lagrange.step_sizes import Constant, Diminishing, Polyak, Progress, SurrogateContraction
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, Breaking, Fixed, problem, run

NAN, INF = math.nan, math.inf
NOW = Progress(moves=0, residual=1.0, lagrangian=5.0)
STATE = Subgradient().init(problem())


def unanswered():
    stop = StepLimit(1)
    return solve(problem(), Subgradient(), stop=stop, answer=lambda problem, asks: [])


def started(**fields):
    return Subgradient().init(problem(), Start(**fields))


def at_negative_price():
    p = problem(inequality=frozenset({"a"}))
    answers = [Response({"a": ZERO}, 0.0, 0.0)]
    return certified_lower_bound(p, {"a": np.array([0.0, -0.5])}, answers)


class Wild:
    """A step rule that returns what it is told to."""

    def __init__(self, step):
        self.step = step

    def init(self):
        return None

    def next(self, now, memory):
        return self.step, memory


CASES = [
    Case(
        "no block", lambda _: Problem((), {"a": ZERO}), ValueError, ("at least one block", "none")
    ),
    Case("no row", lambda _: problem(rhs={}), ValueError, ("at least one coupling row", "none")),
    Case(
        "inequality that rhs lacks",
        lambda _: problem(inequality=frozenset({"b"})),
        ValueError,
        ("['b']", "['a']"),
    ),
    Case("rhs NaN", lambda _: problem(rhs={"a": ZERO + NAN}), ValueError, ("'a'", "NaN")),
    Case("rhs inf", lambda _: problem(rhs={"a": ZERO - INF}), ValueError, ("'a'", "infinity")),
    Case(
        "row that the problem lacks",
        lambda _: run(Fixed({"b": ZERO})),
        SolveError,
        ("block 0", "'b'", "['a']", "step 1"),
    ),
    Case(
        "image of another shape",
        lambda _: run(Fixed({"a": np.zeros(3)})),
        SolveError,
        ("block 0", "'a'", "(3,)", "(2,)"),
    ),
    Case(
        "row that no block knows",
        lambda _: run(Fixed({"a": ZERO}), rhs={"a": ZERO, "lost": ZERO}),
        SolveError,
        ("no block knows", "'lost'", "['a']"),
    ),
    Case(
        "start multipliers of other rows",
        lambda _: started(multipliers={"b": ZERO}),
        ValueError,
        ("['b']", "['a']"),
    ),
    Case(
        "start multipliers of another shape",
        lambda _: started(multipliers={"a": np.zeros(3)}),
        ValueError,
        ("'a'", "(3,)", "(2,)"),
    ),
    Case(
        "start multipliers NaN",
        lambda _: started(multipliers={"a": ZERO + NAN}),
        ValueError,
        ("'a'", "NaN"),
    ),
    Case(
        "start with too many responses",
        lambda _: started(responses=(None, None)),
        ValueError,
        ("2 responses", "1 blocks"),
    ),
    Case(
        "sweep without an answer of every block",
        lambda _: certified_lower_bound(problem(), {"a": ZERO}, []),
        ValueError,
        ("each of the 1 blocks", "got 0"),
    ),
    Case(
        "negative price on a ≤ row",
        lambda _: at_negative_price(),
        ValueError,
        ("'a'", "must be ≥ 0"),
    ),
    Case(
        "image NaN",
        lambda _: run(Fixed({"a": ZERO + NAN})),
        SolveError,
        ("row 'a'", "not finite", "NaN or inf", "step 1"),
    ),
    Case("cost NaN", lambda _: run(Fixed({"a": ZERO}, NAN)), SolveError, ("block 0", "cost nan")),
    Case("cost inf", lambda _: run(Fixed({"a": ZERO}, INF)), SolveError, ("block 0", "cost inf")),
    Case(
        "fewer answers than asks",
        lambda _: unanswered(),
        SolveError,
        ("1 blocks were asked", "0 answers"),
    ),
    Case(
        "block that raises",
        lambda _: run(Breaking(KeyError("no gas"))),
        SolveError,
        ("no gas", "1:"),
    ),
    *[
        Case(
            f"step rule that returns {step}",
            lambda _, s=step: next_move(Wild(s), NOW, None),
            ValueError,
            ("Wild", f"returned {step}", "move 0", "≥ 0"),
        )
        for step in (NAN, INF, -1.0)
    ],
    *refused("StepLimit", StepLimit, (-1,), "steps must be at least 0"),
    *refused("TimeLimit", TimeLimit, (0.0, -1.0, NAN), "seconds must be > 0"),
    *refused("GapBelow", GapBelow, (-0.1, NAN), "gap must be ≥ 0"),
    *refused("NoneAbove", NoneAbove, (NAN, INF), "cost must be finite"),
    *refused("Stalled", Stalled, (0.0, -1.0, NAN), "relative must be > 0"),
    *[
        Case(
            f"ResidualBelow {absolute} {relative}",
            lambda _, a=absolute, r=relative: ResidualBelow(a, r),
            ValueError,
            ("≥ 0 and not both 0", f"got {absolute} and {relative}"),
        )
        for absolute, relative in ((0.0, 0.0), (-1.0, 2.0), (2.0, -1.0), (NAN, 1.0))
    ],
    *refused("Constant", Constant, (0.0, -1.0, NAN, INF), "size must be a finite number > 0"),
    *refused("Diminishing", Diminishing, (0.0, NAN), "first must be a finite number > 0"),
    *refused(
        "Diminishing power",
        lambda v: Diminishing(1.0, v),
        (0.0, 1.1, NAN),
        "power must lie in (0, 1]",
    ),
    *refused(
        "Polyak scale", lambda v: Polyak(scale=v), (0.0, 2.0, -1.0, NAN), "scale must lie in (0, 2)"
    ),
    *refused("Polyak target", lambda v: Polyak(target=v), (NAN, INF), "target", "finite", "None"),
    *refused("Polyak estimate", lambda v: Polyak(estimate=v), (NAN, INF), "estimate", "finite"),
    *refused(
        "contraction target",
        lambda v: SurrogateContraction(2.0, 0.1, target=v),
        (NAN, INF),
        "target must be a finite number",
    ),
    *refused(
        "contraction estimate",
        lambda v: SurrogateContraction(2.0, 0.1, estimate=v),
        (NAN,),
        "estimate must be a finite number",
    ),
    *refused("Polyak patience", lambda v: Polyak(patience=v), (0,), "patience must be at least 1"),
    *refused(
        "M", lambda v: SurrogateContraction(v, 0.1), (1.0, 0.5, -3.0, NAN, INF), "M must be", "> 1"
    ),
    *refused(
        "r", lambda v: SurrogateContraction(2.0, v), (0.0, -1.0, NAN, INF), "r must be", "> 0"
    ),
    *refused(
        "first_step",
        lambda v: SurrogateContraction(2.0, 0.1, first_step=v),
        (0.0, -1.0, NAN),
        "first_step must be a finite number > 0",
    ),
    Case(
        "contraction target below the first value",
        lambda _: SurrogateContraction(2.0, 0.1, target=4.5).next(NOW, NAN),
        ValueError,
        ("target 4.5", "does not exceed", "value 5.0", "first_step"),
    ),
    Case(
        "contraction without a target",
        lambda _: SurrogateContraction(2.0, 0.1).next(NOW, NAN),
        ValueError,
        ("SurrogateContraction", "needs a target", "recover"),
    ),
    *refused("horizon", lambda v: choose_constants(v, 0.5), (1, 0), "at least 2 moves"),
    *refused(
        "shrink",
        lambda v: choose_constants(9, v),
        (0.0, 1.0, -1.0, NAN),
        "shrink must lie in (0, 1)",
    ),
    Case(
        "shrink that no M reaches",
        lambda _: choose_constants(2, 1e-300),
        ValueError,
        ("1e-300", "2 moves", "larger shrink"),
    ),
    Case(
        "column that a record lacks",
        lambda _: Trace().column("speed"),
        KeyError,
        ("'speed'", "step, seconds", "lower_bound"),
    ),
    Case("no stage", lambda _: in_stages([]), ValueError, ("at least one stage", "none")),
    *[
        Case(
            f"stages with {what}",
            lambda _, p=other: in_stages([p, problem()]),
            ValueError,
            ("stage 0", "other coupling rows"),
        )
        for what, other in (
            ("other names", problem(rhs={"b": ZERO})),
            ("other shapes", problem(rhs={"a": np.zeros(3)})),
            ("other values", problem(rhs={"a": ZERO + 1})),
            ("other senses", replace(problem(), inequality=frozenset({"a"}))),
            ("more blocks", problem(Fixed({"a": ZERO}), Fixed({"a": ZERO}))),
        )
    ],
]
