"""The level method, recomputed from the update in its docstring."""

import math

import numpy as np
import pytest
from scipy.optimize import linprog

from lagrange.solvers.surrogate_level import SurrogateLevel
from tests.by_hand.drive import MENU, stacked, states
from tests.tolerances import EXACT

LEVEL, PACE, SHRINK, RADIUS, STEPS, CHECK = 30.0, 0.8, 0.5, 50.0, 40, 4


def contradict(moves) -> bool:
    """No λ in the box with (λ − λ^κ)·g ≥ s‖g‖²/2 for all moves: asked of HiGHS as it stands."""
    rows = [-g for _, g, _, _ in moves]
    right = [-(g @ lam + s * (g @ g) / 2) for lam, g, s, _ in moves]
    box = [(-RADIUS, RADIUS)] * 2 + [(0.0, RADIUS)]
    return linprog(np.zeros(3), A_ub=rows, b_ub=right, bounds=box, method="highs").status == 2


def by_hand():
    lam, x, turn, heard, k, level, moves = np.zeros(3), [0, 0, 0], 0, set(), 0, LEVEL, []
    for step in range(STEPS):
        due = range(3) if step == 0 else [turn]
        new = [MENU.best(i, lam) if i in due else x[i] for i in range(3)]
        accepted = step == 0 or value(new, lam) < value(x, lam)
        x, heard, turn = new if accepted else x, heard | set(due), (due[-1] + 1) % 3
        g, L = MENU.totals(x)[1], value(x, lam)
        s = math.nan
        if accepted or len(heard) == 3:
            s, k = SHRINK * PACE * max(0.0, level - L) / (g @ g), k + 1
        if s > 0:
            moves.append((lam, g, s, L))
            lam, heard = lam + s * g, set()
            lam[2] = max(lam[2], 0.0)
            if k % CHECK == 0 and contradict(moves):
                # all of them stand in the proof of so few rows, or the largest does: see below
                level, moves = max(L + s * (g @ g) / 2 for _, g, s, L in moves), []
        yield lam, s, level


def value(x, lam) -> float:
    cost, g = MENU.totals(x)
    return cost + lam @ g


def test_steps_are_those_of_the_update():
    solver = SurrogateLevel(LEVEL, PACE, SHRINK, check_every=CHECK, radius=RADIUS)
    kept = states(MENU.problem(), solver, STEPS)
    close = EXACT(size=STEPS, scale=1e3)
    falls = 0
    for state, (lam, s, level) in zip(kept[1:], by_hand(), strict=True):
        if state.memory.level < level - close:
            # only the moves of the proof count: the level may be lower than the maximum over all
            assert falls == 0 and state.memory.passages == ()
            break
        assert stacked(state.multipliers) == pytest.approx(lam, abs=close)
        assert state.record.step_size == pytest.approx(s, abs=close, nan_ok=True)
        assert state.memory.level == pytest.approx(level, abs=close)
        falls += level < LEVEL
    assert falls or state.memory.level < LEVEL


def test_a_step_to_the_level_and_the_record_of_the_moves():
    solver = SurrogateLevel(LEVEL, 1.0, SHRINK, check_every=99, window=3, radius=RADIUS)
    kept = states(MENU.problem(), solver, 9)
    first, second = kept[0], kept[1]
    x = [MENU.best(i, np.zeros(3)) for i in range(3)]
    cost, g = MENU.totals(x)
    s = SHRINK * (LEVEL - cost) / (g @ g)
    assert second.record.step_size == pytest.approx(s)
    lam = s * g
    assert stacked(second.multipliers) == pytest.approx([lam[0], lam[1], max(lam[2], 0.0)])
    (only,) = second.memory.passages
    assert only.multipliers.tolist() == stacked(first.multipliers).tolist()
    assert only.residual.tolist() == g.tolist()
    assert (only.step, only.lagrangian) == pytest.approx((s, cost))
    assert len(kept[-1].memory.passages) == 3


def test_the_pace_is_one_over_the_blocks_unless_given():
    kept = states(MENU.problem(), SurrogateLevel(LEVEL, radius=RADIUS), 1)
    third = states(MENU.problem(), SurrogateLevel(LEVEL, 1 / 3, radius=RADIUS), 1)
    assert kept[1].record.step_size == third[1].record.step_size


def test_at_the_level_the_multipliers_stay():
    x = [MENU.best(i, np.zeros(3)) for i in range(3)]
    solver = SurrogateLevel(float(MENU.totals(x)[0]), radius=RADIUS)
    state = states(MENU.problem(), solver, 1)[1]
    assert state.record.step_size == 0.0 and stacked(state.multipliers).tolist() == [0, 0, 0]
    assert state.memory.passages == ()
