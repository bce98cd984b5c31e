"""Budgets on the way from dense to sparse: k_1 ≥ k_2 ≥ … ≥ k_T, the last of them the one wanted.

    linear   k_t falls by equal amounts
    cubic    k_t = k_T + (n − k_T)(1 − t/T)³: fast at first, while there is much to remove [1]
    log      ln k_t falls by equal amounts: each step removes the same share of what is left, so that
             the last steps are as mild as the first where k_T is a hundredth of n

Reference    [1] Zhu, Gupta, arXiv 1710.01878 (2017), eq. 1 (in the sparsity s = 1 − k/n)
"""

import math
from collections.abc import Callable, Mapping

from lagrange.sets.size import is_whole

PATHS: Mapping[str, Callable[[float, int, int], float]] = {
    "linear": lambda left, n, k: k + (n - k) * left,
    "cubic": lambda left, n, k: k + (n - k) * left**3,
    "log": lambda left, n, k: k * (n / k) ** left,
}


def budgets(path: str, total: int, keep: int, steps: int, hold: int = 0) -> tuple[int, ...]:
    """k_1 … k_T, whole numbers; the last ``hold`` + 1 of them are ``keep``.

    path  : linear, cubic or log
    total : n, entries at the start, none of them removed;  keep: k_T, at least 1 and at most n
    steps : T, how many budgets
    """
    if path not in PATHS:
        raise ValueError(f"path must be one of {', '.join(PATHS)}, got {path!r}")
    whole = is_whole(keep), is_whole(total)  # named, so that both stay int for the type checker
    if not (all(whole) and 1 <= keep <= total):
        raise ValueError(f"keep must be a whole number from 1 to total = {total}, got {keep}")
    if not 0 <= hold < steps:
        raise ValueError(f"hold must be at least 0 and below steps = {steps}, got {hold}")
    falling = steps - hold
    return tuple(
        max(keep, math.floor(PATHS[path](1 - t / falling, total, keep) + 1e-9))
        if t < falling
        else keep
        for t in range(1, steps + 1)
    )
