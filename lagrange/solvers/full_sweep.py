"""What the dual methods that ask every block at once share: the asks, and what the answers prove."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from lagrange.blocks import Ask, Response
from lagrange.bounds import feasible_point
from lagrange.problem import Problem
from lagrange.state import Best, State
from lagrange.sweeps import proved, sweep
from lagrange.vectors import Vector, dot


class FullSweep(NamedTuple):
    """residual g = Σ A_i x_i − b;  cost Σ f_i(x_i);  value L(x, λ) = cost + ⟨λ, g⟩;
    lower, upper : the bounds that it proves, NaN where it proves none;  best : with those in it
    """

    residual: Vector
    cost: float
    value: float
    lower: float
    upper: float
    best: Best


def ask_all(state: State[Any]) -> tuple[Ask[None], ...]:
    """Every block at the same prices, from its answer before."""
    prices = state.multipliers
    return tuple(Ask(i, prices, None, response) for i, response in enumerate(state.responses))


def hear_all(
    problem: Problem[Any],
    state: State[Any],
    asks: Sequence[Ask[Any]],
    answers: Sequence[Response],
) -> FullSweep:
    """What the answers to these asks add up to. Raises ValueError where the asks are no sweep, the
    answers are not one to each, or a block's rows are not the problem's.
    """
    if state.record.step == 0:
        problem.check_rows(answers)
    g = problem.residual(answers)
    cost = math.fsum(answer.cost for answer in answers)
    lower = proved(problem, sweep(problem, asks, answers))
    feasible = feasible_point(problem, answers, g)
    return FullSweep(
        residual=g,
        cost=cost,
        value=cost + dot(state.multipliers, g),
        lower=lower,
        upper=math.nan if feasible is None else feasible.cost,
        best=state.best.with_lower(lower, state.multipliers).with_feasible(feasible),
    )
