"""Small programs of few agents and of many: their shares of the work, their nodes."""

import numpy as np

from lagrange import solve
from lagrange.recovery.recovering import Seen
from lagrange.solvers.bundle import LevelBundle
from lagrange.state import Best
from lagrange.stopping import StepLimit
from problems.assignment import build
from problems.assignment_data import generate
from problems.assignment_neighborhoods import Kind, Neighborhoods, work_of


def test_a_number_of_agents_that_brings_nothing_gets_more_and_more_nodes():
    kind = Kind(40.0)
    extra = []
    for _ in range(5):
        kind = kind.after(solved=True, better=False, work=10)
        extra.append(kind.extra)
    assert extra == [1, 3, 7, 7, 7]
    assert kind.work == 50
    assert kind.after(True, True, 0, eager=True).pairs == 1.4 * kind.pairs
    assert kind.after(solved=True, better=True, work=0).extra == 0
    shrunk, grown = kind.after(False, False, 0), kind.after(True, False, 0)
    assert shrunk.pairs < kind.pairs < grown.pairs


def test_few_agents_and_many_share_the_work_evenly():
    data = generate("D", 20, 200, 0)
    problem, plug = build(data), Neighborhoods(data)
    seen = Seen(solve(problem, LevelBundle(), stop=StepLimit(30)).multipliers, (), (), Best())
    memory, most = plug.init(problem), 0
    for _ in range(80):
        before, (_, memory) = [kind.work for kind in memory.kinds], plug.look(problem, seen, memory)
        after = [kind.work for kind in memory.kinds]
        if sum(after) > sum(before):  # they begin anew once nobody is overloaded
            (turn,) = np.flatnonzero(np.subtract(after, before))
            assert before[turn] == min(before)
            assert after[turn] - before[turn] > work_of(0, 0)
            most = max(most, after[turn] - before[turn])
    works = [kind.work for kind in memory.kinds]
    assert max(works) - min(works) <= most
    assert most > 10 * work_of(0, 0)


def test_work_grows_with_iterations_and_with_columns():
    assert work_of(0, 0) == 100 * 100
    assert work_of(300, 100) == 400 * 200
