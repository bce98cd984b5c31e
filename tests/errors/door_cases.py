"""Arguments of the wrong kind, answers that contradict themselves: refused at once and by name."""

import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import lagrange
from lagrange import (
    ADMM,
    Feasible,
    Problem,
    Quadratic,
    Response,
    SolveError,
    Start,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    families,
    solve,
)
from lagrange.bounds import exact_sweep
from lagrange.certificates import prove
from lagrange.grouping import exchange
from lagrange.oracles.knapsack import Knapsack
from lagrange.solvers.moves import next_move
from lagrange.step_sizes import Constant, Polyak, Progress, SurrogateContraction
from problems.assignment_data import AssignmentData, read_orlib
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, problem, run

INF = float("inf")
SUBGRADIENT = Subgradient(Constant(1.0))
NOW = Progress(moves=0, residual=1.0, lagrangian=5.0)


@dataclass(frozen=True)
class Liar:
    """Costs 1 at price 0 and claims a bound."""

    bound: float

    def respond(self, price, query, start):
        return Response({"a": ZERO}, 1.0, self.bound)


@dataclass(frozen=True)
class Shapeless:
    """Answers with an image that is no array."""

    image: Any

    def respond(self, price, query, start):
        return Response(self.image, 1.0)


@dataclass(frozen=True)
class Says:
    """A block that answers what it is told to."""

    answer: Any

    def respond(self, price, query, start):
        return self.answer


class Forgetful:
    """A step rule that returns no memory."""

    def init(self):
        return None

    def next(self, now, memory):
        return 0.5


class Crossed:
    """An exact twin whose dual value lies above the cost of a point."""

    integral = False

    def dual_value(self, multipliers):
        return Fraction(2)

    def cost(self, point):
        return Fraction(1)

    def facts(self, point):
        return {}


def sized(*, size: int):
    """A family with an option that has no default."""


def number() -> float:
    """A family that returns no instance."""
    return 3.0


def looped(solver=SUBGRADIENT, *blocks, **arguments):
    return solve(problem(*blocks), solver, **{"stop": StepLimit(1), **arguments})


def orlib(text):
    def read(place):
        (place.folder / "i.txt").write_text(text)
        read_orlib(place.folder / "i.txt")

    return read


def knapsack(**fields):
    given = {"cost": [-1.0, -2.0], "weight": [1, 2], "capacity": 2, "row": "a", **fields}
    return Knapsack(**given)


def hidden_highs(place):
    place.patch.setitem(sys.modules, "highspy", None)
    for name in ("lagrange.models.mps_model", "lagrange.oracles.highs", "lagrange.models.mps_file"):
        place.patch.delitem(sys.modules, name, raising=False)
    lagrange.from_mps("x.mps", ["row"])


CASES = [
    Case(
        "name that is not there",
        lambda _: lagrange.from_gams,
        AttributeError,
        ("'lagrange'", "'from_gams'"),
    ),
    Case("adapter without HiGHS", hidden_highs, ImportError, ("from_mps needs highspy", "[milp]")),
    *[
        Case(f"bound {b}", lambda _, b=b: run(Liar(b)), SolveError, ("block 0", f"bound {b}", says))
        for b, says in ((float("nan"), "-inf"), (INF, "-inf"), (1.5, "above the value 1.0"))
    ],
    Case(
        "bounds that cross",
        lambda _: run(Liar(1.0), recover=lambda _: Feasible(None, 0.5)),
        SolveError,
        ("bounds cross", "less than 0.99999", "costs 0.5", "recover"),
    ),
    Case(
        "dual value above a cost",
        lambda _: prove(Crossed(), {"a": ZERO}, {}, "min"),
        ValueError,
        ("dual value 2", "exceeds the cost 1"),
    ),
    *refused("stop", lambda v: looped(stop=v), (100, None), "stop must be a rule"),
    Case(
        "start that is no state",
        lambda _: looped(start=Start()),
        ValueError,
        ("start must be a state", "solver.init", "got Start("),
    ),
    Case(
        "long start that is no state",
        lambda _: solve(
            problem(), SUBGRADIENT, stop=StepLimit(1), start=Start({"a": np.ones(500)})
        ),
        ValueError,
        ("start must be a state", "got a Start"),
    ),
    *refused("step rule", Subgradient, (0.5, None), "step_size must be a rule", "Constant(0.5)"),
    *refused("its class", SurrogateLagrangian, (Constant,), "step_size must be a rule"),
    Case(
        "rule without memory",
        lambda _: next_move(Forgetful(), NOW, None),
        ValueError,
        ("Forgetful", "returned 0.5", "(step, memory)"),
    ),
    *[
        Case(
            f"blocks {blocks!r}",
            lambda _, b=blocks: Problem(b, {"a": ZERO}),
            ValueError,
            (says,),
        )
        for blocks, says in (
            (Liar(0.0), "tuple of blocks, got one block"),
            ((Liar(0.0), 2), "block 1 has no respond"),
        )
    ],
    Case("solver class", lambda _: looped(Subgradient), ValueError, ("class Subgradient",)),
    Case(
        "no problem",
        lambda _: solve(None, SUBGRADIENT, stop=StepLimit(1)),
        ValueError,
        ("problem must be", "got None"),
    ),
    Case("rule or number", lambda _: StepLimit(3) | 5, ValueError, ("stop must be", "got 5")),
    *[
        Case(f"answer {answer!r}", lambda _, a=answer: run(Says(a)), SolveError, ("block 0", says))
        for answer, says in ((None, "a Response"), (Response({}, "x"), "cost 'x'"))
    ],
    Case(
        "tie asked for prices",
        lambda _: exact_sweep(exchange(problem()), {"a@0": ZERO}),
        ValueError,
        ("only with a pull", "original_multipliers"),
    ),
    Case(
        "job without room",
        lambda _: families.make("assignment", {"agents": 3, "jobs": 3}),
        ValueError,
        ("job 0 fits no agent", "capacities are"),
    ),
    *[
        Case(f"M {v!r}", lambda _, v=v: SurrogateContraction(v, 0.1), ValueError, ("M must", "got"))
        for v in ("20", None)
    ],
    *refused("patience whole", lambda v: Polyak(patience=v), (2.5,), "whole"),
    *refused(
        "group whole", lambda v: SurrogateLagrangian(SUBGRADIENT.step_size, v), (1.5,), "whole"
    ),
    *[
        Case(f"rho {v!r}", lambda _, v=v: ADMM(v), ValueError, ("rho must be", f"got {v!r}"))
        for v in ("1", None, [1], True)
    ],
    *refused("steps", StepLimit, (2.5,), "whole"),
    Case("rhs list", lambda _: problem(rhs={"a": [0.0]}), ValueError, ("'a' of rhs", "[0.0]")),
    Case("rhs array", lambda _: problem(rhs=ZERO), ValueError, ("rhs must map", "row names")),
    Case(
        "inequality string",
        lambda _: problem(inequality="a"),
        ValueError,
        ("set of row names", "'a'", "frozenset({'a'})"),
    ),
    *[
        Case(
            f"image {image!r}",
            lambda _, image=image: looped(SurrogateLagrangian(Constant(1.0)), Shapeless(image)),
            SolveError,
            ("image of block 0",),
        )
        for image in (None, {"a": [0.0, 0.0]})
    ],
    Case(
        "knapsack with a pull",
        lambda _: knapsack().respond({"a": ZERO}, Quadratic(1.0, {"a": ZERO}), None),
        ValueError,
        ("Knapsack answers prices only", "Quadratic", "Subgradient"),
    ),
    *[
        Case(f"room {c}", lambda _, c=c: knapsack(capacity=c), ValueError, ("capacity", f"{c}"))
        for c in (float("nan"), INF)
    ],
    Case(
        "knapsack without a table",
        lambda _: knapsack(weight=[2**50, 2**50], capacity=2**50),
        ValueError,
        ("table", "divide weights"),
    ),
    Case("weight beyond floats", lambda _: knapsack(weight=[1, 2**54]), ValueError, ("item 1",)),
    Case("entry beyond floats", orlib(f"1 1 5 1 {2**63}"), ValueError, ("entry 5", "2^53")),
    Case(
        "sums beyond int64",
        lambda _: AssignmentData(*(np.full(s, 2**40) for s in ((1, 2), (1, 2), 1))),
        ValueError,
        ("2^62", "common factor"),
    ),
    Case(
        "required option left out",
        lambda _: families.make(f"{__name__}:sized", {}),
        ValueError,
        ("needs the option --size",),
    ),
    Case(
        "family that returns no instance",
        lambda _: families.make(f"{__name__}:number", {}),
        ValueError,
        ("lagrange.instances.Instance", "float"),
    ),
    *[
        Case(
            f"{family} {option} that would do nothing",
            lambda _, f=family, g=given: families.make(f, g),
            ValueError,
            (f"option {option}", "does nothing", says),
        )
        for family, option, given, says in (
            ("assignment", "kind", {"instance": "x", "kind": "C"}, "an instance file"),
            ("lasso", "rows", {"rows": 9}, "table diabetes"),
        )
    ],
]
