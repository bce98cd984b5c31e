"""The exact search of assignments: what it refuses."""

import math

from problems.assignment_search import Effort
from tests.errors.case import refused

CASES = [
    *refused(
        "Effort of the assignment search, sweeps of a node",
        lambda steps: Effort(steps=steps),
        (0, -3),
        "steps must be ≥ 1",
    ),
    *refused(
        "Effort of the assignment search, seconds",
        lambda seconds: Effort(seconds=seconds),
        (0.0, -1.0, math.nan),
        "seconds must be > 0",
    ),
]
