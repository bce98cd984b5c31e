"""Two and three levels with their best common scale.

    Binary     {s q : s ≥ 0, q ∈ {−1, 1}^n}       s = mean |v|, q = sign v (sign 0 = 1)
    Ternary    {s q : s ≥ 0, q ∈ {−1, 0, 1}^n}    the j largest |v|, j maximizing (Σ of them)² / j,
                                                  s = their mean

Both are exact. What s · q explains of ‖v‖² is ⟨v, q⟩² / ⟨q, q⟩: for Binary ‖v‖₁² / n whatever the size
of the entries, for Ternary best on the largest magnitudes for each number j of nonzeros.
Among equally good j the smallest is taken (the largest scale).
"""

from dataclasses import dataclass

import numpy as np

from lagrange.sets.config import register
from lagrange.sets.levels import Family, Scaled
from lagrange.sets.quantized import Quantized, require_axis


@register
@dataclass(frozen=True)
class Binary(Quantized):
    """One magnitude, two signs; ``axis``: rows along it have a scale each, None: one for the array."""

    axis: int | None = None

    def __post_init__(self) -> None:
        require_axis(self.axis)

    def family(self) -> Family:
        return Scaled(np.array([1.0]))

    def code_bits(self) -> int:
        return 1

    def row_bits(self, number: int) -> int:
        return number

    def rows_along(self) -> int | None:
        return self.axis


@register
@dataclass(frozen=True)
class Ternary(Quantized):
    """One magnitude, two signs, and zero; ``axis`` as for Binary. Codes take 2 bits each."""

    axis: int | None = None

    def __post_init__(self) -> None:
        require_axis(self.axis)

    def family(self) -> Family:
        return Scaled(np.array([0.0, 1.0]))

    def code_bits(self) -> int:
        return 2

    def row_bits(self, number: int) -> int:
        return number

    def rows_along(self) -> int | None:
        return self.axis
