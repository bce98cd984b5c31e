"""Where to start from, for every solver: ``solver.init(problem, start)``.

An earlier run is one too: ``Start(solution.multipliers)`` are those that proved its best bound.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from lagrange.problem import Problem
from lagrange.state import Start
from lagrange.vectors import Vector, scale


def from_row_duals(problem: Problem[Any], duals: Vector) -> Start:
    """Multipliers from the duals y of a linear relaxation min ⟨c, x⟩, as linear solvers report them.

    y is the rise of the optimum per unit of right-hand side; L = f + ⟨λ, A x − b⟩ here, so λ = −y, and
    what is below 0 on ≤ rows becomes 0. Rows and shapes as in ``problem.rhs``.
    """
    return Start(problem.project(scale(-1.0, duals)))


def perturbed(start: Start, size: float, seed: int) -> Start:
    """The multipliers times 1 + uniform noise in [−size, size], 0 ≤ size < 1, numpy rows only.

    Duals of a degenerate linear program are one corner of many, and ties among prices make all blocks
    answer alike; a little noise breaks them. Signs stay.
    """
    if not 0 <= size < 1:
        raise ValueError(f"size must lie in [0, 1), got {size}")
    if start.multipliers is None:
        raise ValueError("the start has no multipliers to perturb: give it some")
    rng = np.random.default_rng(seed)
    noisy: Vector = {
        name: array * (1.0 + size * rng.uniform(-1.0, 1.0, array.shape))
        for name, array in start.multipliers.items()
    }
    return replace(start, multipliers=noisy)
