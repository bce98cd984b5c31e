"""A penalty that grows geometrically over a planned number of sweeps, then stays."""

import math
from dataclasses import dataclass

from lagrange.penalties import Sweep
from lagrange.queries import require_rho
from problems.networks.settings import Settings


@dataclass(frozen=True)
class Growing:
    """A rule for ρ: ρ_k = first · factor^(k / sweeps) for k = 0 … sweeps.

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


def penalty(settings: Settings, sweeps: int) -> float | Growing:
    """ρ as the settings have it, for a run of so many sweeps."""
    if settings.growth == 1:
        return settings.rho
    return Growing(settings.rho, settings.growth, sweeps)
