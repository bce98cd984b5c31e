"""What the engine costs: one ADMM iteration on a lasso against the same iteration as a numpy loop.

The loop does what a careful script does: over-relaxation, both residuals with their relative
tolerances, the objective and the Lagrangian, all of it recorded; its linear system is solved by the
inverse of A Aᵀ + ρI, the fastest of the usual forms on wide tables. Times are of the process, so that
other programs disturb little; median of several, both in one run.
"""

import math
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from lagrange import ADMM, ResidualBelow, StepLimit, solve
from problems.lasso import build

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
SIZES = ((500, 2000, 100, 1.10), (20, 50, 2000, 1.50))  # rows, columns, steps, limit
REPEATS = 9
RHO, RELAXATION = 1.0, 1.6
NEVER = 1e-300  # a tolerance that no run reaches: both make all their steps


def table(rows: int, columns: int) -> tuple[FloatArray, FloatArray, float]:
    """A random table and a weight of 5 % of the largest useful one."""
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(rows, columns)) / math.sqrt(rows), rng.normal(size=rows)
    return A, b, 0.05 * float(np.abs(A.T @ b).max())


def by_hand(A: FloatArray, b: FloatArray, weight: float, steps: int) -> list[tuple[float, ...]]:
    """ADMM for x − z = 0 as a script would have it."""
    n = A.shape[1]
    inverse, Atb = np.linalg.inv(A @ A.T + RHO * np.eye(len(A))), A.T @ b
    z, y, trace = np.zeros(n), np.zeros(n), list[tuple[float, ...]]()
    for k in range(steps):
        v = Atb - y + RHO * z
        x = (v - A.T @ (inverse @ (A @ v))) / RHO
        h = RELAXATION * x + (1 - RELAXATION) * z
        before, w = z, h + y / RHO
        z = np.sign(w) * np.maximum(np.abs(w) - weight / RHO, 0.0)
        r = x - z
        primal, dual = np.linalg.norm(r), RHO * np.linalg.norm(z - before)
        misfit = A @ x - b
        objective = 0.5 * (misfit @ misfit) + weight * np.abs(z).sum()
        lagrangian = objective + y @ r + RHO / 2 * primal**2
        y = y + RHO * (h - z)
        scale = max(np.linalg.norm(x), np.linalg.norm(z))
        trace.append((k, objective, lagrangian, primal, scale, dual, np.linalg.norm(y)))
        floor = math.sqrt(n) * NEVER
        if primal <= floor + NEVER * scale and dual <= floor + NEVER * trace[-1][-1]:
            break
    return trace


def by_engine(A: FloatArray, b: FloatArray, weight: float, steps: int) -> int:
    """The same with the library; returns the number of steps."""
    stop = StepLimit(steps) | ResidualBelow(NEVER, NEVER)
    solver = ADMM(RHO, ((0,), (1,)), relaxation=RELAXATION)
    return solve(build(A, b, weight), solver, stop=stop).state.record.step


def seconds_per_step(run: Any, data: Any, steps: int) -> float:
    """Of all steps but the first, which pays for the factorization."""
    began = process_time()
    run(*data, 1)
    first = process_time() - began
    began = process_time()
    run(*data, steps + 1)
    return (process_time() - began - first) / steps


def main() -> None:
    for rows, columns, steps, limit in SIZES:
        data = table(rows, columns)
        pairs = [
            (seconds_per_step(by_engine, data, steps), seconds_per_step(by_hand, data, steps))
            for _ in range(REPEATS)
        ]
        ours, hand = (1e6 * median(column) for column in zip(*pairs, strict=True))
        ratio = median(a / b for a, b in pairs)
        print(
            f"lasso {rows} × {columns}: engine {ours:8.1f} µs a step, numpy loop {hand:8.1f} µs, "
            f"ratio {ratio:.2f} (limit {limit})"
        )
