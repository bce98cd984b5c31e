"""Surrogate relaxation with an exact penalty: an ℓ1 pull besides the prices.

Problem      min Σ f_i(x_i)  s.t.  Σ A_i x_i − b {= 0, ≤ 0},  x_i ∈ X_i          (any X_i)
             L_c(λ, x) = Σ f_i(x_i) + ⟨λ, g(x)⟩ + c v(x),   v = ‖g‖₁, on ≤ rows ‖[g]₊‖₁
Update       x' = x with the next block answering at λ with the pull c, the others kept
             accept x' if L_c(λ, x') < L_c(λ, x)
             on acceptance   λ ← P(λ + s g), s from the step rule;   c ← β c where v > 0
             c ← c/β when x satisfies all rows, and when every block in turn was refused
Guarantee    none for the multipliers. The pull is exact: without a duality gap and with
             c > ‖λ* − λ‖_∞ for some maximizer λ* of the dual every minimizer of L_c(λ, ·) over all
             blocks *together* is optimal. Bounds come from sweeps *without* the pull: the first step
             and every ``sweep_every``-th; the answers of later ones are not kept.
Caveat       L_c ≥ L: it bounds nothing from below. x may freeze block by block where no block can move
             alone; that is why c falls again. The schedule of c is this library's; of [1] the idea is
             used. Blocks must answer ``Absolute``; ``BinaryImages`` makes price-only 0/1 blocks do so.

Notation     λ multipliers · g residual · s step_size · c weight · β growth
Reference    [1] Bragin, Luh, Yan, Stern, IEEE Trans. Autom. Sci. Eng. 16 (2019) 88–100
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from lagrange import bounds, vectors
from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.queries import Absolute
from lagrange.records import Record
from lagrange.solvers.full_sweep import ask_all
from lagrange.solvers.moves import Move, next_move, progress
from lagrange.state import Start, State, initial, replaced
from lagrange.step_sizes import AnyStepSize, require_rule
from lagrange.sweeps import proved, sweep
from lagrange.vectors import Vector, add, add_scaled, dot, norm, subtract


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    turn    : the block whose turn is next;   refused : how many in a row were refused
    weight  : c;   fresh : has some block never been asked?   rule : the step rule's own memory
    """

    turn: int
    refused: int
    weight: float
    fresh: bool
    rule: Any


@final
@dataclass(frozen=True)
class SurrogateAbsolute:
    """Settings.

    step_size   : a rule; ``SurrogateContraction`` is the one of the method
    weight      : the first c > 0;   growth: β > 1
    sweep_every : every so many steps all blocks are asked without the pull, which proves a bound
    """

    step_size: AnyStepSize
    weight: float = 1.0
    growth: float = 1.05
    sweep_every: int | None = None

    def __post_init__(self) -> None:
        require_rule(self.step_size)
        if not 0 < self.weight < math.inf:
            raise ValueError(f"weight must be a finite number > 0, got {self.weight}")
        if not 1 < self.growth < math.inf:
            raise ValueError(f"growth must be a finite number > 1, got {self.growth}")
        if self.sweep_every is not None and (self.sweep_every < 2 or self.sweep_every % 1):
            raise ValueError(
                f"sweep_every must be at least 2 and whole, or None, got {self.sweep_every}"
            )

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        state = initial(problem, start, Memory(0, 0, self.weight, False, self.step_size.init()))
        fresh = any(response is None for response in state.responses)
        return state._replace(memory=state.memory._replace(fresh=fresh))

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Any], ...]:
        if self._sweeps(state):
            return ask_all(state)
        turn = state.memory.turn
        current = state.responses[turn]
        offset = subtract(state.residual, current.image if current else {})
        query = Absolute(state.memory.weight, offset, problem.inequality)
        return (Ask(turn, state.multipliers, query, current),)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        if self._sweeps(state):
            return self._swept(problem, state, answers)
        memory, answer = state.memory, answers[0]
        old = state.responses[memory.turn]
        change = subtract(answer.image, old.image if old else {})
        after = add(state.residual, change)
        rise = answer.cost - (old.cost if old else 0.0) + dot(state.multipliers, change)
        rise += memory.weight * (violation(problem, after) - violation(problem, state.residual))
        accepted = rise < 0
        if accepted:
            state = state._replace(
                responses=replaced(state.responses, (memory.turn,), answers),
                residual=after,
                cost=state.cost + answer.cost - (old.cost if old else 0.0),
            )
        turn = (memory.turn + 1) % len(state.responses)
        refused = 0 if accepted else memory.refused + 1
        state = state._replace(memory=memory._replace(turn=turn, refused=refused))
        return self._finished(problem, state, math.nan, accepted)

    def _sweeps(self, state: State[Memory]) -> bool:
        due = self.sweep_every is not None and state.record.step % self.sweep_every == 0
        return state.memory.fresh or due

    def _swept(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        """A bound from everybody's answers to the prices alone; kept only if there were none."""
        lower = proved(problem, sweep(problem, self.ask(problem, state), answers))
        fresh = state.memory.fresh
        if fresh:
            problem.check_rows(answers)
            state = state._replace(
                responses=tuple(answers),
                residual=problem.residual(answers),
                cost=math.fsum(a.cost for a in answers),
                memory=state.memory._replace(fresh=False),
            )
        state = state._replace(best=state.best.with_lower(lower, state.multipliers))
        return self._finished(problem, state, lower, fresh)

    def _finished(
        self, problem: Problem[Any], state: State[Memory], lower: float, accepted: bool
    ) -> State[Memory]:
        """The step's record, the move of λ on acceptance, and the next weight."""
        g, memory = state.residual, state.memory
        value, broken = state.cost + dot(state.multipliers, g), violation(problem, g)
        upper, best = math.nan, state.best
        if accepted and (broken == 0 or problem.recover is not None):
            present = [r for r in state.responses if r is not None]
            feasible = bounds.feasible_point(problem, present, g)
            best = best.with_feasible(feasible)
            upper = math.nan if feasible is None else feasible.cost
        move, length = Move(0.0, norm(g), memory.rule), norm(g)
        earned = accepted and length > 0
        if earned:
            move = next_move(self.step_size, progress(state, best, length, value), memory.rule)
        stuck = memory.refused >= len(state.responses)
        factor = 1 / self.growth if stuck or broken == 0 else self.growth if accepted else 1.0
        return state._replace(
            multipliers=problem.project(add_scaled(state.multipliers, move.step, g)),
            best=best,
            memory=memory._replace(
                weight=memory.weight * factor,
                refused=0 if stuck else memory.refused,
                rule=move.memory,
            ),
            record=Record(
                step=state.record.step + 1,
                cost=state.cost,
                lagrangian=value,
                lower_bound=lower,
                upper_bound=upper,
                residual=length,
                step_size=move.step if earned else math.nan,
                movement=move.step * length if earned else math.nan,
                accepted=accepted,
                moves=state.record.moves + earned,
            ),
        )


def violation(problem: Problem[Any], residual: Vector) -> float:
    """v = ‖g‖₁, of ≤ rows only what lies above 0."""
    broken = {
        name: g.clip(min=0) if name in problem.inequality else g for name, g in residual.items()
    }
    return vectors.dot_magnitude(broken, {name: g * 0 + 1 for name, g in broken.items()})
