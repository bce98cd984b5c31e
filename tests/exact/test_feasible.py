"""Without ``recover`` the answers are a feasible point only if they satisfy every row exactly."""

import math

import numpy as np
import pytest

from lagrange import (
    ADMM,
    Problem,
    Start,
    Status,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    solve,
)
from lagrange.step_sizes import Constant
from tests.exact.finite import Finite, feasible_costs

RULE = Constant(0.5)


def one_row(*images, costs=None, rhs=0.0, inequality=False) -> Problem:
    """A block for every list of images on one row of one entry."""
    blocks = tuple(
        Finite(cost, {"row": np.array(image, dtype=float)[:, None]})
        for image, cost in zip(images, costs or [[0.0] * len(i) for i in images], strict=True)
    )
    return Problem(blocks, {"row": np.array([rhs])}, frozenset({"row"} if inequality else ()))


@pytest.mark.parametrize("total", [-1, 0, 1])
@pytest.mark.parametrize("inequality", [False, True])
def test_senses(total, inequality):
    problem = one_row([2.0], [1.0], costs=[[4.0], [5.0]], rhs=3.0 - total, inequality=inequality)
    solution = solve(problem, Subgradient(RULE), stop=StepLimit(1))
    feasible = total <= 0 if inequality else total == 0
    assert feasible == bool(feasible_costs(problem))
    assert solution.point == ([0, 0] if feasible else None)
    assert solution.upper_bound == (9 if feasible else math.inf)


@pytest.mark.parametrize("solver", [Subgradient(RULE), SurrogateLagrangian(RULE)])
@pytest.mark.parametrize("inequality", [False, True])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_that_floats_round_to_zero_is_not_feasible(solver, inequality, sign):
    """1 + 10¹⁶ − 10¹⁶ is 1; added from the left in floats it is 0. Less than 0 will do for ≤."""
    problem = one_row([sign], [sign * 1e16], rhs=sign * 1e16, inequality=inequality)
    solution = solve(problem, solver, stop=StepLimit(3))
    feasible = inequality and sign < 0
    assert solution.point == ([0, 0] if feasible else None)
    assert solution.upper_bound == (0 if feasible else math.inf)


@pytest.mark.parametrize("inequality", [False, True])
def test_a_residual_that_drifted_to_zero_is_not_feasible(inequality):
    """Images 10¹⁶ and 1: their sum forgets the 1. When block 0 answers 0, differences leave 0."""
    problem = one_row([1e16, 0.0], [1.0], inequality=inequality)
    start = Start({"row": np.array([1.0])}, tuple(b.choice(0) for b in problem.blocks))
    solver = SurrogateLagrangian(RULE)
    solution = solve(problem, solver, stop=StepLimit(1), start=solver.init(problem, start))
    assert [r.point for r in solution.responses] == [1, 0]  # Σ A x − b = 1
    assert solution.point is None and solution.upper_bound == math.inf


def test_an_interrupted_sweep_pairs_no_new_answer_with_an_old_residual():
    """½ (x − 4)², z ∈ {0, 2}, x = z: the first sweep ends at x = z = 2. In the second x moves to 3,
    and the interruption comes before z answers: (3, 2) costs less than the optimum, 2.
    """
    places = np.arange(5.0)
    problem = one_row(places, [0.0, -2.0], costs=[((places - 4) ** 2 / 2).tolist(), [0.0, 0.0]])
    assert min(feasible_costs(problem)) == 2
    rounds = []

    def answer(problem, asks):
        rounds.append(asks)
        if len(rounds) == 4:
            raise KeyboardInterrupt
        return [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]

    solution = solve(problem, ADMM(1.0), stop=StepLimit(9), answer=answer)
    assert solution.status is Status.INTERRUPTED and solution.trace[0].residual == 0
    assert solution.upper_bound >= 2
