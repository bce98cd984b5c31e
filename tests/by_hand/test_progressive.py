"""Progressive runs: what one stage hands to the next, and how its steps are counted."""

import math

import numpy as np
import pytest

from lagrange import (
    ADMM,
    Problem,
    Progressive,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    TimeLimit,
    in_stages,
    solve,
)
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.status import Status
from lagrange.step_sizes import Constant, Diminishing
from tests.by_hand.drive import states
from tests.by_hand.lasso_sweeps import A, B, loss_first
from tests.exact.finite import Finite
from tests.tolerances import EXACT

WEIGHTS, ZERO = (0.2, 0.8, 2.0), np.zeros(3)
CLOSE = EXACT(size=50, scale=10)
STAGES = [Problem((LeastSquares(A, B, "r"), L1Norm(w, "r")), {"r": ZERO}) for w in WEIGHTS]


@pytest.mark.parametrize("alpha", [1.0, 1.6])
def test_multipliers_and_answers_are_handed_over(alpha):
    solver = Progressive(ADMM(1.5, relaxation=alpha), until=StepLimit(2))
    kept = states(in_stages(STAGES), solver, 6)
    x, z, y = ZERO, ZERO, ZERO
    for stage, weight in enumerate(WEIGHTS):
        sweeps = loss_first(2, 1.5, alpha, weight, x, z, y)
        for state, sweep in zip(kept[1 + 2 * stage :], sweeps, strict=False):
            x, z, y = sweep.x, sweep.z, sweep.y
            assert state.multipliers["r"] == pytest.approx(y, abs=CLOSE)
            assert state.responses[0].point == pytest.approx(x, abs=CLOSE)
            assert state.responses[1].point == pytest.approx(z, abs=CLOSE)
            assert state.record.stage == stage
            assert state.record.residual == pytest.approx(np.linalg.norm(x - z), abs=CLOSE)
    assert [s.record.step for s in kept] == [s.record.moves for s in kept] == list(range(7))


def test_renewed_answers_are_those_of_blocks_that_stay():
    """min x − 10 y over x ∈ {0, 1}, y ∈ Y_t, x − y = 0; Y shrinks. SLR, s = 1, a block a step.

    Stage 0, Y = {0, 2}: both asked at λ = 0: x = 0, y = 2, g = −2, λ = −2. Stage 1, Y = {0}: y = 2 is
    forbidden, and stays unless it is dropped: at λ = −2 it costs −20 + 4 and y = 0 costs 0.
    """
    x = Finite([0.0, 1.0], {"r": np.array([[0.0], [1.0]])})
    wide, narrow = (
        Finite([-10.0 * v for v in values], {"r": np.array([[-float(v)] for v in values])})
        for values in ((0, 2), (0,))
    )
    stages = in_stages([Problem((x, y), {"r": np.zeros(1)}) for y in (wide, narrow)])
    slr = SurrogateLagrangian(Constant(1.0))
    kept = states(stages, Progressive(slr, StepLimit(1), renew=True), 2)
    assert kept[1].responses[0].image["r"] == pytest.approx([0.0])
    assert kept[1].multipliers["r"] == pytest.approx([-2.0])
    assert kept[2].record.accepted and kept[2].responses[1].image["r"] == pytest.approx([0.0])
    assert kept[2].responses[0] is kept[1].responses[0]  # x stays the same block: not asked again
    held = states(stages, Progressive(slr, StepLimit(2)), 4)
    assert all(s.responses[1].image["r"] == pytest.approx([-2.0]) for s in held[1:])


def test_the_run_ends_when_its_stages_are_done():
    solver = Progressive(ADMM(1.5), until=StepLimit(2))
    solution = solve(in_stages(STAGES), solver, stop=StepLimit(100))
    assert solution.status is Status.COMPLETE
    assert solution.trace.column("stage") == [0, 0, 1, 1, 2, 2]


def test_bounds_and_step_rule_begin_anew_with_a_stage():
    """min c x, x ∈ {0, 1}, x = 1: q(λ) = min(0, c + λ) − λ, s = 1/√(k + 1)."""
    stages = [
        Problem((Finite([0.0, c], {"r": np.array([[0.0], [1.0]])}),), {"r": np.array([1.0])})
        for c in (5.0, 2.0)
    ]
    kept = states(in_stages(stages), Progressive(Subgradient(Diminishing(1)), StepLimit(2)), 4)
    sqrt = math.sqrt(0.5)
    multipliers = [float(s.multipliers["r"][0]) for s in kept]
    expected = [0, -1, -1 - sqrt, -2 - sqrt, -2 - sqrt]  # at λ = −2.7 the answer is 1: g = 0
    assert multipliers == pytest.approx(expected, abs=CLOSE)
    assert [s.record.lower_bound for s in kept[1:]] == pytest.approx([0, 1, 1 + sqrt, 2], abs=CLOSE)
    bounds = [s.best.lower_bound for s in kept[1:]]
    # the bounds of stage 0 are in its records; as the best of the run they would say nothing
    assert bounds == pytest.approx([-math.inf, -math.inf, 1 + sqrt, 2], abs=CLOSE)
    assert kept[-1].best.upper_bound == 2


def test_a_sweep_of_several_rounds_leaves_the_record_of_the_last_step():
    """Between the two rounds of the first sweep of a stage nothing has been finished."""
    problem, solver = in_stages(STAGES), Progressive(ADMM(1.5), until=StepLimit(1))
    state = solver.init(problem)
    for _ in range(4):
        before = state.record
        asks = solver.ask(problem, state)
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
        assert state.record.step > before.step or repr(state.record) == repr(before)


def test_a_time_limit_ends_a_stage():
    """The clock is the engine's; a stage that is limited by time must see it."""
    solver = Progressive(ADMM(1.5), until=TimeLimit(1e-9))
    solution = solve(in_stages(STAGES), solver, stop=StepLimit(50))
    assert solution.status is Status.COMPLETE
