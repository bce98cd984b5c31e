"""The referee: what it refuses."""

from lagrange import StepLimit, Subgradient, checks, solve
from tests.errors.case import Case, refused
from tests.errors.small import problem


def unanswered(_):
    checks.examine(problem(), solve(problem(), Subgradient(), stop=StepLimit(0)))


CASES = [
    Case("nothing to examine", unanswered, ValueError, ("1 of 1 blocks", "never answered")),
    *refused("tolerance", checks.Optimality(*[0.0] * 6).holds, (-1.0,), "tolerance must be ≥ 0"),
]
