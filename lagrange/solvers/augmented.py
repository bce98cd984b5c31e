"""Augmented Lagrangian (method of multipliers): one block, solved whole, then the prices move.

Problem      min f(x)  s.t.  A x = b,  x ∈ X
Update       x ← argmin f + ⟨λ, A x⟩ + ρ/2 ‖A x − b‖²,   g = A x − b
             λ ← λ + ρ g
             ρ ← growth · ρ if ‖g‖ > decrease · (‖g‖ of the step before), at most ``changes`` times
Guarantee    convex f, X with a saddle point and exact answers: the proximal point method on the dual,
             so ‖g‖ → 0 and λ → λ* for any ρ > 0 [1]. Smooth nonconvex f near a strict local solution:
             converges if ρ is large enough [2, §17.3].
Caveat       proves no bound. A block answers as a whole: where f falls apart, ADMM or the dual methods
             use that and this one does not.

Notation     g residual · λ multipliers · ρ rho
References   [1] Rockafellar, Math. Oper. Res. 1 (1976) 97–116
             [2] Nocedal, Wright, Numerical Optimization, 2nd ed., Springer (2006)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import Record
from lagrange.state import Start, State, initial
from lagrange.vectors import add_scaled, dot, norm, scale


class Memory(NamedTuple):
    """ρ of the next step, and how many changes are left."""

    rho: float
    changes: int


@final
@dataclass(frozen=True)
class AugmentedLagrangian:
    """Settings.

    rho      : first penalty, > 0
    growth   : factor ≥ 1 by which ρ grows when the residual does not fall enough; 1 keeps ρ
    decrease : how much of the residual may be left after a step, in (0, 1)
    changes  : ρ grows at most so often
    """

    rho: float
    growth: float = 10.0
    decrease: float = 0.25
    changes: int = 10

    def __post_init__(self) -> None:
        require_rho(self.rho)
        if not (math.isfinite(self.growth) and self.growth >= 1):
            raise ValueError(f"growth must be a finite number ≥ 1, got {self.growth}")
        if not 0 < self.decrease < 1:
            raise ValueError(f"decrease must lie in (0, 1), got {self.decrease}")
        if self.changes < 0:
            raise ValueError(f"changes must be at least 0, got {self.changes}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        if len(problem.blocks) != 1:
            raise ValueError(
                f"AugmentedLagrangian takes one block, the problem has {len(problem.blocks)}: "
                "use ADMM, or join them into one"
            )
        if problem.inequality:
            raise ValueError(
                f"AugmentedLagrangian takes equality rows only, {sorted(problem.inequality)} are "
                "≤ rows: let the block have slack variables of its own"
            )
        return initial(problem, start, Memory(self.rho, self.changes))

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Quadratic], ...]:
        pull = Quadratic(state.memory.rho, scale(-1.0, problem.rhs))
        return (Ask(0, state.multipliers, pull, state.responses[0]),)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        (answer,), rho = answers, state.memory.rho
        if state.record.step == 0:
            problem.check_rows(answers)
        g = problem.residual(answers)
        length = norm(g)
        multipliers = add_scaled(state.multipliers, rho, g)
        record = Record(
            step=state.record.step + 1,
            cost=answer.cost,
            lagrangian=answer.cost + dot(state.multipliers, g) + rho / 2 * length**2,
            residual=length,
            residual_scale=max(norm(answer.image), norm(problem.rhs)),
            step_size=rho,
            movement=rho * length,
            rho=rho,
            moves=state.record.moves + 1,
        )
        memory = self._next_penalty(state, length)
        return State(multipliers, (answer,), g, answer.cost, state.best, memory, record)

    def _next_penalty(self, state: State[Memory], length: float) -> Memory:
        rho, left = state.memory
        before = state.record.residual  # NaN before the first step: compares false
        if left > 0 and self.growth > 1 and length > self.decrease * before:
            return Memory(rho * self.growth, left - 1)
        return state.memory
