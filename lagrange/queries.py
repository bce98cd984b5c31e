"""Queries: what a solver may add to the prices when it asks a block.

A block declares what it can answer by its type: ``Block[None]`` knows prices only,
``Block[Quadratic]`` also answers the pull of an augmented Lagrangian. A new kind of query is a new
record here and touches no existing block.
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, Generic, TypeVar

from lagrange.vectors import Vector

Q = TypeVar("Q")


@dataclass(frozen=True, slots=True)
class Quadratic:
    """Adds ρ/2 ‖A_i x_i + offset‖² to what the block minimizes; offset = Σ_{j≠i} A_j x_j − b."""

    rho: float
    offset: Vector


@dataclass(frozen=True, slots=True)
class Staged(Generic[Q]):
    """A query put to stage ``stage`` of a sequence of problems (see ``lagrange.stages``)."""

    stage: int
    query: Q


def require_rho(rho: Any) -> None:
    """Refuse a penalty that is not a positive finite number."""
    value = float(rho) if isinstance(rho, Real) and rho is not True else math.nan
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"rho must be a finite number > 0, got {rho!r}")


@dataclass(frozen=True, slots=True)
class Absolute:
    """Adds weight · ‖A_i x_i + offset‖₁ to what the block minimizes; offset = Σ_{j≠i} A_j x_j − b.

    one_sided : rows of which only what lies above 0 counts (the ≤ rows)
    """

    weight: float
    offset: Vector
    one_sided: frozenset[str] = frozenset()
