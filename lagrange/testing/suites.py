"""The checks that apply to a block or a solver, one by one; with pytest:

@pytest.mark.parametrize("check", block_checks(block, questions, rows=rhs), ids=lambda c: c.name)
def test_my_block(check):
    check.run()
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from lagrange.blocks import Block
from lagrange.problem import Problem
from lagrange.state import Solver
from lagrange.testing import blocks, exact, solvers
from lagrange.testing.compare import Check
from lagrange.testing.questions import Candidate, Does, Questions
from lagrange.vectors import Vector


def block_checks(
    block: Block[Any],
    questions: Questions,
    *,
    rows: Vector,
    is_exact: bool = False,
    candidates: Sequence[Candidate] = (),
    does: Does | None = None,
) -> Iterator[Check]:
    """What the block owes.

    questions  : what it can be asked, at several prices and all about the same set X_i
    rows       : the right-hand side of its problem, or any vector of that shape
    is_exact   : it returns minimizers, up to rounding
    candidates : some of the things it could do, all of them if they are few
    does       : its point -> what that does, None for a point that is not allowed
    """
    for check in (
        blocks.check_pure,
        blocks.check_random_state_untouched,
        blocks.check_image_is_fresh,
        blocks.check_dtype_preserved,
        blocks.check_refuses_nan_price,
    ):
        yield _named(check, block, questions)
    yield _named(blocks.check_row_names_and_shapes, block, questions, rows)
    yield _named(blocks.check_restart_from_point, block, questions, is_exact=is_exact)
    yield _named(blocks.check_bound_below_answer, block, questions, candidates)
    if does is not None:
        yield _named(blocks.check_image_matches_point, block, questions, does)
    if is_exact:
        for check in (
            exact.check_price_monotone,
            exact.check_bound_is_tight,
            exact.check_bound_is_concave_in_price,
            exact.check_large_pull_obeys,
        ):
            yield _named(check, block, questions)
        yield _named(exact.check_answer_beats, block, questions, candidates)


def solver_checks(
    problem: Problem[Any],
    solver: Solver[Any],
    steps: int,
    *,
    feasible_costs: Sequence[float] = (),
    over_relaxed: bool = False,
) -> Iterator[Check]:
    """What the solver owes, on this problem for so many steps.

    feasible_costs : objectives of feasible points of the problem, best with the optimum
    over_relaxed   : see ``check_records``
    """
    plain: tuple[Callable[..., None], ...] = (
        solvers.check_ask_and_tell_are_pure,
        solvers.check_old_states_stay,
        solvers.check_resume,
        solvers.check_asks_are_independent,
        solvers.check_multipliers_feasible,
    )
    for check in plain:
        yield _named(check, problem, solver, steps)
    yield _named(solvers.check_bounds_hold, problem, solver, steps, feasible_costs)
    yield _named(solvers.check_records, problem, solver, steps, over_relaxed=over_relaxed)


def check_solver(
    problem: Problem[Any],
    solver: Solver[Any],
    steps: int,
    *,
    feasible_costs: Sequence[float] = (),
    over_relaxed: bool = False,
) -> None:
    """All of ``solver_checks`` in a row."""
    for check in solver_checks(
        problem, solver, steps, feasible_costs=feasible_costs, over_relaxed=over_relaxed
    ):
        check.run()


def _named(check: Callable[..., None], *args: Any, **settings: Any) -> Check:
    return Check(check.__name__, partial(check, *args, **settings))
