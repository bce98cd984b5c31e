"""The bundle on assignment instances: how fast its bound rises, and whether it reaches the optimum.

    python -m benchmarks.bundle [--sizes 20x400 ...] [--kinds CDE] [--seeds 3] [--seconds 8] [--plain]
    LAGRANGE_DATA=DIR python -m benchmarks.bundle --check

Without --check: generated instances, a line for each start: processor time of the start, then of the
start and the bundle until the certified, integer-rounded bound is the highest that any of these runs
proved, and until it is one less; steps; milliseconds a step in the blocks and beside them. --plain
leaves compiled code out. Compilation is done before anything is timed.

With --check: instances up to 20 × 200, generated and of the data folder. The dual optimum comes by
column generation with HiGHS, which shares no code with the bundle but the knapsacks: its linear program
bounds the optimum from above, and how far the bundle's value lies below is printed, relative.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import replace
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from lagrange import LevelBundle, Problem, StepLimit, compiled, solve
from lagrange.engine import serially
from lagrange.oracles import knapsack_core
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate, read_orlib
from problems.assignment_start import STARTS, start_of
from problems.data import assignment_file, best_known_assignments

SIZES = ("20x400", "40x400", "20x1600", "40x1600", "80x1600")
CHECKED = (("5x100", 3), ("10x100", 3), ("20x100", 3), ("10x200", 2), ("20x200", 3))  # and seeds
FILES = ("chu1997", "yagiura2004")
LIMIT = 1e-6  # the acceptance figure


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", nargs="*", default=SIZES)
    parser.add_argument("--kinds", default="CDE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--starts", nargs="*", default=list(STARTS))
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--check", action="store_true")
    chosen = parser.parse_args()
    if chosen.plain:
        compiled.is_available = knapsack_core.is_available = lambda: False
    if chosen.check:
        check()
        return
    _climb(generate("C", 3, 20, 0), "capacity", 1.0)  # compiles
    for size in chosen.sizes:
        agents, jobs = map(int, size.split("x"))
        for kind in chosen.kinds:
            for seed in range(chosen.seeds):
                data = generate(kind, agents, jobs, seed)
                climbs = {name: _climb(data, name, chosen.seconds) for name in chosen.starts}
                _report(f"{kind} {size} seed {seed}", climbs)


class Climb(NamedTuple):
    """One run: seconds of the start, (seconds, bound) after each step, seconds in blocks and beside."""

    start: float
    bounds: list[tuple[float, float]]
    inside: float
    beside: float

    def until(self, bound: float) -> str:
        """When the bound was reached, the start included, and in which step."""
        for step, (seconds, reached) in enumerate(self.bounds):
            if reached >= bound:
                return f"{self.start + seconds:6.2f} s ({step + 1:3})"
        return "       - (  -)"


def _climb(data: AssignmentData, name: str, limit: float) -> Climb:
    problem, solver = replace(build(data), recover=None), LevelBundle(tolerance=1e-9)
    began = process_time()
    start = start_of(data, name)
    spent = process_time() - began
    state, bounds, inside = solver.init(problem, start), list[tuple[float, float]](), 0.0
    began = process_time()
    while process_time() - began < limit and (asks := solver.ask(problem, state)):
        asked = process_time()
        answers = serially(problem, asks)
        inside += process_time() - asked
        state = solver.tell(problem, state, answers)
        bounds.append((process_time() - began, state.best.lower_bound))
    return Climb(spent, bounds, inside, process_time() - began - inside)


def _report(label: str, climbs: dict[str, Climb]) -> None:
    top = max(climb.bounds[-1][1] for climb in climbs.values())
    print(f"{label}: {top:g}")
    for name, climb in climbs.items():
        steps = len(climb.bounds)
        print(
            f"  {name:8} start {1e3 * climb.start:7.1f} ms; {top:g} in {climb.until(top)}, "
            f"{top - 1:g} in {climb.until(top - 1)}; {steps:3} steps of "
            f"{1e3 * climb.inside / steps:5.2f} + {1e3 * climb.beside / steps:5.2f} ms",
            flush=True,
        )


def check() -> None:
    """Every instance's shortfall; the largest last."""
    worst = 0.0
    for name, data in _checked():
        problem = replace(build(data), recover=None)
        solver = LevelBundle(tolerance=1e-8)
        began = process_time()
        first = solver.init(problem, start_of(data, "capacity"))
        run = solve(problem, solver, stop=StepLimit(400), start=first)
        seconds = process_time() - began
        value = run.state.memory.value
        steps = run.trace.column("lagrangian")
        near = next(k for k, v in enumerate(steps) if v >= value - LIMIT * abs(value)) + 1
        optimum = column_optimum(problem, run.state.memory.center)
        short = (optimum - value) / abs(optimum)
        worst = max(worst, short)
        print(
            f"{name:14} optimum ≤ {optimum:.6f}, bundle {value:.6f}: {short:8.1e} below; "
            f"{near:3} steps to 1e-6, {len(steps)} in {seconds:.1f} s",
            flush=True,
        )
    print(f"largest shortfall {worst:.1e} (shall be at most {LIMIT:g})")


def _checked() -> Iterator[tuple[str, AssignmentData]]:
    for kind in "CDE":
        for size, seeds in CHECKED:
            agents, jobs = map(int, size.split("x"))
            for seed in range(seeds):
                yield f"{kind} {size} {seed}", generate(kind, agents, jobs, seed)
    for name, sense in best_known_assignments():
        path = assignment_file(name)
        data = read_orlib(path)
        if path.parent.name in FILES and sense == "min" and data.cost.size <= 20 * 200:
            yield name, data


def column_optimum(problem: Problem[Any], near: np.ndarray) -> float:
    """An upper bound on max q, within 1e-8 of it: the linear program over the columns found so far,
    with prices in a box around ``near``, which widens until its sides have no multipliers.
    """
    m = len(problem.blocks)
    columns, costs, owners = list[np.ndarray](), list[float](), list[int]()
    at, best, side, upper, pressed = near, -math.inf, 1.0, math.inf, True
    while pressed or upper - best > 1e-8 * (1.0 + abs(best)):
        answers = [block.respond({"assign": at}, None, None) for block in problem.blocks]
        value = sum(a.cost + float(at @ a.image["assign"]) for a in answers) - float(at.sum())
        best = max(best, value)
        for i, answer in enumerate(answers):
            columns.append(answer.image["assign"])
            costs.append(answer.cost)
            owners.append(i)
        if upper - best <= 1e-8 * (1.0 + abs(best)):
            side *= 2.0
        at, upper, pressed = _cutting_plane(columns, costs, owners, near, side, m)
    return upper


def _cutting_plane(
    columns: list[np.ndarray],
    costs: list[float],
    owners: list[int],
    near: np.ndarray,
    side: float,
    m: int,
) -> tuple[np.ndarray, float, bool]:
    """Prices that maximize Σ θ_i − Σ λ_j, θ_i ≤ cost + ⟨λ, image⟩, in the box; does a side matter?"""
    n, k = near.size, len(columns)
    images = sparse.csr_matrix(np.array(columns))
    blocks = sparse.csr_matrix((np.ones(k), (np.arange(k), owners)), shape=(k, m))
    ends = [*((v - side, v + side) for v in near.tolist()), *[(None, None)] * m]
    found = linprog(
        np.concatenate([np.ones(n), -np.ones(m)]),
        A_ub=sparse.hstack([-images, blocks]).tocsr(),
        b_ub=np.array(costs),
        bounds=ends,
        method="highs",
    )
    at = found.x[:n]
    pressure = np.abs(found.lower.marginals[:n]) + np.abs(found.upper.marginals[:n])
    return at, -float(found.fun), bool(pressure.max() > 1e-7)


if __name__ == "__main__":
    main()
