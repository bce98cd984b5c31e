"""Small programs and the restricted program over a pool, against brute force."""

import itertools
import math

import highspy
import numpy as np
import pytest

from lagrange import Problem, Response
from lagrange.oracles.highs import Limits
from lagrange.oracles.sparse import SparseMatrix
from lagrange.problem import Feasible
from lagrange.recovery.pool import RestrictedProgram
from lagrange.recovery.programs import TREE_ALONE, Program, minimize
from lagrange.recovery.recovering import Seen
from lagrange.state import Best


def dense(matrix):
    row, column = np.nonzero(matrix)
    return SparseMatrix(row, column, matrix[row, column].astype(float), matrix.shape)


def binary(cost, matrix, lower, upper):
    n = len(cost)
    return Program(
        np.array(cost, float), dense(np.array(matrix)), np.array(lower, float),
        np.array(upper, float), np.ones(n), np.ones(n, dtype=bool),
    )  # fmt: skip


@pytest.mark.parametrize("tree_alone", (False, True))
@pytest.mark.parametrize("seed", range(8))
def test_programs_against_brute_force(seed, tree_alone):
    rng = np.random.default_rng(seed)
    n = 6
    program = binary(
        rng.integers(-9, 9, n), rng.integers(-3, 5, (3, n)), [-np.inf, 1, 2], [4, np.inf, 2]
    )
    matrix = np.zeros(program.rows.shape)
    matrix[program.rows.row, program.rows.column] = program.rows.value
    values = [
        program.cost @ x
        for x in map(np.array, itertools.product((0, 1), repeat=n))
        if (matrix @ x >= program.row_lower).all() and (matrix @ x <= program.row_upper).all()
    ]
    outcome = minimize(program, step=1.0, tree_alone=tree_alone)
    assert outcome.solved
    if not values:
        assert outcome.point is None
        return
    assert program.cost @ outcome.point == min(values)
    assert (outcome.point == np.rint(outcome.point)).all()
    assert outcome.bound <= min(values) + 1e-6


def test_heuristics_are_off_in_the_tree_alone_only(monkeypatch):
    accepted = []

    class Noted(highspy.Highs):
        def setOptionValue(self, name, value):
            status = super().setOptionValue(name, value)
            assert status == highspy.HighsStatus.kOk, (name, value)
            accepted.append(name)
            return status

    monkeypatch.setattr(highspy, "Highs", Noted)
    program = binary([-1, -2], [[1, 1]], [-np.inf], [1])
    for alone in (False, True):
        accepted.clear()
        assert minimize(program, tree_alone=alone).point.tolist() == [0, 1]
        assert set(TREE_ALONE) & set(accepted) == (set(TREE_ALONE) if alone else set())


def test_a_start_is_never_made_worse_and_limits_are_reported():
    rng = np.random.default_rng(3)
    n = 40
    weight = rng.integers(20, 90, (5, n))
    program = binary(-rng.integers(20, 90, n), weight, [-np.inf] * 5, weight.sum(axis=1) // 3)
    start = np.zeros(n)
    start[:3] = 1.0
    cut = minimize(program, start, limits=Limits(nodes=1), step=1.0)
    assert not cut.solved and cut.point is not None
    assert program.cost @ cut.point <= program.cost @ start
    assert cut.bound <= program.cost @ cut.point
    again = minimize(program, start, limits=Limits(nodes=1), step=1.0)
    assert (again.point == cut.point).all() and again.bound == cut.bound


def answer(image, cost):
    return Response({"r": np.array(image, float)}, float(cost), point=tuple(image))


class Silent:
    def respond(self, price, query, start):
        raise AssertionError("recovery asks no blocks")


def seen(heard):
    return Seen({"r": np.zeros(2)}, (), tuple(heard), Best())


def of(rhs, kind, **fields):
    rows = frozenset({"r"} if kind == "≤" else ())
    return Problem((Silent(), Silent()), {"r": np.array(rhs, float)}, rows, **fields)


POOLS = [
    [answer(x, c) for x, c in (((1, 0), 3), ((0, 1), 4), ((1, 1), 1), ((0, 0), 9))],
    [answer(x, c) for x, c in (((1, 1), 2), ((0, 2), 5), ((2, 0), 6), ((0, 0), 8))],
]


@pytest.mark.parametrize("rhs", list(itertools.product(range(4), repeat=2)))
@pytest.mark.parametrize("kind", ("=", "≤"))
def test_the_cheapest_fitting_answers(rhs, kind):
    """Either all rows hold, with the least cost there is, or nothing is claimed."""
    problem = of(rhs, kind)
    costs = []
    for a, b in itertools.product(*POOLS):
        total = a.image["r"] + b.image["r"]
        if (total == rhs).all() if kind == "=" else (total <= rhs).all():
            costs.append(a.cost + b.cost)
    plug = RestrictedProgram(penalty=100.0)
    heard = [(i, a) for i, pool in enumerate(POOLS) for a in pool]
    found, _ = plug.look(problem, seen(heard), plug.init(problem))
    assert (None if found is None else found.cost) == min(costs, default=None)


def test_the_pool_keeps_the_latest_different_answers_of_each_block():
    problem, plug = of((9, 9), "≤"), RestrictedProgram(columns=2)
    one, two, three = POOLS[0][:3]
    dearer = answer((1, 0), 7)  # the same image at a higher cost: of no use
    found, memory = plug.look(problem, seen([(0, one), (0, one), (0, dearer)]), plug.init(problem))
    assert found is None, "the second block has not answered yet"
    assert [len(columns) for columns in memory] == [1, 0]
    found, memory = plug.look(problem, seen([(0, two), (1, POOLS[1][0]), (0, three)]), memory)
    assert [c.answer.cost for c in memory[0]] == [two.cost, three.cost]
    assert found.cost == three.cost + POOLS[1][0].cost
    cheaper = answer((1, 1), 0)
    _, memory = plug.look(problem, seen([(0, cheaper)]), memory)
    assert [c.answer.cost for c in memory[0]] == [three.cost, 0.0]


def test_what_does_not_fit_goes_to_the_repair():
    got = []

    def repair(responses):
        got.append(sum(r.image["r"] for r in responses))
        return Feasible("repaired", 77.0)

    problem = of((5, 5), "=")
    plug = RestrictedProgram(penalty=100.0, repair=repair)
    heard = [(i, a) for i, pool in enumerate(POOLS) for a in pool]
    found, _ = plug.look(problem, seen(heard), plug.init(problem))
    assert found == Feasible("repaired", 77.0)
    (total,) = got
    # the least violation there is, at a penalty that outweighs all costs
    least = min(abs(a.image["r"] + b.image["r"] - 5).sum() for a, b in itertools.product(*POOLS))
    assert abs(total - 5).sum() == least
    own, _ = RestrictedProgram().look(of((5, 5), "=", recover=repair), seen(heard), ((), ()))
    assert own == Feasible("repaired", 77.0)
    assert math.isfinite(own.cost)
