"""Exchange forms and the method of multipliers: what they refuse."""

import numpy as np

from lagrange import ADMM, AugmentedLagrangian, ResidualBelow, SolveError, StepLimit, solve
from lagrange.grouping import exchange, sharing, two_groups
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, Fixed, problem

TWO = {"rhs": {"a": ZERO, "b": np.zeros(1)}}


def answers_elsewhere(_):
    tied = exchange(problem(Fixed({"a": ZERO}), Fixed({"a": ZERO}), **TWO), rows=["a", "b"])
    solve(tied, ADMM(1.0, two_groups(tied)), stop=StepLimit(1))


CASES = [
    Case(
        "rows of another number of blocks",
        lambda _: exchange(problem(Fixed({"a": ZERO}), Fixed({"b": ZERO}), **TWO), rows=["a"]),
        ValueError,
        ("1 blocks", "there are 2"),
    ),
    Case(
        "a row of no block",
        lambda _: exchange(problem(Fixed({"a": ZERO}), **TWO), rows=["a"]),
        ValueError,
        ("no block", "'b'"),
    ),
    Case(
        "sharing alone",
        lambda _: sharing([], Fixed({"a": ZERO}), {"a": ZERO}),
        ValueError,
        ("none",),
    ),
    *refused(
        "divergence", lambda v: ResidualBelow(divergence=v), (-1.0,), "divergence must be ≥ 0"
    ),
    *refused("multipliers rho", AugmentedLagrangian, (0.0, -1.0), "rho must be"),
    *refused("growth", lambda v: AugmentedLagrangian(1.0, growth=v), (0.5, float("inf")), "≥ 1"),
    *refused("decrease", lambda v: AugmentedLagrangian(1.0, decrease=v), (0.0, 1.0), "(0, 1)"),
    *refused("changes", lambda v: AugmentedLagrangian(1.0, changes=v), (-1,), "at least 0"),
    Case(
        "multipliers with two blocks",
        lambda _: AugmentedLagrangian(1.0).init(problem(Fixed({"a": ZERO}), Fixed({"a": ZERO}))),
        ValueError,
        ("one block", "has 2", "ADMM"),
    ),
    Case(
        "multipliers with a ≤ row",
        lambda _: AugmentedLagrangian(1.0).init(problem(inequality=frozenset({"a"}))),
        ValueError,
        ("equality rows", "['a']", "slack"),
    ),
    Case("an answer on another row", answers_elsewhere, SolveError, ("block 1", "'a'", "['b']")),
]
