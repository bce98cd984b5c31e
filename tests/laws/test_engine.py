"""The loop: limits, resuming, answers in parallel, interruption and failure."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from lagrange import (
    ADMM,
    GapBelow,
    Problem,
    Progressive,
    Response,
    SolveError,
    Stalled,
    Status,
    StepLimit,
    Subgradient,
    SurrogateLagrangian,
    TimeLimit,
    in_stages,
    solve,
)
from lagrange.parallel import over
from lagrange.step_sizes import Constant, Polyak, SurrogateContraction
from lagrange.testing.compare import same
from problems.assignment import build
from tests.by_hand.drive import Parabola
from tests.exact.finite import Finite
from tests.exact.instances import contested

CONTRACTION = SurrogateContraction(30, 0.2, first_step=0.5)
ASSIGNMENT = build(contested("D", 4, 12, 0))
CONVEX = Problem(
    (
        Parabola(2.0, np.array([1.0, -3.0]), "row"),
        Parabola(0.5, np.array([4.0, 5.0]), "row", -1.0),
    ),
    {"row": np.array([0.5, -1.5])},
)
RUNS = {
    "subgradient": (ASSIGNMENT, Subgradient(Constant(0.5))),
    "surrogate": (ASSIGNMENT, SurrogateLagrangian(CONTRACTION)),
    "group": (ASSIGNMENT, SurrogateLagrangian(CONTRACTION, group=3, sweep_every=5)),
    "admm": (CONVEX, ADMM(1.5, relaxation=1.6)),
    "progressive": (in_stages([CONVEX] * 9), Progressive(ADMM(1.5), StepLimit(2))),
}
each_run = pytest.mark.parametrize(("problem", "solver"), RUNS.values(), ids=RUNS.keys())


def told(record):
    """A record without its clock, comparable although it has NaNs."""
    return repr(record._replace(seconds=0.0))


@each_run
def test_the_step_limit_counts_finished_steps(problem, solver):
    seen = []
    solution = solve(problem, solver, stop=StepLimit(7), observe=seen.append)
    assert solution.status is Status.STEP_LIMIT
    assert [r.step for r in solution.trace] == [r.step for r in seen] == list(range(1, 8))
    assert solution.state.record.step == 7
    seconds = solution.trace.column("seconds")
    assert seconds == sorted(seconds) and seconds[0] > 0


@each_run
def test_no_step_at_all(problem, solver):
    solution = solve(problem, solver, stop=StepLimit(0))
    assert len(solution.trace) == 0 and solution.state.record.step == 0
    assert (solution.lower_bound, solution.upper_bound) == (-math.inf, math.inf)
    assert solution.point is None and math.isnan(solution.gap)


@each_run
def test_a_run_in_two_parts_is_the_run_in_one(problem, solver):
    one = solve(problem, solver, stop=StepLimit(9))
    half = solve(problem, solver, stop=StepLimit(4))
    rest = solve(problem, solver, stop=StepLimit(9), start=half.state)
    assert [told(r) for r in one.trace] == [told(r) for r in (*half.trace, *rest.trace)]
    assert rest.trace[0].seconds >= half.trace[3].seconds
    for row, array in one.state.multipliers.items():
        assert (array == rest.state.multipliers[row]).all()


@each_run
def test_answers_in_parallel_are_the_serial_ones(problem, solver):
    with ThreadPoolExecutor(3) as pool:
        parallel = solve(problem, solver, stop=StepLimit(9), answer=over(pool))
    serial = solve(problem, solver, stop=StepLimit(9))
    assert [told(r) for r in parallel.trace] == [told(r) for r in serial.trace]
    assert (parallel.lower_bound, parallel.upper_bound) == (serial.lower_bound, serial.upper_bound)
    for a, b in zip(parallel.responses, serial.responses, strict=True):
        assert same(a.point, b.point)  # every block has its own answer
    for row, array in serial.state.multipliers.items():
        assert (array == parallel.state.multipliers[row]).all()


def test_other_limits():
    problem, solver = RUNS["subgradient"]
    assert solve(problem, solver, stop=TimeLimit(1e-9)).state.record.step == 1
    wide = solve(problem, solver, stop=StepLimit(50) | GapBelow(1.5))
    assert wide.status is Status.GAP_REACHED and 0 < wide.gap <= 1.5 and wide.state.record.step < 50
    # a target that is reached gives the step 0
    for stuck in (Subgradient(Polyak(-1e6)), SurrogateLagrangian(Polyak(-1e6))):
        assert solve(problem, stuck, stop=Stalled() | StepLimit(99)).status is Status.STALLED
    frozen = SurrogateLagrangian(SurrogateContraction(1.01, 0.01, first_step=1e-3))
    assert solve(problem, frozen, stop=Stalled() | StepLimit(999)).status is Status.STALLED


def test_a_problem_that_is_solved_leaves_nothing_to_ask():
    """Every block was heard at this λ and g = 0: surrogate relaxation is complete, and proves it."""
    block = Finite([0.0, -1.0], {"row": np.array([[0.0], [1.0]])})
    problem = Problem((block, block), {"row": np.array([2.0])})
    solution = solve(problem, SurrogateLagrangian(Constant(1.0)), stop=StepLimit(9))
    assert solution.status is Status.COMPLETE
    assert -2 - 1e-9 < solution.lower_bound <= -2 == solution.upper_bound
    assert solution.point == [1, 1]


@dataclass
class Breaking:
    """A block that answers ``good`` times and raises then."""

    inner: Finite
    good: int
    error: BaseException

    def respond(self, price, query, start) -> Response:
        self.good -= 1
        if self.good < 0:
            raise self.error
        return self.inner.respond(price, query, start)


def breaking(error: BaseException) -> Problem:
    """The second block stops answering in the fourth round."""
    block = Finite([0.0, -3.0], {"row": np.array([[0.0], [1.0]])})
    return Problem((block, Breaking(block, 3, error)), {"row": np.array([1.0])})


def assert_three_steps_were_kept(solution, expected):
    assert solution.state.record.step == len(solution.trace) == 3
    assert [told(r) for r in solution.trace] == [told(r) for r in expected.trace]
    assert solution.lower_bound == expected.lower_bound > -math.inf
    assert (solution.state.multipliers["row"] == expected.state.multipliers["row"]).all()


SOLVER = Subgradient(Constant(1.0))


def test_an_interruption_ends_with_what_was_found():
    solution = solve(breaking(KeyboardInterrupt()), SOLVER, stop=StepLimit(9))
    assert solution.status is Status.INTERRUPTED
    assert "interrupted at step 3" in solution.message
    assert_three_steps_were_kept(solution, solve(breaking(OSError()), SOLVER, stop=StepLimit(3)))


def test_an_interruption_in_an_observer_keeps_the_step_it_was_told():
    def observe(record):
        if record.step == 3:
            raise KeyboardInterrupt

    problem = breaking(OSError())
    solution = solve(problem, SOLVER, stop=StepLimit(9), observe=observe)
    assert solution.status is Status.INTERRUPTED
    assert_three_steps_were_kept(solution, solve(breaking(OSError()), SOLVER, stop=StepLimit(3)))


def test_a_failing_block_raises_an_error_that_carries_what_was_found():
    with pytest.raises(SolveError, match="step 4: OSError: no power") as caught:
        solve(breaking(OSError("no power")), SOLVER, stop=StepLimit(9))
    assert isinstance(caught.value.__cause__, OSError)
    solution = caught.value.solution
    assert solution.status is Status.FAILED
    assert_three_steps_were_kept(solution, solve(breaking(OSError()), SOLVER, stop=StepLimit(3)))


def test_an_interruption_between_the_rounds_of_a_sweep():
    """ADMM: the first group has answered, the second is interrupted. The last step stands."""
    first, second = CONVEX.blocks
    problem = Problem((first, Breaking(second, 2, KeyboardInterrupt())), CONVEX.rhs)
    solution = solve(problem, ADMM(1.0), stop=StepLimit(9))
    whole = solve(CONVEX, ADMM(1.0), stop=StepLimit(2))
    assert solution.status is Status.INTERRUPTED
    assert told(solution.state.record) == told(whole.state.record)
    assert (solution.state.multipliers["row"] == whole.state.multipliers["row"]).all()
    resumed = solve(CONVEX, ADMM(1.0), stop=StepLimit(5), start=solution.state)
    straight = solve(CONVEX, ADMM(1.0), stop=StepLimit(5))
    assert told(resumed.state.record) == told(straight.state.record)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_block_that_answers_nonsense_is_named(value):
    bad = Finite([0.0], {"row": np.array([[value]])})

    class Costly:
        def respond(self, price, query, start):
            return Response({"row": np.zeros(1)}, value)

    class Unbounded:
        def respond(self, price, query, start):
            return bad.choice(0)

    rhs = {"row": np.zeros(1)}
    with pytest.raises(SolveError, match=f"block 0 answered with cost {value}"):
        solve(Problem((Costly(),), rhs), SOLVER, stop=StepLimit(1))
    with np.errstate(invalid="ignore"), pytest.raises(SolveError, match="row 'row'"):
        solve(Problem((Unbounded(),), rhs), SOLVER, stop=StepLimit(1))


def test_a_control_c_within_compiled_code_is_one():
    class Compiled:
        def respond(self, price, query, start):
            raise SystemError("returned a result with an exception set") from KeyboardInterrupt()

    problem = Problem((Compiled(),), {"row": np.zeros(1)})
    run = solve(problem, RUNS["subgradient"][1], stop=StepLimit(5))
    assert run.status is Status.INTERRUPTED and run.state.record.step == 0
