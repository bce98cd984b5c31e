"""The bundle method: every step against a quadratic program solved by somebody else."""

import cvxpy as cp
import numpy as np
import pytest

from lagrange import Start
from lagrange.solvers.bundle import LevelBundle, weighted_images
from lagrange.solvers.bundle_program import Effort, Proximal, best_step
from lagrange.solvers.cuts import Cuts
from tests.by_hand.drive import MENU, stacked, states

SOLVED = 1e-6  # of λ: the root of the accuracy that Clarabel reaches in the objective
FIRST = 0.4


def proximal_point(cuts, center, t, rhs):
    """argmax of model − ‖λ − λ̂‖²/(2t) over λ with the last entry ≥ 0, and the model there."""
    lam, tops = cp.Variable(3), cp.Variable(len(cuts))
    below = [tops[i] <= c + a @ lam for i, own in enumerate(cuts) for a, c in own]
    model = cp.sum(tops) - rhs @ lam
    goal = cp.Maximize(model - cp.sum_squares(lam - center) / (2 * t))
    cp.Problem(goal, [*below, lam[2] >= 0]).solve(
        solver="CLARABEL", tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
    )
    return lam.value, float(model.value)


def by_hand(steps, together=False):
    """All cuts are kept; t and the center follow the rules of the docstring."""
    lam, t, cuts, foretold = np.zeros(3), FIRST, None, np.inf
    for _ in range(steps):
        x = [MENU.best(i, lam) for i in range(3)]
        cost, g = MENU.totals(x)
        value = cost + lam @ g
        new = [(MENU.images[i][k], MENU.costs[i][k]) for i, k in enumerate(x)]
        if together:
            new = [(sum(a for a, _ in new), sum(c for _, c in new))]
        accepted = True
        if cuts is None:
            cuts, center, best = [[cut] for cut in new], lam, value
        else:
            cuts = [[*own, cut] for own, cut in zip(cuts, new, strict=True)]
            rise = value - best
            accepted = rise >= 0.1 * foretold
            short = 1 - rise / foretold
            parabola = 0.5 / short if short > 0 else np.inf
            if accepted and g @ (lam - center) > 0:
                t *= min(5.0, max(1.0, parabola))
            elif not accepted and rise < -foretold:
                t *= max(0.3, parabola)
            if accepted:
                center, best = lam, value
        lam, model = proximal_point(cuts, center, t, MENU.rhs)
        foretold = model - best
        yield lam, center, t, foretold, value, accepted


@pytest.mark.parametrize("together", [False, True])
def test_steps_are_those_of_the_quadratic_program(together):
    solver = LevelBundle(
        step_size=FIRST, tolerance=0.0, accuracy=1e-9, sweeps=20_000, together=together
    )
    steps = 6
    kept = states(MENU.problem(), solver, steps)
    outcomes = set()
    for state, expected in zip(kept[1:], by_hand(steps, together), strict=True):
        lam, center, t, foretold, value, accepted = expected
        assert stacked(state.multipliers) == pytest.approx(lam, abs=SOLVED * 10)
        assert state.memory.center == pytest.approx(center, abs=SOLVED * 10)
        assert state.memory.foretold == pytest.approx(foretold, abs=SOLVED * 10)
        assert state.record.step_size == pytest.approx(t, rel=1e-4)
        assert state.record.lagrangian == pytest.approx(value, abs=SOLVED * 10)
        assert state.record.accepted == accepted
        outcomes.add(accepted)
    assert outcomes == {True, False}


def test_the_certificate_bounds_the_dual_from_above():
    """δ = ε + R‖s‖: nowhere within R of the center is q above v + δ."""
    solver = LevelBundle(step_size=FIRST, tolerance=0.0, accuracy=1e-9, sweeps=20_000)
    rng = np.random.default_rng(5)
    for state in states(MENU.problem(), solver, 6)[1:]:
        memory = state.memory
        reach = max(1.0, float(np.linalg.norm(memory.center)))
        for _ in range(200):
            way = rng.normal(size=3)
            mu = memory.center + way / np.linalg.norm(way) * reach * rng.random()
            mu[2] = max(mu[2], 0.0)
            cost, g = MENU.totals([MENU.best(i, mu) for i in range(3)])
            assert cost + mu @ g <= memory.value + memory.gap + SOLVED


def test_one_cut_gives_the_projected_gradient_step():
    cuts = (Cuts.of(np.array([1.0, -4.0]), 2.0),)
    program = Proximal(np.array([1.0, 0.5]), np.array([0.5, 0.0]), 0.25, np.array([False, True]))
    step = best_step(program, cuts, 0.0, Effort(0.1, 0.0, 5))
    assert step.prices.tolist() == [1.0 + 0.25 * 0.5, 0.0]
    assert step.residual.tolist() == [0.5, -4.0]
    assert program.slope(step.residual).tolist() == [0.5, -2.0]
    assert step.value == 2.0 + 1.125 * 0.5 and step.slack == 0.0


def test_two_cuts_share_the_weight_where_they_are_equal():
    """θ = min(λ, −λ) from λ̂ = 1 with t large: the model peaks at λ = 0, weights ½(1 ∓ 1/t)."""
    cuts = Cuts.of(np.array([1.0]), 0.0).with_cut(np.array([-1.0]), 0.0, np.array([1.0]), 9)
    program = Proximal(np.array([1.0]), np.zeros(1), 4.0, np.array([False]))
    step = best_step(program, (cuts,), 0.0, Effort(1e-9, 1e-12, 1))
    assert step.prices == pytest.approx([0.0], abs=1e-12)
    assert step.cuts[0].weights == pytest.approx([0.375, 0.625])


def test_room_is_made_without_losing_the_mean():
    rng = np.random.default_rng(2)
    prices = rng.normal(size=4)
    cuts = Cuts.of(rng.normal(size=4), 1.0)
    for _ in range(3):
        cuts = cuts.with_cut(rng.normal(size=4), float(rng.normal()), prices, 4)
    assert len(cuts.costs) == 4
    idle = cuts._replace(weights=np.array([0.5, 0.0, 0.5, 0.0]))
    values = cuts.costs + cuts.images @ prices
    gone = max((1, 3), key=lambda k: values[k])
    fuller = idle.with_cut(np.ones(4), 0.0, prices, 4)
    left = [k for k in range(4) if k != gone]
    assert fuller.images[:3].tolist() == cuts.images[left].tolist()
    busy = cuts._replace(weights=np.array([0.4, 0.1, 0.3, 0.2]))
    fuller = busy.with_cut(np.ones(4), 0.0, prices, 4)
    assert len(fuller.costs) == 4 and fuller.weights[-1] == 0.0
    assert sorted(fuller.weights) == pytest.approx([0.0, 0.3, 0.3, 0.4])
    assert fuller.weights @ fuller.images == pytest.approx(busy.weights @ busy.images)
    assert fuller.weights @ fuller.costs == pytest.approx(busy.weights @ busy.costs)
    assert fuller.products == pytest.approx(fuller.images @ fuller.images.T)
    assert idle.with_cut(cuts.images[2].copy(), float(cuts.costs[2]), prices, 4) is idle
    assert idle.with_cut(cuts.images[2].copy(), float(cuts.costs[2]) - 1, prices, 4) is not idle


def test_the_mean_of_the_cuts_is_that_of_the_blocks():
    problem = MENU.problem()
    state = states(problem, LevelBundle(step_size=FIRST, tolerance=0.0), 5)[-1]
    means = weighted_images(problem, state)
    assert len(means) == 3
    total = sum(stacked(mean) for mean in means) - MENU.rhs
    step = stacked(state.multipliers) - state.memory.center
    free = [0, 1] if state.multipliers["most"][0] == 0 else [0, 1, 2]
    assert total[free] * state.memory.step_size == pytest.approx(step[free], abs=1e-9)


def test_it_asks_nothing_once_the_certificate_is_small():
    problem = MENU.problem()
    solver = LevelBundle(tolerance=1e-3, accuracy=1e-3, sweeps=500)
    state = solver.init(problem, Start({"equal": np.zeros(2), "most": np.zeros(1)}))
    for _ in range(200):
        asks = solver.ask(problem, state)
        if not asks:
            break
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
    assert not asks
    assert state.record.dual_residual <= 1e-3 * state.record.dual_scale
