"""The subgradient method and its step rules, recomputed from their formulas."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lagrange import Feasible, Subgradient
from lagrange.step_sizes import Constant, Diminishing, Polyak, SurrogateContraction
from tests.by_hand.drive import MENU, stacked, states
from tests.tolerances import EXACT

STEPS = 6


def constant(k, g, value, last):
    return 0.25


def diminishing(k, g, value, last):
    return 0.7 / (k + 1) ** 0.6


def polyak(k, g, value, last):
    return 1.5 * max(0.0, 3.0 - value) / (g @ g)


def contraction(k, g, value, last):
    if k == 0:
        return 0.4
    s, g_before = last
    p = 1 - 1 / k**0.3
    return (1 - 1 / (4 * k**p)) * s * np.linalg.norm(g_before) / np.linalg.norm(g)


def contraction_to_a_target(k, g, value, last):
    return (3.0 - value) / (g @ g) if k == 0 else contraction(k, g, value, last)


RULES = [
    (Constant(0.25), constant),
    (Diminishing(0.7, 0.6), diminishing),
    (Polyak(target=3.0, scale=1.5), polyak),
    (SurrogateContraction(4, 0.3, first_step=0.4), contraction),
    (SurrogateContraction(4, 0.3, target=3.0), contraction_to_a_target),
]


def by_hand(rule, multipliers):
    """x_i = argmin f + ⟨λ, A x⟩, g = Σ A x − b, λ ← λ + s g with the last row clipped at 0."""
    history, last = [], None
    for k in range(STEPS):
        cost, g = MENU.totals([MENU.best(i, multipliers) for i in range(3)])
        value = cost + multipliers @ g
        s = rule(k, g, value, last)
        moved = multipliers + s * g
        moved[2] = max(moved[2], 0.0)
        history.append((multipliers, g, cost, value, s, moved))
        multipliers, last = moved, (s, g)
    return history


@pytest.mark.parametrize(("rule", "formula"), RULES, ids=[f.__name__ for _, f in RULES])
def test_steps_are_those_of_the_formulas(rule, formula):
    kept = states(MENU.problem(), Subgradient(rule), STEPS)
    history = by_hand(formula, np.zeros(3))
    assert any(moved[2] == 0 > before[2] + s * g[2] for before, g, _, _, s, moved in history)
    close = EXACT(size=STEPS, scale=10)
    for k, (state, expected) in enumerate(zip(kept[1:], history, strict=True), start=1):
        _, g, cost, value, s, moved = expected
        record = state.record
        assert stacked(state.multipliers) == pytest.approx(moved, abs=close)
        assert stacked(state.residual) == pytest.approx(g, abs=close)
        assert record.cost == cost == state.cost
        assert record.lagrangian == pytest.approx(value, abs=close)
        assert record.lower_bound == pytest.approx(value, abs=close)
        assert record.residual == pytest.approx(np.linalg.norm(g), abs=close)
        assert record.step_size == pytest.approx(s, abs=close)
        assert record.movement == pytest.approx(s * np.linalg.norm(g), abs=close)
        assert (record.step, record.moves, record.stage) == (k, k, 0)


@pytest.mark.parametrize(("rule", "formula"), RULES, ids=[f.__name__ for _, f in RULES])
def test_the_best_bound_is_kept_with_the_multipliers_that_prove_it(rule, formula):
    history = by_hand(formula, np.zeros(3))
    best = max(range(STEPS), key=lambda k: history[k][3])
    kept = states(MENU.problem(), Subgradient(rule), STEPS)[-1].best
    close = EXACT(size=STEPS, scale=10)
    assert kept.lower_bound == pytest.approx(history[best][3], abs=close)
    assert stacked(kept.multipliers) == pytest.approx(history[best][0], abs=close)


def test_polyak_halves_its_scale_after_waiting_in_vain():
    """Target 3, patience 2: L = q at λ; the scale is halved at every second move without a better L."""
    kept = states(MENU.problem(), Subgradient(Polyak(target=3.0, patience=2)), 12)
    scale, best, waited, halved = 1.0, -np.inf, 0, 0
    for state in kept[1:]:
        record = state.record
        best, waited = (record.lagrangian, 0) if record.lagrangian > best else (best, waited + 1)
        if waited >= 2:
            scale, waited, halved = scale / 2, 0, halved + 1
        expected = scale * max(0.0, 3.0 - record.lagrangian) / record.residual**2
        assert record.step_size == pytest.approx(expected, abs=EXACT(scale=10))
    assert halved > 0


def test_the_best_upper_bound_is_the_target_and_an_estimate_stands_in_before():
    """A point of cost 6 is found in step 3, one of cost 5 in step 5; until then 4 is the estimate."""
    costs = iter([None, None, 6.0, None, 5.0, 7.0])

    def recover(responses):
        cost = next(costs)
        return None if cost is None else Feasible("found", cost)

    problem = replace(MENU.problem(), recover=recover)
    kept = states(problem, Subgradient(Polyak(estimate=4.0)), 6)[1:]
    for state, target in zip(kept, (4, 4, 6, 6, 5, 5), strict=True):
        expected = (target - state.record.lagrangian) / state.record.residual**2
        assert state.record.step_size == pytest.approx(expected, abs=EXACT(scale=10))
    found = [s.record.upper_bound for s in kept]
    assert found == pytest.approx([math.nan, math.nan, 6, math.nan, 5, 7], nan_ok=True)
    assert [s.best.upper_bound for s in kept] == [math.inf, math.inf, 6, 6, 5, 5]
