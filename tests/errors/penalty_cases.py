"""Rules for ρ: the settings that they refuse."""

import math

from lagrange.penalties import ConstantPenalty, ResidualBalancing, Spectral
from tests.errors.case import refused

NAN, INF = math.nan, math.inf

CASES = [
    *[
        case
        for rule in (ResidualBalancing, Spectral)
        for name in (rule.__name__,)
        for case in (
            *refused(
                f"{name} first", lambda v, r=rule: r(first=v), (0.0, INF), "rho must be", "> 0"
            ),
            *refused(f"{name} every", lambda v, r=rule: r(every=v), (0, -1), "at least 1 sweep"),
            *refused(f"{name} changes", lambda v, r=rule: r(changes=v), (-1,), "at least 0"),
            *refused(
                f"{name} factor",
                lambda v, r=rule: r(factor=v),
                (1.0, 0.5, NAN, INF),
                "factor must be a finite number > 1",
            ),
        )
    ],
    *refused(
        "ratio",
        lambda v: ResidualBalancing(ratio=v),
        (1.0, NAN, INF),
        "ratio must be a finite number > 1",
    ),
    *refused("trust", lambda v: Spectral(trust=v), (0.0, 1.0, NAN), "trust must lie in (0, 1)"),
    *refused("constant rho", ConstantPenalty, (0.0, NAN), "rho must be a finite number > 0"),
]
