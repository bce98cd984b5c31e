"""The surrogate contraction schedule as numbers: α_k, its products, and the choice of M and r.

    α_k = 1 − 1/(M k^p),  p = 1 − 1/k^r,   Π_{i≤k} α_i ~ C(M, r) k^{−1/M}

The asymptotics hold for every M > 1, r > 0, but C(M, r) can be so small that the steps are gone
long before: what counts at a finite horizon is the product itself, which is summed here in logs.

Reference    Bragin, Luh, Yan, Yu, Stern, J. Optim. Theory Appl. 164 (2015) 173–201
"""

import math
from typing import Any

import numpy as np

CANDIDATES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)  # r, from long travel to slow decay
LARGEST_M = 1e9
SMALLEST_M = 1.2  # closer to 1 the first move spends nearly everything


def alpha(k: int, M: float, r: float) -> float:
    """α_k for the k-th move after the first, k ≥ 1."""
    return 1.0 - decrement(k, r) / M


def decrement(k: int, r: float) -> float:
    """1/k^p, p = 1 − 1/k^r: M (1 − α_k)."""
    return math.exp(-(1.0 - k**-r) * math.log(k))


def log_product(moves: int, M: float, r: float) -> float:
    """ln Π_{k=1..moves} α_k."""
    return float(np.log1p(-_decrements(moves, r) / M).sum())


def _decrements(moves: int, r: float) -> Any:
    k = np.arange(1, moves + 1, dtype=np.float64)
    return np.exp(-(1.0 - k**-r) * np.log(k))


def choose_constants(moves: int, shrink: float) -> tuple[float, float]:
    """(M, r) with Π_{k=1..moves} α_k = shrink.

    For every r there is one M that meets the product. Small r travels farthest within the horizon
    but freezes behind it; the smallest candidate r is taken whose steps shrink at most tenfold more
    over a second horizon, so that a run that was planned too short still moves.
    """
    if moves < 2:
        raise ValueError(f"a horizon needs at least 2 moves, got {moves}")
    if not 0 < shrink < 1:
        raise ValueError(f"shrink must lie in (0, 1), got {shrink}")
    choice: tuple[float, float] | None = None
    for r in CANDIDATES:
        M = _solve_m(moves, shrink, r)
        if M is None:
            break  # a larger r decays slower still
        choice = M, r
        if log_product(2 * moves, M, r) - math.log(shrink) >= math.log(0.1):
            break
    if choice is None:
        raise ValueError(
            f"no M ≥ {SMALLEST_M} shrinks the steps to {shrink} within {moves} moves: "
            "allow more moves or a larger shrink"
        )
    return choice


def _solve_m(moves: int, shrink: float, r: float) -> float | None:
    """The M that meets the product, by bisection in log(M − 1); None if it is below the smallest."""
    target = math.log(shrink)
    decrements = _decrements(moves, r)
    low, high = math.log(SMALLEST_M - 1.0), math.log(LARGEST_M)

    def reached(t: float) -> float:
        return float(np.log1p(-decrements / (1.0 + math.exp(t))).sum())

    if reached(low) > target:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        if reached(middle) < target:
            low = middle
        else:
            high = middle
    return 1.0 + math.exp(high)
