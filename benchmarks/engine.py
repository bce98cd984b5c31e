"""What a step of the engine costs when one block of many answers.

    python -m benchmarks.engine

A surrogate step asks one block. It should cost what that block costs, however many others there are.
Printed is the ratio of a step on 1,000 trivial blocks to a step on 10, in one run; median of several.
"""

from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from lagrange import Problem, Response, StepLimit, SurrogateLagrangian, solve
from lagrange.step_sizes import Constant
from lagrange.vectors import Vector

STEPS = 5_000
REPEATS = 7
LIMIT = 3.0  # the acceptance figure


@dataclass(frozen=True)
class Switch:
    """x ∈ {0, 1} at cost c x on one shared row."""

    cost: float

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        reduced = self.cost + float(price["demand"][0])
        x = 1.0 if reduced < 0 else 0.0
        return Response({"demand": np.array([x])}, self.cost * x, min(reduced, 0.0), x)


def seconds_per_step(blocks: int) -> float:
    """Of a surrogate run with one answered block a step, the first sweep over all left out."""
    switches = tuple(Switch(1.0 + i / blocks) for i in range(blocks))
    problem = Problem(switches, {"demand": np.array([blocks / 2])})
    solver = SurrogateLagrangian(Constant(0.01 / blocks))
    first = solve(problem, solver, stop=StepLimit(1)).state
    began = perf_counter()
    solve(problem, solver, stop=StepLimit(1 + STEPS), start=first)
    return (perf_counter() - began) / STEPS


def main() -> None:
    pairs = [(seconds_per_step(10), seconds_per_step(1000)) for _ in range(REPEATS)]
    few, many = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(b / a for a, b in pairs)
    print(f"10 blocks:    {1e6 * few:7.1f} µs a step")
    print(f"1,000 blocks: {1e6 * many:7.1f} µs a step")
    print(f"ratio: {ratio:.2f} (median of {REPEATS}; shall be below {LIMIT})")


if __name__ == "__main__":
    main()
