"""What recovery plug-ins and what stands behind the assignment family's bundle refuse."""

import sys

import numpy as np

from lagrange.recovery.pool import RestrictedProgram
from lagrange.recovery.recovering import Recovering
from lagrange.recovery.restarts import Restarts
from lagrange.recovery.rounding import RoundedMean
from lagrange.solvers.bundle import LevelBundle
from problems.assignment import assignment
from problems.assignment_data import generate
from problems.assignment_exchange import Exchanges
from problems.assignment_fixing import fixed
from problems.assignment_moves import LocalSearch
from problems.assignment_neighborhoods import Neighborhoods
from tests.errors.case import Case, Place, refused

DATA = generate("C", 2, 6, 0)
LOOKS = (LocalSearch(DATA),)


def without_highs(place: Place):
    for name in ("highspy", "problems.assignment_recovery"):
        place.patch.setitem(sys.modules, name, None)
    assignment(kind="C", agents=2, jobs=6).methods["bundle"](None)


CASES = [
    *refused("columns of a restricted program", RestrictedProgram, [0, 2.5], "columns"),
    *refused(
        "penalty of a restricted program", lambda p: RestrictedProgram(penalty=p), [0.0, np.inf]
    ),
    *refused("recovering every", lambda n: Recovering(LevelBundle(), LOOKS, every=n), [0, 1.5]),
    *refused("mixing of a rounded mean", lambda m: RoundedMean(lambda v: v, m), [-0.1, 1.0]),
    *refused("moves of a local search", lambda n: LocalSearch(DATA, n), [0, 1.5], "at least 1"),
    *refused("length of exchanges", lambda n: Exchanges(DATA, n), [3, 4.5], "at least 4"),
    *refused(
        "patience of restarts", lambda p: Restarts(Neighborhoods(DATA), p), [0, 1.5], "at least 1"
    ),
    *refused("turns in neighborhoods", lambda n: Neighborhoods(DATA, n), [0, 1.5], "at least 1"),
    Case(
        "recovering without a plug-in",
        lambda _: Recovering(LevelBundle(), ()),
        ValueError,
        ("at least one plug-in", "got none"),
    ),
    Case(
        "multipliers too large to fix by",
        lambda _: fixed(DATA, np.full(6, 1e15), 10),
        ValueError,
        ("must stay below 2^59", "divide the costs"),
    ),
    Case(
        "assignment bundle without HiGHS",
        without_highs,
        ValueError,
        ("solver bundle needs", "lagrange[milp]", "another solver"),
    ),
]
