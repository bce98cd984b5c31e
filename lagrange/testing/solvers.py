"""Conformance checks for anybody's solver, run on a problem of the caller's.

Each check runs ``solver`` for some finished steps and raises AssertionError saying where it broke a
law. The checks never look into the solver's memory: they see states, asks and records.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lagrange import vectors
from lagrange.blocks import Ask, Response
from lagrange.engine import serially, solve
from lagrange.problem import Problem
from lagrange.records import Record
from lagrange.state import Solver, State
from lagrange.stopping import StepLimit
from lagrange.testing.compare import difference, require, same, shown, slack, snapshot
from lagrange.vectors import Vector


class Round(NamedTuple):
    """One ask and tell: the state before, what was asked, what was answered, the state after."""

    before: State[Any]
    asks: tuple[Ask[Any], ...]
    answers: list[Response]
    after: State[Any]


def rounds(
    problem: Problem[Any], solver: Solver[Any], steps: int, start: State[Any] | None = None
) -> Iterator[Round]:
    """The rounds of a run, one by one, until ``steps`` more steps are finished or nothing is asked."""
    state = solver.init(problem) if start is None else start
    last = state.record.step + steps
    while state.record.step < last:
        asks = solver.ask(problem, state)
        if not asks:
            break
        answers = serially(problem, asks)
        new = told(problem, solver, state, answers)
        yield Round(state, asks, answers, new)
        state = new


def told(
    problem: Problem[Any], solver: Solver[Any], state: State[Any], answers: Sequence[Response]
) -> State[Any]:
    """``tell``, and the engine's clock: here a second a step, so that runs can be compared."""
    new = solver.tell(problem, state, answers)
    if new.record.step == state.record.step:
        return new
    return new._replace(record=new.record._replace(seconds=float(new.record.step)))


def check_ask_and_tell_are_pure(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    """Asked and told the same twice, the solver says the same; no state, answer or right-hand side
    is changed in place, not even rounds later.
    """
    given = snapshot((problem.rhs, solver))
    state, states = solver.init(problem), list[State[Any]]()
    while state.record.step < steps and (asks := solver.ask(problem, state)):
        at = _at(state)
        found = difference(asks, solver.ask(problem, state))
        require(found is None, f"{at}: asks differently the second time: {found}")
        answers = serially(problem, asks)
        kept = snapshot((state, answers))
        new = told(problem, solver, state, answers)
        found = difference(kept, (state, answers))
        require(found is None, f"{at}: tell changed its arguments: {found}")
        found = difference(new, told(problem, solver, state, answers))
        require(found is None, f"{at}: told the same twice, the states differ in {found}")
        state = new
        states.append(new)
    found = difference(states, [r.after for r in rounds(problem, solver, steps)])
    require(found is None, f"a second run with the same solver differs: {found}")
    found = difference(given, (problem.rhs, solver))
    require(found is None, f"the run changed the right-hand side or the solver: {found}")


def check_old_states_stay(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    """A state is not changed by anything that happens after it."""
    state = solver.init(problem)
    kept: list[tuple[State[Any], State[Any]]] = []
    for _ in range(steps):
        kept.append((state, snapshot(state)))
        run = list(rounds(problem, solver, 1, state))
        state = run[-1].after if run else state
    for old, copy in kept:
        found = difference(copy, old)
        require(found is None, f"the state after step {old.record.step} changed later: {found}")


def check_resume(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    """2k steps in a row equal k steps and, from a copy of that state, k steps more; so they do from
    every round between the steps.
    """
    run = list(rounds(problem, solver, 2 * steps))
    for number in {len(run) // 2, max(0, len(run) // 2 - 1)}:
        if not run:
            return
        middle = run[number].before
        left = run[-1].after.record.step - middle.record.step
        resumed = rounds(problem, snapshot(solver), left, snapshot(middle))
        found = difference([r.after for r in run[number:]], [r.after for r in resumed])
        require(
            found is None,
            f"resumed before round {number} (step {middle.record.step}), the run differs: {found}",
        )


def check_asks_are_independent(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    """The asks of a round name different blocks, carry finite prices on the problem's rows, and get
    the same answers in whatever order they are put. Each answer lands at its block, or is rejected.
    """
    for one in rounds(problem, solver, steps):
        named = [a.block for a in one.asks]
        require(len(set(named)) == len(named), f"{_at(one.before)}: asks a block twice: {named}")
        require(
            all(0 <= i < len(problem.blocks) for i in named),
            f"{_at(one.before)}: asks blocks {named} of {len(problem.blocks)}",
        )
        for a in one.asks:
            _require_vector(problem, a.price, f"{_at(one.before)}: the prices for block {a.block}")
        backwards = serially(problem, one.asks[::-1])[::-1]
        found = difference(one.answers, backwards)
        require(found is None, f"{_at(one.before)}: asked backwards, the answers differ: {found}")
        heard = dict(zip(named, one.answers, strict=True))
        for i, (old, new) in enumerate(zip(one.before.responses, one.after.responses, strict=True)):
            require(
                new is old or same(new, heard.get(i)),
                f"{_at(one.before)}: block {i} is held to have done what it did not answer",
            )


def check_multipliers_feasible(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    """Multipliers have the problem's rows and shapes, are finite, and ≥ 0 on ≤ rows: at every state
    and for the best bound.
    """
    for one in rounds(problem, solver, steps):
        for v in (one.after.multipliers, one.after.best.multipliers):
            if v is None:
                continue
            _require_vector(problem, v, f"{_at(one.before)}: the multipliers")
            for name in problem.inequality:
                lowest = float(v[name].min())
                require(
                    lowest >= 0, f"{_at(one.before)}: multiplier {lowest} on the ≤ row {name!r}"
                )


def check_bounds_hold(
    problem: Problem[Any], solver: Solver[Any], steps: int, feasible_costs: Sequence[float] = ()
) -> None:
    """No lower bound of any record lies above a feasible cost: neither the caller's nor one that the
    run found. The best bounds are those that some record proved. Stages are judged one by one.

    feasible_costs : objectives of points that are feasible, in every stage if there are several; the
                     optimum itself makes the sharpest check
    """
    proved: set[tuple[int, float]] = set()
    run = list(rounds(problem, solver, steps))
    uppers = {(r.after.record.stage, r.after.record.upper_bound) for r in run}
    for one in run:
        now, best = one.after.record, one.after.best
        proved.add((now.stage, now.lower_bound))
        found = [cost for stage, cost in uppers if stage == now.stage and not math.isnan(cost)]
        for cost in (*feasible_costs, *found):
            require(
                math.isnan(now.lower_bound) or now.lower_bound <= cost + 1e-9 * (1 + abs(cost)),
                f"{_at(one.before)}: claims the lower bound {now.lower_bound}, but {cost} is feasible",
            )
        require(
            best.lower_bound == -math.inf or (now.stage, best.lower_bound) in proved,
            f"{_at(one.before)}: the best lower bound {best.lower_bound} was proved at no step",
        )
        require(
            best.upper_bound in (math.inf, *found),
            f"{_at(one.before)}: the best upper bound {best.upper_bound} was found at no step",
        )


def check_records(
    problem: Problem[Any], solver: Solver[Any], steps: int, *, over_relaxed: bool = False
) -> None:
    """Records count steps one by one, speak of the state they belong to, and measure the move that
    was made: its length before projection is ``movement``, and that is step_size · residual.

    over_relaxed : the multipliers move along something else than the residual (ADMM, α ≠ 1).
    """
    at_last_step = solver.init(problem)
    for one in rounds(problem, solver, steps):
        if one.after.record.step == one.before.record.step:
            found = difference(one.before.record, one.after.record)
            require(
                found is None, f"{_at(one.before)}: an unfinished step changed the record: {found}"
            )
            continue
        _check_counters(at_last_step.record, one)
        _check_measures(problem, one)
        _check_movement(problem, one, over_relaxed)
        at_last_step = one.after
    _check_clock(problem, solver, steps)


def _check_counters(last: Record, one: Round) -> None:
    now = one.after.record
    require(
        now.step == last.step + 1, f"{_at(one.before)}: step {last.step} was followed by {now.step}"
    )
    require(
        now.moves - last.moves in (0, 1),
        f"{_at(one.before)}: {now.moves - last.moves} moves in one step",
    )
    require(
        now.stage >= last.stage,
        f"{_at(one.before)}: stage {last.stage} was followed by {now.stage}",
    )


def _check_measures(problem: Problem[Any], one: Round) -> None:
    """Cost, residual and Lagrangian are those of the state's answers."""
    state, now = one.after, one.after.record
    answered = [r for r in state.responses if r is not None]
    cost, g = math.fsum(r.cost for r in answered), problem.residual(answered)
    size = vectors.norm(g) + sum(vectors.norm(r.image) for r in answered)
    off = vectors.norm(vectors.subtract(state.residual, g))
    require(
        off <= slack(g, size), f"{_at(one.before)}: the residual is off by {off}, it is {shown(g)}"
    )
    costs = math.fsum(abs(r.cost) for r in answered)
    pull = 0.0 if math.isnan(now.rho) else now.rho / 2 * vectors.norm(g) ** 2
    prices = vectors.dot(one.before.multipliers, g)
    scale = costs + pull + vectors.norm(one.before.multipliers) * size
    for name, told, wanted in (
        ("cost", state.cost, cost),
        ("record.cost", now.cost, cost),
        ("record.residual", now.residual, vectors.norm(g)),
        ("record.lagrangian", now.lagrangian, cost + prices + pull),
    ):
        require(
            math.isnan(told) or abs(told - wanted) <= slack(g, scale + size),
            f"{_at(one.before)}: {name} is {told}, the answers make it {wanted}",
        )


def _check_movement(problem: Problem[Any], one: Round, over_relaxed: bool) -> None:
    now, old = one.after.record, one.before.record
    change = vectors.subtract(one.after.multipliers, one.before.multipliers)
    moved = vectors.norm(change)
    if math.isnan(now.movement):
        require(moved == 0, f"{_at(one.before)}: the multipliers moved by {moved}, movement is NaN")
        return
    room = slack(change, vectors.norm(one.after.multipliers) + now.movement)
    short = bool(problem.inequality)  # projection may cut a move, but never lengthens it
    require(
        moved <= now.movement + room and (short or moved >= now.movement - room),
        f"{_at(one.before)}: the multipliers moved by {moved}, movement is {now.movement}",
    )
    require(
        now.movement == 0 or now.moves == old.moves + 1,
        f"{_at(one.before)}: a move that moves leaves out",
    )
    wanted = now.step_size * now.residual
    require(
        over_relaxed or abs(now.movement - wanted) <= slack(change, wanted),
        f"{_at(one.before)}: movement {now.movement} is not step_size · residual = {wanted}",
    )


def _check_clock(problem: Problem[Any], solver: Solver[Any], steps: int) -> None:
    seconds = solve(problem, solver, stop=StepLimit(steps)).trace.column("seconds")
    require(
        all(0 <= a <= b for a, b in zip([0.0, *seconds], seconds, strict=False)),
        f"seconds run backwards: {seconds}",
    )


def _require_vector(problem: Problem[Any], v: Vector, what: str) -> None:
    shapes = {name: tuple(array.shape) for name, array in v.items()}
    wanted = {name: tuple(array.shape) for name, array in problem.rhs.items()}
    require(shapes == wanted, f"{what} have rows {shapes}, the problem {wanted}")
    bad = vectors.first_bad_row(v)
    require(bad is None, f"{what} of row {bad!r} hold a NaN or an infinity")


def _at(state: State[Any]) -> str:
    return f"step {state.record.step + 1}, at multipliers {shown(state.multipliers)}"
