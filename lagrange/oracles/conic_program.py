"""Conic programs as data, with what can be known about them before any solver has run.

    minimize  ½ xᵀP x + ⟨q, x⟩   subject to   A x + s = b,  s ∈ K        P (n, n), A (m, n)

K is a product of cones over consecutive rows of A, in this order: zero, nonnegative, second-order,
positive semidefinite (upper triangle by columns, off-diagonal entries times √2), exponential
{(x, y, z) : y e^{x/y} ≤ z, y > 0} and its closure, others.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse  # pyright: ignore[reportMissingTypeStubs]

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.linear_sets import LinearSet
from lagrange.oracles.rounding import UNIT
from lagrange.oracles.sparse import IndexArray, SparseMatrix

sparse: Any = scipy.sparse
LARGEST_DENSE = 1000  # order up to which eigenvalues are computed


class Cones(NamedTuple):
    """Sizes in rows: of the zero and the nonnegative cone, of each second-order cone; the orders of
    the semidefinite ones; how many exponential ones; rows in cones of other kinds.
    """

    zero: int
    nonneg: int
    second_order: tuple[int, ...] = ()
    semidefinite: tuple[int, ...] = ()
    exponential: int = 0
    other: int = 0

    def second_order_starts(self) -> Iterator[tuple[int, int]]:
        """(first row, number of rows) of each second-order cone."""
        start = self.zero + self.nonneg
        for size in self.second_order:
            yield start, size
            start += size

    def semidefinite_starts(self) -> Iterator[tuple[int, int]]:
        """(first row, order) of each semidefinite cone."""
        start = self.zero + self.nonneg + sum(self.second_order)
        for order in self.semidefinite:
            yield start, order
            start += order * (order + 1) // 2

    def exponential_starts(self) -> Iterator[int]:
        """The first row of each exponential cone."""
        start = self.zero + self.nonneg + sum(self.second_order)
        start += sum(order * (order + 1) // 2 for order in self.semidefinite)
        yield from range(start, start + 3 * self.exponential, 3)


def diagonal_places(order: int) -> IndexArray:
    """Where the diagonal stands in an upper triangle stored by columns."""
    k = np.arange(order, dtype=np.int64)
    return k * (k + 1) // 2 + k


@dataclass(frozen=True, eq=False)
class ConicProgram:
    """P, A, b and the cones; q belongs to the question.

    curvature : (n,) with ½ dᵀP d ≥ ½ Σ_j curvature_j d_j² for every d, rounded down; −inf where
                nothing is known. Negative entries are what rounding leaves of a zero eigenvalue.
    box       : bounds of every variable that the constraints imply; infinite where they imply none
    """

    P: SparseMatrix
    A: SparseMatrix
    b: FloatArray
    cones: Cones
    curvature: FloatArray = field(init=False, repr=False)
    box: tuple[FloatArray, FloatArray] = field(init=False, repr=False)
    _implied: LinearSet = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "curvature", _curvature(self.P))
        implied = _linear_consequences(self.A, self.b, self.cones)
        object.__setattr__(self, "_implied", implied)
        object.__setattr__(self, "box", implied.box)

    def box_below(self, q: FloatArray, top: float) -> tuple[FloatArray, FloatArray]:
        """Bounds of the points whose objective is at most ``top``: there ⟨q, x⟩ ≤ top too, since
        ½ xᵀP x ≥ 0. The plain ``box`` where that is not sure.
        """
        if not (self.curvature >= 0).all():
            return self.box
        rows, used = self._implied.rows, np.flatnonzero(q)
        m, n = rows.shape
        extended = SparseMatrix(
            np.concatenate([rows.row, np.full(used.size, m)]),
            np.concatenate([rows.column, used]),
            np.concatenate([rows.value, q[used]]),
            (m + 1, n),
        )
        lower = np.append(self._implied.row_lower, -np.inf)
        upper = np.append(self._implied.row_upper, top)
        return _linear_set(extended, lower, upper, self.box).box


def as_triplets(matrix: Any) -> SparseMatrix:
    """A scipy matrix as a ``SparseMatrix``; entries at the same place are added up."""
    coo = sparse.coo_array(sparse.csc_array(matrix))
    return SparseMatrix(coo.row, coo.col, coo.data, coo.shape)


def _curvature(P: SparseMatrix) -> FloatArray:
    """The diagonal of columns without other entries, the least eigenvalue of all other columns."""
    off = P.row != P.column
    curvature = np.zeros(P.shape[0])
    curvature[P.row[~off]] = P.value[~off]
    mixed = np.unique(np.concatenate([P.row[off], P.column[off]]))
    if mixed.size == 0:
        return curvature
    if mixed.size > LARGEST_DENSE:
        curvature[mixed] = -np.inf
        return curvature
    place = np.full(P.shape[0], -1)
    place[mixed] = np.arange(mixed.size)
    inside = place[P.row] >= 0
    dense = np.zeros((mixed.size, mixed.size))
    dense[place[P.row[inside]], place[P.column[inside]]] = P.value[inside]
    # symmetric to rounding; LAPACK errs by a small multiple of n u ‖P‖
    slack = 20 * mixed.size * UNIT * float(np.linalg.norm(dense))
    slack += float(np.abs(dense - dense.T).sum(axis=1).max())
    curvature[mixed] = float(np.linalg.eigvalsh(dense)[0]) - slack
    return curvature


def _linear_consequences(A: SparseMatrix, b: FloatArray, cones: Cones) -> LinearSet:
    """Linear rows that hold wherever A x + s = b, s ∈ K: from these the box is made.

    second-order      s_0 ≥ |s_i|
    semidefinite      S_ii ≥ 0 and |S_ij| ≤ (S_ii + S_jj)/2, where s holds √2 S_ij
    exponential       s_1 ≥ 0, s_2 ≥ 0 and s_2 ≥ s_1 e^{s_0/s_1} ≥ s_1 + s_0
    """
    combos = list(_combinations(cones))
    triplets = [(k, i, c) for k, combo in enumerate(combos) for i, c in combo.items()]
    k, i, c = np.array(triplets).reshape(-1, 3).T
    D = sparse.csr_array((c, (k.astype(int), i.astype(int))), shape=(len(combos), A.shape[0]))
    # D s ≥ 0, = 0 in the first rows: D A x ≤ D b. Sums of two entries are rounded: b is moved
    # outwards for it, and ``implied_box`` allows for coefficients that are off by their last digit
    rows = D @ sparse.csr_array((A.value, (A.row, A.column)), shape=A.shape)
    upper = D @ b + np.where(np.diff(D.indptr) > 1, 8 * UNIT, 0.0) * (abs(D) @ np.abs(b))
    lower = np.where(np.arange(len(combos)) < cones.zero, upper, -np.inf)
    used = np.flatnonzero(np.diff(rows.indptr) > 0)
    free = np.full(A.shape[1], np.inf)
    return _linear_set(as_triplets(rows[used]), lower[used], upper[used], (-free, free))


def _combinations(cones: Cones) -> Iterator[dict[int, float]]:
    """Combinations of entries of s that are 0 (the first ones, of the zero cone) or ≥ 0."""
    yield from ({i: 1.0} for i in range(cones.zero + cones.nonneg))
    for start, size in cones.second_order_starts():
        yield {start: 1.0}
        for i in range(start + 1, start + size):
            yield from ({start: 1.0, i: 1.0}, {start: 1.0, i: -1.0})
    half = math.nextafter(math.sqrt(0.5), 1.0)  # the sum of the diagonal entries is ≥ 0: round up
    for start, order in cones.semidefinite_starts():
        diagonal = [start + int(place) for place in diagonal_places(order)]
        yield from ({i: 1.0} for i in diagonal)
        for j in range(order):
            for i in range(j):
                entry = diagonal[j] - j + i
                for sign in (1.0, -1.0):
                    yield {diagonal[i]: half, diagonal[j]: half, entry: sign}
    for start in cones.exponential_starts():
        yield from ({start + 1: 1.0}, {start + 2: 1.0})
        yield {start + 2: 1.0, start + 1: -1.0, start: -1.0}


def _linear_set(
    rows: SparseMatrix, lower: FloatArray, upper: FloatArray, box: tuple[FloatArray, FloatArray]
) -> LinearSet:
    return LinearSet(rows, lower, upper, *box, np.zeros(rows.shape[1], dtype=np.bool_))


def dual_member(z: FloatArray, cones: Cones) -> FloatArray | None:
    """A member of K* next to z; None where z is not finite or K has cones of other kinds."""
    if cones.other or not np.isfinite(z).all():
        return None
    z = z.copy()
    nonneg = slice(cones.zero, cones.zero + cones.nonneg)
    z[nonneg] = np.maximum(z[nonneg], 0.0)
    for start, size in cones.second_order_starts():
        length = float(np.linalg.norm(z[start + 1 : start + size]))
        z[start] = max(z[start], length * (1 + 4 * (size + 4) * UNIT))
    for start, order in cones.semidefinite_starts():
        places = start + diagonal_places(order)
        z[places] += _semidefinite_shift(z[start : places[-1] + 1], order)
    for start in cones.exponential_starts():
        z[start : start + 3] = _exponential_member(*z[start : start + 3].tolist())
    return z


def inward_from(cones: Cones, z: FloatArray) -> FloatArray:
    """A direction that leads from the boundary of K* inside."""
    inward = np.zeros(z.size)
    inward[cones.zero : cones.zero + cones.nonneg] = 1.0
    for start, size in cones.second_order_starts():
        rest = z[start + 1 : start + size]
        inward[start + 1 : start + size] = -rest / max(float(np.linalg.norm(rest)), 2.0**-1000)
        inward[start] = 1.0
    for start, order in cones.semidefinite_starts():
        inward[start + diagonal_places(order)] = 1.0
    for start in cones.exponential_starts():
        inward[start : start + 3] = -1.0, 1.0, 1.0
    return inward


def inside_rows(z: FloatArray, cones: Cones, room: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The rows of the cones that surely hold the ball of radius ``room`` around their part of z."""
    free = np.zeros(z.size, dtype=np.bool_)
    free[: cones.zero] = True
    nonneg = slice(cones.zero, cones.zero + cones.nonneg)
    free[nonneg] = z[nonneg] > room
    for start, size in cones.second_order_starts():
        length = float(np.linalg.norm(z[start + 1 : start + size]))
        # √2 room is what it takes
        free[start : start + size] = z[start] - length * (1 + 4 * (size + 4) * UNIT) > 2 * room
    for start, order in cones.semidefinite_starts():
        places = start + diagonal_places(order)
        nearer = z[start : places[-1] + 1].copy()
        nearer[places - start] -= 2 * room
        free[start : places[-1] + 1] = _semidefinite_shift(nearer, order) == 0
    for start in cones.exponential_starts():
        u, v, w = z[start : start + 3].tolist()
        free[start : start + 3] = _exponential_inside(u, v, w, 2 * room)
    return free


def _exponential_inside(u: float, v: float, w: float, room: float) -> bool:
    """−u e^{v/u − 1} is convex and falls with v: in the box it is largest at an end of u."""
    if u + room >= 0:
        return False
    for end in (u - room, u + room):
        exponent = (v - room) / end
        if (
            exponent > 700
            or -end * math.exp(max(exponent, -690.0) - 1) * (1 + 2.0**-30) >= w - room
        ):
            return False
    return True


def _semidefinite_shift(z: FloatArray, order: int) -> float:
    """What to add to the diagonal so that the matrix is surely positive semidefinite."""
    matrix = np.zeros((order, order))
    for j in range(order):
        column = z[j * (j + 1) // 2 : (j + 1) * (j + 2) // 2] * math.sqrt(0.5)
        matrix[: j + 1, j] += column
        matrix[j, : j + 1] = matrix[: j + 1, j]
        matrix[j, j] = z[j * (j + 1) // 2 + j]
    rounding = 20 * order * UNIT * float(np.linalg.norm(matrix))
    return max(0.0, rounding - float(np.linalg.eigvalsh(matrix)[0]))


def _exponential_member(u: float, v: float, w: float) -> tuple[float, float, float]:
    """K* = {u < 0, w ≥ −u e^{v/u − 1}} and {u = 0, v ≥ 0, w ≥ 0}: w is raised, or u made 0."""
    edge = (0.0, max(v, 0.0), max(w, 0.0))
    if u >= 0 or v / u > 700:
        return edge
    least = -u * math.exp(v / u - 1) * (1 + 2.0**-40)  # the exponent is off by 700 u at most
    return (u, v, max(w, least))
