"""Bundle method on the dual: the best step by all that the blocks have answered.

Problem      max over λ ∈ Λ of  q(λ) = min_x L(x, λ)       (Λ: λ ≥ 0 on ≤ rows; any X_i)
Update       every block answers the same prices λ; each answer is a cut of its block's dual function
             λ⁺ = argmax over Λ of  model(λ) − ‖λ − λ̂‖²/(2t),    model(λ) = Σ_i min_k cut_ik(λ) − ⟨λ, b⟩
             λ̂ ← λ⁺ if the value there rises by at least ``serious`` of what the model foretold; else
             λ̂ stays and the new cuts have made the model better. t grows where q goes on rising
             beyond λ⁺ and shrinks where the model was far off.
             In level form: λ⁺ is the point nearest to λ̂ of the level set {model ≥ model(λ⁺)}; choosing
             t is choosing the level.
Guarantee    With exact blocks and bounded X_i values at λ̂ tend to max q [1]. ``dual_residual`` of a
             record is δ = ε + R‖s‖, s = (λ⁺ − λ̂)/t, where the weighted cuts lie ε above the value v at
             λ̂: no μ ∈ Λ within R = max(1, ‖λ̂‖) of λ̂ has q(μ) > v + δ. When δ ≤ tolerance (1 + |v|)
             nothing is asked any more. With ``rounded`` nor is it when v + δ ≤ the best lower bound:
             rounded up, no bound within R of λ̂ is higher. ε and s are computed in floats: δ says
             when to stop; it is no proved bound. Proved are, as ever, the lower bounds, at every step.
Caveat       v is the value of the answers. Blocks that miss their minimum by ε_i push it and the model
             up by Σ ε_i at most; bounds hold all the same. What ``weighted_images`` returns is
             nearly feasible for the *convexified* problem, not for the problem.
             Memory is that of the nonzero entries of ``columns`` images a block. Close to the optimum
             the quadratic program is what takes time, and δ falls late: the last digits cost more than
             all before.

Notation     λ multipliers · λ̂ center · t step_size · ε, s error and slope of the weighted cuts
Reference    [1] Kiwiel, Math. Program. 46 (1990) 105–122: the choice of t
             Lemaréchal, Nemirovskii, Nesterov, Math. Program. 69 (1995) 111–147: levels
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

import numpy as np

from lagrange.blocks import Ask, Response
from lagrange.problem import Problem
from lagrange.records import Record
from lagrange.solvers.bundle_program import Effort, Proximal, best_step
from lagrange.solvers.cuts import Cuts, FloatArray
from lagrange.solvers.flat import Flat
from lagrange.solvers.full_sweep import FullSweep, ask_all, hear_all
from lagrange.state import Best, Start, State, initial
from lagrange.vectors import Vector, norm, subtract

SERIOUS = 0.1  # of the foretold rise
GROWTH, SHRINKAGE = 5.0, 0.3  # of t in one step, at most
ONWARD = 2.0  # growth of t at least, where q goes on rising beyond λ⁺
FIRST_RISE = 0.01  # the first step aims at this much of the value


class Memory(NamedTuple):
    """What the solver keeps besides the answers.

    center, value : λ̂ (n,) and L(x, λ̂) of the answers there;   step_size : t
    cuts          : of every block (of a single one if they are kept together); None before the first
    foretold      : model(λ⁺) − value, what the next answers are held against
    gap           : δ, see above
    """

    center: FloatArray
    value: float
    step_size: float
    cuts: Cuts | None
    foretold: float
    gap: float


@final
@dataclass(frozen=True)
class LevelBundle:
    """Settings.

    columns    : cuts kept a block, at least 2. What is dropped has no weight or is merged, so fewer
                 make more steps and no other limit. None: 40 + 2 n/m for m blocks on n coupling
                 entries; n + m of all have weight at a vertex of the program.
    together   : one set of cuts for the sum of all blocks: less memory and many more steps.
    tolerance  : stop when δ ≤ tolerance (1 + |value|).
    step_size  : the first t > 0; None: it aims at a rise of 1 % of the first value.
    accuracy   : the quadratic program may miss this share of the foretold rise, in (0, 1)
    sweeps     : of the quadratic program at most, a step
    rounded    : of a problem with whole objectives (``integral``) only the bound is wanted, rounded up:
                 stop as soon as it cannot rise, which may be far from the best multipliers.
    """

    columns: int | None = None
    together: bool = False
    tolerance: float = 1e-6
    step_size: float | None = None
    accuracy: float = 0.3
    sweeps: int = 100
    rounded: bool = False

    def __post_init__(self) -> None:
        if self.columns is not None:
            _require_whole("columns", self.columns, 2)
        _require_whole("sweeps", self.sweeps, 1)
        if not 0 <= self.tolerance < math.inf:
            raise ValueError(f"tolerance must be a finite number ≥ 0, got {self.tolerance}")
        if self.step_size is not None and not 0 < self.step_size < math.inf:
            raise ValueError(f"step_size must be finite and > 0, or None, got {self.step_size}")
        if not 0 < self.accuracy < 1:
            raise ValueError(f"accuracy must lie in (0, 1), got {self.accuracy}")

    def init(self, problem: Problem[Any], start: Start | None = None) -> State[Memory]:
        flat = Flat.of(problem)
        empty = Memory(np.zeros(flat.size), -math.inf, math.nan, None, math.inf, math.inf)
        return initial(problem, start, empty)

    def ask(self, problem: Problem[Any], state: State[Memory]) -> tuple[Ask[None], ...]:
        memory = state.memory
        if memory.cuts and memory.gap <= self._enough(problem, state.best, memory.value):
            return ()
        return ask_all(state)

    def _enough(self, problem: Problem[Any], best: Best, value: float) -> float:
        """The δ that is small enough: within the tolerance, or too little to show in the bound."""
        unseen = best.lower_bound - value if self.rounded and problem.integral else 0.0
        return max(self.tolerance * (1.0 + abs(value)), unseen)

    def tell(
        self, problem: Problem[Any], state: State[Memory], answers: Sequence[Response]
    ) -> State[Memory]:
        heard = hear_all(problem, state, self.ask(problem, state), answers)
        flat = Flat.of(problem)
        memory, cuts, accepted = self._heard(flat, state, answers, heard)
        t, signed = memory.step_size, flat.marks(problem.inequality)
        program = Proximal(memory.center, flat.array(problem.rhs), t, signed)
        little = 0.1 * self._enough(problem, heard.best, memory.value)
        memory, prices = self._stepped(program, memory, cuts, little)
        multipliers = flat.vector(prices)
        moved = norm(subtract(multipliers, state.multipliers))
        return State(
            multipliers=multipliers,
            responses=tuple(answers),
            residual=heard.residual,
            cost=heard.cost,
            best=heard.best,
            memory=memory,
            record=Record(
                step=state.record.step + 1,
                cost=heard.cost,
                lagrangian=heard.value,
                lower_bound=heard.lower,
                upper_bound=heard.upper,
                residual=norm(heard.residual),
                dual_residual=memory.gap,
                dual_scale=1.0 + abs(memory.value),
                step_size=t,
                movement=moved,
                accepted=accepted,
                moves=state.record.moves + (moved > 0),
            ),
        )

    def _heard(
        self, flat: Flat, state: State[Memory], answers: Sequence[Response], now: FullSweep
    ) -> tuple[Memory, Cuts, bool]:
        """The center where the answers say it should be, the cuts they are, whether it moved."""
        old, prices = state.memory, flat.array(state.multipliers)
        images = np.array([flat.array(answer.image) for answer in answers])
        costs = np.array([float(answer.cost) for answer in answers])
        if self.together:
            images, costs = images.sum(0)[None, :], np.array([now.cost])
        if old.cuts is None:
            t = self.step_size or FIRST_RISE * (1.0 + abs(now.value)) / max(
                norm(now.residual) ** 2, 1e-300
            )
            cuts = Cuts.of(images, costs)
            return old._replace(center=prices, value=now.value, step_size=t), cuts, True
        cuts = old.cuts.with_answers(images, costs, prices, self._most(images))
        rise = now.value - old.value
        accepted = rise >= SERIOUS * max(old.foretold, 0.0)
        # does q go on rising beyond λ⁺? its subgradient there says so
        onward = float(flat.array(now.residual) @ (prices - old.center)) > 0
        t = old.step_size * _factor(rise, old.foretold, accepted, onward)
        new = old._replace(step_size=t)
        if accepted:
            new = new._replace(center=prices, value=now.value)
        return new, cuts, accepted

    def _most(self, images: FloatArray) -> int:
        """How many cuts a block may have."""
        blocks, entries = images.shape
        return self.columns or 40 + 2 * -(-entries // blocks)

    def _stepped(
        self, program: Proximal, memory: Memory, cuts: Cuts, little: float
    ) -> tuple[Memory, FloatArray]:
        """The memory after the quadratic program, and λ⁺; ``little`` more is as good as none."""
        center, t = memory.center, memory.step_size
        step = best_step(program, cuts, memory.value, Effort(self.accuracy, little, self.sweeps))
        s = program.slope(step.residual)
        # for μ ∈ Λ: model(μ) ≤ weighted sum at λ⁺ + ⟨s, μ − λ⁺⟩, since λ⁺ is a projection
        error = step.value + step.slack - t * float(s @ s) - memory.value
        reach = max(1.0, float(np.linalg.norm(center)))
        hoped = step.value + step.slack - memory.value
        if step.slack > max(hoped / 2, little):
            t *= SHRINKAGE  # the program was too hard to solve
        elif hoped <= little:
            t *= GROWTH  # nothing to be had so close to λ̂
        memory = memory._replace(
            cuts=step.cuts,
            step_size=t,
            foretold=step.value - memory.value,
            gap=max(0.0, error) + reach * float(np.linalg.norm(s)),
        )
        return memory, step.prices


def _factor(rise: float, foretold: float, accepted: bool, onward: bool) -> float:
    """What t is multiplied by: ½/(1 − rise/foretold) is the best t of a parabola through both."""
    if foretold <= 0:
        return 1.0
    short = 1.0 - rise / foretold
    best = 0.5 / short if short > 0 else math.inf
    if accepted:
        return min(GROWTH, max(ONWARD, best)) if onward else 1.0
    return max(SHRINKAGE, best) if rise < -foretold else 1.0


def weighted_images(problem: Problem[Any], state: State[Memory]) -> list[Vector]:
    """What each block does in the mean of the present cuts: nearly feasible for the convexified
    problem, a start for rounding. Of the sum of all blocks if the cuts are kept together.
    """
    flat, cuts = Flat.of(problem), state.memory.cuts
    return [] if cuts is None else [flat.vector(mean) for mean in cuts.means(flat.size)]


def _require_whole(name: str, value: int, least: int) -> None:
    if value < least or value % 1:
        raise ValueError(f"{name} must be at least {least} and whole, got {value}")
