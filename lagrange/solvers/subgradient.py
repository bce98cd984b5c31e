"""Subgradient method on the dual: exact dual decomposition.

Problem      min Σ f_i(x_i)  s.t.  Σ A_i x_i − b {= 0, ≤ 0},  x_i ∈ X_i          (any X_i)
Update       every block answers the same prices λ;  g = Σ A_i x_i − b;  λ ← P(λ + s g)
Guarantee    each step proves the bound q(λ). With steps s → 0, Σ s = ∞ and bounded g the best of
             them tends to max q [1]; max q is below the optimum by the duality gap if X is not
             convex.
Caveat       q(λ) is not monotone; the blocks' answers are in general infeasible. A block that proves
             no bound (−inf) leaves the lower bound NaN.

Notation     λ multipliers · g residual · s step_size
Reference    [1] Shor, Minimization Methods for Non-Differentiable Functions, Springer (1985), ch. 2
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.records import Record
from lagrange.solvers.full_sweep import ask_all, hear_all
from lagrange.solvers.moves import next_move, progress
from lagrange.state import Start, State, initial
from lagrange.step_sizes import AnyStepSize, Diminishing, require_rule
from lagrange.vectors import add_scaled, norm


@final
@dataclass(frozen=True)
class Subgradient:
    """Settings. ``step_size`` is any rule of ``lagrange.step_sizes`` or of your own."""

    step_size: AnyStepSize = Diminishing(1.0)

    def __post_init__(self) -> None:
        require_rule(self.step_size)

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Any]:
        return initial(problem, start, self.step_size.init())

    def ask(self, problem: Problem[Any], state: State[Any]) -> tuple[Ask[None], ...]:
        return ask_all(state)

    def tell(
        self, problem: Problem[Any], state: State[Any], answers: Sequence[Response]
    ) -> State[Any]:
        heard = hear_all(problem, state, self.ask(problem, state), answers)
        g = heard.residual
        now = progress(state, heard.best, norm(g), heard.value)
        move = next_move(self.step_size, now, state.memory)
        return State(
            multipliers=problem.project(add_scaled(state.multipliers, move.step, g)),
            responses=tuple(answers),
            residual=g,
            cost=heard.cost,
            best=heard.best,
            memory=move.memory,
            record=Record(
                step=state.record.step + 1,
                cost=heard.cost,
                lagrangian=heard.value,
                lower_bound=heard.lower,
                upper_bound=heard.upper,
                residual=move.residual,
                step_size=move.step,
                movement=move.step * move.residual,
                moves=state.record.moves + (move.residual > 0),
            ),
        )
