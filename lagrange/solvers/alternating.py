"""Penalty method and method of multipliers by alternation between two blocks.

Problem      min F(x) + G(z)  s.t.  A x + B z = b
Update       ``rounds`` times:   x ← argmin F + ⟨λ, A x⟩ + ρ/2 ‖A x + B z − b‖²
                                 z ← argmin G + ⟨λ, B z⟩ + ρ/2 ‖A x + B z − b‖²
             then                λ ← λ + ρ g,   g = A x + B z − b;   never with rounds=None
             after each round    ρ by its rule
             rounds=1 is ADMM; more come near the joint minimum that the method of multipliers asks
             for; None is the quadratic penalty method, λ stays where it started (at 0).
Guarantee    with joint minima: any limit point of the penalty method as ρ → ∞ is feasible and solves
             the problem; with multipliers a bounded ρ is enough near a regular solution [1, §17.1,
             §17.3]. Alternation finds joint minima only of convex problems; for pruning this is the
             scheme of LC [2], without a proof.
Caveat       proves no bound. A fixed ρ leaves the penalty method at ‖g‖ > 0.

Notation     x, z answers of the blocks in the order they are asked · g residual · λ multipliers · ρ rho
References   [1] Nocedal, Wright, Numerical Optimization, 2nd ed., Springer (2006)
             [2] Carreira-Perpiñán, Idelbayev: Learning-Compression algorithms (CVPR 2018)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast, final

from lagrange.blocks import Ask, Response
from lagrange.penalties import AnyPenalty, ConstantPenalty, Penalty, Sweep
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import Record
from lagrange.solvers.groups import normalized
from lagrange.state import Start, State, initial, replaced
from lagrange.vectors import Vector, add, add_scaled, dot, norm, scale, subtract


class Memory(NamedTuple):
    """turn: 0 or 1, who answers next;  rho, rule: of this round, and what the rule remembers;  second:
    B z of the round before, None if there was none
    """

    turn: int
    rho: float
    rule: Any
    second: Vector | None


@final
@dataclass(frozen=True)
class Alternating:
    """Settings.

    rho    : penalty, > 0, or a rule of ``lagrange.penalties``
    rounds : of alternation between two moves of λ; None never moves it
    order  : the two block numbers in the order they answer
    """

    rho: float | AnyPenalty
    rounds: int | None = None
    order: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        self._penalty()  # refuses a number that is not positive
        if self.rounds is not None and (self.rounds < 1 or self.rounds % 1):
            raise ValueError(f"rounds must be a whole number ≥ 1 or None, got {self.rounds}")
        if sorted(self.order) != [0, 1]:
            raise ValueError(f"order must be (0, 1) or (1, 0), got {self.order}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        if len(problem.blocks) != 2 or problem.inequality:
            raise ValueError(
                f"Alternating takes two blocks and equality rows, got {len(problem.blocks)} blocks "
                f"and ≤ rows {sorted(problem.inequality)}"
            )
        return initial(problem, start, Memory(0, *self._penalty().init(), None))

    def _penalty(self) -> AnyPenalty:
        given = cast(Any, self.rho)
        return cast(AnyPenalty, given) if isinstance(given, Penalty) else ConstantPenalty(given)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Quadratic], ...]:
        i = self.order[state.memory.turn]
        other = state.responses[1 - i]
        offset = scale(-1.0, problem.rhs)
        if other is not None:
            offset = add(other.image, offset)
        pull = Quadratic(state.memory.rho, offset)
        return (Ask(i, state.multipliers, pull, state.responses[i]),)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        turn, i = state.memory.turn, self.order[state.memory.turn]
        responses = replaced(state.responses, (i,), answers)
        told = state._replace(
            responses=responses,
            residual=problem.residual(responses),
            cost=math.fsum(r.cost for r in responses if r is not None),
        )
        if turn == 1:
            return self._finished(problem, told)
        old = state.responses[self.order[1]]
        memory = state.memory._replace(turn=1, second=None if old is None else old.image)
        return told._replace(memory=memory)

    def _finished(self, problem: Problem[Any], state: State[Memory]) -> State[Memory]:
        """The round is complete: move λ if it is time to, and take the measurements."""
        before, memory, g = state.record, state.memory, state.residual
        first, second = (cast("Response", state.responses[i]) for i in self.order)
        if before.step == 0:
            problem.check_rows([first, second])
        rho, length, step = memory.rho, norm(g), before.step + 1
        moves = self.rounds is not None and step % self.rounds == 0
        multipliers = add_scaled(state.multipliers, rho, g) if moves else state.multipliers
        shift = None if memory.second is None else subtract(second.image, memory.second)
        record = Record(
            step=step,
            cost=state.cost,
            lagrangian=state.cost + dot(state.multipliers, g) + rho / 2 * length**2,
            residual=length,
            residual_scale=max(norm(first.image), norm(second.image), norm(problem.rhs)),
            dual_residual=math.nan if shift is None else rho * norm(shift),
            dual_scale=norm(multipliers),
            step_size=rho if moves else 0.0,
            movement=rho * length if moves else 0.0,
            rho=rho,
            moves=before.moves + moves,
        )
        new = self._next_penalty(state, multipliers, record, shift)
        return state._replace(multipliers=multipliers, memory=Memory(0, *new, None), record=record)

    def _next_penalty(
        self, state: State[Memory], multipliers: Vector, record: Record, shift: Vector | None
    ) -> tuple[float, Any]:
        """ρ of the next round and what its rule remembers."""
        memory, penalty = state.memory, self._penalty()
        if isinstance(penalty, ConstantPenalty):
            return memory.rho, memory.rule
        first, second = (cast("Response", state.responses[i]).image for i in self.order)
        # x is stationary at λ + ρ (A x + B z_old − b)
        seen = state.residual if shift is None else subtract(state.residual, shift)
        now = Sweep(
            step=record.step,
            rho=memory.rho,
            residual=normalized(record.residual, record.residual_scale),
            dual_residual=normalized(record.dual_residual, record.dual_scale),
            effective=add_scaled(state.multipliers, memory.rho, seen),
            multipliers=multipliers,
            first=first,
            second=second,
        )
        rho, rule = penalty.next(now, memory.rule)
        require_rho(rho)
        return rho, rule
