"""Questions put aside and taken up, and dives for better points: brute force, a search in one go."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lagrange import compiled, solve
from lagrange.problem import Feasible
from lagrange.recovery.recovering import Seen
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Best
from lagrange.stopping import StepLimit
from problems import assignment_dives as dives
from problems.assignment import build
from problems.assignment_data import AssignmentData, generate
from problems.assignment_dives import Dives
from problems.assignment_fixing import in_units
from problems.assignment_inquiry import Inquiry, possible
from problems.assignment_repair import loads, repair, total_cost
from problems.assignment_rests import MOST
from problems.assignment_search import cheapest

pytestmark = pytest.mark.skipif(not compiled.is_available(), reason="needs numba (extra fast)")


def dual(data, steps=40):
    """Multipliers and the bound that they prove."""
    problem = replace(build(data), recover=lambda responses: None)
    run = solve(problem, LevelBundle(), stop=StepLimit(steps))
    return run.multipliers, math.ceil(run.lower_bound - 1e-9)


def seen(data, multipliers, bound, agent):
    best = Best(lower_bound=float(bound))
    if agent is not None:
        best = best.with_feasible(Feasible(agent, float(total_cost(data, agent))))
    return Seen(multipliers, (), (), best)


def greedy(data):
    """A point that is far from the best one, usually."""
    return repair(data, np.zeros(data.cost.shape, dtype=bool))


def within(data, multipliers, target):
    """A point of that cost at most."""
    inquiry = Inquiry(data, in_units(data, multipliers["assign"]), target, 20)
    inquiry.go_on(10, lambda _: False)
    return inquiry.agent


@pytest.mark.parametrize("seed", range(12))
def test_a_question_put_aside_ends_as_one_in_one_go(seed):
    data = generate("CDE"[seed % 3], 4, 24, seed)
    multipliers, bound = dual(data)
    prices = in_units(data, multipliers["assign"])
    for target in (bound, bound + 1, bound + 4):
        whole = Inquiry(data, prices, target, 2)
        whole.go_on(2, lambda _: False)
        parts, done = Inquiry(data, prices, target, 2), []
        while not parts.solved:
            before, work = parts, parts.work
            parts = parts.copy()
            parts.go_on(2, lambda now, work=work: now.work > work)
            done.append((before, before.nodes, before.work, parts.work))
        assert (parts.nodes, parts.sweeps) == (whole.nodes, whole.sweeps)
        assert (parts.agent is None) == (whole.agent is None)
        assert parts.lower_bound == whole.lower_bound
        if parts.agent is not None:
            assert (parts.agent == whole.agent).all()
            assert (loads(data, parts.agent) <= data.capacity).all()
            assert total_cost(data, parts.agent) <= target
        for before, nodes, work, after in done:  # a copy leaves what it was made of as it was
            assert (before.nodes, before.work) == (nodes, work) and after > work
        assert parts.copy() is parts


def test_the_root_says_how_much_it_leaves():
    """Nothing is open where the target is the bound less one; more and more above it."""
    data = generate("E", 4, 40, 0)
    multipliers, bound = dual(data, 80)
    prices = in_units(data, multipliers["assign"])
    left = [Inquiry(data, prices, bound + above, 3).open for above in (-1, 0, 3, 10, 40)]
    assert left[0] == 0 and left == sorted(left) and left[4] > left[1] > 0


@pytest.mark.parametrize(("kind", "agents", "seed"), (("C", 5, 1), ("E", 8, 0)))
def test_dives_come_to_the_optimum(kind, agents, seed):
    data = generate(kind, agents, 10 * agents, seed)
    multipliers, bound = dual(data, 80)
    best = cheapest(data, multipliers["assign"], bound, data.dearest + 1)
    plug, agent, found = Dives(data), within(data, multipliers, bound + 12), []
    memory = plug.init(build(data))
    assert total_cost(data, agent) > best.lower_bound
    for _ in range(200):
        point, memory = plug.look(build(data), seen(data, multipliers, bound, agent), memory)
        if point is not None:
            assert (loads(data, point.point) <= data.capacity).all()
            assert point.cost == total_cost(data, point.point) < total_cost(data, agent)
            agent = point.point
            found.append(point.cost)
        assert memory.low <= best.lower_bound  # never above the optimum
    assert found and total_cost(data, agent) == best.lower_bound
    assert memory.low == best.lower_bound or not memory.asked


def test_targets_take_turns_by_the_work_behind_them(monkeypatch):
    """Each target once, then the one with the least work; a look stops soon after its effort."""
    monkeypatch.setattr(dives, "LOOK", 1)
    data = generate("E", 20, 200, 0)
    multipliers, bound = dual(data, 120)
    start = seen(data, multipliers, bound, within(data, multipliers, bound + 20))
    plug, memory = Dives(data), Dives(data).init(build(data))
    targets = []
    for _ in range(len(dives.ABOVE)):
        _, memory = plug.look(build(data), start, memory._replace(waits=0))
        targets.append(memory.asked[-1].target - bound)
    assert tuple(targets) == dives.ABOVE
    work = {a.target: a.work for a in memory.asked}
    least = min(work, key=lambda target: work[target])
    _, after = plug.look(build(data), start, memory._replace(waits=0))
    changed = [a.target for a in after.asked if work.get(a.target) != a.work]
    assert changed == [least]
    assert [a.work for a in memory.asked] == list(work.values())  # the old memory is as it was


def test_looks_in_vain_are_followed_by_rests_and_an_answer_ends_them(monkeypatch):
    """The first look, then after 1, 3, 7, 7 … that are left out; a refuted target starts anew."""
    monkeypatch.setattr(dives, "LOOK", 1)
    data = generate("E", 20, 200, 0)
    multipliers, bound = dual(data, 120)
    start = seen(data, multipliers, bound, within(data, multipliers, bound + 20))
    plug, memory, busy = Dives(data), Dives(data).init(build(data)), []
    for look in range(31):
        before = memory
        point, memory = plug.look(build(data), start, before)
        assert point is None
        if memory.asked != before.asked:
            busy.append(look)
    assert busy == [0, 2, 6, 14, 22, 30] and memory.rest == MOST

    monkeypatch.setattr(dives, "LOOK", 10**12)
    point, after = plug.look(build(data), start, memory._replace(waits=0))
    assert (point is not None or after.low == bound + 1) and (after.rest, after.waits) == (0, 0)


def test_a_far_point_does_not_make_the_search_blind():
    """What counts is how much is open below the farthest target, not below the point."""
    data = generate("E", 20, 200, 0)
    multipliers, bound = dual(data, 120)
    plug, far = Dives(data), greedy(data)
    prices = in_units(data, multipliers["assign"])
    left = Inquiry(data, prices, total_cost(data, far) - 1, 1).open
    assert left > dives.BLIND * data.cost.size
    _, memory = plug.look(build(data), seen(data, multipliers, bound, far), plug.init(build(data)))
    assert not memory.blind and (memory.asked or memory.low == bound + 1)


def test_nothing_is_done_without_a_point_a_bound_or_a_gap():
    data = generate("C", 4, 20, 0)
    multipliers, bound = dual(data)
    plug, problem, agent = Dives(data), build(data), greedy(data)
    empty = plug.init(problem)
    for low, point in ((-math.inf, agent), (bound, None), (total_cost(data, agent), agent)):
        assert plug.look(problem, seen(data, multipliers, low, point), empty) == (None, empty)


def test_nothing_is_done_where_most_pairs_are_open():
    data = generate("D", 5, 60, 0)
    multipliers, bound = dual(data, 80)
    plug, problem, far = Dives(data), build(data), greedy(data)
    point, memory = plug.look(problem, seen(data, multipliers, bound, far), plug.init(problem))
    assert point is None and memory.blind and not memory.asked
    assert memory.gap == total_cost(data, far) - 1 - bound
    assert plug.look(problem, seen(data, multipliers, bound, far), memory) == (None, memory)


def test_whether_it_is_blind_is_not_decided_where_the_bound_is_far_below():
    """What a single sweep refutes says nothing; the next look decides from higher up."""
    data = generate("D", 5, 60, 0)
    multipliers, bound = dual(data, 80)
    plug, problem, far = Dives(data), build(data), greedy(data)
    low = bound - dives.ABOVE[-1] - 1
    _, memory = plug.look(problem, seen(data, multipliers, low, far), plug.init(problem))
    assert memory.low == bound and memory.gap is None
    _, memory = plug.look(problem, seen(data, multipliers, low, far), memory)
    assert memory.gap == total_cost(data, far) - 1 - bound and memory.blind


def test_a_narrower_gap_is_looked_at_again(monkeypatch):
    """By three tenths at least, and only while it is blind."""
    data = generate("E", 8, 80, 0)
    multipliers, bound = dual(data, 80)
    asked = []

    class Counted(Inquiry):
        def __init__(self, data, prices, target, root):
            asked.append((target, root))
            super().__init__(data, prices, target, root)

    monkeypatch.setattr(dives, "Inquiry", Counted)
    plug, point = Dives(data), within(data, multipliers, bound + 12)
    gap = total_cost(data, point) - 1 - bound
    start = seen(data, multipliers, bound, point)
    for before, looks in ((math.floor(gap / 0.7), 0), (math.ceil(gap / 0.7) + 1, 1)):
        memory = plug.init(build(data))._replace(gap=before, blind=True)
        asked.clear()
        _, after = plug.look(build(data), start, memory)
        assert [root for _, root in asked] == [1, dives.ROOT][: 2 * looks]
        assert after.blind == (looks == 0) and after.gap == (gap if looks else before)


@pytest.mark.parametrize(("cost", "weight"), ((10**12, 1), (1, 10**6)))
def test_numbers_that_are_too_large_are_left_alone(cost, weight):
    small = generate("C", 4, 20, 0)
    data = AssignmentData(small.cost * cost, small.weight * weight, small.capacity * weight)
    plug, problem, agent = Dives(data), build(data), greedy(small)
    multipliers = {"assign": -data.cost.min(axis=0).astype(float)}
    empty = plug.init(problem)
    assert not possible(data, multipliers["assign"]) and possible(
        small, multipliers["assign"] / cost
    )
    assert plug.look(problem, seen(data, multipliers, 0, agent), empty) == (None, empty)


def test_what_is_above_a_better_point_is_dropped():
    data = AssignmentData(np.array([[1, 2], [2, 1]]), np.ones((2, 2), int), np.array([2, 2]))
    plug = Dives(data)
    asked = tuple(SimpleNamespace(target=t, work=t) for t in (1, 2, 3, 9))
    memory = plug.init(build(data))._replace(asked=asked, base=1, gap=1, blind=False, low=2)
    given = seen(data, {"assign": np.array([-1.0, -1.0])}, 2, np.array([1, 1]))  # cost 3
    picked = {}

    def _next(prices, targets, left):
        picked.update(targets=targets, left=[a.target for a in left])
        raise StopIteration

    object.__setattr__(plug, "_next", _next)
    with pytest.raises(StopIteration):
        plug.look(build(data), given, memory)
    assert picked == {"targets": [2], "left": [2]}
