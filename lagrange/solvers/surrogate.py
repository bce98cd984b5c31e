"""Surrogate Lagrangian relaxation: re-solve one group of blocks, then move the prices.

Problem      min Σ f_i(x_i)  s.t.  Σ A_i x_i − b {= 0, ≤ 0},  x_i ∈ X_i          (any X_i)
Update       x' = x with the next group of blocks answering at λ
             accept x' if L(λ, x') < L(λ, x), both at the *same* λ               (SOC)
             on acceptance   λ ← P(λ + s g),   s from the step rule
             if every block has failed SOC at this λ: the same step with x unchanged, which is then
             the exact subgradient step (x minimizes L(λ, ·) block by block)
             with rho:  L and the queries carry ρ/2 ‖g‖² besides
Guarantee    with SurrogateContraction ‖s g‖ follows the α schedule exactly. λ → λ* is claimed in [1]
             under SOC and conditions on α and the first step. Here it is checked, not assumed:
             ask for sweeps and look at the certified bound.
Caveat       L(λ, x) is *not* a lower bound. Bounds are proved only when all blocks were asked at one
             λ: in the first pass, every ``sweep_every`` steps, or when every block failed SOC. With
             rho no bound is proved, and x after a round of failures is only a block-wise minimizer;
             in groups of several blocks not even that, since each answers the others' old images.

Notation     λ multipliers · g residual · s step_size · ρ rho
Reference    [1] Bragin, Luh, Yan, Yu, Stern, J. Optim. Theory Appl. 164 (2015) 173–201
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, final, overload

from lagrange import bounds, vectors
from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.records import Record
from lagrange.solvers.moves import Move, next_move, progress
from lagrange.state import Start, State, initial, replaced
from lagrange.step_sizes import AnyStepSize, require_rule
from lagrange.vectors import Vector, add_scaled, dot, norm

Q = TypeVar("Q", None, Quadratic)


class Heard(NamedTuple):
    """The answers at the present λ, accepted or not, newest first: a chain, so that one more costs
    the same however many there are.
    """

    block: int
    answer: Response
    earlier: "Heard | None"
    length: int


class Memory(NamedTuple):
    """What the solver keeps besides the answers it accepted.

    turn  : the block whose turn is next
    fresh : has some block never been asked?
    heard : what was answered at the present λ
    rule  : the step rule's own memory
    """

    turn: int
    fresh: bool
    heard: Heard | None
    rule: Any


@final
@dataclass(frozen=True)
class SurrogateLagrangian(Generic[Q]):
    """Settings.

    step_size   : a rule; ``SurrogateContraction`` is the one of the theory.
    group       : how many blocks, in turn, answer in one step (in parallel). They are accepted or
                  rejected together.
    rho         : weight of the optional quadratic term, > 0; None leaves it out.
    sweep_every : every so many steps all blocks are asked, which proves a bound (not with rho).
    """

    step_size: AnyStepSize
    group: int = 1
    rho: float | None = None
    sweep_every: int | None = None

    if TYPE_CHECKING:  # which queries it puts depends on rho; the type says so

        @overload
        def __init__(
            self: "SurrogateLagrangian[None]",
            step_size: AnyStepSize,
            group: int = ...,
            *,
            sweep_every: int | None = ...,
        ) -> None: ...
        @overload
        def __init__(
            self: "SurrogateLagrangian[Quadratic]",
            step_size: AnyStepSize,
            group: int = ...,
            *,
            rho: float,
        ) -> None: ...
        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __post_init__(self) -> None:
        require_rule(self.step_size)
        if self.group < 1 or self.group % 1:
            raise ValueError(f"group must be at least 1 and whole, got {self.group}")
        if self.rho is not None:
            require_rho(self.rho)
        if self.sweep_every is not None and self.sweep_every < 1:
            raise ValueError(f"sweep_every must be at least 1 or None, got {self.sweep_every}")
        if self.sweep_every is not None and self.rho is not None:
            raise ValueError("a sweep with rho proves no bound: leave sweep_every or rho out")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        state = initial(problem, start, Memory(0, False, None, self.step_size.init()))
        fresh = any(response is None for response in state.responses)
        return state._replace(memory=state.memory._replace(fresh=fresh))

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Any], ...]:
        if _all_heard(state) and norm(state.residual) == 0:
            return ()  # every block was heard at this λ and g = 0: no step changes anything
        return tuple(
            Ask(i, state.multipliers, self._query(state, i), state.responses[i])
            for i in self._due(state)
        )

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        due, (_, fresh, heard, rule) = self._due(state), state.memory
        for block, answer in zip(due, answers, strict=True):
            heard = Heard(block, answer, heard, 1 if heard is None else heard.length + 1)
        if fresh:
            problem.check_rows(answers)
        accepted = fresh or self._improves(state, due, answers)
        if accepted:
            state = _with_answers(problem, state, due, answers)
            if self.rho is not None:
                heard = None  # the pull changed with x: what was heard before answers no longer
        turn = (due[-1] + 1) % len(state.responses)
        state = state._replace(memory=Memory(turn, False, heard, rule))
        # every block was heard at this λ: whatever was refused, x is now a (block-wise) minimizer
        settled = _all_heard(state)
        state, proved = self._with_bounds(problem, state, settled)
        return self._finished(problem, state, proved, accepted, settled)

    def _due(self, state: State[Memory]) -> tuple[int, ...]:
        """The blocks of this step: all of them at first and in a sweep, else the next group."""
        n, step = len(state.responses), state.record.step
        sweep = self.sweep_every is not None and step % self.sweep_every == 0
        if sweep or state.memory.fresh:
            return tuple(range(n))
        return tuple((state.memory.turn + j) % n for j in range(min(self.group, n)))

    def _query(self, state: State[Memory], block: int) -> Quadratic | None:
        if self.rho is None:
            return None
        response = state.responses[block]
        own: Vector = {} if response is None else response.image
        return Quadratic(self.rho, vectors.subtract(state.residual, own))

    def _improves(
        self, state: State[Memory], due: Sequence[int], answers: Sequence[Response]
    ) -> bool:
        """SOC: L(λ, x') < L(λ, x), as the sign of the difference, at the λ that was asked."""
        old = [state.responses[i] for i in due]
        change = _image_change(old, answers)
        difference = math.fsum(a.cost for a in answers) - math.fsum(r.cost for r in old if r)
        difference += dot(state.multipliers, change)
        if self.rho is not None:  # ρ/2 (‖g + Δ‖² − ‖g‖²)
            difference += self.rho * (dot(state.residual, change) + dot(change, change) / 2)
        return difference < 0

    def _with_bounds(
        self, problem: Problem[Any], state: State[Memory], settled: bool
    ) -> tuple[State[Memory], tuple[float, float]]:
        """The state with its best bounds brought up to date, and the bounds proved right now."""
        lower, best = math.nan, state.best
        if settled and self.rho is None:
            lower = bounds.certified_lower_bound(problem, state.multipliers, _everyone(state))
            best = best.with_lower(lower, state.multipliers)
        feasible = None
        if settled or norm(state.residual) == 0:
            feasible = bounds.feasible_point(
                problem, [r for r in state.responses if r is not None], state.residual
            )
            best = best.with_feasible(feasible)
        upper = math.nan if feasible is None else feasible.cost
        return state._replace(best=best), (lower, upper)

    def _finished(
        self,
        problem: Problem[Any],
        state: State[Memory],
        proved: tuple[float, float],
        accepted: bool,
        settled: bool,
    ) -> State[Memory]:
        """The step's record, and the move of λ if the step earned one."""
        g, memory = state.residual, state.memory
        length = norm(g)
        value = state.cost + dot(state.multipliers, g) + (self.rho or 0.0) / 2 * length**2
        move = Move(0.0, length, memory.rule)
        earned = (accepted or settled) and length > 0
        if earned:
            move = next_move(
                self.step_size, progress(state, state.best, length, value), memory.rule
            )
        moved = move.step > 0  # a rule may say 0: then λ stays, and what was heard stays true
        lower, upper = proved
        return state._replace(
            multipliers=problem.project(add_scaled(state.multipliers, move.step, g))
            if moved
            else state.multipliers,
            memory=memory._replace(heard=None if moved else memory.heard, rule=move.memory),
            record=Record(
                step=state.record.step + 1,
                cost=state.cost,
                lagrangian=value,
                lower_bound=lower,
                upper_bound=upper,
                residual=length,
                step_size=move.step if earned else math.nan,
                movement=move.step * length if earned else math.nan,
                rho=math.nan if self.rho is None else self.rho,
                accepted=accepted,
                moves=state.record.moves + earned,
            ),
        )


def _all_heard(state: State[Memory]) -> bool:
    """Turns are cyclic: as many answers as blocks at one λ are the answers of all blocks."""
    heard = state.memory.heard
    return heard is not None and heard.length >= len(state.responses)


def _everyone(state: State[Memory]) -> list[Response]:
    """The newest answer of every block at the present λ."""
    newest: dict[int, Response] = {}
    heard = state.memory.heard
    while heard is not None and len(newest) < len(state.responses):
        newest.setdefault(heard.block, heard.answer)
        heard = heard.earlier
    return [newest[i] for i in range(len(state.responses))]


def _image_change(old: Sequence[Response | None], new: Sequence[Response]) -> Vector:
    """Σ (new image − old image) over the answered blocks."""
    change: Vector = {}
    for before, after in zip(old, new, strict=True):
        change = vectors.add(change, after.image)
        if before is not None:
            change = vectors.subtract(change, before.image)
    return change


def _with_answers(
    problem: Problem[Any], state: State[Memory], due: Sequence[int], answers: Sequence[Response]
) -> State[Memory]:
    """The state with the answers put in; residual and cost change by their differences."""
    responses = replaced(state.responses, due, answers)
    if len(due) == len(responses):  # all answered: summing afresh costs the same and never drifts
        residual, cost = problem.residual(responses), math.fsum(a.cost for a in answers)
    else:
        old = [state.responses[i] for i in due]
        residual = vectors.add(state.residual, _image_change(old, answers))
        cost = state.cost + math.fsum(a.cost for a in answers)
        cost -= math.fsum(r.cost for r in old if r is not None)
    return state._replace(responses=responses, residual=residual, cost=cost)
