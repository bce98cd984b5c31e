"""Penalty method and multipliers by alternation: by hand, beside ADMM, and in the limit."""

import numpy as np
import pytest

from lagrange import ADMM, Problem, StepLimit, solve
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.set_block import SetBlock
from lagrange.sets import Box
from lagrange.solvers.alternating import Alternating
from lagrange.testing import solver_checks
from lagrange.testing.compare import difference
from tests.tolerances import EXACT

RNG = np.random.default_rng(6)
A, B = RNG.normal(size=(7, 4)), RNG.normal(size=7)
CLOSE = EXACT(size=50, scale=100)
BOX = Box(-0.1, 0.2)


def problem():
    sets = SetBlock.per_row({"x": BOX})
    return Problem((LeastSquares(A, B, "x"), sets), {"x": np.zeros(4)})


class Tripling:
    """ρ triples after every round."""

    def init(self):
        return 0.5, None

    def next(self, now, memory):
        return 3 * now.rho, memory


def by_hand(steps, rounds, rho, factor, order):
    """min ½‖A x − b‖² s.t. x = z ∈ box, by numpy."""
    x, z, y = np.zeros(4), np.zeros(4), np.zeros(4)
    used = rho
    for step in range(1, steps + 1):
        for i in order:
            if i == 0:
                x = np.linalg.solve(A.T @ A + rho * np.eye(4), A.T @ B - y + rho * z)
            else:
                z = np.clip(x + y / rho, -0.1, 0.2)
        if rounds and step % rounds == 0:
            y = y + rho * (x - z)
        used, rho = rho, rho * factor
    value = 0.5 * np.sum((A @ x - B) ** 2)
    return x, z, y, used, value


@pytest.mark.parametrize("order", ((0, 1), (1, 0)))
@pytest.mark.parametrize("rounds", (None, 1, 2))
@pytest.mark.parametrize("growing", (False, True))
def test_rounds_by_hand(rounds, order, growing):
    solver = Alternating(Tripling() if growing else 0.5, rounds, order)
    for steps in (1, 2, 3, 4):
        solution = solve(problem(), solver, stop=StepLimit(steps))
        x, z, y, rho, value = by_hand(steps, rounds, 0.5, 3 if growing else 1, order)
        record = solution.state.record
        assert solution.responses[0].point == pytest.approx(x, abs=CLOSE)
        assert solution.responses[1].point["x"] == pytest.approx(z, abs=CLOSE)
        assert solution.multipliers["x"] == pytest.approx(y, abs=CLOSE)
        assert record.rho == rho
        assert record.cost == pytest.approx(value, abs=CLOSE)
        assert record.residual == pytest.approx(np.linalg.norm(x - z), abs=CLOSE)
        moved = rounds is not None and steps % rounds == 0
        assert record.movement == pytest.approx(rho * np.linalg.norm(x - z) * moved, abs=CLOSE)
        before = y - moved * rho * (x - z)
        lagrangian = value + before @ (x - z) + rho / 2 * np.sum((x - z) ** 2)
        assert record.lagrangian == pytest.approx(lagrangian, abs=CLOSE)


def test_one_round_is_admm():
    ours = solve(problem(), Alternating(0.7, rounds=1), stop=StepLimit(30))
    theirs = solve(problem(), ADMM(0.7), stop=StepLimit(30))
    assert ours.multipliers["x"] == pytest.approx(theirs.multipliers["x"], abs=CLOSE)
    for mine, other in zip(ours.trace, theirs.trace, strict=True):
        assert mine.residual == pytest.approx(other.residual, abs=CLOSE)
        if mine.step > 1:
            assert mine.dual_residual == pytest.approx(other.dual_residual, abs=CLOSE)


class Watching:
    """A rule that keeps what it is shown."""

    def __init__(self):
        self.seen = []

    def init(self):
        return 0.7, None

    def next(self, now, memory):
        self.seen.append(now)
        return now.rho, memory


def test_rules_see_what_they_see_in_admm():
    mine, other = Watching(), Watching()
    solve(problem(), Alternating(mine, rounds=1), stop=StepLimit(5))
    solve(problem(), ADMM(other), stop=StepLimit(5))
    for ours, theirs in zip(mine.seen[1:], other.seen[1:], strict=True):
        assert ours.residual == pytest.approx(theirs.residual, abs=CLOSE)
        assert ours.dual_residual == pytest.approx(theirs.dual_residual, abs=CLOSE)
        for name in ("effective", "multipliers", "first", "second"):
            a, b = getattr(ours, name)["x"], getattr(theirs, name)["x"]
            assert a == pytest.approx(b, abs=CLOSE)


def test_the_penalty_method_closes_the_gap_only_as_rho_grows():
    fixed = solve(problem(), Alternating(0.5), stop=StepLimit(200))
    assert fixed.state.record.residual > 0.1
    assert not fixed.multipliers["x"].any()
    growing = solve(problem(), Alternating(Tripling()), stop=StepLimit(20))
    assert growing.state.record.residual < 1e-6
    exact = solve(problem(), Alternating(0.5, rounds=4), stop=StepLimit(2000))
    assert exact.state.record.residual < 1e-9
    x = exact.responses[1].point["x"]
    slope = A.T @ (A @ x - B)  # optimal over a box: a projected gradient step goes nowhere
    assert np.clip(x - slope, -0.1, 0.2) == pytest.approx(x, abs=1e-7)


@pytest.mark.parametrize(
    "check", list(solver_checks(problem(), Alternating(0.5, rounds=2), 8)), ids=lambda c: c.name
)
def test_contract(check):
    check.run()


def test_a_start_is_gone_on_from():
    first = solve(problem(), Alternating(0.5, rounds=2), stop=StepLimit(4))
    rest = solve(problem(), Alternating(0.5, rounds=2), stop=StepLimit(8), start=first.state)
    whole = solve(problem(), Alternating(0.5, rounds=2), stop=StepLimit(8))
    assert difference(rest.multipliers, whole.multipliers) is None
