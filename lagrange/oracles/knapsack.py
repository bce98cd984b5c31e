"""0/1 knapsack: integer weights, real profits, exact.

    minimize ⟨cost + price, x⟩   subject to   ⟨weight, x⟩ ≤ capacity,  x ∈ {0, 1}^n

The profits −(cost + price) are rounded up to whole numbers of a tiny unit and ``knapsack_core`` solves
that problem: its value is at least the true one.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of, require_prices_only
from lagrange.oracles.knapsack_core import SUM, BoolArray, Choice, IntArray, best_choice
from lagrange.vectors import Vector

LARGEST_TABLE = 2**33  # entries of the dynamic program, a byte each
MOST = 2**53  # whole numbers up to here are floats, and a thousand of them still fit into int64


def integer_weights(weight: Any) -> IntArray:
    """Weights as nonnegative int64, refused if they are not whole numbers."""
    array = np.asarray(weight)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"weight must be a non-empty 1-d array, got shape {array.shape}")
    for j, w in enumerate(array.tolist()):
        if not math.isfinite(w) or w < 0 or w != int(w):
            raise ValueError(f"weight of item {j} must be a whole number ≥ 0, got {w}")
        if w > MOST:
            raise ValueError(f"weight of item {j} must be at most 2^53, got {w}")
    return array.astype(np.int64)


def whole_capacity(capacity: Any, weight: IntArray) -> int:
    """The capacity as an int, refused if it is no whole number; never more than all weights."""
    if not (math.isfinite(capacity) and capacity == int(capacity) and capacity >= 0):
        raise ValueError(f"capacity must be a whole number ≥ 0, got {capacity}")
    return min(int(capacity), sum(weight.tolist()))  # more room than that changes nothing


class Packing(NamedTuple):
    """What ``Knapsack`` chose: x (n,) as booleans, and the price of a unit of capacity beside it."""

    chosen: BoolArray
    capacity_price: float


@dataclass(frozen=True)
class Knapsack:
    """min ⟨cost + price, x⟩ over x ∈ {0,1}^n, ⟨weight, x⟩ ≤ capacity; image = {row: x}.

    cost (n,) real, weight (n,) whole numbers ≥ 0, capacity a whole number ≥ 0. The answer is exact
    up to the rounding of float sums, and the bound accounts for that. ``point`` is a ``Packing``: a
    ``start`` saves time where the prices are nearly the same.
    """

    cost: FloatArray
    weight: IntArray
    capacity: int
    row: str
    _fits: BoolArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cost", finite_array("cost", self.cost, 1))
        object.__setattr__(self, "weight", integer_weights(self.weight))
        if self.cost.shape != self.weight.shape:
            raise ValueError(f"{self.cost.size} costs but {self.weight.size} weights")
        object.__setattr__(self, "capacity", whole_capacity(self.capacity, self.weight))
        if self.weight.size * self.capacity > LARGEST_TABLE:
            raise ValueError(
                f"{self.weight.size} items and capacity {self.capacity} need a table of "
                f"{self.weight.size * self.capacity} entries, more than {LARGEST_TABLE}: "
                "divide weights and capacity by a common factor"
            )

        object.__setattr__(self, "_fits", self.weight <= self.capacity)

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Knapsack")
        profit = -(self.cost + price_of(price, self.row))
        items = np.flatnonzero((profit > 0) & self._fits)
        x = np.zeros(profit.size, dtype=np.bool_)
        if items.size == 0:
            return self._response(x, 0.0, 0.0)
        whole, unit = _in_units(profit[items])
        near = None if start is None else _guess(cast("Packing", start.point), items, unit)
        choice = best_choice(whole, self.weight[items], self.capacity, near)
        x[items] = choice.chosen
        # value units are at least Σ p_j for every choice, up to the one rounding that made each p_j
        value = math.ldexp(float(int(whole[choice.chosen].sum())), unit) * (1.0 + 2.0**-50)
        return self._response(x, math.nextafter(-value, -math.inf), choice.price * 2.0**unit)

    def _response(self, x: BoolArray, bound: float, capacity_price: float) -> Response:
        image = {self.row: x.astype(np.float64)}
        return Response(image, float(self.cost[x].sum()), bound, Packing(x, capacity_price))


def _in_units(profit: FloatArray) -> tuple[IntArray, int]:
    """Positive profits, rounded up to multiples of 2^unit: whole numbers of it, at least 1."""
    largest = float(profit.max())
    if not math.isfinite(largest):
        raise ValueError("cost + price overflows: give the costs in a larger unit")
    unit = math.frexp(largest)[1] + profit.size.bit_length() - SUM
    return np.maximum(np.ceil(np.ldexp(profit, -unit)), 1.0).astype(np.int64), unit


def _guess(packing: Packing, items: IntArray, unit: int) -> Choice:
    """The earlier answer in the units of this question."""
    return Choice(packing.chosen[items], int(math.ldexp(packing.capacity_price, -unit)))
