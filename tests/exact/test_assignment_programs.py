"""Small programs of an assignment, against brute force."""

from dataclasses import replace

import numpy as np
import pytest

from lagrange.recovery.programs import minimize
from problems.assignment_programs import DRIFT, drifting, small_program
from tests.exact.test_assignment_search import points, tiny


@pytest.mark.parametrize("seed", range(15))
def test_a_drifting_program_is_least_in_cost_and_then_moves_the_most(seed):
    data, rng = tiny(seed), np.random.default_rng(seed)
    data = replace(data, cost=rng.integers(0, 3, data.cost.shape))  # many points of equal cost
    known = points(data)
    if not known:
        pytest.skip("no feasible point")
    cost, agent = known[rng.integers(len(known))]
    i, k = np.nonzero(np.ones(data.cost.shape))
    program, start = small_program(data, 1.0, agent, (i, np.arange(agent.size), k))
    found = minimize(drifting(program, start), start, step=1.0 - DRIFT)
    least = min(cost for cost, _ in known)
    assert program.cost @ found.point == least
    assert program.cost @ start == cost
    drift = drifting(program, start).cost - program.cost
    assert drift @ start == pytest.approx(DRIFT)
    exact = minimize(drifting(program, start), start)
    moved = max((other != agent).sum() for cost, other in known if cost == least)
    assert program.cost @ exact.point == least
    assert ((1 - exact.point) @ start).round() == moved
