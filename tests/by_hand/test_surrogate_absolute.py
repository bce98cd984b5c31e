"""The exact penalty: its steps, its weight, and blocks that fold it into prices."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from lagrange import Problem, Quadratic, Response
from lagrange.oracles.folded import BinaryImages
from lagrange.oracles.knapsack import Knapsack
from lagrange.queries import Absolute
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute, violation
from lagrange.step_sizes import Constant
from tests.by_hand.drive import MENU, stacked, states
from tests.exact.finite import Finite

STEPS, FIRST, BETA, SIZE, EVERY = 30, 0.5, 1.3, 0.2, 7


@dataclass(frozen=True)
class Pulled:
    """A ``Finite`` block that answers ``Absolute`` by trying all choices."""

    inner: Finite

    def respond(self, price, query: Absolute | None, start) -> Response:
        if query is None:
            return self.inner.respond(price, None, start)
        values = []
        for k, cost in enumerate(self.inner.costs):
            value = float(cost)
            for row, array in self.inner.images.items():
                far = array[k] + query.offset[row]
                far = np.maximum(far, 0) if row in query.one_sided else np.abs(far)
                value += float(price[row] @ array[k]) + query.weight * float(far.sum())
            values.append(value)
        return self.inner.choice(int(np.argmin(values)))


def pulled() -> Problem:
    problem = MENU.problem()
    return Problem(tuple(Pulled(b) for b in problem.blocks), problem.rhs, problem.inequality)


def broken(g) -> float:
    return abs(g[0]) + abs(g[1]) + max(g[2], 0.0)


def by_hand():
    lam, x, turn, refused, c = np.zeros(3), None, 0, 0, FIRST
    for step in range(STEPS):
        if step % EVERY == 0:
            accepted = x is None
            x = [MENU.best(i, lam) for i in range(3)] if accepted else x
        else:
            options = [[*x[:turn], k, *x[turn + 1 :]] for k in range(len(MENU.costs[turn]))]
            new = options[int(np.argmin([penalized(o, lam, c) for o in options]))]
            accepted = penalized(new, lam, c) < penalized(x, lam, c) - 1e-12
            x, turn = new if accepted else x, (turn + 1) % 3
            refused = 0 if accepted else refused + 1
        g = MENU.totals(x)[1]
        if accepted:
            lam = lam + SIZE * g
            lam[2] = max(lam[2], 0.0)
        if refused == 3 or broken(g) == 0:
            c /= BETA
        elif accepted:
            c *= BETA
        refused = 0 if refused == 3 else refused
        yield lam, g, c, accepted


def penalized(x, lam, c) -> float:
    cost, g = MENU.totals(x)
    return cost + lam @ g + c * broken(g)


def test_steps_are_those_of_the_update():
    solver = SurrogateAbsolute(Constant(SIZE), FIRST, BETA, sweep_every=EVERY)
    kept = states(pulled(), solver, STEPS)
    outcomes = set()
    for state, (lam, g, c, accepted) in zip(kept[1:], by_hand(), strict=True):
        assert stacked(state.multipliers) == pytest.approx(lam, abs=1e-12)
        assert stacked(state.residual).tolist() == g.tolist()
        assert state.memory.weight == pytest.approx(c)
        assert state.record.accepted == accepted
        swept = (state.record.step - 1) % EVERY == 0
        assert np.isfinite(state.record.lower_bound) == swept
        outcomes.add(accepted)
    assert outcomes == {True, False}
    weights = np.diff([state.memory.weight for state in kept])
    assert weights.max() > 0 > weights.min()


def test_violation_counts_rows_by_their_sense():
    problem = MENU.problem()
    assert violation(problem, {"equal": np.array([1.0, -2.0]), "most": np.array([-5.0])}) == 3.0
    assert violation(problem, {"equal": np.array([0.0, 0.0]), "most": np.array([5.0])}) == 5.0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["two-sided", "one-sided", "quadratic"])
def test_folded_answers_are_minimizers(kind, seed):
    rng = np.random.default_rng(seed)
    cost, weight = rng.integers(-9, 10, 5).astype(float), rng.integers(0, 5, 5)
    block = BinaryImages(Knapsack(cost, weight, 6, "r"))
    price = {"r": rng.normal(size=5)}
    offset = {"r": 2 * rng.normal(size=5)}
    query: Quadratic | Absolute = Quadratic(1.7, offset)
    if kind != "quadratic":
        query = Absolute(3.1, offset, frozenset({"r"} if kind == "one-sided" else ()))

    def value(x):
        far = x + offset["r"]
        if isinstance(query, Quadratic):
            added = query.rho / 2 * far @ far
        else:
            added = query.weight * (np.maximum(far, 0) if query.one_sided else np.abs(far)).sum()
        return float((cost + price["r"]) @ x + added)

    answer = block.respond(price, query, None)
    options = [np.array(x, dtype=float) for x in itertools.product((0, 1), repeat=5)]
    least = min(value(x) for x in options if weight @ x <= 6)
    assert value(answer.image["r"]) == pytest.approx(least)
    assert answer.bound == -np.inf
    assert block.respond(price, None, None).bound > -np.inf
