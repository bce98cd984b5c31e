"""Volume-style averaging: a subgradient method along the residual of averaged answers.

Problem      min Σ f_i(x_i)  s.t.  Σ A_i x_i − b {= 0, ≤ 0},  x_i ∈ X_i          (any X_i)
Update       every block answers the same prices λ;   λ̂, v ← λ, L if L(x, λ) > v
             x̄ ← α x + (1 − α) x̄,  ḡ ← α g + (1 − α) ḡ,   α = argmin ‖α g + (1 − α) ḡ‖ in
             [mixing/10, mixing]
             λ ← P(λ̂ + s ḡ),   s from the step rule at (v, ‖ḡ‖)
Guarantee    each step proves the bound q(λ), as in ``Subgradient``.
Caveat       no proof that these bounds tend to max q. The averages x̄ tend to be nearly feasible for
             the convexified problem (``mean_answers``): a start for rounding, never an upper bound.

Notation     λ multipliers · λ̂ the best so far · g residual · s step_size · α weight of the new answer
Reference    Barahona, Anbil, Math. Program. 87 (2000) 385–399
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.records import Record
from lagrange.solvers.full_sweep import ask_all, hear_all
from lagrange.solvers.moves import Move, next_move, progress
from lagrange.state import Best, Start, State, initial
from lagrange.step_sizes import AnyStepSize, require_rule
from lagrange.vectors import Vector, add, add_scaled, dot, norm, scale, subtract


class Memory(NamedTuple):
    """λ̂ and its value v; the averaged answers (no points); the step rule's own memory."""

    center: Vector
    value: float
    means: tuple[Response, ...]
    rule: Any


@final
@dataclass(frozen=True)
class Volume:
    """Settings.

    step_size : any rule; ``Polyak(patience=20)`` halves the steps when nothing is gained
    mixing    : the largest weight of a new answer, in (0, 1]
    """

    step_size: AnyStepSize
    mixing: float = 0.1

    def __post_init__(self) -> None:
        require_rule(self.step_size)
        if not 0 < self.mixing <= 1:
            raise ValueError(f"mixing must lie in (0, 1], got {self.mixing}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        state = initial(problem, start, None)
        memory = Memory(state.multipliers, -math.inf, (), self.step_size.init())
        return State(*state[:5], memory=memory, record=state.record)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[None], ...]:
        return ask_all(state)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        heard = hear_all(problem, state, self.ask(problem, state), answers)
        old = state.memory
        accepted = heard.value > old.value
        memory = old._replace(
            means=_mixed(problem, old.means, answers, heard.residual, self.mixing)
        )
        if accepted:
            memory = memory._replace(center=state.multipliers, value=heard.value)
        memory, multipliers, move = self._moved(problem, state, memory, heard.best)
        movement = norm(subtract(multipliers, state.multipliers))
        return State(
            multipliers=multipliers,
            responses=tuple(answers),
            residual=heard.residual,
            cost=heard.cost,
            best=heard.best,
            memory=memory,
            record=Record(
                step=state.record.step + 1,
                cost=heard.cost,
                lagrangian=heard.value,
                lower_bound=heard.lower,
                upper_bound=heard.upper,
                residual=norm(heard.residual),
                step_size=move.step,
                movement=movement,
                accepted=accepted,
                moves=state.record.moves + (move.residual > 0),
            ),
        )

    def _moved(
        self, problem: Problem[Any], state: State[Memory], memory: Memory, best: Best
    ) -> tuple[Memory, Vector, Move]:
        """λ = P(λ̂ + s ḡ), and s."""
        mean = problem.residual(memory.means)
        now = progress(state, best, norm(mean), memory.value)
        move = next_move(self.step_size, now, memory.rule)
        multipliers = problem.project(add_scaled(memory.center, move.step, mean))
        return memory._replace(rule=move.memory), multipliers, move


def mean_answers(state: State[Memory]) -> tuple[Response, ...]:
    """The averaged image and cost of each block: for rounding heuristics. There are no points."""
    return state.memory.means


def _mixed(
    problem: Problem[Any],
    means: tuple[Response, ...],
    answers: Sequence[Response],
    g: Vector,
    mixing: float,
) -> tuple[Response, ...]:
    if not means:
        return tuple(Response(answer.image, answer.cost) for answer in answers)
    mean = problem.residual(means)
    apart = subtract(mean, g)
    length = dot(apart, apart)
    nearest = dot(mean, apart) / length if length > 0 else 1.0
    alpha = min(max(nearest, mixing / 10), mixing)
    return tuple(
        Response(
            add(scale(alpha, new.image), scale(1 - alpha, old.image)),
            alpha * new.cost + (1 - alpha) * old.cost,
        )
        for new, old in zip(answers, means, strict=True)
    )
