"""Rules for ρ, the weight of the pull in ADMM.

A rule has ``init() -> (rho, memory)`` and ``next(now, memory) -> (rho, memory)``, asked after every
sweep. A plain number is the constant rule. Rules look at steps and residuals, never at the clock, so
that a run can be repeated; and they change ρ finitely often, which is what the convergence theory of
fixed ρ needs: it holds from the last change on. Multipliers are stored unscaled, so a change of ρ
leaves them as they are.

References   [1] Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122, §3.4.1: residual balancing
             [2] Wohlberg, arXiv 1704.06209 (2017): normalized residuals
             [3] Xu, Figueiredo, Goldstein, AISTATS 2017 (arXiv 1605.07246): spectral choice
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from lagrange.queries import require_rho
from lagrange.vectors import Vector, dot, subtract

M = TypeVar("M")


class Sweep(NamedTuple):
    """What a rule may look at, after a finished sweep.

    step : finished sweeps, this one included
    rho  : the ρ of this sweep
    residual, dual_residual : normalized by their scales; NaN where the scale is 0
    effective   : λ + ρ (A x + B z_old − b), the price at which the first group is stationary
    multipliers : λ after the sweep
    first, second : A x and B z
    """

    step: int
    rho: float
    residual: float
    dual_residual: float
    effective: Vector
    multipliers: Vector
    first: Vector
    second: Vector


@runtime_checkable
class Penalty(Protocol[M]):
    """A rule; M is what it remembers between sweeps."""

    def init(self) -> tuple[float, M]: ...
    def next(self, now: Sweep, memory: M) -> tuple[float, M]: ...


AnyPenalty = Penalty[Any]


def _require_schedule(every: int, changes: int) -> None:
    if every < 1:
        raise ValueError(f"every must be at least 1 sweep, got {every}")
    if changes < 0:
        raise ValueError(f"changes must be at least 0, got {changes}")


@dataclass(frozen=True)
class ResidualBalancing:
    """Every ``every`` sweeps: if the normalized residuals r and s differ by more than ``ratio``, ρ is
    multiplied by √(r/s), within [1/factor, factor]; at most ``changes`` times.

    ρ up weighs feasibility more (r falls, s rises), ρ down optimality.
    """

    first: float = 1.0
    ratio: float = 3.0
    factor: float = 10.0
    every: int = 10
    changes: int = 50

    def __post_init__(self) -> None:
        require_rho(self.first)
        for name, value in (("ratio", self.ratio), ("factor", self.factor)):
            if not (math.isfinite(value) and value > 1):
                raise ValueError(f"{name} must be a finite number > 1, got {value}")
        _require_schedule(self.every, self.changes)

    def init(self) -> tuple[float, int]:
        return self.first, self.changes

    def next(self, now: Sweep, memory: int) -> tuple[float, int]:
        """``memory`` counts the changes that are left."""
        if memory == 0 or now.step % self.every != 0:
            return now.rho, memory
        r, s = now.residual, now.dual_residual
        if math.isnan(r) or math.isnan(s) or (s <= self.ratio * r and r <= self.ratio * s):
            return now.rho, memory
        change = math.sqrt(r / s) if s > 0 else math.inf
        bounded = min(max(change, 1 / self.factor), self.factor)
        return now.rho * bounded, memory - 1


class SpectralMemory(NamedTuple):
    """Changes that are left, and the sweep that the next one is compared with."""

    changes: int
    earlier: Sweep | None


@dataclass(frozen=True)
class Spectral:
    """ρ = √(α β) from the curvatures α, β of both halves as seen by two sweeps [3].

    Every ``every`` sweeps the prices and images of now and then are compared. A curvature is believed
    where price and image moved alike (correlation above ``trust``); ρ changes at most ``changes``
    times, each time within [1/factor, factor].
    """

    first: float = 1.0
    trust: float = 0.2
    factor: float = 10.0
    every: int = 2
    changes: int = 50

    def __post_init__(self) -> None:
        require_rho(self.first)
        if not 0 < self.trust < 1:
            raise ValueError(f"trust must lie in (0, 1), got {self.trust}")
        if not (math.isfinite(self.factor) and self.factor > 1):
            raise ValueError(f"factor must be a finite number > 1, got {self.factor}")
        _require_schedule(self.every, self.changes)

    def init(self) -> tuple[float, SpectralMemory]:
        return self.first, SpectralMemory(self.changes, None)

    def next(self, now: Sweep, memory: SpectralMemory) -> tuple[float, SpectralMemory]:
        if memory.changes == 0 or now.step % self.every != 0:
            return now.rho, memory
        then = memory.earlier
        if then is None:
            return now.rho, SpectralMemory(memory.changes, now)
        # −λ̂ is a subgradient of the first half at A x, −λ one of the second at B z
        alpha = self._curvature(then.effective, now.effective, then.first, now.first)
        beta = self._curvature(then.multipliers, now.multipliers, then.second, now.second)
        if alpha is None and beta is None:
            return now.rho, SpectralMemory(memory.changes, now)
        if alpha is not None and beta is not None:
            rho = math.sqrt(alpha * beta)
        else:
            rho = alpha if alpha is not None else beta or now.rho
        rho = min(max(rho, now.rho / self.factor), now.rho * self.factor)
        return rho, SpectralMemory(memory.changes - 1, now)

    def _curvature(
        self, price_then: Vector, price_now: Vector, image_then: Vector, image_now: Vector
    ) -> float | None:
        """Of one half, between steepest descent and minimum gradient; None if it is not believed."""
        slope = subtract(price_then, price_now)  # change of −price
        change = subtract(image_now, image_then)
        both, slopes, changes = dot(slope, change), dot(slope, slope), dot(change, change)
        if both <= self.trust * math.sqrt(slopes * changes) or both <= 0:
            return None
        steepest, gradient = slopes / both, both / changes
        return gradient if 2 * gradient > steepest else steepest - gradient / 2


@dataclass(frozen=True)
class ConstantPenalty:
    """The same ρ throughout."""

    rho: float

    def __post_init__(self) -> None:
        require_rho(self.rho)

    def init(self) -> tuple[float, None]:
        return self.rho, None

    def next(self, now: Sweep, memory: None) -> tuple[float, None]:
        return self.rho, None


@dataclass(frozen=True)
class Growing:
    """ρ_k = first · factor^(k / sweeps) for k = 0 … sweeps, then it stays.

    Σ 1/ρ stays below a geometric series, so that W and Z come to one limit [Meng et al., ALPS,
    NeurIPS 2024, for least squares in a layer]; for networks nothing is proved.

    first : ρ of the first sweep;  factor: ρ at the end over ρ at the start, > 0;  sweeps: ≥ 1
    """

    first: float
    factor: float
    sweeps: int

    def __post_init__(self) -> None:
        require_rho(self.first)
        if not (math.isfinite(self.factor) and self.factor > 0):
            raise ValueError(f"factor must be a finite number > 0, got {self.factor}")
        if self.sweeps < 1 or self.sweeps % 1:
            raise ValueError(f"sweeps must be a whole number ≥ 1, got {self.sweeps}")

    def init(self) -> tuple[float, None]:
        return self.first, None

    def next(self, now: Sweep, memory: None) -> tuple[float, None]:
        return self.first * self.factor ** min(1.0, now.step / self.sweeps), memory
