"""Restarts of a walk: when, with which seed, and what the new walk sees."""

from dataclasses import dataclass
from typing import NamedTuple

from lagrange.problem import Feasible
from lagrange.recovery.recovering import Seen
from lagrange.recovery.restarts import APART, Restarts
from lagrange.state import Best
from problems.assignment import build
from problems.assignment_data import generate
from problems.assignment_recovery import recovering_bundle

PROBLEM = build(generate("C", 2, 6, 0))


class Call(NamedTuple):
    seed: int
    at: int
    known: float | None


@dataclass(frozen=True)
class Script:
    """Finds what is written for its seed, look by look, then the last of it again."""

    costs: dict[int, list[float | None]]
    calls: list[Call]
    seed: int = 0

    def init(self, problem):
        return 0

    def look(self, problem, seen, at):
        found = seen.best.feasible
        self.calls.append(Call(self.seed, at, None if found is None else found.cost))
        costs = self.costs[self.seed]
        cost = costs[min(at, len(costs) - 1)]
        return None if cost is None else Feasible(at, cost), at + 1


def walked(costs, looks, patience, best=None, seed=0, others=None):
    """The calls of so many looks, and the best cost after each of them; ``others`` find a point of that
    cost after a look.
    """
    calls, best = [], best or Best()
    plug = Restarts(Script(costs, calls, seed), patience)
    memory, after = plug.init(PROBLEM), []
    for look in range(looks):
        found, memory = plug.look(PROBLEM, Seen(None, (), (), best), memory)
        best = best.with_feasible(found)
        if look in (others or {}):
            best = best.with_feasible(Feasible(None, others[look]))
        after.append(best.upper_bound)
    return calls, after


def test_a_stuck_walk_is_begun_again_with_another_seed():
    costs = {5: [9.0, 7.0], 5 + APART: [8.0, 6.0], 5 + 2 * APART: [7.0]}
    calls, after = walked(costs, 12, 3, seed=5)
    # 9, 7, then four looks in vain: more than 3 and a tenth of the six
    assert [(call.seed, call.at) for call in calls] == [
        *((5, at) for at in range(6)),
        *((5 + APART, at) for at in range(6)),
    ]
    assert after == [9, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6]


def test_a_new_walk_sees_no_point_until_its_own_is_as_good():
    costs = {0: [7.0], APART: [9.0, None, 8.0, 7.0, 6.0, 6.0]}
    calls, _ = walked(costs, 10, 2)
    # the first sees what is known; the new one sees it once its own 7 is as good
    assert [call.known for call in calls] == [None, 7, 7, 7, None, None, None, None, 7, 6]


def test_the_first_walk_sees_points_of_others():
    other = Best().with_feasible(Feasible(None, 3.0))
    calls, _ = walked({0: [4.0], APART: [5.0]}, 7, 2, other)
    assert [call.known for call in calls] == [3, 3, 3, 3, None, None, None]


def test_a_walk_that_was_as_good_sees_points_of_others_again():
    costs = {0: [7.0], APART: [7.0, 6.0, 6.0, 6.0]}
    calls, _ = walked(costs, 8, 2, others={6: 5.0})
    assert [call.known for call in calls] == [None, 7, 7, 7, None, 7, 6, 5]


def test_a_long_walk_gets_more_looks():
    falling = [float(cost) for cost in range(100, 0, -1)]
    calls, _ = walked({0: falling, APART: [0.0]}, 120, 5)
    stuck = [call.at for call in calls if call.seed == 0][-1] - 99
    assert stuck == 17  # 5 and a tenth of 117: 16.7


def test_assignments_searches_begin_again():
    recovery, *_ = recovering_bundle(generate("D", 3, 20, 0), seed=4).recoveries
    assert isinstance(recovery, Restarts)
    assert recovery.recovery.seed == 4
