"""Where the assignment family starts from: what it refuses."""

import math

import numpy as np

from lagrange import Start
from problems.assignment import assignment
from problems.assignment_data import AssignmentData
from problems.assignment_start import start_of
from tests.errors.case import Case, refused


def no_room(_):
    """Two jobs of weight 2 and one agent of capacity 3: each fits, both do not."""
    data = AssignmentData(np.array([[1, 1]]), np.array([[2, 2]]), np.array([3]))
    start_of(data, "lp")


CASES = [
    *refused(
        "assignment start",
        lambda v: assignment(start=v.strip("'")),
        ("'dual'", "'LP'"),
        "start must be one of capacity, lp, costs, zero",
    ),
    *refused(
        "Start of less than no time",
        lambda seconds: Start(seconds=seconds),
        (-1.0, math.inf, math.nan),
        "seconds must be a finite number ≥ 0",
    ),
    Case(
        "assignment start for capacities",
        lambda _: assignment(start="zero", relax="capacity"),
        ValueError,
        ("start is for the jobs' multipliers, got start 'zero' with relax capacity",),
    ),
    Case(
        "assignment start without room",
        no_room,
        ValueError,
        ("the linear relaxation has no solution",),
    ),
]
