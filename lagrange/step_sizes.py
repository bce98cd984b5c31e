"""Step sizes: pure rules, numbers in and a number out.

A rule has ``init() -> memory`` and ``next(now, memory) -> (step_size, memory)``. It is asked once for
every move of the multipliers λ ← P(λ + s g), with ‖g‖ > 0.

Notation     k now.moves · g residual · s step size · L now.lagrangian · d = s‖g‖ step length
References   Bragin, Luh, Yan, Yu, Stern, J. Optim. Theory Appl. 164 (2015) 173–201: the contraction
             Polyak, USSR Comput. Math. Math. Phys. 9 (1969) 14–29: the step with a target
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from lagrange.contraction import alpha, choose_constants

M = TypeVar("M")


class Progress(NamedTuple):
    """What a rule may look at.

    moves : how often the multipliers have moved before (k, from 0)
    residual : ‖g‖ > 0 at the current answers
    lagrangian : L(x, λ) there; the dual value q(λ) if every block was answered exactly
    lower_bound, upper_bound : best proved bounds so far, NaN where there is none
    """

    moves: int
    residual: float
    lagrangian: float
    lower_bound: float = math.nan
    upper_bound: float = math.nan


@runtime_checkable
class StepSize(Protocol[M]):
    """A rule; M is what it remembers between moves."""

    def init(self) -> M: ...
    def next(self, now: Progress, memory: M) -> tuple[float, M]: ...


AnyStepSize = StepSize[Any]


def require_rule(step_size: Any) -> None:
    """Refuses a number, a class or None where a rule is meant."""
    if isinstance(step_size, type) or not isinstance(step_size, StepSize):
        raise ValueError(
            f"step_size must be a rule such as Constant(0.5), got {step_size!r}; "
            "the rules are in lagrange.step_sizes"
        )


def _require_positive(name: str, value: float) -> None:
    if not (_is_finite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number > 0, got {value!r}")


def _is_finite(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _require_finite(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not _is_finite(value):
            raise ValueError(f"{name} must be a finite number or None, got {value!r}")


@dataclass(frozen=True)
class Constant:
    """s_k = size. The best dual value comes within size·G²/2 of the optimum, not closer."""

    size: float

    def __post_init__(self) -> None:
        _require_positive("size", self.size)

    def init(self) -> None:
        return None

    def next(self, now: Progress, memory: None) -> tuple[float, None]:
        return self.size, None


@dataclass(frozen=True)
class Diminishing:
    """s_k = first / (k + 1)^power, 0 < power ≤ 1: not summable; square-summable if power > ½."""

    first: float
    power: float = 0.5

    def __post_init__(self) -> None:
        _require_positive("first", self.first)
        if not 0 < self.power <= 1:
            raise ValueError(f"power must lie in (0, 1], got {self.power}")

    def init(self) -> None:
        return None

    def next(self, now: Progress, memory: None) -> tuple[float, None]:
        return self.first / (now.moves + 1) ** self.power, None


class PolyakMemory(NamedTuple):
    """The current scale, the best value seen, and for how many moves it has stood."""

    scale: float
    best: float
    waited: int


@dataclass(frozen=True)
class Polyak:
    """s = scale · (target − L) / ‖g‖², scale ∈ (0, 2).

    target   : the level to aim at; None takes the best upper bound known at each move. A target
               above q* leaves a floor, which is what ``patience`` is for.
    estimate : stands in for the upper bound while none is known; None refuses to guess
    patience : halve the scale after this many moves without a better L; None never does.

    A target that is already reached gives the step 0: the multipliers stay.
    """

    target: float | None = None
    scale: float = 1.0
    patience: int | None = None
    estimate: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.scale < 2:
            raise ValueError(f"scale must lie in (0, 2), got {self.scale}")
        _require_finite(target=self.target, estimate=self.estimate)
        if self.patience is not None and (self.patience < 1 or self.patience % 1):
            raise ValueError(f"patience must be at least 1 and whole, or None, got {self.patience}")

    def init(self) -> PolyakMemory:
        return PolyakMemory(self.scale, -math.inf, 0)

    def next(self, now: Progress, memory: PolyakMemory) -> tuple[float, PolyakMemory]:
        scale, best, waited = memory
        if now.lagrangian > best:
            best, waited = now.lagrangian, 0
        else:
            waited += 1
        if self.patience is not None and waited >= self.patience:
            scale, waited = scale / 2, 0
        target = _target(self.target, self.estimate, now, "Polyak")
        size = scale * max(0.0, target - now.lagrangian) / now.residual**2
        return size, PolyakMemory(scale, best, waited)


@dataclass(frozen=True)
class SurrogateContraction:
    """s_k = α_k s_{k−1} ‖g_{k−1}‖ / ‖g_k‖, α_k = 1 − 1/(M k^p), p = 1 − 1/k^r.

    The rule says that the step *length* in multiplier space is a schedule fixed in advance,
    d_k = d_0 Π α_i, d_0 = s_0 ‖g_0‖; the size of g only rescales s.

    M > 1, r > 0  : larger values keep the steps long for longer.
    first_step    : s_0 > 0; or None, then s_0 = (target − L_0) / ‖g_0‖².
    target        : estimate of the optimal dual value; None takes the best upper bound known.
    estimate      : stands in for the upper bound if none is known; None refuses to guess
    """

    M: float
    r: float
    first_step: float | None = None
    target: float | None = None
    estimate: float | None = None

    def __post_init__(self) -> None:
        if not (_is_finite(self.M) and self.M > 1):
            raise ValueError(
                f"M must be a finite number > 1, got {self.M!r}: at M ≤ 1 the steps vanish at once or "
                "decay too fast for the multipliers to reach the optimum"
            )
        if not (_is_finite(self.r) and self.r > 0):
            raise ValueError(
                f"r must be a finite number > 0, got {self.r!r}: at r ≤ 0 the total travel is finite"
            )
        if self.first_step is not None:
            _require_positive("first_step", self.first_step)
        _require_finite(target=self.target, estimate=self.estimate)

    @classmethod
    def for_horizon(
        cls,
        moves: int,
        *,
        shrink: float = 1e-3,
        first_step: float | None = None,
        target: float | None = None,
        estimate: float | None = None,
    ) -> "SurrogateContraction":
        """Picks M and r so that the steps shrink to ``shrink`` of the first over ``moves`` moves.

        See ``lagrange.contraction.choose_constants`` for the rule.
        """
        M, r = choose_constants(moves, shrink)
        return cls(M, r, first_step, target, estimate)

    def init(self) -> float:
        return math.nan  # the last step length; there is none yet

    def next(self, now: Progress, memory: float) -> tuple[float, float]:
        if math.isnan(memory):
            length = self._first(now) * now.residual
        else:
            length = alpha(now.moves, self.M, self.r) * memory
        return length / now.residual, length if length > 0 else memory

    def _first(self, now: Progress) -> float:
        if self.first_step is not None:
            return self.first_step
        target = _target(self.target, self.estimate, now, "SurrogateContraction without first_step")
        if target <= now.lagrangian and target == now.upper_bound:
            return 0.0  # the bounds have met: there is nothing to gain
        if target <= now.lagrangian:
            raise ValueError(
                f"the target {target} does not exceed the first Lagrangian value {now.lagrangian}: "
                "give a higher target or first_step (if no feasible point can cost more than the "
                "target, there is none)"
            )
        return (target - now.lagrangian) / now.residual**2


def _target(given: float | None, estimate: float | None, now: Progress, rule: str) -> float:
    """The given target, else the best upper bound, else the estimate."""
    if given is not None:
        return given
    if math.isfinite(now.upper_bound):
        return now.upper_bound
    if estimate is None:
        raise ValueError(
            f"{rule} needs a target, and no feasible point is known to take one from: "
            "pass target=... or estimate=..., or give the problem a recover function"
        )
    return estimate
