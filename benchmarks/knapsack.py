"""The knapsack block against plain dynamic programming, on assignment instances near the dual optimum.

    python -m benchmarks.knapsack [--kind D] [--agents 20] [--jobs 1600]

Every agent of a generated instance is asked at prices near those of the linear relaxation's dual. The
peer is the row recursion over the capacity in numpy, without compiled code, over the items that are
worth anything. Columns: the block asked afresh, and started from its answer to prices nearby; with the
inner loop in numpy and, where numba is installed, compiled. Microseconds, median over the agents, and
how many times as long the peer takes. Floor: reading cost, price and weight of n items is 24 n bytes,
4 µs at 10 GB/s; some thirty numpy calls of about 1.5 µs each are the rest.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from lagrange.oracles import knapsack_core
from lagrange.oracles.knapsack import Knapsack
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_start import linear_prices

REPETITIONS = 15


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", default="D")
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1600)
    chosen = parser.parse_args()
    data = generate(chosen.kind, chosen.agents, chosen.jobs, 0)
    price = near_optimal_prices(data)
    moved = price + 1e-3 * np.random.default_rng(1).standard_normal(chosen.jobs)
    blocks: tuple[Any, ...] = build(data).blocks
    peer = [_microseconds(lambda b=b: plain_rows(b, price), 3) for b in blocks]
    print(f"type {chosen.kind}, {chosen.agents} × {chosen.jobs}: peer {median(peer):.0f} µs")
    compiled = knapsack_core.is_available()
    for label, available in (("numpy", False), ("compiled", True)):
        if available and not compiled:
            print("compiled: numba is not installed")
            continue
        knapsack_core.is_available = lambda available=available: available
        _print_row(label, blocks, {"assign": price}, {"assign": moved}, peer)


def _print_row(label: str, blocks: Any, price: Any, moved: Any, peer: list[float]) -> None:
    fresh, nearby = list[float](), list[float]()
    for block in blocks:
        first = block.respond(price, None, None)
        fresh.append(_microseconds(lambda b=block: b.respond(price, None, None)))
        nearby.append(_microseconds(lambda b=block, first=first: b.respond(moved, None, first)))
    for what, times in (("afresh", fresh), ("prices nearby", nearby)):
        ratio = median(p / t for p, t in zip(peer, times, strict=True))
        print(f"{label:9} {what:14} {median(times):7.1f} µs   {ratio:6.1f} ×")


def near_optimal_prices(data: AssignmentData) -> np.ndarray:
    """Multipliers of the jobs' rows in the linear relaxation, slightly perturbed."""
    return linear_prices(data) + 1e-3 * np.random.default_rng(0).standard_normal(data.cost.shape[1])


def plain_rows(block: Knapsack, price: np.ndarray) -> np.ndarray:
    """The peer: one pass over the capacity for each item, then the choice traced back."""
    profit = -(block.cost + price)
    items = np.flatnonzero((profit > 0) & (block.weight <= block.capacity))
    best = np.zeros(block.capacity + 1)
    taken = np.zeros((items.size, best.size), dtype=bool)
    for t, (p, w) in enumerate(
        zip(profit[items].tolist(), block.weight[items].tolist(), strict=True)
    ):
        with_item = best[: best.size - w] + p
        np.greater(with_item, best[w:], out=taken[t, w:])
        np.maximum(with_item, best[w:], out=best[w:])
    chosen, room = np.zeros(profit.size, dtype=bool), block.capacity
    for t in range(items.size - 1, -1, -1):
        if taken[t, room]:
            chosen[items[t]] = True
            room -= int(block.weight[items[t]])
    return chosen


def _microseconds(run: Callable[[], object], repetitions: int = REPETITIONS) -> float:
    run()
    times = list[float]()
    for _ in range(repetitions):
        began = perf_counter()
        run()
        times.append(perf_counter() - began)
    return 1e6 * median(times)


if __name__ == "__main__":
    main()
