"""Exchanges: chains of moves between feasible points."""

import itertools

import numpy as np
import pytest

from lagrange import StepLimit, solve
from lagrange.problem import Feasible
from lagrange.recovery.recovering import Seen
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Best
from problems import assignment_exchange as exchange
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_exchange import Exchanges, passing
from problems.assignment_prices import Prices, prices_at
from problems.assignment_recovery import recovering_bundle
from problems.assignment_repair import loads, total_cost

pytest.importorskip("numba", reason="exchanges need the extra fast")
from problems import assignment_exchange_loops as loops

PRICES = np.zeros(3)


def rotation(agents=3):
    """Job j costs 0 at the next agent, 1 at its own; jobs weigh one, agents hold one. The only better
    point is the rotation of all.
    """
    cost = np.full((agents, agents), 50)
    jobs = np.arange(agents)
    cost[jobs, jobs], cost[(jobs + 1) % agents, jobs] = 1, 0
    return AssignmentData(cost, np.ones_like(cost), np.ones(agents, dtype=int)), jobs


def seen(agent, data, prices):
    best = Best().with_feasible(Feasible(agent, float(total_cost(data, agent))))
    return Seen({"assign": prices}, (), (), best)


def walked(data, agent, prices, *, length, moves=10_000, turn=0):
    plug = Exchanges(data)
    memory = exchange._ordered(data, seen(agent, data, prices), plug.init(build(data)))
    new = agent.copy()
    plug._walk(new, memory._replace(length=length, moves=moves, turn=turn))
    return new


def worse_point(data):
    """Feasible: job after job where most room is left, in shares of the capacity."""
    room, agent = data.capacity.copy(), np.empty(data.cost.shape[1], dtype=int)
    for j in np.argsort(-data.weight.min(axis=0)):
        agent[j] = np.argmax((room - data.weight[:, j]) / data.capacity)
        room[agent[j]] -= data.weight[agent[j], j]
    return (
        agent if (room >= 0).all() else solve(build(data), LevelBundle(), stop=StepLimit(5)).point
    )


@pytest.mark.parametrize("agents", [2, 3, 4, 5])
def test_a_rotation_of_k_needs_chains_of_k_moves(agents):
    data, point = rotation(agents)
    prices = np.zeros(agents)
    shorter = walked(data, point, prices, length=agents - 1)
    assert shorter.tolist() == point.tolist()
    found = walked(data, point, prices, length=agents)
    assert found.tolist() == ((point + 1) % agents).tolist()
    assert total_cost(data, found) == 0


@pytest.mark.parametrize("kind", ["C", "D", "E"])
@pytest.mark.parametrize("length", [2, 4, 6])
def test_walks_stay_feasible_and_never_cost_more(kind, length):
    data = generate(kind, 5, 60, 1)
    prices = solve(build(data), LevelBundle(), stop=StepLimit(60)).multipliers["assign"]
    agent = worse_point(data)
    costs = [total_cost(data, agent)]
    for turn in range(5):
        agent = walked(data, agent, prices, length=length, turn=turn)
        assert (loads(data, agent) <= data.capacity).all()
        costs.append(total_cost(data, agent))
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


@pytest.mark.parametrize("seed", range(30))
def test_no_better_point_within_two_moves_that_pay_is_left(seed):
    """By brute force over all pairs of moves and the rule of the chains, told again."""
    rng = np.random.default_rng(seed)
    m, n = 3, 8
    weight = rng.integers(1, 9, (m, n))
    data = AssignmentData(rng.integers(0, 30, (m, n)), weight, rng.integers(14, 24, m))
    solution = solve(build(data), LevelBundle(), stop=StepLimit(40))
    if solution.point is None:
        return
    multipliers = solution.multipliers["assign"]
    agent = walked(data, solution.point, multipliers, length=2)
    prices = prices_at(data, {"assign": multipliers}, None)
    cost, moves = total_cost(data, agent), itertools.product(range(n), range(m))
    for (j, i), (k, h) in itertools.permutations(moves, 2):
        other = agent.copy()
        other[j], other[k] = i, h
        if j == k or (loads(data, other) > data.capacity).any() or total_cost(data, other) >= cost:
            continue
        assert not pays(data, prices, agent, (j, i), (k, h))


def pays(data, prices, agent, first, second):
    """Would a chain make these moves, the second because of the first?"""
    room, touched, gain = data.capacity - loads(data, agent), set(), 0.0
    for number, (j, to) in enumerate((first, second)):
        at = agent[j]
        if to == at:
            return False
        if number:
            worth = {i: (prices.capacity[i] + 1e-9) * room[i] for i in touched}
            over = [i for i in touched if room[i] < 0]
            if over and at != min(over, key=worth.__getitem__):
                return False
            if not over and to != max(worth, key=worth.__getitem__):
                return False
        before = data.capacity - loads(data, agent)
        gain += sum(prices.capacity[i] * before[i] for i in {at, to} - touched)
        gain -= prices.reduced[to, j] - prices.reduced[at, j]
        touched |= {at, to}
        room[at] += data.weight[at, j]
        room[to] -= data.weight[to, j]
        if gain < 1.0:
            return False
    return True


def test_the_books_are_right_after_every_chain():
    """Who has which jobs, where they stand, and nothing left of the chain."""
    data = generate("E", 6, 50, 2)
    agent = worse_point(data)
    prices = solve(build(data), LevelBundle(), stop=StepLimit(60)).multipliers["assign"]
    plug = Exchanges(data)
    memory = exchange._ordered(data, seen(agent, data, prices), plug.init(build(data)))
    _, capacity, reduced = memory.prices
    given = loops.Given(data.cost, data.weight, reduced, capacity, memory.near, memory.wanted)
    point = loops._point(given, agent, data.capacity - loads(data, agent))
    chain = loops.Chain(*(np.zeros(k, dtype=np.int64) for k in (4, 4)), *two(50, 6), three())
    kept = 0
    for j in [*range(50)] * 3:
        chain.size[1] = 2_000
        if loops._from(given, point, chain, j, 4, -(j % 2)):
            loops._keep(point, chain)
            kept += 1
        assert (point.room == data.capacity - loads(data, agent)).all()
        assert not chain.moved.any() and not chain.touched.any()
        assert (chain.size[0], chain.size[2]) == (0, 0)
        for i in range(6):
            own = point.jobs[i, : point.counts[i]]
            assert sorted(own) == np.flatnonzero(agent == i).tolist()
            assert point.place[own].tolist() == list(range(own.size))
    assert kept > 20


def two(jobs, agents):
    return np.zeros(jobs, dtype=bool), np.zeros(agents, dtype=np.int64)


def three():
    return np.zeros(3, dtype=np.int64)


def test_the_most_overloaded_agent_gives_away_before_any_room_is_filled():
    room = np.array([-1, 5, -3, 9])
    point = loops.Point(np.array([0, 1]), room, *(np.zeros((1, 1), int), room, room))
    chain = loops.Chain(np.array([0, 1]), np.array([2, 3]), *two(2, 4), np.array([2, 9, 2]))
    blank = np.zeros((1, 1))
    price = np.ones(4)
    given = loops.Given(
        blank.astype(int), blank.astype(int), blank, price, *[blank.astype(int)] * 2
    )
    assert loops._turn(given, point, chain) == (2, True)
    room[:] = 1, 5, 3, 9
    assert loops._turn(given, point, chain) == (3, False)
    room[:] = 0
    assert loops._turn(given, point, chain) == (-1, False)


@pytest.fixture
def everywhere(monkeypatch):
    """Walks on small instances too, where most first moves pass."""
    monkeypatch.setattr(exchange, "BLIND", 1.0)


@pytest.mark.usefixtures("everywhere")
def test_the_same_seed_gives_the_same_walk_and_other_points_are_taken_up():
    data = generate("E", 5, 60, 0)
    solution = solve(build(data), LevelBundle(), stop=StepLimit(60))
    plug, problem = Exchanges(data, seed=3), build(data)
    given = worse_point(data)
    look, before = seen(given, data, solution.multipliers["assign"]), given.copy()
    results = [plug.look(problem, look, plug.init(problem)) for _ in range(2)]
    assert given.tolist() == before.tolist()  # the caller's own point
    assert results[0][0].point.tolist() == results[1][0].point.tolist()
    found, memory = results[0]
    assert found.cost == total_cost(data, found.point)
    better = found.point
    for _ in range(30):
        found, memory = plug.look(problem, look, memory)
    again = look._replace(best=Best().with_feasible(found))
    _, fresh = plug.look(problem, again, plug.init(problem)._replace(agent=better))
    assert total_cost(data, fresh.agent) <= found.cost  # not from its own, dearer point


@pytest.mark.usefixtures("everywhere")
def test_chains_get_longer_while_they_bring_nothing_and_moves_fewer():
    data, point = rotation(2)
    plug, problem = Exchanges(data, longest=5), build(data)
    memory, lengths, moves = plug.init(problem), [], []
    optimum = 1 - point
    for _ in range(6):
        lengths.append(memory.length)
        moves.append(memory.moves)
        _, memory = plug.look(problem, seen(optimum, data, np.zeros(2)), memory)
    assert lengths == [2, 3, 4, 5, 4, 5]
    assert set(moves) == {exchange.LEAST}
    _, memory = plug.look(problem, seen(point, data, np.zeros(2)), plug.init(problem))
    assert (memory.length, memory.moves) == (2, exchange.LEAST * exchange.GROWTH)


def test_nothing_is_done_without_a_point_or_where_most_first_moves_would_pass():
    data = generate("D", 5, 60, 0)
    solution = solve(build(data), LevelBundle(), stop=StepLimit(60))
    plug, problem = Exchanges(data), build(data)
    nothing = Seen(solution.multipliers, (), (), Best())
    assert plug.look(problem, nothing, plug.init(problem))[0] is None
    look = seen(solution.point, data, solution.multipliers["assign"])
    found, memory = plug.look(problem, look, plug.init(problem))
    assert found is None and memory.agent is None
    assert passing(data, memory, solution.point) > exchange.BLIND


def test_first_moves_that_pass_are_counted_by_hand():
    data, point = rotation()
    memory = Exchanges(data).init(build(data))
    assert passing(data, memory, point) == 1.0  # nothing is known yet
    capacity = np.array([0.0, 0.0, 0.0])
    reduced = data.cost.astype(float)
    near = np.argsort(reduced, axis=0)[:2].T
    memory = memory._replace(prices=Prices(PRICES, capacity, reduced), near=near)
    assert passing(data, memory, point) == 1.0
    assert passing(data, memory, (point + 1) % 3) == 0.0
    reduced = reduced + np.array([[0, 0, 0.5], [0, 0, 0], [0, 0, 0]])  # job 2 gains a half only
    assert passing(data, memory._replace(prices=Prices(PRICES, capacity, reduced)), point) == 2 / 3


def test_exchanges_go_with_numba_only(monkeypatch):
    data = generate("C", 3, 12, 0)
    assert [type(plug).__name__ for plug in recovering_bundle(data).recoveries] == [
        "Restarts",
        "Exchanges",
        "Dives",
    ]
    monkeypatch.setattr("lagrange.compiled.is_available", lambda: False)
    assert len(recovering_bundle(data).recoveries) == 1
