"""Lower bounds of conic programs that no rounding and no solver can break.

    minimize  ½ xᵀP x + ⟨q, x⟩   subject to   A x + s = b,  s ∈ K

For every z in the dual cone K* and every feasible y, ⟨z, A y − b⟩ = −⟨z, s⟩ ≤ 0. So the minimum is at
least that of the Lagrangian, which around any x whatever reads

    L(y, z) = L(x, z) + ⟨r, d⟩ + ½ dᵀP d,    r = P x + q + Aᵀz,  d = y − x

A solver's answer makes r small, not zero, so something must be known about d. Three things are used:

    box        y lies in the box that the constraints imply: each r_j d_j is smallest at an end
    curvature  ½ dᵀP d ≥ ½ Σ c_j d_j²: then r_j d_j + ½ c_j d_j² ≥ −r_j²/(2 c_j)
    exactness  if the columns U of the rows on which z can move either way are independent, there is a
               z near by for which r_U is exactly 0 (not in floats, but it exists): with σ the least
               singular value of those rows and columns it is at most ‖r_U‖/σ away

Points whose objective is above any number t may be left out if the result is cut at t: this bounds
what only the objective bounds, such as the height of an epigraph. Whatever remains unbounded
proves nothing: −inf.

What is claimed: the result is at most the infimum of the program with these very floats as data. That
P is positive semidefinite is not assumed. x and z may be anything: bad ones give bad bounds, not wrong
ones.

Notation     u unit roundoff · e_j how far r_j may be off
Reference    Jansson, Chaykin, Keil, SIAM J. Numer. Anal. 46 (2008) 180–200, for the box; derived above
"""

import math
import sys
from dataclasses import dataclass, replace

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.conic_program import Cones, ConicProgram, diagonal_places
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.oracles.sparse import IndexArray

Box = tuple[FloatArray, FloatArray]
TINY = 2.0**-1000  # more than all underflows of a sum can lose
UP = 1 + 2.0**-30  # more than the rounding of a few operations on positive numbers
LARGEST_DENSE = 4_000_000  # entries up to which singular values are computed


def proved_bound(
    program: ConicProgram, q: FloatArray, constant: float, x: FloatArray, z: FloatArray
) -> float:
    """A float that is surely at most constant + the infimum of the program with linear part ``q``;
    −inf where x and z prove none.
    """
    multipliers = dual_member(z, program.cones)
    if multipliers is None or not (np.isfinite(x).all() and np.isfinite(q).all()):
        return -math.inf
    here = _Lagrangian.around(program, q, constant, x, multipliers)
    best = here.bound(program.box)
    if best >= here.value - 1e-10 * (1 + abs(here.value)):
        return best
    best = max(best, here.bound_with_exactness(program.box))
    if math.isfinite(best):
        return best
    top = here.value + 1 + abs(here.value)
    small = program.box_below(q, math.nextafter(top - constant, math.inf) + 1e-9 * abs(top))
    # no loss is negative: what is proved lies below top, so the points left out do not matter
    return max(here.bound(small), here.bound_with_exactness(small))


@dataclass(frozen=True, eq=False)
class _Lagrangian:
    """L(·, z) around x: its value, what the sizes of its terms are, its slope r and how far the
    floats of r may be off. ``extra`` is a loss that was incurred already.
    """

    program: ConicProgram
    x: FloatArray
    z: FloatArray
    value: float
    magnitude: float
    slope: FloatArray
    off: FloatArray
    primal: FloatArray  # |A x − b| and more than its rounding
    extra: float = 0.0

    @classmethod
    def around(
        cls, program: ConicProgram, q: FloatArray, constant: float, x: FloatArray, z: FloatArray
    ) -> "_Lagrangian":
        P, A, b = program.P, program.A, program.b
        px, violation = P.times(x), A.times(x) - b
        px_size = P.size_of_times(x)
        violation_size = A.size_of_times(x) + np.abs(b)
        parts = [0.5 * x * px, q * x, z * violation, np.array([constant])]
        sizes = [0.5 * np.abs(x) * px_size, np.abs(q * x), np.abs(z) * violation_size]
        slope = px + q + A.transposed_times(z)
        slope_size = px_size + np.abs(q) + A.size_of_transposed_times(z)
        # where every product has a factor 0 the slope is 0, and not only in floats
        terms = np.bincount(A.column, z[A.row] != 0, minlength=x.size) + P.column_counts
        touched = (terms > 0) | (q != 0)
        noise = 2 * (sum(A.shape) + 8) * UNIT  # no sum here has more terms
        return cls(
            program,
            x,
            z,
            math.fsum(np.concatenate(parts).tolist()),
            math.fsum(np.concatenate(sizes).tolist()) + abs(constant),
            slope,
            np.where(touched, noise * slope_size + TINY, 0.0),
            np.abs(violation) + noise * violation_size + TINY,
        )

    def losses(self, box: Box) -> FloatArray:
        """By how much ⟨r, d⟩ + ½ dᵀP d may fall below 0, entry by entry; rounded up."""
        down = np.nextafter(box[0] - self.x, -np.inf)
        up = np.nextafter(box[1] - self.x, np.inf)
        curvature = self.program.curvature
        at_ends = np.maximum(
            _loss_at(-down, -self.slope, self.off, curvature),
            _loss_at(up, self.slope, self.off, curvature),
        )
        at_ends = np.where(np.isfinite(at_ends), np.maximum(at_ends, 0.0) * UP, np.inf)
        curved = curvature > 0
        square = (np.abs(self.slope) + self.off) ** 2 / np.where(curved, 2 * curvature, 1.0) * UP
        return np.where(curved, np.minimum(square, at_ends), at_ends)

    def bound(self, box: Box) -> float:
        """What is proved with this box."""
        loss = (math.fsum(self.losses(box).tolist()) + self.extra) * UP
        if not math.isfinite(loss):
            return -math.inf
        # each term is a product of sums that are no longer than this
        return surely_below(self.value, self.magnitude, sum(self.program.A.shape) + 8, loss)

    def bound_with_exactness(self, box: Box) -> float:
        """What is proved if z is moved so that r vanishes where it costs most."""
        losses = self.losses(box)
        best = -math.inf
        for limit in (1e-11 * (1 + abs(self.value)), sys.float_info.max):
            costly = np.flatnonzero(losses > limit)
            if costly.size == 0:
                continue
            length = float(np.linalg.norm(np.abs(self.slope[costly]) + self.off[costly])) * UP
            for room in (1e2, 1e4, 1e6):
                moved = self._moved(costly, length, room * length)
                best = max(best, -math.inf if moved is None else moved.bound(box))
        return best

    def _moved(self, costly: IndexArray, length: float, room: float) -> "_Lagrangian | None":
        """Around a z at most ``room`` away that makes r exactly 0 on ``costly``; None if not sure."""
        zero, nonneg = self.program.cones.zero, self.program.cones.nonneg
        free = np.concatenate([np.full(zero, True), self.z[zero : zero + nonneg] > room])
        rows = np.flatnonzero(free)
        if rows.size < costly.size or rows.size * costly.size > LARGEST_DENSE:
            return None
        A = self.program.A
        place, column = np.full(A.shape[0], -1), np.full(A.shape[1], -1)
        place[rows], column[costly] = np.arange(rows.size), np.arange(costly.size)
        moving = place[A.row] >= 0
        inside = moving & (column[A.column] >= 0)
        dense = np.zeros((rows.size, costly.size))
        dense[place[A.row[inside]], column[A.column[inside]]] = A.value[inside]
        sigma = np.linalg.svd(dense, compute_uv=False)
        least = float(sigma[-1] - 20 * sum(dense.shape) * UNIT * sigma[0])
        if least <= 0 or length / least * UP > room:
            return None
        away = length / least * UP
        # by how much r_j moves for the others: ‖A_Kj‖ times the distance
        squares = np.bincount(A.column[moving], A.value[moving] ** 2, minlength=A.shape[1])
        off = self.off + np.sqrt(squares) * away * UP
        slope = self.slope.copy()
        slope[costly], off[costly] = 0.0, 0.0
        return replace(
            self,
            slope=slope,
            off=off,
            extra=self.extra + away * float(np.linalg.norm(self.primal[rows])) * UP,
        )


def _loss_at(
    length: FloatArray, slope: FloatArray, off: FloatArray, curvature: FloatArray
) -> FloatArray:
    """The most that −(slope · t + ½ c t²) can be at t = length, or on the way to it where that is
    infinite: 0 if the function surely rises in this direction, infinite otherwise.
    """
    bent = np.minimum(curvature, 0.0)
    finite = np.isfinite(length)
    t = np.where(finite, length, 0.0)
    steep = np.where(bent > -np.inf, -0.5 * np.where(bent > -np.inf, bent, 0.0) * t * t, np.inf)
    at_end = -slope * t + off * np.abs(t) + 4 * UNIT * np.abs(slope * t) + steep
    rises = (slope >= off) & (bent == 0)
    return np.where(finite, at_end, np.where(rises, 0.0, np.inf))


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
