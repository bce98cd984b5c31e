"""Small linear sets, and their exact minima by brute force in rational numbers."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np

from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.milp import MilpBlock
from lagrange.oracles.sparse import SparseMatrix

INF = np.inf


def linear_set(
    rows: Any, row_lower: Any, row_upper: Any, lower: Any, upper: Any, integer: Any = False
) -> LinearSet:
    """From dense arrays; numbers stand for arrays full of them."""
    matrix = SparseMatrix.dense(np.asarray(rows, dtype=float))
    m, n = matrix.shape
    ends = [np.broadcast_to(np.asarray(e, float), (m,)) for e in (row_lower, row_upper)]
    ends += [np.broadcast_to(np.asarray(e, float), (n,)) for e in (lower, upper)]
    return LinearSet(matrix, *ends, np.broadcast_to(integer, (n,)))


def random_set(rng, integer=False, n=3, m=2) -> LinearSet:
    """Bounded and not empty: rows with ranges, one-sided rows, equations."""
    rows = rng.integers(-4, 5, (m, n)).astype(float)
    upper = rng.integers(1, 5, n).astype(float)
    if not integer:
        rows = rows + 0.1 * np.round(rng.normal(size=(m, n)), 3)
    inside = rng.integers(0, upper + 1) if integer else upper * rng.uniform(size=n)
    at = rows @ inside
    kind = rng.integers(0, 4, m)
    low = np.where(kind == 0, -INF, at - rng.integers(0, 3, m))
    high = np.where(kind == 1, INF, at + rng.integers(0, 3, m))
    if integer:
        low, high = np.where(kind == 2, at, low), np.where(kind == 2, at, high)
    return linear_set(rows, low, high, 0.0, upper, integer)


def random_block(rng, integer=False, limits=None) -> MilpBlock:
    members = random_set(rng, integer)
    image = rng.normal(size=(2, 3)) * (rng.random((2, 3)) < 0.7)
    image[0, 0] = 1.0
    settings = {} if limits is None else {"limits": limits}
    return MilpBlock(rng.normal(size=3) * 10, members, {"x": SparseMatrix.dense(image)}, **settings)


def dense(matrix: SparseMatrix) -> Any:
    full = np.zeros(matrix.shape)
    full[matrix.row, matrix.column] = matrix.value
    return full


def exact_cost(cost: Any, image: Any, price: Any) -> list[Fraction]:
    """c + Aᵀ λ in rationals."""
    total = [Fraction(c) for c in cost.tolist()]
    for i, j in np.argwhere(image).tolist():
        total[j] += Fraction(float(image[i, j])) * Fraction(float(price[i]))
    return total


def inner(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def vertices(members: LinearSet) -> Iterator[list[Fraction]]:
    """Every vertex of a set without integer columns, exactly: n of its constraints are tight."""
    limits = _constraints(members)
    n = members.lower.size
    for tight in combinations(limits, n):
        x = _solved([a for a, _ in tight], [b for _, b in tight])
        if x is not None and contains(members, x):
            yield x


def whole_points(members: LinearSet) -> Iterator[list[Fraction]]:
    """Every point of a bounded set of integer columns."""
    ends = zip(members.lower.astype(int), members.upper.astype(int), strict=True)
    for choice in product(*(range(a, b + 1) for a, b in ends)):
        x = [Fraction(v) for v in choice]
        if contains(members, x):
            yield x


def contains(members: LinearSet, x: Sequence[Fraction]) -> bool:
    """In rationals, without any tolerance."""
    rows = [[Fraction(a) for a in row] for row in dense(members.rows).tolist()]
    values = [*(inner(row, x) for row in rows), *x]
    lows = [*members.row_lower.tolist(), *members.lower.tolist()]
    highs = [*members.row_upper.tolist(), *members.upper.tolist()]
    return all(
        (low == -INF or Fraction(low) <= v) and (high == INF or v <= Fraction(high))
        for v, low, high in zip(values, lows, highs, strict=True)
    )


def _constraints(members: LinearSet) -> list[tuple[list[Fraction], Fraction]]:
    rows = dense(members.rows)
    normals = np.vstack([rows, np.eye(rows.shape[1])])
    ends = (
        np.concatenate([members.row_lower, members.lower]),
        np.concatenate([members.row_upper, members.upper]),
    )
    return [
        ([Fraction(v) for v in a.tolist()], Fraction(float(b)))
        for end in ends
        for a, b in zip(normals, end, strict=True)
        if np.isfinite(b)
    ]


def _solved(a: list[list[Fraction]], b: list[Fraction]) -> list[Fraction] | None:
    """Gauss–Jordan in rationals; None if the matrix is singular."""
    table = [[*row, right] for row, right in zip(a, b, strict=True)]
    n = len(b)
    for k in range(n):
        pivot = next((i for i in range(k, n) if table[i][k] != 0), None)
        if pivot is None:
            return None
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [v / table[k][k] for v in table[k]]
        for i in range(n):
            if i != k and table[i][k] != 0:
                table[i] = [v - table[i][k] * w for v, w in zip(table[i], table[k], strict=True)]
    return [row[-1] for row in table]
