"""What each relaxation is worth: the best bounds of two relaxations of the same instance, side by side.

    python -m benchmarks.relaxations [--seeds N]

Every bound is certified: that of the best multipliers that the bundle finds. ``closed`` is the share of
the distance from the first bound to the optimum (by HiGHS or enumeration) that the second one closes.
Bounds are not rounded to whole numbers here. Profits stand with a minus: everything is minimized.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from lagrange import solve
from lagrange.problem import Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import StepLimit, TimeLimit
from problems import assignment, knapsack, unit_commitment
from problems.assignment_capacity import build_capacity
from problems.assignment_data import generate as generate_assignment
from problems.best_subset import best_subset
from problems.integer_least_squares import integer_least_squares
from problems.knapsack_data import generate as generate_knapsack
from problems.unit_commitment_data import generate as generate_units
from tests.worlds import combinatorial_references as references
from tests.worlds.milp import optimum

SECONDS = 20.0  # at most, a bound


class Row(NamedTuple):
    """Bounds in minimization form: the first relaxation, the second, the optimum."""

    name: str
    first: float
    second: float
    best: float


def bound(problem: Problem[Any]) -> float:
    """max q, not rounded."""
    free = Problem(problem.blocks, problem.rhs, problem.inequality)
    stop = StepLimit(1000) | TimeLimit(SECONDS)
    return solve(free, LevelBundle(tolerance=1e-8), stop=stop).lower_bound


def assignments(seeds: int) -> Iterator[Row]:
    """Capacities relaxed (the linear bound) against jobs relaxed (knapsacks)."""
    for kind in "ABCDE":
        for seed in range(seeds):
            data = generate_assignment(kind, 5, 25, seed)
            best = optimum(data, "min")
            if best is None:
                continue
            two = bound(build_capacity(data)), bound(assignment.build(data))
            yield Row(f"assignment {kind} 5×25-{seed}: capacity, jobs", *two, float(best))


def knapsacks(seeds: int) -> Iterator[Row]:
    """The best of all kept rows against copies."""
    for seed in range(seeds):
        data = generate_knapsack(15, 4, 0.5, seed)
        rows = max(bound(knapsack.build(data, keep)) for keep in range(4))
        two = rows, bound(knapsack.build_copies(data))
        yield Row(f"knapsack 15×4-{seed}: best rows, copies", *two, -references.most_profit(data))


def units(seeds: int) -> Iterator[Row]:
    """The linear relaxation of the integral description of every unit against the blocks: equal."""
    for seed in range(seeds):
        data = generate_units(5, 12, seed)
        linear, best = (references.commitment_cost(data, whole) for whole in (False, True))
        found = bound(unit_commitment.build(data))
        yield Row(f"units 5×12-{seed}: linear, blocks", linear, found, best)


def subsets(seeds: int) -> Iterator[Row]:
    """big-M against perspective."""
    for seed in range(seeds):
        options = {"table": "random", "rows": 15, "columns": 8, "k": 2, "limit": 2.0, "seed": seed}
        two = [bound(_split(best_subset(share=s, **options))) for s in (0.0, 0.95)]
        half = _split(best_subset(**options)).blocks[0]
        best = references.best_subset_value(half.A, half.b, 0.0, 2.0, 2)
        yield Row(f"best subset 15×8-{seed}: big-M, perspective", *two, best)


def codes(seeds: int) -> Iterator[Row]:
    """The box against the curvature moved to the whole numbers."""
    for seed in range(seeds):
        options = {"rows": 16, "columns": 6, "bits": 3, "seed": seed}
        two = [bound(_split(integer_least_squares(share=s, **options))) for s in (0.0, 0.95)]
        half = _split(integer_least_squares(**options)).blocks[0]
        best = references.nearest_code(half.A, half.b, -3, 3)
        yield Row(f"whole 16×6-{seed}: box, curvature", *two, best)


def _split(instance: Any) -> Problem[Any]:
    return instance.methods["bundle"](None).problem


TABLES: tuple[Callable[[int], Iterator[Row]], ...] = (assignments, knapsacks, units, subsets, codes)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    print(f"{'instance: first, second':48} {'first':>13} {'second':>13} {'optimum':>13}  closed")
    for table in TABLES:
        shares: list[float] = []
        for row in table(seeds):
            width = row.best - row.first
            share = (row.second - row.first) / width if width > 1e-9 * abs(row.best) else np.nan
            shares.append(share)
            print(
                f"{row.name:48} {row.first:13.6g} {row.second:13.6g} {row.best:13.6g} {share:7.1%}"
            )
        print(f"{table.__name__}: median closed {np.nanmedian(shares):.1%}\n")


if __name__ == "__main__":
    main()
