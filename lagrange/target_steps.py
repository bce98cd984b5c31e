"""A Polyak step that finds its own target: no upper bound is needed.

Reference    Nedić, Bertsekas, SIAM J. Optim. 12 (2001) 109–138, §2.3: targets adjusted by success
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from lagrange.step_sizes import Progress


class TargetMemory(NamedTuple):
    """The hoped-for gain, the best L so far, what it was when the target was set, moves since then."""

    gain: float
    best: float
    base: float
    waited: int


@dataclass(frozen=True)
class AdaptiveTarget:
    """s = scale · (target − L)/‖g‖²,  target = best L + gain,  scale in (0, 2).

    A target that is reached doubles the gain; ``patience`` moves without reaching it halve the gain,
    but not below ``least``. With exact blocks and bounded g the best L comes within ``least`` of max q
    (with least = 0 that is not proved for a finite run). L is a *surrogate* value where not all blocks
    answered, and then no target.

    gain  : the first one, > 0
    """

    gain: float
    scale: float = 1.0
    patience: int = 10
    least: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.gain < math.inf:
            raise ValueError(f"gain must be a finite number > 0, got {self.gain}")
        if not 0 < self.scale < 2:
            raise ValueError(f"scale must lie in (0, 2), got {self.scale}")
        if self.patience < 1 or self.patience % 1:
            raise ValueError(f"patience must be at least 1 and whole, got {self.patience}")
        if not 0 <= self.least < math.inf:
            raise ValueError(f"least must be a finite number ≥ 0, got {self.least}")

    def init(self) -> TargetMemory:
        return TargetMemory(self.gain, -math.inf, -math.inf, 0)

    def next(self, now: Progress, memory: TargetMemory) -> tuple[float, TargetMemory]:
        gain, best, base, waited = memory
        best, waited = max(best, now.lagrangian), waited + 1
        if base == -math.inf:
            base, waited = best, 0
        elif best >= base + gain:
            gain, base, waited = 2 * gain, best, 0
        elif waited >= self.patience:
            gain, base, waited = max(gain / 2, self.least), best, 0
        target = best + gain
        size = self.scale * (target - now.lagrangian) / now.residual**2
        return size, TargetMemory(gain, best, base, waited)
