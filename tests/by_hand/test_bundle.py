"""The bundle method: every step against a quadratic program solved by somebody else."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from lagrange import Start, Status, StepLimit, compiled, solve
from lagrange.solvers.bundle import LevelBundle, weighted_images
from lagrange.solvers.bundle_program import Effort, Proximal, best_step
from lagrange.solvers.cuts import Cuts
from tests.by_hand.drive import MENU, stacked, states

SOLVED = 1e-6  # of λ: the root of the accuracy that Clarabel reaches in the objective
FIRST = 0.2  # many others lead to prices where answers tie and rounding picks one


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


def by_hand(steps, together, t):
    """All cuts are kept; t and the center follow the rules of the docstring."""
    lam, cuts, foretold = np.zeros(3), None, np.inf
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
                t *= min(5.0, max(2.0, parabola))
            elif not accepted and rise < -foretold:
                t *= max(0.3, parabola)
            if accepted:
                center, best = lam, value
        lam, model = proximal_point(cuts, center, t, MENU.rhs)
        foretold = model - best
        yield lam, center, t, foretold, value, accepted


@pytest.mark.parametrize(
    ("together", "first"), [(False, FIRST), (True, FIRST), (True, 0.75), (True, 1.1)]
)
def test_steps_are_those_of_the_quadratic_program(together, first):
    solver = LevelBundle(
        step_size=first, tolerance=0.0, accuracy=1e-9, sweeps=20_000, together=together
    )
    steps = 6
    kept = states(MENU.problem(), solver, steps)
    outcomes = set()
    for state, expected in zip(kept[1:], by_hand(steps, together, first), strict=True):
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


def one_block(*pairs):
    """Cuts of a single block from (image, cost) pairs."""
    (image, cost), *others = pairs
    cuts = Cuts.of(np.array([image]), np.array([cost]))
    for image, cost in others:
        cuts = cuts.with_answers(np.array([image]), np.array([cost]), np.zeros(len(image)), 99)
    return cuts


def test_one_cut_gives_the_projected_gradient_step():
    program = Proximal(np.array([1.0, 0.5]), np.array([0.5, 0.0]), 0.25, np.array([False, True]))
    step = best_step(program, one_block(([1.0, -4.0], 2.0)), 0.0, Effort(0.1, 0.0, 5))
    assert step.prices.tolist() == [1.0 + 0.25 * 0.5, 0.0]
    assert step.residual.tolist() == [0.5, -4.0]
    assert program.slope(step.residual).tolist() == [0.5, -2.0]
    assert step.value == 2.0 + 1.125 * 0.5 and step.slack == 0.0


def test_two_cuts_share_the_weight_where_they_are_equal():
    """θ = min(λ, −λ) from λ̂ = 1 with t large: the model peaks at λ = 0, weights ½(1 ∓ 1/t)."""
    program = Proximal(np.array([1.0]), np.zeros(1), 4.0, np.array([False]))
    cuts = one_block(([1.0], 0.0), ([-1.0], 0.0))
    step = best_step(program, cuts, 0.0, Effort(1e-9, 1e-12, 1))
    assert step.prices == pytest.approx([0.0], abs=1e-12)
    assert step.cuts.weights == pytest.approx([0.375, 0.625])


def some_cuts(rng, blocks=3, size=6, rounds=4):
    """Sparse cuts of several blocks, with weights that add up to 1, some of them 0."""

    def answers():
        images = rng.integers(-2, 3, (blocks, size)) * (rng.random((blocks, size)) < 0.6)
        return images.astype(float), rng.integers(-9, 10, blocks).astype(float)

    cuts = Cuts.of(*answers())
    for _ in range(rounds - 1):
        cuts = cuts.with_answers(*answers(), rng.normal(size=size), 99)
    y = rng.random(len(cuts.costs)) * (rng.random(len(cuts.costs)) < 0.7)
    y[cuts.first[:-1]] += 0.1
    return cuts._replace(weights=y / np.add.reduceat(y, cuts.first[:-1])[cuts.owners()])


def test_a_table_of_cuts_is_its_rows():
    rng = np.random.default_rng(3)
    for _ in range(20):
        cuts, prices = some_cuts(rng), rng.normal(size=6)
        rows = np.array([cuts.image(k, 6) for k in range(len(cuts.costs))])
        assert cuts.at(prices) == pytest.approx(cuts.costs + rows @ prices)
        assert cuts.mean(6) == pytest.approx(cuts.weights @ rows)
        own = [slice(low, high) for low, high in zip(cuts.first, cuts.first[1:], strict=False)]
        each = np.array([cuts.weights[part] @ rows[part] for part in own])
        assert cuts.means(6) == pytest.approx(each)
        assert cuts.owners().tolist() == np.repeat(range(3), np.diff(cuts.first)).tolist()


def listed(cuts, i, size):
    """(image, cost, weight) of each cut of block i."""
    return [
        (cuts.image(k, size).tolist(), float(cuts.costs[k]), float(cuts.weights[k]))
        for k in range(cuts.first[i], cuts.first[i + 1])
    ]


def test_room_is_made_without_losing_the_mean():
    """The table against lists: known answers stay out, the dearest idle cut goes, or two are joined."""
    rng = np.random.default_rng(2)
    joined = dropped = known = 0
    for _ in range(60):
        cuts, prices = some_cuts(rng), rng.normal(size=6)
        images, costs = rng.integers(-2, 3, (3, 6)).astype(float), rng.normal(size=3)
        old = int(rng.integers(cuts.first[1], cuts.first[2]))
        images[1], costs[1] = cuts.image(old, 6), cuts.costs[old] + rng.integers(-1, 2)
        new = cuts.with_answers(images, costs, prices, 4)
        assert new.mean(6) == pytest.approx(cuts.mean(6))
        assert new.weights @ new.costs == pytest.approx(cuts.weights @ cuts.costs)
        for i in range(3):
            mine, answer = listed(cuts, i, 6), (images[i].tolist(), float(costs[i]), 0.0)
            if any(a == answer[0] and c <= answer[1] for a, c, _ in mine):
                known += 1
                assert listed(new, i, 6) == mine
                continue
            idle = [k for k, (_, _, y) in enumerate(mine) if y == 0]
            if len(mine) < 4:
                assert listed(new, i, 6) == [*mine, answer]
            elif idle:
                dropped += 1
                dearest = max(idle, key=lambda k: mine[k][1] + np.dot(mine[k][0], prices))
                left = [cut for k, cut in enumerate(mine) if k != dearest]
                assert listed(new, i, 6) == [*left, answer]
            else:
                joined += 1
                light = sorted(y for _, _, y in mine)
                now = listed(new, i, 6)
                assert len(now) == 4 and now[-1] == answer
                expected = [0.0, light[0] + light[1], *light[2:]]
                assert sorted(y for _, _, y in now) == pytest.approx(sorted(expected))
    assert min(joined, dropped, known) > 5


@pytest.mark.skipif(not compiled.is_available(), reason="numba is not installed (extra fast)")
def test_compiled_sweeps_give_the_same_numbers(monkeypatch):
    rng = np.random.default_rng(8)
    for trial in range(30):
        cuts = some_cuts(rng, blocks=4, size=9, rounds=6)
        signed = rng.random(9) < (trial % 3) / 2
        center = np.where(signed, np.abs(rng.normal(size=9)), rng.normal(size=9))
        program = Proximal(center, rng.normal(size=9), float(rng.uniform(0.01, 2.0)), signed)
        effort = Effort(0.1, 1e-9, 12)
        fast = best_step(program, cuts, -1e9, effort)
        with monkeypatch.context() as plain:
            plain.setattr(compiled, "is_available", lambda: False)
            slow = best_step(program, cuts, -1e9, effort)
        assert fast.prices.tolist() == slow.prices.tolist()
        assert fast.cuts.weights.tolist() == slow.cuts.weights.tolist()
        assert (fast.value, fast.slack) == (slow.value, slow.slack)
        assert fast.cuts.weights.tolist() != cuts.weights.tolist()
        assert fast.residual.tolist() == (fast.cuts.mean(9) - program.rhs).tolist()  # no drift


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
    with pytest.raises(ValueError, match="a sweep asks each"):  # answers that nobody asked for
        solver.tell(problem, state, answers)


@pytest.mark.parametrize("rounded", [True, False])
def test_with_whole_objectives_it_can_stop_once_the_rounded_bound_cannot_rise(rounded):
    """Costs of the menu are whole, the best dual value is 1.75: no feasible point costs less than 2."""
    problem = replace(MENU.problem(), integral=True)
    solver = LevelBundle(tolerance=1e-9, accuracy=1e-3, sweeps=500, rounded=rounded)
    run = solve(problem, solver, stop=StepLimit(100))
    memory, gaps = run.state.memory, run.trace.column("dual_residual")
    assert run.status is Status.COMPLETE and run.lower_bound == 2
    assert (max(gaps[-1], 1.75 - memory.value) > 1e-7) == rounded
    assert memory.value + gaps[-1] <= 2 or not rounded
    if rounded:  # and not a step later than it could
        before = solve(problem, solver, stop=StepLimit(len(gaps) - 1)).state
        assert before.memory.value + gaps[-2] > before.best.lower_bound


def test_it_goes_on_where_objectives_are_not_whole():
    solver = LevelBundle(tolerance=1e-9, accuracy=1e-3, sweeps=500, rounded=True)
    run = solve(MENU.problem(), solver, stop=StepLimit(100))
    assert run.lower_bound == pytest.approx(1.75, abs=1e-7)
