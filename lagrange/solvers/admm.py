"""Alternating direction method of multipliers, two groups of blocks in an explicit order.

Problem      min F(x) + G(z)  s.t.  A x + B z = b;  F is the first group of blocks, G the second
Update       x ← argmin F + ⟨λ, A x⟩ + ρ/2 ‖A x + B z − b‖²
             h = α A x − (1 − α)(B z − b)                        over-relaxation, α ∈ (0, 2)
             z ← argmin G + ⟨λ, B z⟩ + ρ/2 ‖h + B z − b‖²
             λ ← λ + ρ (h + B z − b)                             multipliers unscaled
Guarantee    convex F, G with a saddle point and exact answers: residuals → 0, cost → optimum,
             λ → λ* for any ρ > 0 [1, §3.2; 2 for α ≠ 1]. Nonconvex sets: descent is proved for the
             order *set first, smooth block second* with ρ above twice its Lipschitz constant
             (paper notes: papers/ye2019). The usual order of compression papers, loss first, is
             outside that theory.
Caveat       proves no bound; call ``bounds.exact_sweep`` at the final multipliers. ≤ rows are
             refused: state them as equations with a slack block. More than two groups can diverge
             even for convex problems [3] and need ``heuristic=True``.

Notation     x, z answers of the two groups · r = A x + B z − b residual · λ multipliers · ρ rho
References   [1] Boyd, Parikh, Chu, Peleato, Eckstein, Found. Trends Mach. Learn. 3 (2011) 1–122
             [2] Eckstein, Bertsekas, Math. Program. 55 (1992) 293–318
             [3] Chen, He, Ye, Yuan, Math. Program. 155 (2016) 57–79
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple, cast, final

from lagrange.blocks import Ask, Response
from lagrange.penalties import AnyPenalty, ConstantPenalty, Sweep
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import Record
from lagrange.state import Start, State, initial, replaced
from lagrange.vectors import (
    Vector,
    add,
    add_scaled,
    dot,
    norm,
    replace_term,
    scale,
    subtract,
)

Order = tuple[tuple[int, ...], ...]


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    phase : which group answers next
    seen  : r as the next group shall see it (h + B z − b)
    after_first : r right after the first group answered; the dual residual needs it
    rho, rule   : the penalty of this sweep, and what its rule remembers
    """

    phase: int
    seen: Vector
    after_first: Vector
    rho: float
    rule: Any


@final
@dataclass(frozen=True)
class ADMM:
    """Settings.

    rho        : penalty, > 0, in units of cost per squared unit of the coupling rows; or a rule of
                 ``lagrange.penalties`` that adapts it.
    order      : the groups of block numbers in the order they answer. Blocks of one group are asked
                 at once and must not share a row.
    relaxation : α ∈ (0, 2); 1 is plain ADMM, 1.5–1.8 often faster [1, §3.4.3].
    heuristic  : True accepts three or more groups, for which nothing is proved.
    """

    rho: float | AnyPenalty
    order: Order = ((0,), (1,))
    relaxation: float = 1.0
    heuristic: bool = False

    def __post_init__(self) -> None:
        self._penalty()  # refuses a number that is not positive
        if not 0 < self.relaxation < 2:
            raise ValueError(f"relaxation must lie in (0, 2), got {self.relaxation}")
        if len(self.order) < 2 or not all(self.order):
            raise ValueError(f"order must name at least two non-empty groups, got {self.order}")
        if len(self.order) > 2 and not self.heuristic:
            raise ValueError(
                f"order has {len(self.order)} groups: ADMM with more than two can diverge even on "
                "convex problems (Chen et al. 2016). Merge groups, or pass heuristic=True"
            )
        if len(self.order) > 2 and self.relaxation != 1:
            raise ValueError(
                f"relaxation must be 1 with more than two groups, got {self.relaxation}"
            )

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        named = sorted(i for group in self.order for i in group)
        if named != list(range(len(problem.blocks))):
            raise ValueError(
                f"order {self.order} must name each of the {len(problem.blocks)} blocks once"
            )
        if problem.inequality:
            raise ValueError(
                f"ADMM takes equality rows only, {sorted(problem.inequality)} are ≤ rows: "
                "pass lagrange.with_slacks(problem)"
            )
        rho, rule = self._penalty().init()
        state = initial(problem, start, Memory(0, {}, {}, rho, rule))
        g = state.residual
        return state._replace(memory=state.memory._replace(seen=g, after_first=g))

    def _penalty(self) -> AnyPenalty:
        """The rule; what is neither a number nor a rule is refused as a number."""
        simple = isinstance(self.rho, Real | str | None)
        return ConstantPenalty(cast(Any, self.rho)) if simple else cast(Any, self.rho)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Quadratic], ...]:
        return tuple(
            Ask(i, state.multipliers, self._pull(state, i), state.responses[i])
            for i in self.order[state.memory.phase]
        )

    def _pull(self, state: State[Memory], block: int) -> Quadratic:
        """ρ/2 ‖A_i x_i + what the others do − b‖², on all rows: an image may leave some out."""
        response, seen = state.responses[block], state.memory.seen
        if response is not None:
            seen = subtract(seen, response.image)
        return Quadratic(state.memory.rho, seen)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        phase, seen, after_first, rho, rule = state.memory
        group = self.order[phase]
        if state.record.step == 0:
            _require_disjoint(group, answers)
        for i, answer in zip(group, answers, strict=True):
            before = state.responses[i]
            if before is None:
                seen = add(seen, answer.image)
            else:
                seen = replace_term(seen, before.image, answer.image)
        responses = replaced(state.responses, group, answers)
        if phase == 0:
            after_first = seen
            seen = scale(self.relaxation, seen) if self.relaxation != 1 else seen
        memory = Memory(phase + 1, seen, after_first, rho, rule)
        state = state._replace(responses=responses, memory=memory)
        return self._finished(problem, state) if phase + 1 == len(self.order) else state

    def _finished(self, problem: Problem[Any], state: State[Memory]) -> State[Memory]:
        """The sweep is complete: move λ and take the measurements."""
        _, seen, after_first, rho, _ = state.memory
        if state.record.step == 0:
            problem.check_rows([r for r in state.responses if r is not None])
        residual = problem.residual(state.responses)
        multipliers = add_scaled(state.multipliers, rho, seen)
        cost = math.fsum(r.cost for r in state.responses if r is not None)
        length = norm(residual)
        record = Record(
            step=state.record.step + 1,
            cost=cost,
            lagrangian=cost + dot(state.multipliers, residual) + rho / 2 * length**2,
            residual=length,
            residual_scale=self._scale(problem, state),
            # x is stationary at the price λ + ρ after_first, the new λ is λ + ρ seen
            dual_residual=rho * norm(subtract(after_first, seen)),
            dual_scale=norm(multipliers),
            step_size=rho,
            movement=rho * norm(seen),
            rho=rho,
            moves=state.record.moves + 1,
        )
        memory = self._next_penalty(state, multipliers, record)._replace(
            phase=0, seen=residual, after_first=residual
        )
        return State(multipliers, state.responses, residual, cost, state.best, memory, record)

    def _next_penalty(self, state: State[Memory], multipliers: Vector, record: Record) -> Memory:
        """The memory with ρ for the next sweep."""
        memory, penalty = state.memory, self._penalty()
        if isinstance(penalty, ConstantPenalty):
            return memory
        now = Sweep(
            step=record.step,
            rho=memory.rho,
            residual=_normalized(record.residual, record.residual_scale),
            dual_residual=_normalized(record.dual_residual, record.dual_scale),
            effective=add_scaled(state.multipliers, memory.rho, memory.after_first),
            multipliers=multipliers,
            first=_image(state.responses, self.order[0]),
            second=_image(state.responses, self.order[-1]),
        )
        rho, rule = penalty.next(now, memory.rule)
        require_rho(rho)
        return memory._replace(rho=rho, rule=rule)

    def _scale(self, problem: Problem[Any], state: State[Memory]) -> float:
        """max(‖A x‖, ‖B z‖, ‖b‖): what the primal residual is relative to."""
        largest = norm(problem.rhs)
        for group in self.order:  # blocks of one group share no row: their squares add up
            images = [norm(r.image) for i in group if (r := state.responses[i]) is not None]
            largest = max(largest, math.hypot(*images))
        return largest


def _normalized(value: float, scale: float) -> float:
    return value / scale if scale > 0 else math.nan


def _image(responses: Sequence[Response | None], group: Sequence[int]) -> Vector:
    """Σ A_i x_i of a group."""
    total: Vector = {}
    for i in group:
        if (response := responses[i]) is not None:
            total = add(total, response.image)
    return total


def _require_disjoint(group: Sequence[int], answers: Sequence[Response]) -> None:
    owner: dict[str, int] = {}
    for i, answer in zip(group, answers, strict=True):
        for row in answer.image:
            if row in owner:
                raise ValueError(
                    f"blocks {owner[row]} and {i} of one group share row {row!r}: asked at once "
                    "they would not minimize together. Put them in different groups"
                )
            owner[row] = i
