"""Alternating direction method of multipliers, two groups of blocks in an explicit order.

Problem      min F(x) + G(z)  s.t.  A x + B z = b;  F is the first group of blocks, G the second
Update       x ← argmin F + ⟨λ, A x⟩ + ρ/2 ‖A x + B z − b‖²
             h = α A x − (1 − α)(B z − b)                        over-relaxation, α ∈ (0, 2)
             z ← argmin G + ⟨λ, B z⟩ + ρ/2 ‖h + B z − b‖²
             λ ← λ + ρ (h + B z − b)                             multipliers unscaled
Guarantee    convex F, G with a saddle point and exact answers: residuals → 0, cost → optimum,
             λ → λ* for any ρ > 0 [1, §3.2; 2 for α ≠ 1]. Nonconvex sets: descent is proved for the
             order *set first, smooth block second* with ρ above twice its Lipschitz constant
             (papers/progressive_admm). The usual order of compression papers, loss first, is outside
             that theory.
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
from lagrange.divergence import NO_SIGNS, STRONG, Mark, Probe, Watch, is_marked
from lagrange.penalties import AnyPenalty, ConstantPenalty, Penalty, Sweep
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import NAN, Record
from lagrange.solvers.groups import (
    Order,
    add_images,
    moved,
    normalized,
    require_disjoint,
    scale_of,
    subtract_images,
)
from lagrange.state import Start, State, initial
from lagrange.vectors import Vector, add, add_scaled, norm, scale


class Fixed(NamedTuple):
    """What no step changes: the rule for ρ, None if it is constant; −b and ‖b‖; the blocks that do
    not answer first.
    """

    penalty: AnyPenalty | None
    minus_rhs: Vector
    rhs_norm: float
    others: tuple[int, ...]


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    phase  : which group answers next; below 0 while the sign of a missing solution is probed
    images : of each group, as it answered last
    offset : what that group does not decide of r: h + B z − b without its own images
    after_first : r right after the first group answered, until the sweep is complete; the dual residual
                  needs it
    rho, rule   : the penalty of this sweep, and what its rule remembers
    watch       : earlier iterates, to see whether they run away
    """

    phase: int
    offset: Vector
    after_first: Vector
    rho: float
    rule: Any
    watch: Watch
    fixed: Fixed


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
                "pass tied = lagrange.grouping.exchange(problem) with order=two_groups(tied), which "
                "always has two groups, or lagrange.with_slacks(problem), which adds a block"
            )
        penalty = self._penalty()
        rho, rule = penalty.init()
        changing = None if isinstance(penalty, ConstantPenalty) else penalty
        others = tuple(i for group in self.order[1:] for i in group)
        fixed = Fixed(changing, scale(-1.0, problem.rhs), norm(problem.rhs), others)
        state = initial(problem, start, Memory(0, {}, {}, rho, rule, Watch(), fixed))
        offset = add_images(fixed.minus_rhs, state.responses, others)
        return state._replace(memory=state.memory._replace(offset=offset))

    def _penalty(self) -> AnyPenalty:
        """The rule; what is neither a number nor a rule is refused as a number."""
        given = cast(Any, self.rho)
        return cast(AnyPenalty, given) if isinstance(given, Penalty) else ConstantPenalty(given)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Quadratic], ...]:
        memory = state.memory
        rho = memory.rho if memory.phase >= 0 else memory.rho * STRONG
        pull = Quadratic(rho, memory.offset)  # blocks of one group share no row: one for all
        asks: list[Ask[Quadratic]] = []
        for i in self.order[memory.phase]:  # quicker than a comprehension
            asks.append(Ask(i, state.multipliers, pull, state.responses[i]))
        return tuple(asks)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        multipliers, responses, residual, cost, best, memory, record = state
        phase, seen, after_first, rho, rule, watch, fixed = memory
        group, told = self.order[phase], list(responses)
        if len(answers) != len(group):
            raise ValueError(f"blocks {group} were asked, {len(answers)} answers came back")
        for k, i in enumerate(group):
            told[i] = answers[k]
            seen = add(seen, answers[k].image)
        if phase < 0:
            return self._probed(state, seen)
        if record.step == 0:
            require_disjoint(group, answers)
        if phase == 0:
            after_first = seen
            seen = scale(self.relaxation, seen) if self.relaxation != 1 else seen
        phase += 1
        if phase == len(self.order):
            return self._finished(problem, state, told, seen)
        offset = subtract_images(seen, told, self.order[phase])
        memory = Memory(phase, offset, after_first, rho, rule, watch, fixed)
        return State(multipliers, tuple(told), residual, cost, best, memory, record)

    def _probed(self, state: State[Memory], seen: Vector) -> State[Memory]:
        """A group answered a pull so strong that costs and prices hardly count: are the residuals
        still where they were? These answers are not kept.
        """
        memory = state.memory
        phase, probe = memory.phase + 1, cast("Probe", memory.watch.probe)
        if phase < 0:
            offset = subtract_images(seen, state.responses, self.order[phase])
            return state._replace(memory=memory._replace(phase=phase, offset=offset))
        watch = memory.watch._replace(probe=probe.heard(norm(seen)))
        return state._replace(memory=memory._replace(phase=0, offset=probe.offset, watch=watch))

    def _finished(
        self,
        problem: Problem[Any],
        state: State[Memory],
        told: Sequence[Response | None],
        seen: Vector,
    ) -> State[Memory]:
        """The sweep is complete: move λ and take the measurements."""
        _, _, after_first, rho, rule, watch, fixed = state.memory
        responses = cast("tuple[Response, ...]", tuple(told))  # every group has answered
        step, found = state.record.step + 1, NO_SIGNS
        if step == 1:
            problem.check_rows(responses)
        offset = add_images(fixed.minus_rhs, responses, fixed.others)  # afresh: it never drifts
        residual = add_images(offset, responses, self.order[0])
        cost = math.fsum([response.cost for response in responses])
        multipliers, lengths = moved(state.multipliers, rho, seen, residual, after_first)
        priced, length, dual_residual, dual_scale, movement = lengths
        if not problem.solvable and (watch.probe is not None or is_marked(step)):
            watch, found = watch.next(Mark(step, multipliers, offset, cost), priced, length)
        record = Record(  # by position, which takes half the time
            step,
            0.0,  # seconds: the clock is the engine's
            cost,
            cost + priced + rho / 2 * length**2,
            NAN,  # no bounds
            NAN,
            length,
            scale_of(fixed.rhs_norm, responses, self.order),
            dual_residual,
            dual_scale,
            rho,  # the step size
            movement,
            rho,
            True,  # accepted
            state.record.moves + 1,
            0,  # stage
            *found,
        )
        if fixed.penalty is not None:
            rho, rule = self._next_penalty(state, fixed.penalty, responses, multipliers, record)
        phase = 0 if watch.probe is None else -len(self.order)
        memory = Memory(phase, offset, {}, rho, rule, watch, fixed)
        return State(multipliers, responses, residual, cost, state.best, memory, record)

    def _next_penalty(
        self,
        state: State[Memory],
        penalty: AnyPenalty,
        responses: Sequence[Response],
        multipliers: Vector,
        record: Record,
    ) -> tuple[float, Any]:
        """ρ of the next sweep and what its rule remembers."""
        memory = state.memory
        now = Sweep(
            step=record.step,
            rho=memory.rho,
            residual=normalized(record.residual, record.residual_scale),
            dual_residual=normalized(record.dual_residual, record.dual_scale),
            effective=add_scaled(state.multipliers, memory.rho, memory.after_first),
            multipliers=multipliers,
            first=add_images({}, responses, self.order[0]),
            second=add_images({}, responses, self.order[-1]),
        )
        rho, rule = penalty.next(now, memory.rule)
        require_rho(rho)
        return rho, rule
