"""Volume-style averaging and the adaptive target, recomputed from their formulas."""

import numpy as np
import pytest

from lagrange.solvers.volume import Volume, mean_answers
from lagrange.step_sizes import Constant, Progress
from lagrange.target_steps import AdaptiveTarget
from tests.by_hand.drive import MENU, stacked, states
from tests.tolerances import EXACT

SIZE, MIXING, STEPS = 1.5, 0.6, 12


def by_hand():
    lam, center, best, mean, mean_cost = np.zeros(3), None, -np.inf, None, 0.0
    for _ in range(STEPS):
        cost, g = MENU.totals([MENU.best(i, lam) for i in range(3)])
        value = cost + lam @ g
        if mean is None:
            mean, mean_cost = g, cost
        else:
            apart = mean - g
            nearest = mean @ apart / (apart @ apart) if apart @ apart > 0 else 1.0
            alpha = min(max(nearest, MIXING / 10), MIXING)
            mean = alpha * g + (1 - alpha) * mean
            mean_cost = alpha * cost + (1 - alpha) * mean_cost
        if value > best:
            center, best = lam, value
        lam = center + SIZE * mean
        lam[2] = max(lam[2], 0.0)
        yield lam, best, mean, mean_cost


def test_steps_are_those_of_the_update():
    problem = MENU.problem()
    kept = states(problem, Volume(Constant(SIZE), MIXING), STEPS)
    for state, (lam, best, mean, mean_cost) in zip(kept[1:], by_hand(), strict=True):
        close = EXACT(size=STEPS, scale=100)
        assert stacked(state.multipliers) == pytest.approx(lam, abs=close)
        assert state.memory.value == pytest.approx(best, abs=close)
        means = mean_answers(state)
        assert stacked(problem.residual(means)) == pytest.approx(mean, abs=close)
        assert sum(m.cost for m in means) == pytest.approx(mean_cost, abs=close)
        assert np.isfinite(state.record.lower_bound)
    assert {s.record.accepted for s in kept[1:]} == {True, False}


def test_averages_come_close_to_feasible():
    """The residual of the mean falls far below those of the answers."""
    kept = states(MENU.problem(), Volume(AdaptiveTarget(2.0, patience=5), 0.2), 200)
    answers = min(s.record.residual for s in kept[1:])
    mean = MENU.problem().residual(mean_answers(kept[-1]))
    mean = np.append(mean["equal"], np.maximum(mean["most"], 0.0))
    assert np.linalg.norm(mean) < 0.25 * answers


def test_the_target_doubles_when_reached_and_halves_in_vain():
    rule = AdaptiveTarget(4.0, scale=0.5, patience=2)
    memory, steps = rule.init(), []
    for value in (0.0, 4.0, 5.0, 5.5, 5.0):
        step, memory = rule.next(Progress(0, 2.0, value), memory)
        steps.append(step)
    # gains 4, 8 (4 was reached), 8, 4 (two moves in vain), 4
    targets = [0 + 4, 4 + 8, 5 + 8, 5.5 + 4, 5.5 + 4]
    values = [0.0, 4.0, 5.0, 5.5, 5.0]
    expected = [0.5 * (t - v) / 4 for t, v in zip(targets, values, strict=True)]
    assert steps == expected
    assert memory.gain == 4.0


def test_the_gain_stays_above_the_least():
    rule = AdaptiveTarget(4.0, patience=1, least=1.5)
    memory = rule.init()
    for _ in range(9):
        step, memory = rule.next(Progress(0, 1.0, 0.0), memory)
    assert step == memory.gain == 1.5
