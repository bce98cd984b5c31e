"""The surrogate value is not a bound, and is not reported as one."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange import Problem, Start, StepLimit, SurrogateLagrangian, solve
from lagrange.step_sizes import Constant, SurrogateContraction
from problems.assignment import build, starting_prices
from problems.assignment_data import generate
from problems.assignment_exact import ExactAssignment
from tests.by_hand.drive import states
from tests.exact.finite import Finite, dual_value, feasible_costs
from tests.exact.instances import all_assignments, contested


def two_covers() -> Problem:
    """x ∈ {0, 1}², f = a + b, g = 2 − a − b = 0: the optimum is 2."""
    cover = Finite([0.0, 1.0], {"row": np.array([[0.0], [-1.0]])})
    return Problem((cover, cover), {"row": np.array([-2.0])})


def test_a_surrogate_value_above_the_optimum_is_no_bound():
    """λ = 5 from x = (0, 0): block 0 answers 1, L falls from 10 to 6, strictly better and above 2."""
    problem = two_covers()
    assert min(feasible_costs(problem)) == 2
    both = tuple(block.choice(0) for block in problem.blocks)
    start = Start({"row": np.array([5.0])}, both)
    state = states(problem, SurrogateLagrangian(Constant(0.1)), 1, start)[1]
    assert state.record.accepted and state.record.lagrangian == 6
    assert math.isnan(state.record.lower_bound) and state.best.lower_bound == -math.inf


def test_a_run_from_there_reports_proved_bounds_only():
    problem = two_covers()
    solver = SurrogateLagrangian(Constant(0.1), sweep_every=5)
    start = solver.init(problem, Start({"row": np.array([5.0])}))
    solution = solve(problem, solver, stop=StepLimit(60), start=start)
    bounds = [r.lower_bound for r in solution.trace]
    assert not any(bound > 2 for bound in bounds)
    assert any(math.isfinite(bound) for bound in bounds)
    assert solution.lower_bound <= 2


def test_on_an_assignment_instance_values_exceed_the_optimum_and_bounds_do_not():
    data = generate("D", 3, 6, 1)
    optimum = min(cost for _, cost, feasible in all_assignments(data) if feasible)
    rule = SurrogateContraction(20, 0.2, first_step=10.0)  # long steps overshoot
    start = Start({"assign": starting_prices(data)})
    solver = SurrogateLagrangian(rule, sweep_every=25)
    problem = build(data)
    solution = solve(problem, solver, stop=StepLimit(300), start=solver.init(problem, start))
    above = [r for r in solution.trace if r.lagrangian > optimum]
    assert len(above) > 5
    assert all(not r.lower_bound > optimum for r in solution.trace)
    assert all(math.isnan(r.lower_bound) or r.lower_bound <= optimum for r in above)
    assert -math.inf < solution.lower_bound <= optimum <= solution.upper_bound


def bounds_with_what_was_asked(problem: Problem, solver, steps: int):
    """(record, λ that all blocks were last asked at, or None if they were asked at several)."""
    last_asked: dict[int, bytes] = {}
    prices: dict[bytes, dict] = {}

    def answer(problem, asks):
        for a in asks:
            key = b"".join(a.price[row].tobytes() for row in sorted(a.price))
            last_asked[a.block], prices[key] = key, dict(a.price)
        return [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]

    seen = []

    def observe(record):
        keys = set(last_asked.values())
        everyone = len(keys) == 1 and len(last_asked) == len(problem.blocks)
        seen.append((record, prices[keys.pop()] if everyone else None))

    solve(problem, solver, stop=StepLimit(steps), answer=answer, observe=observe)
    return seen


@pytest.mark.parametrize("settings", [{}, {"group": 2}, {"sweep_every": 7}])
def test_bounds_come_only_from_all_blocks_heard_at_one_price(settings):
    rng = np.random.default_rng(5)
    blocks = tuple(
        Finite(rng.integers(-4, 5, 3).tolist(), {"row": rng.integers(-2, 3, (3, 2)).astype(float)})
        for _ in range(4)
    )
    problem = Problem(blocks, {"row": np.array([1.0, -1.0])})
    solver = SurrogateLagrangian(SurrogateContraction(30, 0.2, first_step=0.2), **settings)
    seen = bounds_with_what_was_asked(problem, solver, 120)
    for record, price in seen:
        assert math.isfinite(record.lower_bound) == (price is not None)
        if price is not None:
            exact = float(dual_value(problem, price))
            assert record.lower_bound <= exact == pytest.approx(record.lower_bound)
    proved = sum(price is not None for _, price in seen)
    assert 5 < proved < 100


def test_bounds_of_an_assignment_run_are_dual_values_in_rationals():
    data = contested("C", 4, 12, 2)
    twin = ExactAssignment(data)
    solver = SurrogateLagrangian(SurrogateContraction(30, 0.2, first_step=0.5), sweep_every=9)
    proved = 0
    for record, price in bounds_with_what_was_asked(build(data), solver, 150):
        assert math.isfinite(record.lower_bound) == (price is not None)
        if price is not None:
            exact = twin.dual_value({"assign": [Fraction(x) for x in price["assign"].tolist()]})
            assert record.lower_bound <= math.ceil(exact)
            proved += 1
    assert proved >= 17
