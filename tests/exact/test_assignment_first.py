"""Where the search around the best assignment begins: shifts and swaps at rising prices of overload."""

import numpy as np
import pytest

from lagrange import StepLimit, solve
from lagrange.problem import Feasible
from lagrange.recovery.recovering import Seen
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Best
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_first import first_points
from problems.assignment_neighborhoods import SETTLING, Neighborhoods
from problems.assignment_prices import prices_at
from problems.assignment_repair import loads, settled, total_cost


def two_agents():
    """Agent 0 has four units too many. Job 0 would take all four away and costs 10 more at agent 1,
    jobs 1 and 2 two units each and 1 more; job 3 stays.
    """
    cost = np.array([[0, 0, 0, 0], [10, 1, 1, 50]])
    weight = np.array([[4, 2, 2, 6], [4, 2, 2, 6]])
    return AssignmentData(cost, weight, np.array([10, 5]))


def test_what_is_cheap_to_move_goes_first():
    data, all_at_0 = two_agents(), np.zeros(4, dtype=int)
    assert settled(data, all_at_0, ()).tolist() == [1, 0, 0, 0]  # what helps most, at once
    assert settled(data, all_at_0, [0.6, 3.0]).tolist() == [0, 1, 1, 0]  # 1 < 0.6·2 < 0.6·4 < 10
    assert settled(data, all_at_0, [0.4]).tolist() == [1, 0, 0, 0]  # 0.4·2 < 1: nothing moves
    assert all_at_0.tolist() == [0, 0, 0, 0]  # the caller's own


def test_what_is_not_overloaded_is_bettered_all_the_same():
    data = two_agents()
    assert settled(data, np.array([0, 1, 1, 0]), [5.0]).tolist() == [0, 1, 1, 0]
    roomy = AssignmentData(data.cost, data.weight, np.array([14, 14]))
    assert settled(roomy, np.array([1, 1, 1, 1]), ()).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("prices", [(), (0.5, 1.0, 2.0, 1e300)])
@pytest.mark.parametrize("seed", range(10))
def test_settled_points_keep_the_capacities(seed, prices):
    data = generate("CDE"[seed % 3], 5, 40, seed)
    start = np.random.default_rng(seed).integers(0, 5, 40)
    found = settled(data, start, prices)
    assert found is not None
    assert (loads(data, found) <= data.capacity).all()


def test_no_point_is_none():
    data = AssignmentData(np.zeros((2, 3), int), np.full((2, 3), 4), np.array([4, 4]))
    assert settled(data, np.zeros(3, dtype=int), [1.0]) is None


def test_costs_as_large_as_the_data_may_have_them():
    data = two_agents()
    large = AssignmentData(data.cost * 2**50, data.weight, data.capacity)
    found = settled(large, np.zeros(4, dtype=int), [0.6 * 2**50, 1e300])
    assert found.tolist() == [0, 1, 1, 0]


def begun(kind, agents, jobs, steps=30):
    data = generate(kind, agents, jobs, 0)
    problem = build(data)
    solution = solve(problem, LevelBundle(), stop=StepLimit(steps))
    return data, problem, solution


def test_the_walk_begins_at_the_feasible_point_where_prices_rule_pairs_out():
    data, _, solution = begun("E", 10, 100)
    prices = prices_at(data, solution.multipliers, None)
    agent, feasible = first_points(data, prices, solution.lower_bound)
    assert agent is feasible
    assert (loads(data, agent) <= data.capacity).all()
    regret = prices.reduced - prices.reduced.min(axis=0)
    assert regret.max() > total_cost(data, agent) - solution.lower_bound


def test_the_walk_goes_its_own_way_where_they_rule_out_none_until_it_is_ahead():
    data, problem, solution = begun("D", 20, 200)
    plug, best = Neighborhoods(data), Best().with_lower(solution.lower_bound, solution.multipliers)
    found, memory = plug.look(problem, Seen(solution.multipliers, (), (), best), plug.init(problem))
    assert memory.apart
    assert (loads(data, memory.agent) > data.capacity).any()
    assert (loads(data, found.point) <= data.capacity).all()
    best = best.with_feasible(found)
    for _ in range(150):
        own, memory = plug.look(problem, Seen(solution.multipliers, (), (), best), memory)
        best = best.with_feasible(own)
        if not memory.apart:
            break
        assert not np.array_equal(memory.agent, found.point)
    assert not memory.apart
    assert best.upper_bound < found.cost


def test_a_walk_that_stays_overloaded_gives_up():
    data, problem, solution = begun("D", 20, 200)
    plug, best = Neighborhoods(data), Best().with_lower(solution.lower_bound, solution.multipliers)
    found, memory = plug.look(problem, Seen(solution.multipliers, (), (), best), plug.init(problem))
    seen = Seen(solution.multipliers, (), (), best.with_feasible(found))
    _, goes_on = plug.look(problem, seen, memory._replace(turn=SETTLING - 1))
    _, gives_up = plug.look(problem, seen, memory._replace(turn=SETTLING))
    assert goes_on.apart
    assert not gives_up.apart
    assert (loads(data, gives_up.agent) <= data.capacity).all()


def test_a_better_point_is_taken_up_by_a_walk_that_is_not_apart():
    data, problem, solution = begun("E", 10, 100)
    plug = Neighborhoods(data)
    worse = settled(data, np.zeros(100, dtype=int), ())
    best = Best().with_feasible(Feasible(solution.point, solution.upper_bound))
    memory = plug.init(problem)._replace(agent=worse)
    assert total_cost(data, worse) > solution.upper_bound
    found, _ = plug.look(problem, Seen(solution.multipliers, (), (), best), memory)
    assert found.cost <= solution.upper_bound
