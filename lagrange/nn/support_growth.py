"""ρ grows as long as the support of the copy changes.

After every ``every`` sweeps let c be the changes of the support, as a share of the nonzeros:

    c > 0.1 → ρ × 1.3,    c > 0.005 → ρ × 1.2,    0 < c → ρ × 1.1,    c = 0 → ρ stays

A support that changes much wants a stronger pull, and one that has settled leaves the prices in peace.
Geometric growth makes Σ 1/ρ finite, which is what convergence of W and Z to one limit was proved under
for least squares in a layer. The thresholds are those of ALPS; its restart from dense weights with a
smaller first ρ is left to the user.

Reference    Meng, Behdin, Wang, Mazumder, ALPS (NeurIPS 2024): the rule as in its released code
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lagrange.penalties import Sweep
from lagrange.queries import require_rho

RATES = ((0.1, 1.3), (0.005, 1.2), (0.0, 1.1))  # changes above this share → factor


class SupportMemory(NamedTuple):
    """The support of the copy when it was last compared: name → boolean array."""

    support: Mapping[str, Any]


@dataclass(frozen=True)
class SupportGrowth:
    """A rule for ρ. The second group that answers must be the sparse one.

    first : ρ at the start;  every: sweeps between two comparisons;  limit: ρ never exceeds it
    """

    first: float = 1e-3
    every: int = 3
    limit: float = 1e6

    def __post_init__(self) -> None:
        require_rho(self.first)
        if self.every < 1 or self.every % 1:
            raise ValueError(f"every must be a whole number of sweeps ≥ 1, got {self.every}")
        if not self.first <= self.limit < math.inf:
            raise ValueError(
                f"limit must be finite and at least first = {self.first}, got {self.limit}"
            )

    def init(self) -> tuple[float, SupportMemory]:
        return self.first, SupportMemory({})

    def next(self, now: Sweep, memory: SupportMemory) -> tuple[float, SupportMemory]:
        if memory.support and now.step % self.every != 0:
            return now.rho, memory
        support = {name: array != 0 for name, array in now.second.items()}
        if not memory.support:
            return now.rho, SupportMemory(support)
        change = changes(memory.support, support)
        factor = next((rate for above, rate in RATES if change > above), 1.0)
        return min(now.rho * factor, self.limit), SupportMemory(support)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> float:
    """Entries in one support and not in the other, as a share of the nonzeros after (0 of none)."""
    changed = sum(int((before[name] != after[name]).sum()) for name in after)
    kept = sum(int(support.sum()) for support in after.values())
    return changed / kept if kept else 0.0
