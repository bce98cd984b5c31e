"""The referee: what it refuses."""

from lagrange import Problem, StepLimit, Subgradient, checks, solve
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, Fixed, problem


def unanswered(_):
    checks.examine(problem(), solve(problem(), Subgradient(), stop=StepLimit(0)))


def of_other_rows(_):
    other = Problem((Fixed({"b": ZERO}),), {"b": ZERO})
    checks.examine(problem(), solve(other, Subgradient(), stop=StepLimit(1)))


CASES = [
    Case(
        "nothing to examine",
        unanswered,
        ValueError,
        ("answers of 0 blocks", "has 1 blocks", "never answered"),
    ),
    Case(
        "a solution of other rows",
        of_other_rows,
        ValueError,
        ("rows ['b']", "problem has rows ['a']", "exchange form"),
    ),
    *refused("tolerance", checks.Optimality(*[0.0] * 6).holds, (-1.0,), "tolerance must be ≥ 0"),
]
