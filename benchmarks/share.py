"""What share of a surrogate run is spent outside its blocks, and how steps and sweeps grow with them.

    python -m benchmarks.share [--answers 3000]

A surrogate step asks knapsacks of an assignment instance: one, and then as many as in the family's own
surrogate method. All else is the engine's and the solver's: the test of the answers, the residual, the
move of the multipliers, the record. Blocks run in numpy first and then, where numba is installed,
compiled. Time is the processor's, the least of three runs. Then: seconds of a sweep over 10 to 2,000
blocks of like size, and the memory that the state after it holds, with the exponent of a power law
fitted to each.
"""

import argparse
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from time import process_time, thread_time
from typing import Any

import numpy as np

from lagrange import Ask, Problem, Response, StepLimit, SurrogateLagrangian, compiled, solve
from lagrange.oracles import knapsack_core
from lagrange.oracles.knapsack import Knapsack
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant, SurrogateContraction
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_methods import GROUPS
from problems.assignment_start import start_of

SIZES = ((20, 400), (40, 400), (20, 1600), (40, 1600), (80, 1600))
LIMITS = {"numpy": 0.10, "compiled": 0.30}  # the acceptance figures
BLOCKS = (10, 20, 50, 100, 200, 500, 1000, 2000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=3000)
    answers = parser.parse_args().answers
    for label, available in (("numpy", False), ("compiled", compiled.is_available())):
        if label == "compiled" and not available:
            print("compiled: numba is not installed")
            continue
        knapsack_core.is_available = lambda available=available: available
        for agents, jobs in SIZES:
            for kind in "CDE":
                for group in (1, agents // GROUPS):
                    each, outside = surrogate_share(generate(kind, agents, jobs, 0), group, answers)
                    print(
                        f"{label:8} {kind} {agents} × {jobs}, {group:2} a step: {1e6 * each:6.1f} µs "
                        f"an answer, {1e6 * each * outside:5.1f} µs or {100 * outside:4.1f} % outside "
                        f"the blocks (shall be at most {100 * LIMITS[label]:.0f} %)",
                        flush=True,
                    )
    growth()


def surrogate_share(data: AssignmentData, group: int, answers: int) -> tuple[float, float]:
    """Seconds an answer, and the share of them outside ``respond``."""
    problem = replace(build(data), recover=None)
    inside = 0.0

    def timed(problem: Problem[Any], asks: Sequence[Ask[Any]]) -> list[Response]:
        nonlocal inside
        began = thread_time()
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        inside += thread_time() - began
        return answers

    steps, agents = answers // group, len(problem.blocks)
    rule = SurrogateContraction.for_horizon(steps, first_step=1e-2)
    solver = SurrogateLagrangian(rule, group, sweep_every=10 * agents // group)
    state = solver.init(problem, start_of(data, "capacity"))
    state = solve(problem, solver, stop=StepLimit(50), start=state, answer=timed).state
    runs = list[tuple[float, float]]()
    for _ in range(3):
        inside, began = 0.0, thread_time()
        solve(problem, solver, stop=StepLimit(50 + steps), start=state, answer=timed)
        seconds = thread_time() - began
        runs.append((seconds / (steps * group), 1.0 - inside / seconds))
    return min(runs)


def growth() -> None:
    """Time and memory of a sweep against the number of blocks, 40 items each."""
    seconds, bytes_ = zip(*(sweep_costs(blocks) for blocks in BLOCKS), strict=True)
    for blocks, time, memory in zip(BLOCKS, seconds, bytes_, strict=True):
        print(f"{blocks:5} blocks: {1e3 * time:8.2f} ms a sweep, {memory / 1e6:7.2f} MB")
    for what, values in (("time", seconds), ("memory", bytes_)):
        power, _ = np.polyfit(np.log(BLOCKS), np.log(values), 1)
        print(f"{what} of a sweep ~ blocks^{power:.2f}  (1 is linear)")


def sweep_costs(blocks: int) -> tuple[float, float]:
    """Processor seconds of a subgradient step, the least of several, and bytes of its new state."""
    rng = np.random.default_rng(0)
    items = 40
    problem = Problem(
        tuple(
            Knapsack(-rng.random(items), rng.integers(5, 26, items), 200, "r")
            for _ in range(blocks)
        ),
        {"r": np.full(items, float(blocks))},
    )
    solver = Subgradient(Constant(1e-3))
    state = solve(problem, solver, stop=StepLimit(2)).state
    tracemalloc.start()
    held = solve(problem, solver, stop=StepLimit(3), start=state)
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return min(_seconds(problem, solver, held.state, step) for step in range(4, 12)), memory


def _seconds(problem: Problem[Any], solver: Any, state: Any, step: int) -> float:
    began = process_time()
    solve(problem, solver, stop=StepLimit(step), start=state)
    return (process_time() - began) / (step - 3)


if __name__ == "__main__":
    main()
