"""The value of a 0/1 knapsack in whole numbers, for exact twins: shares no code with the oracle."""

from collections.abc import Sequence

import numpy as np

SMALL = 2**62  # sums up to here fit into int64


def most_profit(profit: Sequence[int], weight: Sequence[int], capacity: int) -> int:
    """At least max ⟨profit, x⟩ over x ∈ {0, 1}^n, ⟨weight, x⟩ ≤ capacity, and equal to it where the
    profits add up to less than 2^62; larger ones are rounded up to multiples of a power of 2 first.
    """
    items = [(p, w) for p, w in zip(profit, weight, strict=True) if p > 0 and w <= capacity]
    total = sum(p for p, _ in items)
    if sum(w for _, w in items) <= capacity:
        return total
    # after the shift the sum is below 2^61, and rounding up adds at most 1 an item
    shift = max(0, total.bit_length() - 61) if total >= SMALL else 0
    best = np.zeros(capacity + 1, dtype=np.int64)
    for p, w in items:
        best[w:] = np.maximum(best[w:], best[: capacity + 1 - w] + -(-p >> shift))
    return int(best[capacity]) << shift
