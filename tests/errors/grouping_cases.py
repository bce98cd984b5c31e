"""Exchange forms: what they refuse."""

import numpy as np

from lagrange import ADMM, SolveError, StepLimit, solve
from lagrange.grouping import exchange, two_groups
from tests.errors.case import Case
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
    Case("an answer on another row", answers_elsewhere, SolveError, ("block 1", "'a'", "['b']")),
]
