"""Where the surrogate method starts from: duals of the linear relaxation, capacity prices, zero.

    python -m benchmarks.starts [--sizes 20x400 20x1600] [--kinds CDE] [--seeds 1] [--rounds 1000]

Generated assignment instances, the family's own schedule for so many answers of each block. A line for
each start: the certified bound; how far it lies below the best dual bound, relative; by how much the
integer-rounded bound is less; which share of the way from the linear to the Lagrangian bound it went;
processor seconds of the start and of the run. The best dual bound is a bundle's.
"""

import argparse
import math
from dataclasses import replace
from time import process_time

import numpy as np

from lagrange import LevelBundle, StepLimit, SurrogateLagrangian, solve
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_methods import GROUPS, schedule
from problems.assignment_prices import break_prices
from problems.assignment_start import linear_prices, start_of

STARTS = ("lp", "capacity", "zero")
BUNDLE = LevelBundle(tolerance=2e-8)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", nargs="*", default=["20x400", "20x1600"])
    parser.add_argument("--kinds", default="CDE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1000)
    chosen = parser.parse_args()
    for size in chosen.sizes:
        for kind in chosen.kinds:
            for seed in range(chosen.seeds):
                data = generate(kind, *map(int, size.split("x")), seed)
                report(f"{kind} {size} seed {seed}", data, chosen.rounds)


def report(label: str, data: AssignmentData, rounds: int) -> None:
    """All starts of one instance."""
    problem = replace(build(data), integral=False)
    quiet = replace(problem, recover=None)
    linear = linear_optimum(data)
    first = BUNDLE.init(quiet, start_of(data, "capacity"))
    best = solve(quiet, BUNDLE, stop=StepLimit(400), start=first).lower_bound
    print(f"{label}: the linear relaxation is worth {linear:.3f}, a bundle proves {best:.3f}")
    blocks = len(problem.blocks)
    group = max(1, blocks // GROUPS)
    moves = rounds * blocks // group
    worst = float(data.dearest)
    rule = schedule(moves, rounds, worst)
    solver = SurrogateLagrangian(rule, group, sweep_every=10 * blocks // group)
    for name in STARTS:
        began = process_time()
        start = solver.init(problem, start_of(data, name))
        started = process_time()
        bound = solve(problem, solver, stop=StepLimit(moves), start=start).lower_bound
        share = (bound - linear) / (best - linear)
        print(
            f"  {name:8} {bound:12.3f}: {100 * (best - bound) / abs(best):7.4f} % below, rounded "
            f"{math.ceil(bound) - math.ceil(best):+d}, {100 * share:5.1f} % of the way; start "
            f"{started - began:6.2f} s, run {process_time() - started:5.1f} s",
            flush=True,
        )


def linear_optimum(data: AssignmentData) -> float:
    """Of the linear relaxation: the Lagrangian at its duals, of jobs and of capacities."""
    prices = linear_prices(data)
    capacity = break_prices(data, prices)
    reduced = data.cost + prices + capacity[:, None] * data.weight
    return float(np.minimum(reduced, 0.0).sum() - prices.sum() - capacity @ data.capacity)


if __name__ == "__main__":
    main()
