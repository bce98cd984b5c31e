"""SLR and ADMM where SLR's theory holds: assignment, with bounds that are proved.

    python -m benchmarks.slr_admm [--size 10x100] [--rounds 300] [--seeds 5]

Generated instances of types C, D and E, jobs relaxed, started from zero, the same number of answers of
every knapsack for each method. Compared is the certified bound at a method's last multipliers, by an
exact sweep on top: how far it lies below the best dual bound (a bundle's), in percent, with 95 %
intervals of the differences paired by instance. Each method has the best of five settings: of the first
step (SLR), or of ρ. ADMM is outside its theory here: many blocks, and binary ones.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lagrange import ADMM, LevelBundle, StepLimit, SurrogateLagrangian, solve
from lagrange.bounds import exact_sweep
from lagrange.oracles.folded import BinaryImages
from lagrange.problem import Problem
from lagrange.step_sizes import SurrogateContraction
from lagrange.study.compare import compare, spread
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_start import start_of

Solver = Callable[[AssignmentData, Problem[Any], float], Any]
FIRST = (0.01, 0.1, 1.0, 10.0, 100.0)  # steps of SLR, in multiples of mean cost / ‖1‖
RHO = (0.001, 0.01, 0.1, 1.0, 10.0)  # of ADMM and of SLR's pull, in multiples of the mean cost


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", default="10x100")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args()
    agents, jobs = map(int, chosen.size.split("x"))
    for kind in "CDE":
        instances = {s: generate(kind, agents, jobs, s) for s in range(chosen.seeds)}
        best = {s: best_bound(data) for s, data in instances.items()}
        below: Mapping[str, Mapping[int | None, float]] = {
            name: {
                s: min(shortfalls(data, method, chosen.rounds, best[s]))
                for s, data in instances.items()
            }
            for name, method in methods(chosen.rounds * agents).items()
        }
        for name, by_seed in below.items():
            own = spread([*by_seed.values()], 0.95)
            line = f"{kind} {chosen.size} {name:12} {own.mean:8.4f} % below the best bound"
            if name != "ADMM":
                other, verdict = compare(below["ADMM"], by_seed, 0.95)
                line += f"; against ADMM [{other.low:+.4f}, {other.high:+.4f}]: {verdict}"
            print(line, flush=True)


def methods(answers: int) -> Mapping[str, tuple[Solver, tuple[float, ...]]]:
    """A solver for an instance, its blocks and a setting; the settings; all for so many answers."""

    def slr(data: AssignmentData, _: Problem[Any], first: float) -> Any:
        return SurrogateLagrangian(_rule(data, answers, first))

    def pulled(data: AssignmentData, _: Problem[Any], rho: float) -> Any:
        return SurrogateLagrangian(_rule(data, answers, 1.0), rho=rho * _scale(data))

    def admm(data: AssignmentData, problem: Problem[Any], rho: float) -> Any:
        order = tuple((i,) for i in range(len(problem.blocks)))
        return ADMM(rho * _scale(data), order=order, heuristic=True)

    return {"ADMM": (admm, RHO), "SLR": (slr, FIRST), "SLR with ρ": (pulled, RHO)}


def _rule(data: AssignmentData, answers: int, first: float) -> SurrogateContraction:
    step = first * _scale(data) / np.sqrt(data.cost.shape[1])
    return SurrogateContraction.for_horizon(answers, shrink=1e-3, first_step=step)


def _scale(data: AssignmentData) -> float:
    return float(data.cost.mean())


def best_bound(data: AssignmentData) -> float:
    """What a bundle proves, not rounded."""
    problem, bundle = _unrounded(data), LevelBundle(tolerance=1e-8)
    start = bundle.init(problem, start_of(data, "capacity"))
    return solve(problem, bundle, stop=StepLimit(1000), start=start).lower_bound


def _unrounded(data: AssignmentData) -> Problem[None]:
    return replace(build(data), integral=False, recover=None)


def shortfalls(
    data: AssignmentData, method: tuple[Solver, tuple[float, ...]], rounds: int, best: float
) -> list[float]:
    """How far the bound at the last multipliers is below the best, in percent, for each setting."""
    problem = _unrounded(data)
    pulled = replace(problem, blocks=tuple(map(BinaryImages, problem.blocks)))
    make, settings = method
    found: list[float] = []
    for setting in settings:
        solver: Any = make(data, pulled, setting)
        stop = StepLimit(rounds * _steps_a_round(solver, len(problem.blocks)))
        last = solve(pulled, solver, stop=stop).state.multipliers
        found.append(100 * (best - exact_sweep(problem, last)[0]) / abs(best))
    return found


def _steps_a_round(solver: Any, blocks: int) -> int:
    """In a round every block answers once: that is a sweep of ADMM."""
    return 1 if isinstance(solver, ADMM) else blocks


if __name__ == "__main__":
    main()
