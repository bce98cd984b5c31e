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
from typing import Any, NamedTuple, cast, final

from lagrange.blocks import Ask, Response
from lagrange.divergence import (
    NO_SIGNS,
    STRONG,
    SUSPICIOUS,
    Mark,
    Marks,
    Probe,
    is_marked,
    signs,
)
from lagrange.penalties import AnyPenalty, ConstantPenalty, Penalty, Sweep
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import Record
from lagrange.solvers.groups import (
    Order,
    normalized,
    require_disjoint,
    scale_of,
    subtract_images,
    total_image,
)
from lagrange.state import Start, State, initial, replaced
from lagrange.vectors import (
    Vector,
    add,
    add_scaled,
    dot,
    norm,
    scale,
    subtract,
)


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    phase  : which group answers next; below 0 while the sign of a missing solution is probed
    offset : what that group does not decide of r: h + B z − b without its own images
    after_first : r right after the first group answered; the dual residual needs it
    rho, rule   : the penalty of this sweep, and what its rule remembers
    penalty     : the rule; None if ρ is constant
    minus_rhs, rhs_norm : −b and ‖b‖, which do not change
    marks, probe : earlier iterates, to see whether they run away, and the question whether a strong
                   pull stops them
    """

    phase: int
    offset: Vector
    after_first: Vector
    rho: float
    rule: Any
    penalty: AnyPenalty | None
    minus_rhs: Vector
    rhs_norm: float
    marks: Marks | None
    probe: Probe | None


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
        penalty = self._penalty()
        rho, rule = penalty.init()
        changing = None if isinstance(penalty, ConstantPenalty) else penalty
        minus_rhs = scale(-1.0, problem.rhs)
        memory = Memory(0, {}, {}, rho, rule, changing, minus_rhs, norm(problem.rhs), None, None)
        state = initial(problem, start, memory)
        offset = self._offset_of_first(minus_rhs, state.responses)
        return state._replace(memory=memory._replace(offset=offset))

    def _penalty(self) -> AnyPenalty:
        """The rule; what is neither a number nor a rule is refused as a number."""
        given = cast(Any, self.rho)
        return cast(AnyPenalty, given) if isinstance(given, Penalty) else ConstantPenalty(given)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Quadratic], ...]:
        memory = state.memory
        rho = memory.rho if memory.phase >= 0 else memory.rho * STRONG
        pull = Quadratic(rho, memory.offset)  # blocks of one group share no row: one for all
        return tuple(
            Ask(i, state.multipliers, pull, state.responses[i]) for i in self.order[memory.phase]
        )

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        memory = state.memory
        phase, seen, after_first = memory.phase, memory.offset, memory.after_first
        for answer in answers:
            seen = add(seen, answer.image)
        if phase < 0:
            return self._probed(state, seen)
        group = self.order[phase]
        if state.record.step == 0:
            require_disjoint(group, answers)
        responses = replaced(state.responses, group, answers)
        if phase == 0:
            after_first = seen
            seen = scale(self.relaxation, seen) if self.relaxation != 1 else seen
        if phase + 1 == len(self.order):
            return self._finished(problem, state, responses, seen)
        offset = subtract_images(seen, responses, self.order[phase + 1])
        memory = Memory(phase + 1, offset, after_first, *memory[3:])
        return State(
            state.multipliers,
            responses,
            state.residual,
            state.cost,
            state.best,
            memory,
            state.record,
        )

    def _probed(self, state: State[Memory], seen: Vector) -> State[Memory]:
        """A group answered a pull so strong that costs and prices hardly count: are the residuals
        still where they were? These answers are not kept.
        """
        memory = state.memory
        phase, probe = memory.phase + 1, cast("Probe", memory.probe)
        if phase < 0:
            offset = subtract_images(seen, state.responses, self.order[phase])
            return state._replace(memory=memory._replace(phase=phase, offset=offset))
        heard = probe.heard(norm(seen))
        return state._replace(memory=memory._replace(phase=0, offset=probe.offset, probe=heard))

    def _offset_of_first(self, minus_rhs: Vector, responses: Sequence[Response | None]) -> Vector:
        """B z − b of the groups behind the first; summed afresh, so that it never drifts."""
        offset = minus_rhs
        for group in self.order[1:]:
            for i in group:
                if (response := responses[i]) is not None:
                    offset = add(offset, response.image)
        return offset

    def _finished(
        self,
        problem: Problem[Any],
        state: State[Memory],
        responses: tuple[Response | None, ...],
        seen: Vector,
    ) -> State[Memory]:
        """The sweep is complete: move λ and take the measurements."""
        before, memory = state.record, state.memory
        if before.step == 0:
            problem.check_rows([r for r in responses if r is not None])
        residual = offset = self._offset_of_first(memory.minus_rhs, responses)
        for i in self.order[0]:
            residual = add(residual, responses[i].image)  # pyright: ignore[reportOptionalMemberAccess]
        multipliers = add_scaled(state.multipliers, memory.rho, seen)
        cost = math.fsum([r.cost for r in responses if r is not None])
        length, priced = norm(residual), dot(state.multipliers, residual)
        marks, probe = memory.marks, None
        found = NO_SIGNS if memory.probe is None else memory.probe.signs
        if is_marked(before.step + 1):
            mark = Mark(before.step + 1, multipliers, offset, cost)
            marks, found = signs(marks, mark, priced)
            if found.infeasibility < SUSPICIOUS:  # it counts after the probe, in the next step
                probe, found = Probe(found, length, offset), NO_SIGNS
        record = Record(
            step=before.step + 1,
            cost=cost,
            lagrangian=cost + priced + memory.rho / 2 * length**2,
            residual=length,
            residual_scale=scale_of(memory.rhs_norm, responses, self.order),
            # x is stationary at the price λ + ρ after_first, the new λ is λ + ρ seen
            dual_residual=memory.rho * norm(subtract(memory.after_first, seen)),
            dual_scale=norm(multipliers),
            step_size=memory.rho,
            movement=memory.rho * norm(seen),
            rho=memory.rho,
            moves=before.moves + 1,
            infeasibility=found.infeasibility,
            unboundedness=found.unboundedness,
        )
        rho, rule = self._next_penalty(state, responses, multipliers, record)
        phase = 0 if probe is None else -len(self.order)
        kept = memory.after_first, rho, rule, memory.penalty, memory.minus_rhs, memory.rhs_norm
        memory = Memory(phase, offset, *kept, marks, probe)
        return State(multipliers, responses, residual, cost, state.best, memory, record)

    def _next_penalty(
        self,
        state: State[Memory],
        responses: Sequence[Response | None],
        multipliers: Vector,
        record: Record,
    ) -> tuple[float, Any]:
        """ρ of the next sweep and what its rule remembers."""
        memory = state.memory
        if memory.penalty is None:
            return memory.rho, memory.rule
        now = Sweep(
            step=record.step,
            rho=memory.rho,
            residual=normalized(record.residual, record.residual_scale),
            dual_residual=normalized(record.dual_residual, record.dual_scale),
            effective=add_scaled(state.multipliers, memory.rho, memory.after_first),
            multipliers=multipliers,
            first=total_image(responses, self.order[0]),
            second=total_image(responses, self.order[-1]),
        )
        rho, rule = memory.penalty.next(now, memory.rule)
        require_rho(rho)
        return rho, rule
