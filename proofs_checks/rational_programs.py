"""Linear programs in rational arithmetic: the simplex method with Bland's rule, two phases.

For instances of a few dozen variables, where the answer has to be a number and not an approximation.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from proofs_checks.comparison import HypothesisFails

Number = Fraction | int
Rows = Sequence[Sequence[Number]]


class Optimum(NamedTuple):
    """min ⟨c, x⟩, a vertex x that attains it, and prices y of the rows: y A ≤ c, ⟨y, b⟩ = min."""

    value: Fraction
    x: list[Fraction]
    prices: list[Fraction]


def minimize(cost: Sequence[Number], rows: Rows, right: Sequence[Number]) -> Optimum:
    """min ⟨cost, x⟩ subject to rows · x = right, x ≥ 0.

    Raises HypothesisFails if there is no feasible point or no minimum.
    """
    n, m = len(cost), len(right)
    signs = [1 if b >= 0 else -1 for b in right]
    table = [
        [Fraction(s * v) for v in row]
        + [Fraction(int(i == k)) for k in range(m)]
        + [Fraction(s * b)]
        for i, (s, row, b) in enumerate(zip(signs, rows, right, strict=True))
    ]
    basis = list(range(n, n + m))
    _pivot_until_optimal(table, basis, [Fraction(0)] * n + [Fraction(1)] * m, n + m)
    if sum((row[-1] for row, j in zip(table, basis, strict=True) if j >= n), Fraction(0)) != 0:
        raise HypothesisFails("the linear program has no feasible point")
    for i, j in enumerate(basis):
        if j >= n:  # an artificial variable at 0: exchange it, or its row says nothing
            entering = next((k for k in range(n) if table[i][k] != 0), None)
            if entering is not None:
                _pivot(table, basis, i, entering)
    full = [Fraction(c) for c in cost] + [Fraction(0)] * m
    reduced = _pivot_until_optimal(table, basis, full, n)
    x = [Fraction(0)] * n
    for row, j in zip(table, basis, strict=True):
        if j < n:
            x[j] = row[-1]
    # the columns of the artificial variables hold the inverse of the basis
    prices = [-s * reduced[n + k] for k, s in enumerate(signs)]
    value = sum((Fraction(c) * v for c, v in zip(cost, x, strict=True)), Fraction(0))
    return Optimum(value, x, prices)


def _pivot_until_optimal(
    table: list[list[Fraction]], basis: list[int], cost: list[Fraction], allowed: int
) -> list[Fraction]:
    """Pivots on columns below ``allowed``; the reduced costs of all columns at the end."""
    while True:
        reduced = list(cost)
        for row, j in zip(table, basis, strict=True):
            if cost[j] != 0:
                reduced = [r - cost[j] * v for r, v in zip(reduced, row, strict=False)]
        entering = next((k for k in range(allowed) if reduced[k] < 0), None)
        if entering is None:
            return reduced
        ratios = [
            (row[-1] / row[entering], j, i)
            for i, (row, j) in enumerate(zip(table, basis, strict=True))
            if row[entering] > 0
        ]
        if not ratios:
            raise HypothesisFails("the linear program has no minimum")
        _pivot(table, basis, min(ratios)[2], entering)


def _pivot(table: list[list[Fraction]], basis: list[int], i: int, k: int) -> None:
    table[i] = [v / table[i][k] for v in table[i]]
    for other, row in enumerate(table):
        if other != i and row[k] != 0:
            table[other] = [a - row[k] * b for a, b in zip(row, table[i], strict=True)]
    basis[i] = k
