"""Surrogate Lagrangian relaxation, recomputed from the update in its docstring."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lagrange import Problem, Start, SurrogateLagrangian
from lagrange.step_sizes import Constant, SurrogateContraction
from tests.by_hand.drive import MENU, Parabola, stacked, states
from tests.exact.finite import Finite
from tests.tolerances import CERTIFIED, EXACT

M, R, FIRST = 3.0, 0.4, 0.3
STEPS = 25


def by_hand(group: int):
    """One group a step; λ moves on acceptance, or when all blocks were heard at this λ."""
    lam, x, turn, heard, k, length = np.zeros(3), [0, 0, 0], 0, set(), 0, None
    for step in range(STEPS):
        due = range(3) if step == 0 else [(turn + j) % 3 for j in range(group)]
        new = [MENU.best(i, lam) if i in due else x[i] for i in range(3)]
        accepted = step == 0 or value(new, lam) < value(x, lam)
        x, heard, turn = new if accepted else x, heard | set(due), (due[-1] + 1) % 3
        g, L, settled = MENU.totals(x)[1], value(x, lam), len(heard) == 3
        if accepted or settled:
            alpha = None if k == 0 else 1 - 1 / (M * k ** (1 - 1 / k**R))
            length = FIRST * np.linalg.norm(g) if k == 0 else alpha * length
            lam = lam + length / np.linalg.norm(g) * g
            lam[2] = max(lam[2], 0.0)
            k, heard = k + 1, set()
        yield lam, g, L, accepted, settled, k, length


def value(x, lam) -> float:
    cost, g = MENU.totals(x)
    return cost + lam @ g


@pytest.mark.parametrize("group", [1, 2, 3])
def test_steps_are_those_of_the_update(group):
    solver = SurrogateLagrangian(SurrogateContraction(M, R, first_step=FIRST), group=group)
    kept = states(MENU.problem(), solver, STEPS)
    close = EXACT(size=STEPS, scale=10)
    outcomes = set()
    for state, expected in zip(kept[1:], by_hand(group), strict=True):
        lam, g, L, accepted, settled, k, length = expected
        record = state.record
        assert stacked(state.multipliers) == pytest.approx(lam, abs=close)
        assert stacked(state.residual) == pytest.approx(g, abs=close)
        assert record.lagrangian == pytest.approx(L, abs=close)
        assert (record.accepted, record.moves) == (accepted, k)
        assert math.isfinite(record.lower_bound) == settled
        if accepted or settled:
            assert record.movement == pytest.approx(length, abs=close)
            assert record.step_size == pytest.approx(length / np.linalg.norm(g), abs=close)
        else:
            assert math.isnan(record.movement) and math.isnan(record.step_size)
        outcomes.add((accepted, accepted or settled))
    assert outcomes >= {(True, True), (False, True)}  # accepted; and all failed: the exact step
    assert group > 1 or (False, False) in outcomes  # rejected: λ waits for the next block


def test_when_every_block_fails_the_exact_step_is_taken():
    """Two blocks with x ∈ {0, 1}, f = 4 x, image x, rhs 1: at λ = −1, −2, −3 both keep x = 0."""
    block = Finite([0.0, 4.0], {"row": np.array([[0.0], [1.0]])})
    problem = Problem((block, block), {"row": np.array([1.0])})
    kept = states(problem, SurrogateLagrangian(Constant(1.0)), 7)
    multipliers = [float(s.multipliers["row"][0]) for s in kept]
    assert multipliers == [0, -1, -1, -2, -2, -3, -3, -4]
    assert [s.record.accepted for s in kept[1:]] == [True] + [False] * 6
    assert [s.record.moves for s in kept[1:]] == [1, 1, 2, 2, 3, 3, 4]
    proved = [s.record.lower_bound for s in kept[1:]]  # q(λ) = −λ, rounded down
    exact = [0, math.nan, 1, math.nan, 2, math.nan, 3]
    assert proved == pytest.approx(exact, abs=CERTIFIED(3), nan_ok=True)


def test_both_points_are_compared_at_the_multipliers_that_were_asked():
    """f = −x on x ∈ {0, 1, 2}: once λ has moved up, L(λ, x) has grown by s g². An answer that lowers
    L at the new λ by less than that would be refused by a comparison with the value seen before, and
    so it would by one at the λ that its own move leads to.
    """
    first = Finite([0.0, -1.0], {"row": np.array([[0.0], [1.0]])})
    second = Finite([0.0, -8.0], {"row": np.array([[0.0], [3.0]])})
    problem = Problem((first, second), {"row": np.array([2.0])})
    before, after = states(problem, SurrogateLagrangian(Constant(0.75)), 2)[1:]
    # at λ = 0: x = (1, 1), f = −9, g = 2, so λ = 1.5; there block 0 answers 0: L = −8 + 1.5 · 1
    asked, moved = 1.5, 1.5 + 0.75 * 1
    assert float(before.multipliers["row"][0]) == asked
    kept, new = -9 + asked * 2, -8 + asked * 1  # both at the λ that was asked
    assert new < kept and not new < before.record.lagrangian and not -8 + moved * 1 < kept
    assert after.record.accepted and after.record.lagrangian == new
    assert float(after.multipliers["row"][0]) == moved


def test_a_tie_at_the_multipliers_that_were_asked_is_refused():
    """At λ = 2 both choices of the first block give the same L. At the multipliers that the answer
    would lead to, 2 + 0.5 · (−2), it would be the better one; that must not decide.
    """
    block = Finite([-2.0, 0.0], {"row": np.array([[1.0], [0.0]])})
    fixed = Finite([0.0], {"row": np.array([[0.0]])})
    problem = Problem((block, fixed), {"row": np.array([3.0])})
    start = Start({"row": np.array([2.0])}, (block.choice(1), fixed.choice(0)))
    first, second = states(problem, SurrogateLagrangian(Constant(0.5)), 2, start)[1:]
    answer, led_to = block.respond({"row": np.array([2.0])}, None, None), 2.0 + 0.5 * -2.0
    assert answer.point == 0 and -2 + led_to * (1 - 3) < 0 + led_to * (0 - 3)
    assert not first.record.accepted and not second.record.accepted
    assert float(second.multipliers["row"][0]) == 2.0 + 0.5 * -3.0  # the exact step, x unchanged


def test_with_rho_values_and_queries_carry_the_pull():
    """Two parabolas c_i/2 (x_i − m_i)², x_1 + x_2 = 2: x_i minimizes L plus ρ/2 ‖g‖² in turn."""
    c, m, rho = [1.0, 3.0], [np.array([3.0, -1.0]), np.array([1.0, 2.0])], 0.5
    rhs = np.array([2.0, 2.0])
    blocks = tuple(Parabola(ci, mi, "row") for ci, mi in zip(c, m, strict=True))
    rule = SurrogateContraction(M, R, first_step=FIRST)
    kept = states(Problem(blocks, {"row": rhs}), SurrogateLagrangian(rule, rho=rho), 8)

    lam, length = np.zeros(2), 0.0
    x = [
        (ci * mi - lam + rho * rhs) / (ci + rho) for ci, mi in zip(c, m, strict=True)
    ]  # all at once at first
    for k, state in enumerate(kept[1:]):
        if k > 0:
            i = (k - 1) % 2
            x[i] = (c[i] * m[i] - lam - rho * (x[1 - i] - rhs)) / (c[i] + rho)
        g = x[0] + x[1] - rhs
        cost = sum(ci / 2 * (xi - mi) @ (xi - mi) for ci, xi, mi in zip(c, x, m, strict=True))
        alpha = None if k == 0 else 1 - 1 / (M * k ** (1 - 1 / k**R))
        length = FIRST * np.linalg.norm(g) if k == 0 else alpha * length
        record, close = state.record, EXACT(size=8, scale=10)
        assert record.lagrangian == pytest.approx(cost + lam @ g + rho / 2 * g @ g, abs=close)
        lam = lam + length / np.linalg.norm(g) * g
        assert state.multipliers["row"] == pytest.approx(lam, abs=close)
        assert state.residual["row"] == pytest.approx(g, abs=close)
        assert (record.cost, record.rho) == (pytest.approx(cost, abs=close), rho)
        assert record.accepted and math.isnan(record.lower_bound)


def test_with_rho_nothing_is_complete_before_every_block_saw_the_last_change():
    """½ (x − 4)² and z with x + z = 0, both asked at once at first: x = 2 and z = −2 give g = 0. But
    x answered to z = 0; asked again, to z = −2, it moves to 3. The optimum is x = 4, z = −4.
    """
    places = np.arange(5.0)[:, None]
    x = Finite(((places[:, 0] - 4) ** 2 / 2).tolist(), {"row": places})
    z = Finite([0.0, -3.0, -4.0], {"row": np.array([[0.0], [-2.0], [-4.0]])})
    problem = Problem((x, z), {"row": np.zeros(1)})
    solver = SurrogateLagrangian(Constant(0.5), rho=1.0)
    first = states(problem, solver, 1)[1]
    assert [r.point for r in first.responses] == [2, 1] and first.record.residual == 0
    asks = solver.ask(problem, first)
    assert [(a.block, x.respond(a.price, a.query, None).point) for a in asks] == [(0, 3)]


def test_a_sweep_asks_everyone_and_turns_begin_anew():
    rule = Constant(0.25)
    solver = SurrogateLagrangian(rule, sweep_every=4)
    problem, asked = MENU.problem(), []
    state = solver.init(problem)
    for _ in range(12):
        asks = solver.ask(problem, state)
        asked.append([a.block for a in asks])
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
        assert math.isfinite(state.record.lower_bound) or state.record.step % 4 != 1
    assert asked == [[0, 1, 2], [0], [1], [2]] * 3


def test_at_first_blocks_without_an_answer_are_asked_and_they_do_not_count_as_a_round():
    """Rows are never violated, so λ stays: a bound is proved once all have been heard, 1 too."""
    blocks = tuple(Finite([float(i), 9.0], {"r": np.zeros((2, 1))}) for i in range(4))
    given = replace(blocks[1].respond({"r": np.zeros(1)}, None, None), cost=9.0, point=1)
    problem, solver = Problem(blocks, {"r": np.zeros(1)}), SurrogateLagrangian(Constant(1.0))
    state, asked, lower = solver.init(problem, Start(None, (None, given, None, None))), [], []
    for _ in range(5):
        asks = solver.ask(problem, state)
        asked.append([a.block for a in asks])
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
        lower.append(state.record.lower_bound)
    assert asked == [[0, 2, 3], [0], [1], [2], [3]]
    assert all(math.isnan(bound) for bound in lower[:4])
    assert lower[4] == pytest.approx(0 + 1 + 2 + 3) and state.responses[1].cost == 1


def test_the_rows_of_a_partial_start_are_checked_with_the_first_answers():
    blocks = tuple(Finite([0.0], {name: np.zeros((1, 1))}) for name in ("a", "b"))
    rhs = {"a": np.zeros(1), "b": np.zeros(1)}
    problem, solver = Problem(blocks, rhs), SurrogateLagrangian(Constant(1.0))
    given = blocks[0].respond(rhs, None, None)
    kept = states(problem, solver, 1, Start(None, (given, None)))  # row a is the given answer's
    assert kept[1].responses[0] is given
