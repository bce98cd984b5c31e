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
from lagrange.records import NAN, Record
from lagrange.solvers.moves import next_move, progress
from lagrange.state import Best, Start, State, initial, replaced
from lagrange.step_sizes import AnyStepSize, require_rule
from lagrange.vectors import Vector, add_scaled, dot, norm

Q = TypeVar("Q", None, Quadratic)


class Heard(NamedTuple):
    """A step's answers at the present λ, accepted or not, and those of earlier steps: a chain, so that
    one more costs the same however many there are; length is the number of answers in it.
    """

    blocks: Sequence[int]
    answers: Sequence[Response]
    earlier: "Heard | None"
    length: int


class Memory(NamedTuple):
    """What the solver keeps besides the answers it accepted.

    turn  : the block whose turn is next
    fresh : has some block no answer yet?
    heard : what was answered at the present λ
    rule  : the step rule's own memory
    """

    turn: int
    fresh: bool
    heard: Heard | None
    rule: Any


class Swap(NamedTuple):
    """What putting answers in changes: their cost f before and after, Σ (new image − old image)."""

    old: float
    new: float
    change: Vector


Held = tuple[tuple[Response | None, ...], Vector, float]  # answers, their residual, their cost


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
        if _all_heard(state.responses, state.memory.heard) and norm(state.residual) == 0:
            return ()  # every block was heard at this λ and g = 0: no step changes anything
        price, responses = state.multipliers, state.responses
        return tuple([Ask(i, price, self._query(state, i), responses[i]) for i in self._due(state)])

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        due, (_, fresh, heard, rule) = self._due(state), state.memory
        heard = Heard(due, tuple(answers), heard, len(due) + (0 if heard is None else heard.length))
        if fresh:
            problem.check_rows(
                [r for r in replaced(state.responses, due, answers) if r is not None]
            )
        swap = _swap([state.responses[i] for i in due], answers)
        accepted = fresh or self._improves(state, swap)
        if accepted:
            held = _put_in(problem, state, due, answers, swap)
            if self.rho is not None or (len(due) < len(state.responses) and fresh):
                heard = (
                    None  # the pull changed with x, or turns are not cyclic yet: it does not count
                )
        else:
            held = state.responses, state.residual, state.cost
        turn = (due[-1] + 1) % len(state.responses)
        return self._finished(problem, state, held, Memory(turn, False, heard, rule), accepted)

    def _due(self, state: State[Memory]) -> tuple[int, ...]:
        """The blocks of this step: all in a sweep, at first those without an answer, else a group."""
        n, step = len(state.responses), state.record.step
        if self.sweep_every is not None and step % self.sweep_every == 0:
            return tuple(range(n))
        if state.memory.fresh:
            return tuple([i for i, r in enumerate(state.responses) if r is None])
        turn = state.memory.turn
        if self.group == 1:  # all that is done at every step counts, when blocks take microseconds
            return (turn,)
        return tuple([(turn + j) % n for j in range(min(self.group, n))])

    def _query(self, state: State[Memory], block: int) -> Quadratic | None:
        if self.rho is None:
            return None
        response = state.responses[block]
        own: Vector = {} if response is None else response.image
        return Quadratic(self.rho, vectors.subtract(state.residual, own))

    def _improves(self, state: State[Memory], swap: Swap) -> bool:
        """SOC: L(λ, x') < L(λ, x), as the sign of the difference, at the λ that was asked."""
        old, new, change = swap
        difference = new - old + dot(state.multipliers, change)
        if self.rho is not None:  # ρ/2 (‖g + Δ‖² − ‖g‖²)
            difference += self.rho * (dot(state.residual, change) + dot(change, change) / 2)
        return difference < 0

    def _finished(
        self,
        problem: Problem[Any],
        state: State[Memory],
        held: Held,
        memory: Memory,
        accepted: bool,
    ) -> State[Memory]:
        """The bounds proved right now, the step's record, the move of λ if the step earned one."""
        (responses, g, cost), (turn, _, heard, rule) = held, memory
        multipliers, best, before = state.multipliers, state.best, state.record
        length = norm(g)
        # every block was heard at this λ: whatever was refused, x is now a (block-wise) minimizer
        settled = _all_heard(responses, heard)
        lower = upper = NAN
        if settled or length == 0:
            lower, upper, best = self._bounds(problem, state, held, heard, settled)
        value = cost + dot(multipliers, g) + (self.rho or 0.0) / 2 * length**2
        size, moves = NAN, before.moves
        if (accepted or settled) and length > 0:  # the step has earned a move
            now = progress(state, best, length, value)
            (size, _, rule), moves = next_move(self.step_size, now, rule), moves + 1
            if size > 0:  # a rule may say 0: then λ stays, and what was heard stays true
                multipliers, heard = problem.project(add_scaled(multipliers, size, g)), None
        rho, movement = NAN if self.rho is None else self.rho, size * length
        record = Record(  # in the order of its fields: in half the time that keywords take
            *(before.step + 1, 0.0, cost, value, lower, upper, length, NAN, NAN, NAN),
            *(size, movement, rho, accepted, moves),
        )
        return State(multipliers, *held, best, Memory(turn, False, heard, rule), record)

    def _bounds(
        self,
        problem: Problem[Any],
        state: State[Memory],
        held: Held,
        heard: Heard | None,
        settled: bool,
    ) -> tuple[float, float, Best]:
        """The bounds that all blocks at one λ, or a residual of 0, prove; and the best ones now."""
        (responses, g, _), lower, best = held, NAN, state.best
        if settled and self.rho is None:
            everyone = _everyone(heard, len(responses))
            lower = bounds.certified_lower_bound(problem, state.multipliers, everyone)
            best = best.with_lower(lower, state.multipliers)
        present = [r for r in responses if r is not None]
        feasible = bounds.feasible_point(problem, present, g)
        return lower, NAN if feasible is None else feasible.cost, best.with_feasible(feasible)


def _swap(old: Sequence[Response | None], new: Sequence[Response]) -> Swap:
    change: Vector = {}
    for before, after in zip(old, new, strict=True):
        change = vectors.add(change, after.image) if change else after.image
        if before is not None:
            change = vectors.subtract(change, before.image)
    return Swap(_cost(old), _cost(new), change)


def _put_in(
    problem: Problem[Any],
    state: State[Any],
    due: Sequence[int],
    answers: Sequence[Response],
    swap: Swap,
) -> Held:
    """The answers in place of what they replace; residual and cost change by their differences."""
    old, new, change = swap
    responses = replaced(state.responses, due, answers)
    if 2 * len(due) >= len(responses):  # summing afresh costs as much and never drifts
        return responses, problem.residual(responses), _cost(responses)
    return responses, vectors.add(state.residual, change), state.cost + new - old


def _cost(responses: Sequence[Response | None]) -> float:
    """Σ f_i, correctly rounded."""
    if len(responses) == 1 and responses[0] is not None:
        return responses[0].cost
    return math.fsum(r.cost for r in responses if r is not None)


def _all_heard(responses: Sequence[Any], heard: Heard | None) -> bool:
    """Turns are cyclic: as many answers as blocks at one λ are the answers of all blocks."""
    return heard is not None and heard.length >= len(responses)


def _everyone(heard: Heard | None, blocks: int) -> list[Response]:
    """The newest answer of every block at the present λ."""
    newest: dict[int, Response] = {}
    while heard is not None and len(newest) < blocks:
        newest = {**dict(zip(heard.blocks, heard.answers, strict=True)), **newest}
        heard = heard.earlier
    return [newest[i] for i in range(blocks)]
