"""Data of the generalized assignment problem: OR-Library files and the generators of types A–E.

References   Chu, Beasley, Comput. Oper. Res. 24 (1997) 17–23 (types A–D)
             Yagiura, Ibaraki, Glover, INFORMS J. Comput. 16 (2004) 133–151 (type E)
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from problems.orlib import words_of
from problems.seeds import require_seed

IntArray = np.ndarray[Any, np.dtype[np.int64]]
TYPES = "ABCDE"


@dataclass(frozen=True)
class AssignmentData:
    """n jobs, m agents: cost (m, n), weight (m, n) ≥ 0, capacity (m,) ≥ 0, all whole numbers."""

    cost: IntArray
    weight: IntArray
    capacity: IntArray

    def __post_init__(self) -> None:
        m, n = self.cost.shape
        if self.weight.shape != (m, n) or self.capacity.shape != (m,):
            raise ValueError(
                f"cost is {m} × {n}, but weight is {self.weight.shape} and capacity "
                f"{self.capacity.shape}"
            )
        for name, array in (("weight", self.weight), ("capacity", self.capacity)):
            if (array < 0).any():
                where = tuple(int(i) for i in np.argwhere(array < 0)[0])
                raise ValueError(f"{name}{list(where)} is {array[where]}, it must be ≥ 0")
        costs, weights = (sum(map(abs, a.ravel().tolist())) for a in (self.cost, self.weight))
        if (costs + 1) * (weights + 1) >= 2**62:  # the repair weighs overload by the sum of costs
            raise ValueError(
                f"the costs add up to {costs} and the weights to {weights} in magnitude; their "
                "product must stay below 2^62: divide by a common factor"
            )

    @property
    def dearest(self) -> int:
        """No assignment costs more."""
        return int(self.cost.max(axis=0).sum())

    def to_text(self) -> str:
        """The OR-Library format."""
        lines = [f"{self.cost.shape[0]} {self.cost.shape[1]}"]
        lines += [" ".join(map(str, row.tolist())) for row in (*self.cost, *self.weight)]
        lines.append(" ".join(map(str, self.capacity.tolist())))
        return "\n".join(lines) + "\n"


def read_orlib(path: Path) -> AssignmentData:
    """One instance: ``m n``, cost m × n, weight m × n (row = agent), capacity m."""
    numbers: list[int] = []
    for at, word in enumerate(words_of(path)):
        try:
            number = int(word)
        except ValueError:
            raise ValueError(
                f"{path}: entry {at + 1} is {word!r}; the format has whole numbers only"
            ) from None
        if abs(number) > 2**53:
            raise ValueError(f"{path}: entry {at + 1} is {number}, beyond ±2^53")
        numbers.append(number)
    if len(numbers) < 2:
        raise ValueError(f"{path} is empty or truncated: it must begin with 'm n'")
    m, n = numbers[:2]
    if m < 1 or n < 1:
        raise ValueError(f"{path}: m and n must be at least 1, got {m} and {n}")
    wanted = 2 + 2 * m * n + m
    if len(numbers) != wanted:
        short = "truncated" if len(numbers) < wanted else "too long"
        raise ValueError(
            f"{path} is {short}, or a file of another family: {m} agents and {n} jobs need {wanted} "
            f"numbers, it has {len(numbers)}"
        )
    body = np.array(numbers[2:], dtype=np.int64)
    return AssignmentData(
        cost=body[: m * n].reshape(m, n),
        weight=body[m * n : 2 * m * n].reshape(m, n),
        capacity=body[2 * m * n :],
    )


def generate(kind: str, agents: int, jobs: int, seed: int) -> AssignmentData:
    """A random instance of type A–E in the sense of the literature, by the seed."""
    if kind not in TYPES or len(kind) != 1:
        raise ValueError(f"kind must be one of {', '.join(TYPES)}, got {kind!r}")
    if agents < 1 or jobs < 1:
        raise ValueError(f"agents and jobs must be at least 1, got {agents} and {jobs}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    shape = (agents, jobs)
    if kind in "ABC":
        weight = rng.integers(5, 26, shape)
        cost = rng.integers(10, 51, shape)
    elif kind == "D":
        weight = rng.integers(1, 101, shape)
        cost = 111 - weight + rng.integers(-10, 11, shape)
    else:
        real = 1.0 - 10.0 * np.log(1.0 - rng.random(shape))
        cost = np.rint(1000.0 / real - 10.0 * rng.random(shape)).astype(np.int64)
        weight = np.rint(real).astype(np.int64)
    return AssignmentData(cost, weight, _capacity(kind, cost, weight))


def _capacity(kind: str, cost: IntArray, weight: IntArray) -> IntArray:
    m, n = cost.shape
    if kind in "AB":
        cheapest = np.argmin(cost, axis=0)
        load = np.bincount(cheapest, weight[cheapest, np.arange(n)], minlength=m)
        roomy = 9.0 * n / m + 0.4 * load.max()
        each = np.full(m, roomy if kind == "A" else 0.7 * roomy)
    else:
        each = 0.8 * weight.sum(axis=1) / m
    return np.floor(each).astype(np.int64)
