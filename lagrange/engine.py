"""The only loop: problem → ask → answer → state → record → observers."""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from time import perf_counter
from typing import Any, TypeVar

from lagrange import vectors
from lagrange.blocks import Ask, Response
from lagrange.bounds import feasible_point
from lagrange.problem import Problem
from lagrange.records import Record, Trace, ignore
from lagrange.solution import Solution, SolveError
from lagrange.state import Solver, State
from lagrange.status import Status
from lagrange.stopping import Stop, require_stop

Q = TypeVar("Q")
SHOWN = 200  # characters of what was given, in a message
ROUNDING = 1e-9  # relative: what two float sums of the same numbers may differ by, and much more
Answer = Callable[[Problem[Any], Sequence[Ask[Any]]], Sequence[Response]]


def serially(problem: Problem[Any], asks: Sequence[Ask[Any]]) -> list[Response]:
    """Answers one ask after the other. An executor's ``map`` in its place answers in parallel."""
    answers: list[Response] = []
    for block, price, query, start in asks:
        answers.append(problem.blocks[block].respond(price, query, start))
    return answers


def solve(
    problem: Problem[Q],
    solver: Solver[Q],
    *,
    stop: Stop,
    observe: Callable[[Record], None] = ignore,
    start: State[Any] | None = None,
    answer: Answer = serially,
) -> Solution:
    """Runs ``solver`` on ``problem`` until ``stop`` says so, the solver is done, or Ctrl-C.

    start   : a state to go on from: that of an earlier run, or ``solver.init(problem, Start(...))``.
    observe : called with the record of every finished step.
    Raises SolveError, which carries what was found, if a block or the solver fails.
    """
    require_stop(stop)
    _require(problem, Problem, "problem", "a lagrange.Problem")
    if start is not None:
        _require(start, State, "start", "a state: solver.init(problem, Start(...)) makes one")
    if isinstance(solver, type):
        raise ValueError(f"solver must be an object, got the class {solver.__name__}: call it")
    state = solver.init(problem) if start is None else start
    began = perf_counter() - state.record.seconds
    trace = Trace()
    try:
        status = stop(state)
        while status is None:
            asks = solver.ask(problem, state)
            if not asks:
                status = Status.COMPLETE
                break
            new = solver.tell(problem, state, _checked(asks, answer(problem, asks)))
            if new.record.step == state.record.step:
                state = new  # a round of a step that takes several
                continue
            state = _stamped(new, perf_counter() - began)
            trace(state.record)
            observe(state.record)
            status = stop(state)
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    except Exception as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):  # compiled code wraps a Ctrl-C so
            partial = Solution(Status.FAILED, state, trace)
            named = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            raise SolveError(f"step {state.record.step + 1}: {named}", partial) from error
        status = Status.INTERRUPTED
    return Solution(status, _recovered(problem, state), trace)


def _recovered(problem: Problem[Any], state: State[Any]) -> State[Any]:
    """The last answers get their chance to become a feasible point, unless they just had it."""
    if math.isfinite(state.record.upper_bound):
        return state
    answers = [r for r in state.responses if r is not None]
    if len(answers) < len(state.responses):
        return state
    feasible = feasible_point(problem, answers, state.residual)
    return state._replace(best=state.best.with_feasible(feasible))


def _require(given: Any, kind: type, name: str, allowed: str) -> None:
    if not isinstance(given, kind):
        said = repr(given)  # of a start with long arrays its kind is enough
        said = said if len(said) <= SHOWN else f"a {type(given).__name__}"
        raise ValueError(f"{name} must be {allowed}, got {said}")


def _stamped(state: State[Any], seconds: float) -> State[Any]:
    """The clock is the engine's: solvers are functions of their arguments."""
    if not math.isfinite(state.record.residual):
        row = vectors.first_bad_row(state.residual)
        raise ValueError(
            f"the residual of row {row!r} is not finite: a block's image has NaN or inf"
        )
    lower, upper = state.best.lower_bound, state.best.upper_bound
    if lower > upper and lower - upper > ROUNDING * (1.0 + abs(lower) + abs(upper)):
        raise ValueError(
            f"the proved bounds cross: no point costs less than {lower}, yet one costs {upper}. The "
            "bound of a block is too high, or recover returned a point that is infeasible or "
            "whose cost is wrong"
        )
    record = Record._make((state.record.step, seconds, *state.record[2:]))
    return State(*state[:-1], record)  # _replace costs twice that


def _checked(asks: Sequence[Ask[Any]], answers: Sequence[Any]) -> Sequence[Response]:
    if len(answers) != len(asks):
        raise ValueError(f"{len(asks)} blocks were asked, {len(answers)} answers came back")
    for ask, answer in zip(asks, answers, strict=True):
        if not isinstance(answer, Response):
            raise ValueError(f"the answer of block {ask.block} must be a Response, got {answer!r}")
        cost: Any = answer.cost  # floats first: Real is slow to ask
        if not (isinstance(cost, (float, Real)) and math.isfinite(cost)):
            raise ValueError(f"block {ask.block} answered with cost {cost!r}")
        if not answer.bound < math.inf:
            raise ValueError(
                f"block {ask.block} answered with bound {answer.bound}; where nothing is "
                "proved it must be -inf"
            )
    return answers
