"""The other side of every limit: values at the edge of what is allowed are not refused."""

import math

import numpy as np
import pytest

from lagrange import (
    ADMM,
    GapBelow,
    ResidualBelow,
    Stalled,
    StepLimit,
    SurrogateLagrangian,
    TimeLimit,
    families,
    runs,
)
from lagrange.contraction import choose_constants
from lagrange.oracles.closed_form import L1Norm
from lagrange.oracles.knapsack import Knapsack
from lagrange.sets import Box, Cardinality, GlobalCardinality
from lagrange.step_sizes import Constant, Diminishing, Polyak, Progress, SurrogateContraction
from problems.assignment_data import AssignmentData, generate
from problems.lasso import lasso
from problems.pruning import pruning
from tests.errors.families import fine

TINY = 5e-324  # the smallest float above 0
BELOW_2 = math.nextafter(2.0, 0.0)
ABOVE_1 = math.nextafter(1.0, 2.0)
BELOW_1 = math.nextafter(1.0, 0.0)
NOW = Progress(0, 1.0, 5.0)

CALLS = {
    "steps 0": lambda: StepLimit(0),
    "seconds tiny": lambda: TimeLimit(TINY),
    "gap 0": lambda: GapBelow(0.0),
    "stalled tiny": lambda: Stalled(TINY),
    "absolute alone": lambda: ResidualBelow(TINY, 0.0),
    "relative alone": lambda: ResidualBelow(0.0, TINY),
    "constant tiny": lambda: Constant(TINY),
    "power 1": lambda: Diminishing(TINY, 1.0),
    "power tiny": lambda: Diminishing(1.0, TINY),
    "Polyak scales": lambda: (Polyak(scale=TINY), Polyak(scale=BELOW_2), Polyak(patience=1)),
    "negative target": lambda: Polyak(target=-1.0, estimate=-2.0),
    "M above 1": lambda: SurrogateContraction(ABOVE_1, TINY, first_step=TINY),
    "target above the value": lambda: SurrogateContraction(2.0, 0.1, target=6.0).next(
        NOW, math.nan
    ),
    "horizon 2": lambda: choose_constants(2, 0.5),
    "rho tiny": lambda: (ADMM(TINY), SurrogateLagrangian(Constant(1.0), rho=TINY)),
    "relaxations": lambda: (ADMM(1.0, relaxation=TINY), ADMM(1.0, relaxation=BELOW_2)),
    "three groups": lambda: ADMM(1.0, ((0,), (1,), (2,)), heuristic=True),
    "group 1": lambda: SurrogateLagrangian(Constant(1.0), 1, sweep_every=1),
    "weight 0, capacity 0": lambda: Knapsack(np.ones(1), np.zeros(1), 0, "a"),
    "whole floats": lambda: Knapsack(np.ones(1), np.array([2.0]), 2.0, "a"),  # pyright: ignore
    "l1 weight 0": lambda: L1Norm(0.0, "a"),
    "point box": lambda: (Box(1.0, 1.0), Box(-math.inf, math.inf)),
    "keep all": lambda: Cardinality.fraction(1.0, 7),
    "keep one": lambda: GlobalCardinality.fraction(0.5, {"a": 1, "b": 1}),
    "k 1": lambda: (Cardinality(1), GlobalCardinality(1)),
    "one agent, one job": lambda: generate("D", 1, 1, 0),
    "capacity 0": lambda: AssignmentData(
        np.ones((1, 1), int), np.zeros((1, 1), int), np.zeros(1, int)
    ),
    "fractions of the weight": lambda: (
        lasso(table="random", fraction=1e-9),
        lasso(table="random", fraction=BELOW_1),
    ),
    "smallest table": lambda: lasso(table="random", rows=2, columns=1),
    "lasso weight 0": lambda: lasso(table="random", weight=0.0),
    "no epochs besides": lambda: pruning(pretrain=0, epochs=1, retrain=0, keep=1.0),
    "step 1": lambda: runs.choose(fine(), None, 1),
    "booleans": lambda: families.parse_options(fine, ["--fast", "true", "--size=-3"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_accepted(name):
    CALLS[name]()


def test_budgets_are_rounded_down_and_not_lost_to_floats():
    kept = {(0.05, 100): 5, (0.29, 100): 29, (0.999, 10): 9, (1 / 3, 3): 1, (0.1, 19): 1}
    assert {key: Cardinality.fraction(*key).k for key in kept} == kept


def test_options_keep_their_types():
    assert families.parse_options(fine, ["--fast", "false", "--size", "3"]) == {
        "fast": False,
        "size": 3,
    }
    assert families.parse_options(lasso, ["--weight=0.5", "--table", "t.csv"]) == {
        "weight": 0.5,
        "table": "t.csv",
    }
