"""Surrogate level-based Lagrangian relaxation: surrogate steps towards a level that only falls.

Problem      min Σ f_i(x_i)  s.t.  Σ A_i x_i − b {= 0, ≤ 0},  x_i ∈ X_i          (any X_i)
Update       one group of blocks re-solved, accepted or not, as in ``SurrogateLagrangian``
             λ ← P(λ + s g),   s = ζ γ (level − L(x, λ)) / ‖g‖²,   0 where L has reached the level
             every ``check_every`` moves: if no multipliers in the box |λ| ≤ radius came no further away
             in any move since the level was set (a linear program), then
             level ← max_κ {L^κ + s^κ‖g^κ‖²/2} over the moves of the proof, and their record is cleared
Guarantee    every level is an upper bound on q over the box, so on max q if some maximizer lies there:
             the first one by the caller's word or as the cost of a feasible point, the others proved,
             rounding included (``lagrange.multiplier_divergence``). Levels never rise.
             A step at most (q* − L)/‖g‖², the case for a level near q*, brings λ closer to every
             maximizer [1, Theorem 1].
Caveat       L(x, λ) is not a lower bound; these come from sweeps, see ``SurrogateLagrangian``. Levels
             fall when the multipliers have run away from each other, not before: a level a little too
             high is noticed late. A smaller γ falls in fewer and longer drops.
             ≤ rows: moves are recorded before projection, which only makes the test later.

Notation     λ multipliers · g residual · s step_size · ζ shrink · γ pace
Reference    [1] Bragin, Tucker, Sci. Rep. 12 (2022) 22417
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from lagrange import vectors
from lagrange.blocks import Ask, Response
from lagrange.multiplier_divergence import Box, Passage, proved_level
from lagrange.problem import Problem
from lagrange.solvers import surrogate
from lagrange.solvers.flat import Flat
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start, State
from lagrange.step_sizes import Progress


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    inner    : the memory of the surrogate method; that of its step rule is the level, NaN before one
    passages : the moves since the level was set, at most ``window``, newest last
    """

    inner: surrogate.Memory
    passages: tuple[Passage, ...]

    @property
    def level(self) -> float:
        """The present level; NaN before the first move."""
        return self.inner.rule


@final
@dataclass(frozen=True)
class SurrogateLevel:
    """Settings.

    level       : a first level, at least max q; None takes the cost of the first feasible point
    pace        : γ in (0, 1]; None: 1/(number of blocks)
    shrink      : ζ in (0, 1)
    group, sweep_every : as in ``SurrogateLagrangian``
    check_every : moves from one test to the next; window: how many moves a test looks at
    radius      : of the box in which the levels are upper bounds on q, > 0
    """

    level: float | None = None
    pace: float | None = None
    shrink: float = 2 / 3
    group: int = 1
    sweep_every: int | None = None
    check_every: int = 10
    window: int = 200
    radius: float = 1e6

    def __post_init__(self) -> None:
        if self.level is not None and not math.isfinite(self.level):
            raise ValueError(f"level must be a finite number or None, got {self.level}")
        if self.pace is not None and not 0 < self.pace <= 1:
            raise ValueError(f"pace must lie in (0, 1], or be None, got {self.pace}")
        if not 0 < self.shrink < 1:
            raise ValueError(f"shrink must lie in (0, 1), got {self.shrink}")
        for name, value in (("check_every", self.check_every), ("window", self.window)):
            if value < 1 or value % 1:
                raise ValueError(f"{name} must be at least 1 and whole, got {value}")
        if not 0 < self.radius < math.inf:
            raise ValueError(f"radius must be a finite number > 0, got {self.radius}")
        _ = self._inner(1)

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        Flat.of(problem)  # refuses rows that are no numpy arrays
        state = self._inner(len(problem.blocks)).init(problem, start)
        return State(*state[:5], memory=Memory(state.memory, ()), record=state.record)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[Any], ...]:
        return self._inner(len(problem.blocks)).ask(problem, _unwrapped(state))

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        new = self._inner(len(problem.blocks)).tell(problem, _unwrapped(state), answers)
        level, passages = new.memory.rule, state.memory.passages
        if new.record.step_size > 0:  # NaN where the step earned no move
            passages = (*passages, _passage(problem, state, new))[-self.window :]
            if new.record.moves % self.check_every == 0:
                proved = proved_level(passages, self._box(problem))
                if proved is not None:
                    level, passages = min(level, proved), ()
        inner = new.memory._replace(rule=level)
        return State(*new[:5], memory=Memory(inner, passages), record=new.record)

    def _inner(self, blocks: int) -> SurrogateLagrangian[None]:
        rule = LevelStep(self.shrink * (self.pace or 1 / blocks), self.level)
        return SurrogateLagrangian(rule, self.group, sweep_every=self.sweep_every)

    def _box(self, problem: Problem[Any]) -> Box:
        flat = Flat.of(problem)
        signed = flat.marks(problem.inequality)
        upper = np.full(flat.size, self.radius)
        return Box(np.where(signed, 0.0, -upper), upper)


@final
@dataclass(frozen=True)
class LevelStep:
    """s = fraction · (level − L)/‖g‖², 0 where L has reached the level; the memory is the level."""

    fraction: float
    level: float | None

    def init(self) -> float:
        return math.nan if self.level is None else self.level

    def next(self, now: Progress, memory: float) -> tuple[float, float]:
        level = now.upper_bound if math.isnan(memory) else memory
        if math.isnan(level):
            raise ValueError(
                "SurrogateLevel needs a first level, and no feasible point is known to take one from: "
                "pass level=..., or give the problem a recover function"
            )
        return self.fraction * max(0.0, level - now.lagrangian) / now.residual**2, level


def _unwrapped(state: State[Memory]) -> State[surrogate.Memory]:
    return State(*state[:5], memory=state.memory.inner, record=state.record)


def _passage(problem: Problem[Any], old: State[Memory], new: State[Any]) -> Passage:
    """The move that was made at the old multipliers along the new residual."""
    flat = Flat.of(problem)
    prices, g = flat.array(old.multipliers), flat.array(new.residual)
    answered = [r for r in new.responses if r is not None]
    sizes = math.fsum(
        abs(r.cost) + vectors.dot_magnitude(old.multipliers, r.image) for r in answered
    )
    scale = sizes + vectors.dot_magnitude(old.multipliers, problem.rhs)
    return Passage(prices, g, new.record.step_size, new.record.lagrangian, scale)
