"""The Lagrangian branch-and-bound of assignments: brute force, HiGHS, rationals, two nodes by hand."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange import compiled
from problems.assignment_data import AssignmentData, generate
from problems.assignment_exact import ExactAssignment
from problems.assignment_fixing import UNIT, fixed, forced, in_units
from problems.assignment_inquiry import _question, _sweep, _tree
from problems.assignment_repair import loads, total_cost
from problems.assignment_search import Effort, cheapest

pytestmark = pytest.mark.skipif(not compiled.is_available(), reason="needs numba (extra fast)")
SHORT = Effort(root=2, steps=2)  # so that there is something to branch


def drawn(seed):
    """Types C–E, and wild ones: ties, weights of 0, agents without capacity, negative costs."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    if seed % 4 < 3:
        return generate("CDE"[seed % 4], m, n, seed)
    weight = rng.integers(0, 6, (m, n))
    capacity = rng.integers(0, max(1, weight.sum() // m), m) * (rng.random(m) < 0.8)
    spread = int(rng.choice([2, 30, 10**7]))
    return AssignmentData(rng.integers(-spread, spread, (m, n)), weight, capacity)


def points(data):
    m, n = data.cost.shape
    agents = map(np.array, itertools.product(range(m), repeat=n))
    feasible = [a for a in agents if (loads(data, a) <= data.capacity).all()]
    return sorted((total_cost(data, a), tuple(a.tolist())) for a in feasible)


def ends(data):
    return int(data.cost.min(axis=0).sum()), int(data.cost.max(axis=0).sum()) + 1


def test_brute_force():
    seen = {"none": 0, "branched": 0, "found": 0}
    for seed in range(400):
        data = drawn(seed)
        known, (low, high) = points(data), ends(data)
        rng = np.random.default_rng(seed)
        prices = rng.normal(0, 20, data.cost.shape[1]) - data.cost.mean(axis=0)
        found = cheapest(data, prices, low, high, SHORT)
        assert found.solved, seed
        seen["branched"] += found.nodes > 20
        if not known:
            assert found.agent is None and found.lower_bound >= high, seed
            seen["none"] += 1
            continue
        assert found.lower_bound == known[0][0] == total_cost(data, found.agent), seed
        assert found.agent.tolist() in [list(a) for _, a in known], seed
        seen["found"] += 1
        again = cheapest(data, prices, low, known[0][0], SHORT)
        assert again.agent is None and again.solved and again.lower_bound >= known[0][0]
    assert min(seen.values()) > 40, seen


@pytest.mark.parametrize("kind, m, n", [("C", 4, 24), ("D", 3, 16), ("E", 3, 20), ("E", 4, 20)])
def test_highs(kind, m, n):
    from tests.worlds.milp import optimum

    for seed in range(3):
        data = generate(kind, m, n, seed)
        found = cheapest(data, -np.median(data.cost, axis=0), *ends(data))
        assert found.lower_bound == optimum(data, "min") == total_cost(data, found.agent)
        assert (loads(data, found.agent) <= data.capacity).all()


def test_questions_jump_to_what_a_refutation_says():
    """Costs are multiples of 10^6, and no two jobs fit: one question a cost would never end."""
    cost = np.arange(1, 7).reshape(2, 3) * 10**6
    room = AssignmentData(cost, np.full((2, 3), 2), np.array([4, 2]))
    found = cheapest(room, np.zeros(3), *ends(room), SHORT)
    assert found.lower_bound == points(room)[0][0] and found.sweeps < 200
    none = AssignmentData(cost, np.full((2, 3), 2), np.array([3, 3]))
    assert cheapest(none, np.zeros(3), *ends(none), SHORT)[:3] == (None, math.inf, True)


def asked(data, target, marks, prices):
    """What the compiled loops need for one node with all pairs."""
    from problems import assignment_search_loops as loops
    from problems.assignment_search_sweep import NOWHERE

    counts = np.array([0, 0, 0, NOWHERE, 1])
    ask = _question(data, target, marks)
    return loops, ask, _sweep(data, ask.job.shape), counts


@pytest.mark.parametrize("seed", range(60))
def test_a_sweep_is_that_of_the_rationals(seed):
    """q(λ) by the exact twin, forced values by ``forced``, marks in or out."""
    from problems import assignment_search_sweep as sweeps

    data, rng = drawn(seed), np.random.default_rng(seed)
    m, n = data.cost.shape
    prices = in_units(data, rng.normal(0, 20, n) - data.cost.mean(axis=0))
    marks = np.zeros((m, n), dtype=np.int8)
    _, ask, sweep, _ = asked(data, 0, marks, prices)
    value = sweeps.dual_value(ask, marks, prices, sweep)
    rational = {"assign": [Fraction(int(p), 2**UNIT) for p in prices]}
    assert Fraction(int(value), 2**UNIT) == ExactAssignment(data).dual_value(rational)
    assert (marks == sweeps.OUT).tolist() == (data.weight > data.capacity[:, None]).tolist()
    marks = rng.choice(np.array([0, 0, 1, 2], dtype=np.int8), (m, n))
    value, left = sweeps.dual_value(ask, given := marks.copy(), prices, sweep), -int(prices.sum())
    for i in range(m):
        cost = (data.cost[i] << UNIT) + prices
        room = int(data.capacity[i] - data.weight[i] @ (marks[i] == 2))
        if room < 0:
            assert value == sweeps.NOWHERE
            return
        expected = forced(cost, data.weight[i], room, marks[i] == 0)
        left += expected.least + int(cost @ (marks[i] == 2))
        for j in np.flatnonzero(given[i] == 0):
            assert sweep.without[i, j] == expected.without[j] - expected.least
            assert sweep.with_it[i, j] == expected.with_it[j] - expected.least
        x = sweep.taken[i]
        assert (x[marks[i] == 2]).all() and not x[marks[i] == 1].any()
        assert data.weight[i] @ x <= data.capacity[i]
        assert cost @ x == expected.least + cost @ (marks[i] == 2)
    assert value == left


@pytest.mark.parametrize("seed", range(60))
def test_marks_lose_no_point_and_are_stronger_than_those_of_one_knapsack(seed):
    data, rng = drawn(seed), np.random.default_rng(seed)
    m, n = data.cost.shape
    known = points(data)
    real = rng.normal(0, 20, n) - data.cost.mean(axis=0)
    prices = in_units(data, real)
    for target in [cost + d for cost, _ in known[:3] for d in (-1, 0)]:
        marks = np.zeros((m, n), dtype=np.int8)
        loops, ask, sweep, counts = asked(data, target, marks, prices)
        from problems.assignment_search_sweep import dual_value

        value = dual_value(ask, marks, prices, sweep)
        changed = loops.tighten(ask, marks, sweep, value, n, counts)
        within = [a for cost, a in known if cost <= target]
        assert changed >= 0 or not within
        if value > target << UNIT or changed < 0:
            assert not (value > target << UNIT) or not within
            continue
        single = fixed(data, real, target)
        assert (marks[single.zero & ~single.one] == loops.OUT).all()
        for agent in within:
            x = np.arange(m)[:, None] == np.array(agent)
            assert (marks[x] != loops.OUT).all() and (marks[~x] != loops.IN).all()


def test_two_nodes_by_hand():
    """Two agents with room for two of three jobs each; all in whole costs, no move of λ (steps 1)."""
    data = AssignmentData(
        np.array([[1, 2, 3], [2, 4, 9]]), np.ones((2, 3), dtype=np.int64), np.array([2, 2])
    )
    prices = in_units(data, np.array([-3.0, -5.0, -8.0]))
    marks = np.zeros((2, 3), dtype=np.int8)
    loops, ask, sweep, counts = asked(data, 8, marks, prices)
    tree = _tree(ask.job, marks, prices)
    # agent 0: costs (−2, −3, −5), takes 1, 2; agent 1: (−1, −1, 1), takes 0, 1
    # z = −8 and −2; q = −10 + 16 = 6. Rises: agent 0 without (0, 2: takes 0 instead of 1 → 1, 3),
    # with job 0: 1; agent 1 without (1, 1, 0), with job 2: −1 + 1 + 2 = 2.
    # Pairs: job 0: 1 + 1 and 0; job 1: 1 on agent 0 (1 lost by agent 1) and 1 on agent 1;
    # job 2: 0, and 2 + 3 = 5 > 8 − 6: OUT. So job 2 is IN for agent 0. Then again at the same λ:
    # agent 0 has one place left. Job 1 is the one whose cheapest pair is dearest (1): it branches,
    # places tie, the later agent was put in front of none: agent 0 comes first in the row.
    assert loops.search(ask, tree, sweep, counts, 1, 1) == loops.RUNNING
    assert tree.marks[0].tolist() == [[0, 0, loops.IN], [0, 0, loops.OUT]]
    assert tree.prices[0].tolist() == prices.tolist()
    assert counts[loops.BEYOND] == 11 << UNIT and counts[loops.NODES] == 1
    assert (sweep.with_it[:, :2] >> UNIT).tolist() == [[2, 1], [0, 1]]
    assert tree.left[0] == 2 and (tree.pairs[0, :2, 0] == [0, 1]).all()
    assert (ask.job[tree.pairs[0, :2, 0], tree.pairs[0, :2, 1]] == 1).all()
    # the second node: job 1 to agent 1. Agent 0: jobs 0 and 2 taken, −7; agent 1: 0 and 1, −2;
    # q = 7. Job 0: agent 0 costs 1 (agent 1 loses it), agent 1 costs 2 (agent 0 loses it): 9 > 8.
    # OUT, so job 0 is IN for agent 0; then q = 1 + 4 + 3 = 8: a point
    assert loops.search(ask, tree, sweep, counts, 1, 10) == loops.FOUND
    assert tree.marks[1].tolist() == [[loops.IN, 1, loops.IN], [1, loops.IN, 1]]
    assert sweep.taken.tolist() == [[True, False, True], [False, True, False]]


def test_an_end_before_the_end():
    data = generate("E", 4, 40, 1)
    low, high = ends(data)
    prices = -np.median(data.cost, axis=0)
    whole = cheapest(data, prices, low, high)
    assert whole.solved and whole.sweeps > 5000
    stopped = cheapest(data, prices, low, high, Effort(sweeps=2000))
    assert stopped == cheapest(data, prices, low, high, Effort(sweeps=2000))
    assert not stopped.solved and stopped.sweeps < 3000
    assert low < stopped.lower_bound < whole.lower_bound
    at_once = cheapest(data, prices, low, high, Effort(seconds=1e-9))
    assert not at_once.solved and at_once.agent is None
    assert at_once.lower_bound <= whole.lower_bound


def test_multipliers_stay_within_what_sums_hold():
    data = AssignmentData(
        np.array([[2**30, -(2**30)], [5, 2**29]]), np.ones((2, 2), int), np.ones(2, int)
    )
    known = points(data)
    for prices in (np.zeros(2), np.array([2.0**34, -(2.0**34)])):
        found = cheapest(data, prices, *ends(data))
        assert found.lower_bound == known[0][0]
