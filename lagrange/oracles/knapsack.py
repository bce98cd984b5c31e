"""0/1 knapsack by dynamic programming over the capacity: integer weights, real profits, exact.

    maximize Σ p_j x_j   subject to   Σ w_j x_j ≤ capacity,  x_j ∈ {0, 1}        O(n · capacity)

Reference    Kellerer, Pferschy, Pisinger, Knapsack Problems, Springer (2004), §2.3
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of, require_prices_only
from lagrange.vectors import Vector

LARGEST_TABLE = 2**33  # entries of the dynamic program, a byte each
MOST = 2**53  # whole numbers up to here are floats, and a thousand of them still fit into int64
IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


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


def solve_knapsack(profit: FloatArray, weight: IntArray, capacity: int) -> tuple[BoolArray, float]:
    """The chosen items (n,) and their total profit as the recursion added it up.

    That total is at least the float sum, in item order, of *every* feasible choice, since rounding
    is monotone; this is what makes the bound of ``Knapsack`` a proof.
    """
    chosen = (profit > 0) & (weight <= capacity)
    items = np.flatnonzero(chosen)
    if int(weight[items].sum()) <= capacity:
        return chosen, _sum_in_order(profit[items])
    best = np.zeros(capacity + 1)  # best[c]: most profit of the items so far within capacity c
    taken = np.zeros((len(items), capacity + 1), dtype=np.bool_)
    for t, (p, w) in enumerate(zip(profit[items].tolist(), weight[items].tolist(), strict=True)):
        with_item = best[: capacity + 1 - w] + p
        np.greater(with_item, best[w:], out=taken[t, w:])
        np.maximum(with_item, best[w:], out=best[w:])
    chosen[:] = False
    c = capacity
    for t in range(len(items) - 1, -1, -1):
        if taken[t, c]:
            chosen[items[t]] = True
            c -= int(weight[items[t]])
    return chosen, float(best[capacity])


def _sum_in_order(values: FloatArray) -> float:
    return float(np.cumsum(values)[-1]) if values.size else 0.0


@dataclass(frozen=True)
class Knapsack:
    """min ⟨cost + price, x⟩ over x ∈ {0,1}^n, ⟨weight, x⟩ ≤ capacity; image = {row: x}.

    cost (n,) real, weight (n,) whole numbers ≥ 0, capacity a whole number ≥ 0. The answer is exact
    up to the rounding of float sums, and the bound accounts for that. ``point`` is x as booleans.
    """

    cost: FloatArray
    weight: IntArray
    capacity: int
    row: str

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

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "Knapsack")
        profit = -(self.cost + price_of(price, self.row))
        x, value = solve_knapsack(profit, self.weight, self.capacity)
        # value ≥ Σ p_j (1 − u)^{k+1} for every choice of k items: one rounding makes p_j, and up to
        # k add them. So the true maximum is at most value (1 + 1.01 (n + 1) u).
        most = value * (1.0 + 1.01 * (x.size + 1) * 2.0**-53)
        bound = math.nextafter(-most, -math.inf) if value > 0 else 0.0
        return Response({self.row: x.astype(np.float64)}, float(self.cost[x].sum()), bound, x)
