"""Exact twins: the multipliers and points that they refuse."""

import math
from fractions import Fraction

import numpy as np

from lagrange.certificates import Infeasible, prove
from problems.assignment_data import AssignmentData, generate
from problems.assignment_exact import ExactAssignment
from problems.lasso_exact import ExactLasso
from problems.pruning import ExactPruning
from tests.errors.case import Case

ROW = np.array([[1, 1]])
TWIN = ExactAssignment(generate("A", 2, 3, 0))


def exact_lasso_cost():
    return ExactLasso(np.eye(2), np.ones(2), 1.0).cost({"point": np.ones(3)})


CASES = [
    Case(
        "multipliers of another row",
        lambda _: TWIN.dual_value({"b": [Fraction(1)] * 3}),
        ValueError,
        ("row 'assign'", "['b']"),
    ),
    Case(
        "too few multipliers",
        lambda _: TWIN.dual_value({"assign": [Fraction(1)] * 2}),
        ValueError,
        ("'assign' has 3 entries", "there are 2"),
    ),
    *[
        Case(
            f"multiplier {bad}",
            lambda _, b=bad: prove(TWIN, {"assign": np.array([0.0, b, 0.0])}, None, "min"),
            ValueError,
            ("row 'assign'", "NaN or an infinity"),
        )
        for bad in (math.nan, math.inf, -math.inf)
    ],
    Case(
        "point without an array",
        lambda _: TWIN.cost({"b": [1]}),
        Infeasible,
        ("no array 'agent'", "['b']"),
    ),
    *[
        Case(
            f"assigned {bad}",
            lambda _, b=bad: TWIN.cost({"agent": np.array([0, b, 1])}),
            Infeasible,
            says,
        )
        for bad, says in (
            (math.nan, ("'agent'", "no finite number")),
            (math.inf, ("'agent'", "no finite number")),
            (0.5, ("job 1", "1/2")),
        )
    ],
    Case(
        "point with too few jobs",
        lambda _: TWIN.cost({"agent": [0, 1]}),
        ValueError,
        ("2 entries", "not 3"),
    ),
    *[
        Case(
            f"job of agent {i}",
            lambda _, i=i: TWIN.cost({"agent": [0, i, 1]}),
            ValueError,
            ("job 1", f"agent {i}", "there are 2"),
        )
        for i in (2, -1)
    ],
    Case(
        "agent that is overloaded",
        lambda _: ExactAssignment(AssignmentData(ROW, ROW * 3, np.array([5]))).cost(
            {"agent": [0, 0]}
        ),
        ValueError,
        ("agent 0", "loaded 6", "capacity is 5"),
    ),
    Case(
        "lasso point of another length",
        lambda _: exact_lasso_cost(),
        ValueError,
        ("3 entries", "not 2"),
    ),
    Case(
        "more nonzeros than a tensor's budget",
        lambda _: ExactPruning({"w": 3}, {"w": 1}).cost({"w": np.array([1.0, 0.0, -2.0])}),
        ValueError,
        ("w: 2 nonzeros", "budget is 1"),
    ),
    Case(
        "more nonzeros than the budget of all",
        lambda _: ExactPruning({"w": 2, "v": 1}, {"": 1}).cost({"w": np.ones(2), "v": np.ones(1)}),
        ValueError,
        ("all tensors together: 3 nonzeros", "budget is 1"),
    ),
    Case(
        "point without a tensor",
        lambda _: ExactPruning({"w": 2}, {"": 1}).cost({}),
        ValueError,
        ("no array 'w'", "2 entries"),
    ),
    Case(
        "point with a tensor of another size",
        lambda _: ExactPruning({"w": 2}, {"": 1}).facts({"w": np.zeros(3)}),
        ValueError,
        ("no array 'w'", "2 entries"),
    ),
    Case(
        "pruned weight NaN",
        lambda _: ExactPruning({"w": 2}, {"": 2}).cost({"w": np.array([math.nan, 0.0])}),
        Infeasible,
        ("'w' holds a NaN",),
    ),
]
