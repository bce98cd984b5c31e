"""Residual and cost are kept by differences; they must stay what a fresh sum would give."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from lagrange import (
    ADMM,
    Problem,
    Response,
    Start,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    solve,
)
from lagrange.step_sizes import Constant, SurrogateContraction
from problems.assignment import build, starting_prices
from problems.assignment_data import generate
from tests.exact.finite import Finite
from tests.exact.instances import contested
from tests.tolerances import EXACT

RULE = SurrogateContraction(50, 0.2, first_step=0.3)


def assert_sums(problem, state, steps: int, exact: bool):
    fresh = problem.residual(state.responses)
    for row, array in state.residual.items():
        scale = 1 + float(np.abs(fresh[row]).max())
        close = 0.0 if exact else EXACT(size=steps, scale=scale)
        assert array == pytest.approx(fresh[row], abs=close, rel=0)
    cost = math.fsum(r.cost for r in state.responses)
    assert state.cost == pytest.approx(cost, abs=0.0 if exact else EXACT(size=steps, scale=10))
    assert state.record.cost == state.cost


@pytest.mark.parametrize("settings", [{}, {"group": 3}, {"sweep_every": 40}], ids=str)
def test_whole_images_stay_exact(settings):
    problem = build(generate("D", 6, 20, 1))
    prices = starting_prices(generate("D", 6, 20, 1))
    solver = SurrogateLagrangian(RULE, **settings)
    start = solver.init(problem, Start({"assign": prices}))
    solution = solve(problem, solver, stop=StepLimit(500), start=start)
    assert sum(r.accepted for r in solution.trace) > 100
    assert_sums(problem, solution.state, 500, exact=True)


@pytest.mark.parametrize("rho", [None, 0.5])
def test_real_images_drift_by_rounding_only(rho):
    """Rows of their own for some blocks: an image that leaves a row out is zero there."""
    rng = np.random.default_rng(3)
    blocks = []
    for i in range(7):
        rows = ("shared", "odd") if i % 2 else ("shared",)
        images = {row: rng.normal(size=(4, 3)) for row in rows}
        blocks.append(Finite(rng.normal(size=4).tolist(), images))
    problem = Problem(tuple(blocks), {"shared": np.ones(3), "odd": np.zeros(3)})
    solver = SurrogateLagrangian(RULE, rho=rho) if rho else SurrogateLagrangian(RULE)
    solution = solve(problem, solver, stop=StepLimit(800))
    assert sum(r.accepted for r in solution.trace) > 30
    assert_sums(problem, solution.state, 800, exact=False)


@dataclass(frozen=True)
class Sparse:
    """Leaves out the rows on which its image is zero."""

    inner: Finite

    def respond(self, price, query, start):
        r = self.inner.respond(price, query, start)
        return Response({n: a for n, a in r.image.items() if a.any()}, r.cost, r.bound, r.point)


@pytest.mark.parametrize(
    "solver",
    [
        Subgradient(Constant(0.3)),
        SurrogateLagrangian(Constant(0.3)),
        SurrogateLagrangian(Constant(0.3), rho=0.5),
        ADMM(1.0),
        ADMM(1.0, relaxation=1.6),
    ],
    ids=["subgradient", "surrogate", "pull", "admm", "relaxed"],
)
def test_a_row_left_out_of_an_image_is_zero(solver):
    """The rows of block 0 come and go from answer to answer; block 1 always names both."""
    rng, rhs = np.random.default_rng(18), {"u": np.ones(1), "v": np.zeros(1)}
    images = {row: rng.integers(-1, 2, (6, 1)).astype(float) for row in rhs}
    first = Finite(rng.normal(size=6).tolist(), images)
    second = Finite(rng.normal(size=6).tolist(), {row: rng.normal(size=(6, 1)) for row in rhs})
    named = []

    def answer(problem, asks):
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        named.extend(tuple(r.image) for a, r in zip(asks, answers, strict=True) if a.block == 0)
        return answers

    dense = solve(Problem((first, second), rhs), solver, stop=StepLimit(20))
    sparse_problem = Problem((Sparse(first), second), rhs)
    sparse = solve(sparse_problem, solver, stop=StepLimit(20), answer=answer)
    assert len(set(named)) >= 3
    for row in rhs:
        assert sparse.state.multipliers[row] == pytest.approx(
            dense.state.multipliers[row], abs=EXACT(size=20, scale=10)
        )
    for a, b in zip(dense.trace, sparse.trace, strict=True):
        assert a.lagrangian == pytest.approx(b.lagrangian, abs=EXACT(size=20, scale=10))


def test_a_step_asks_one_block_and_touches_no_other():
    """After the first pass every step asks exactly the next block; the others' answers stay."""
    problem = build(contested("C", 5, 10, 0))
    solver, asked = SurrogateLagrangian(RULE), []

    def answer(problem, asks):
        asked.append([a.block for a in asks])
        return [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]

    before = solve(problem, solver, stop=StepLimit(6), answer=answer).state
    after = solve(problem, solver, stop=StepLimit(7), start=before, answer=answer).state
    assert asked == [[0, 1, 2, 3, 4], [0], [1], [2], [3], [4], [0]]
    kept = [a is b for a, b in zip(before.responses, after.responses, strict=True)]
    assert kept[1:] == [True] * 4
