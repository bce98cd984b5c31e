"""The blocks of the combinatorial families with questions for them and all, or many, of the things they
could do.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.sparse import SparseMatrix
from lagrange.queries import Quadratic
from lagrange.testing import Candidate, Question
from problems.best_subset import Sparse
from problems.integer_least_squares import Whole
from problems.knapsack import SeenThrough
from problems.split_least_squares import SetHalf, SmoothHalf
from problems.unit_commitment_data import Unit
from problems.unit_commitment_schedule import UnitSchedule, is_legal, starts_of
from tests.contracts.block_cases import BlockCase


def discrete_block_cases() -> list[BlockCase]:
    return [*knapsacks(), *units(), *smooth_halves(), *set_halves()]


def knapsacks() -> Iterator[BlockCase]:
    rng = np.random.default_rng(30)
    cost, weight = -rng.integers(1, 9, 6).astype(float), rng.integers(1, 6, 6)
    maps = {"a": rng.integers(0, 9, (2, 6)).astype(float), "b": -np.eye(6)}
    block = SeenThrough(
        Knapsack(cost, weight, 9, "items"), {r: SparseMatrix.dense(M) for r, M in maps.items()}
    )

    def what(x: Any) -> Candidate:
        return Candidate({row: M @ x for row, M in maps.items()}, float(cost @ x))

    def does(point: Any) -> Candidate | None:
        return what(point.chosen.astype(float)) if weight @ point.chosen <= 9 else None

    every = [np.array(x, dtype=float) for x in product((0, 1), repeat=6)]
    could = [what(x) for x in every if weight @ x <= 9]
    questions = [
        Question({"a": size * rng.normal(size=2), "b": size * rng.normal(size=6)})
        for size in (0.0, 0.3, 1.0, 1.0, 50.0)
    ]
    rows = {"a": np.zeros(2), "b": np.zeros(6)}
    yield BlockCase("seen-through", block, questions, rows, True, could, does)


UNITS = {
    "quick": Unit(10, 50, 100, 5, 40, 1, 1, -1),
    "slow": Unit(20, 60, 200, 3, 90, 3, 2, -1),  # must stay off for an hour
    "running": Unit(20, 60, 200, 3, 90, 3, 2, 1),  # must stay on for two
    "long-running": Unit(0, 5, -10, 3, 0, 2, 4, 9),
}


def units(hours: int = 6) -> Iterator[BlockCase]:
    for name, unit in UNITS.items():
        rng = np.random.default_rng(31)
        could = list(schedules(unit, hours))
        questions = [
            Question({"demand": -rng.uniform(0, most, hours), "reserve": rng.uniform(0, 3, hours)})
            for most in (0.0, 6.0, 9.0, 12.0, 30.0, 12.0)
        ]
        rows = {"demand": np.zeros(hours), "reserve": np.zeros(hours)}
        block = UnitSchedule(unit, hours)
        yield BlockCase(f"unit-{name}", block, questions, rows, True, could)


def schedules(unit: Unit, hours: int) -> Iterator[Candidate]:
    """Every legal schedule, with every hour at an end of its output."""
    for bits in product((False, True), repeat=hours):
        on = np.array(bits)
        if not is_legal(unit, on):
            continue
        for levels in product(*[(unit.least, unit.most) if u else (0,) for u in bits]):
            output = np.array(levels, dtype=float)
            cost = unit.running * on.sum() + unit.fuel * output.sum()
            cost += unit.starting * starts_of(unit, on)
            yield Candidate({"demand": output, "reserve": -unit.most * on.astype(float)}, cost)


def smooth_halves() -> Iterator[BlockCase]:
    rng = np.random.default_rng(32)
    for name, m, ridge, curvature in (
        ("tall", 7, 0.0, 0.3),
        ("wide", 2, 0.5, 0.9),
        ("whole-curvature", 7, 0.0, 0.0),
    ):
        A, b = rng.normal(size=(m, 4)), rng.normal(size=m)
        block = SmoothHalf(A, b, ridge, curvature)

        def does(
            x: Any, A: Any = A, b: Any = b, r: float = ridge, d: float = curvature
        ) -> Candidate:
            return Candidate({"split": x}, float(((A @ x - b) ** 2).sum() + (r - d / 2) * (x @ x)))

        prices = [np.zeros(4), *rng.normal(size=(3, 4)), 50 * rng.normal(size=4)]
        plain = [Question({"split": p}) for p in prices]
        pulled = [
            Question({"split": p}, Quadratic(rho, {"split": rng.normal(size=4)}))
            for p in prices
            for rho in (0.1, 10.0)
        ]
        near = [
            does(block.respond(q.price, q.query, None).point + 0.1 * rng.normal(size=4))
            for q in (*plain, *pulled)
            for _ in range(3)
        ]
        rows = {"split": np.zeros(4)}
        yield BlockCase(f"smooth-{name}", block, plain, rows, True, near, does)
        yield BlockCase(f"smooth-{name}-pulled", block, pulled, rows, True, near, does)


def set_halves() -> Iterator[BlockCase]:
    rng = np.random.default_rng(33)
    grid = np.linspace(-1.5, 1.5, 13)
    sparse = [np.array(z) for z in product(grid, repeat=3) if np.count_nonzero(z) <= 2]
    whole = [np.array(z, dtype=float) for z in product(range(-2, 4), repeat=3)]
    for name, members, points in (
        ("sparse", Sparse(2, 1.5), sparse),
        ("whole", Whole(-2, 3), whole),
    ):
        for d in (0.0, 0.8):
            block = SetHalf(members, d)

            def does(z: Any, d: float = d) -> Candidate:
                return Candidate({"split": -z}, 0.5 * d * float(z @ z))

            could = [does(z) for z in points]
            prices = [np.zeros(3), *rng.normal(size=(4, 3)), 50 * rng.normal(size=3)]
            plain = [Question({"split": p}) for p in prices]
            pulled = [
                Question({"split": p}, Quadratic(rho, {"split": rng.normal(size=3)}))
                for p in prices
                for rho in (0.1, 10.0)
            ]
            rows = {"split": np.zeros(3)}
            yield BlockCase(f"{name}-{d}", block, plain, rows, True, could, does)
            yield BlockCase(f"{name}-{d}-pulled", block, pulled, rows, True, could, does)
