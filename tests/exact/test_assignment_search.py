"""Fixing, moves, neighborhoods and proofs of the assignment family, against brute force."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange import StepLimit, solve
from lagrange.oracles.highs import Limits
from lagrange.problem import Feasible
from lagrange.recovery.programs import minimize
from lagrange.recovery.recovering import Seen
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Best
from problems import assignment_moves as moves
from problems import assignment_neighborhoods as neighborhoods
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_exact import ExactAssignment
from problems.assignment_fixing import LARGEST, fixed, forced
from problems.assignment_neighborhoods import Kind, Neighborhoods, overload_price
from problems.assignment_prices import Prices, break_prices
from problems.assignment_programs import DRIFT
from problems.assignment_proof import no_better
from problems.assignment_repair import loads, total_cost


def tiny(seed, m=3, n=5):
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 9, (m, n))
    capacity = rng.integers(weight.sum() // m // 3, weight.sum() // m, m)
    return AssignmentData(rng.integers(-5, 20, (m, n)), weight, capacity)


def points(data):
    """All feasible points with their costs."""
    m, n = data.cost.shape
    found = []
    for agents in itertools.product(range(m), repeat=n):
        agent = np.array(agents)
        if (loads(data, agent) <= data.capacity).all():
            found.append((total_cost(data, agent), agent))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_forced_values_of_a_knapsack(seed):
    rng = np.random.default_rng(seed)
    n, capacity = int(rng.integers(1, 8)), int(rng.integers(0, 12))
    cost, weight, allowed = rng.integers(-20, 8, n), rng.integers(0, 6, n), rng.random(n) < 0.8
    values = forced(cost, weight, capacity, allowed)
    choices = [
        x
        for x in map(np.array, itertools.product((0, 1), repeat=n))
        if weight @ x <= capacity and (allowed | (x == 0)).all()
    ]
    assert values.least == min(cost @ x for x in choices)
    for j in range(n):
        assert values.without[j] == min(cost @ x for x in choices if not x[j])
        taken = [cost @ x for x in choices if x[j]]
        assert values.with_it[j] == min(taken, default=LARGEST)


@pytest.mark.parametrize("seed", range(25))
def test_no_point_within_the_target_is_lost(seed):
    data = tiny(seed)
    known = points(data)
    if not known:
        return
    best = min(cost for cost, _ in known)
    prices = solve(build(data), LevelBundle(), stop=StepLimit(30)).multipliers["assign"]
    exact = ExactAssignment(data)
    for target in (best - 1, best, best + 3):
        fixing = fixed(data, prices, target)
        rounded = [Fraction(round(Fraction(p) * 2**20), 2**20) for p in prices.tolist()]
        assert fixing.bound == exact.dual_value({"assign": rounded})
        for cost, agent in known:
            if cost <= target:
                x = np.arange(3)[:, None] == agent
                assert not (x & fixing.zero).any() and not (~x & fixing.one).any()
        if no_better(fixing):
            assert target < best


def test_fixing_fixes_what_its_bound_says_and_no_more():
    """Two agents without capacity limits that bind: q(λ) and forced values by hand."""
    data = AssignmentData(np.array([[1, 5], [4, 2]]), np.ones((2, 2), int), np.array([2, 2]))
    prices = np.array([-3.0, -4.0])
    # agent 0: costs (-2, 1), agent 1: (1, -2); z = -2, -2; q = -4 + 7 = 3 = the optimum
    fixing = fixed(data, prices, 4)
    assert fixing.bound == 3
    # forced: x00=0 gives 5, x01=1 gives 4, x10=1 gives 4, x11=0 gives 5
    assert (fixing.one == [[True, False], [False, True]]).all()
    assert not fixing.zero.any()
    assert (fixed(data, prices, 3).zero == [[False, True], [True, False]]).all()
    assert no_better(fixed(data, prices, 2))
    only = fixed(data, prices, 9, np.array([[True, False], [True, True]]))
    assert (only.zero == [[False, True], [False, False]]).all()


@pytest.mark.parametrize("seed", range(25))
def test_moves_are_the_best_of_their_kind(seed):
    data = tiny(seed, n=6)
    known = {tuple(agent): cost for cost, agent in points(data)}
    if not known:
        return
    agents = sorted(known)
    agent = np.array(agents[seed % len(agents)])
    here = known[tuple(agent)]

    def differing(*jobs):
        return [
            (cost - here, other)
            for other, cost in known.items()
            if tuple(np.flatnonzero(np.array(other) != agent)) == jobs
        ]

    shifts = [change for j in range(6) for change, _ in differing(j)]
    pairs = [(j, k) for j, k in itertools.combinations(range(6), 2)]
    swaps, ejections = [], []
    for j, k in pairs:
        for change, other in differing(j, k):
            if other[j] == agent[k] and other[k] == agent[j]:
                swaps.append(change)
            # k leaves what j enters, for an agent that neither had; or the other way round
            enters = other[j] == agent[k] and other[k] != agent[j]
            enters = enters or (other[k] == agent[j] and other[j] != agent[k])
            if enters and has_room(data, agent, other, (j, k)):
                ejections.append(change)
    for found, all_changes in (
        (moves.shift(data, agent), shifts),
        (moves.swap(data, agent), swaps),
        (moves.ejection(data, agent), ejections),
    ):
        if not all_changes:
            assert found.change > 2**50
            continue
        assert found.change == min(all_changes)
        after = agent.copy()
        after[list(found.jobs)] = found.agents
        assert known[tuple(after)] == here + found.change


def has_room(data, agent, other, jobs):
    """Ejected jobs go where there was room before anything moved."""
    j, k = jobs
    ejected = k if other[j] == agent[k] else j
    to = other[ejected]
    return loads(data, agent)[to] + data.weight[to, ejected] <= data.capacity[to]


def test_local_search_ends_where_no_move_helps_and_stays_feasible():
    data = generate("C", 4, 20, 3)
    first = solve(build(data), LevelBundle(), stop=StepLimit(5)).point
    assert first is not None
    better = moves.improved(data, first, 200)
    assert (loads(data, better) <= data.capacity).all()
    assert total_cost(data, better) <= total_cost(data, first)
    assert moves.improved(data, better, 1).tolist() == better.tolist()
    plug, seen = moves.LocalSearch(data, moves=1), Seen({}, (), (), Best())
    assert plug.look(build(data), seen, None) == (None, None)
    worse = Feasible(first, float(total_cost(data, first)))
    found, _ = plug.look(build(data), seen._replace(best=Best().with_feasible(worse)), None)
    assert found.cost == total_cost(data, found.point) <= worse.cost


@pytest.mark.parametrize("seed", range(12))
def test_break_prices(seed):
    """μ_i is optimal for the linear relaxation of the knapsack: min μ C + Σ max(0, p − μ w)."""
    data = tiny(seed)
    prices = -np.random.default_rng(seed).uniform(0, 25, 5)
    for i, mu in enumerate(break_prices(data, prices)):
        profit, weight = -(data.cost[i] + prices), data.weight[i]

        def value(u, profit=profit, weight=weight, room=data.capacity[i]):
            return u * room + np.maximum(profit - u * weight, 0).sum()

        corners = [0.0, *np.maximum(profit / weight, 0)]
        assert value(mu) <= min(map(value, corners)) + 1e-9


@pytest.mark.parametrize("seed", range(15))
def test_turns_never_make_a_point_worse_and_find_the_optimum(seed):
    data, first = tiny(seed, n=6), None
    known = [cost for cost, _ in points(data)]
    prices = solve(build(data), LevelBundle(), stop=StepLimit(30)).multipliers
    plug = Neighborhoods(data, limits=Limits(nodes=50))
    memory, problem = plug.init(build(data)), build(data)
    seen, costs = Seen(prices, (), (), Best()), []
    for _ in range(12):
        begins = memory.agent is None
        found, memory = plug.look(problem, seen, memory)
        over = np.maximum(loads(data, memory.agent) - data.capacity, 0)
        assert first is None or (over <= first).all()
        first = over
        if begins and memory.apart:  # another point than the one that is gone on from
            assert found is not None
            continue
        assert (found is None) == bool(over.any())
        if found is not None:
            assert found.cost == total_cost(data, found.point)
            costs.append(found.cost)
    assert costs == sorted(costs, reverse=True)
    assert min(costs, default=None) == min(known, default=None)


def test_a_better_point_of_others_is_taken_up():
    data = generate("C", 3, 15, 0)
    problem = build(data)
    solution = solve(problem, LevelBundle(), stop=StepLimit(40))
    plug = Neighborhoods(data)
    best = Best().with_feasible(Feasible(solution.point, solution.upper_bound))
    worse = plug.init(problem)._replace(agent=np.zeros(15, dtype=int))
    found, _ = plug.look(problem, Seen(solution.multipliers, (), (), best), worse)
    assert found.cost <= solution.upper_bound


def test_long_runs_have_a_price_of_overload_too():
    data = tiny(0)
    zero = np.zeros(data.cost.shape)
    prices = Prices(zero[0], zero[:, 0], zero)
    first, later = (overload_price(data, prices, turn) for turn in (0, 100_000))
    assert 0 < first < later < math.inf


def test_programs_have_few_nodes_while_an_agent_is_overloaded_and_more_after_turns_in_vain(
    monkeypatch,
):
    data = generate("D", 20, 200, 0)
    problem, plug, nodes = build(data), Neighborhoods(data), {True: set(), False: set()}
    prices = solve(problem, LevelBundle(), stop=StepLimit(30)).multipliers

    def noted(program, start, *, limits, step, tree_alone):
        assert tree_alone
        overloaded = not program.integer.all()  # overload is the part that is not whole
        nodes[overloaded].add(limits.nodes)
        drifts = bool((program.cost % 1.0).any())
        assert overloaded or drifts == (limits.nodes > 60)  # after a turn in vain
        assert step == (0.0 if overloaded else 1.0 - DRIFT if drifts else 1.0)
        return minimize(program, start, limits=limits, step=step, tree_alone=True)

    monkeypatch.setattr(neighborhoods, "minimize", noted)
    memory, seen = plug.init(problem), Seen(prices, (), (), Best())
    for _ in range(60):
        _, memory = plug.look(problem, seen, memory)
    assert nodes == {True: {10}, False: {60, 120, 240, 480}}


def test_programs_begin_small_again_once_nobody_is_overloaded():
    data = generate("D", 20, 200, 0)
    problem, plug = build(data), Neighborhoods(data)
    prices = solve(problem, LevelBundle(), stop=StepLimit(30)).multipliers
    memory, seen, settled = plug.init(problem), Seen(prices, (), (), Best()), []
    first = memory.kinds[0].pairs
    assert first == 2 * math.sqrt(200)
    for _ in range(60):
        before, (_, memory) = memory, plug.look(problem, seen, memory)
        over = (loads(data, memory.agent) > data.capacity).any()
        if not settled and not over and before.agent is not None:
            assert memory.kinds == (Kind(first),) * len(memory.kinds)
        settled += [] if over else [True]
    assert 0 < len(settled) < 60
