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
from lagrange.oracles.conic_program import ConicProgram, dual_member, inside_rows, inward_from
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.oracles.sparse import IndexArray, SparseMatrix

Box = tuple[FloatArray, FloatArray]
TINY = 2.0**-1000  # more than all underflows of a sum can lose
UP = 1 + 2.0**-30  # more than the rounding of a few operations on positive numbers
INWARD_STEPS = 100
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
    best = max(here.bound(small), here.bound_with_exactness(small))
    for inwards in (1e-10, 1e-8, 1e-6, 1e-4):
        if not math.isfinite(best):
            inner = dual_member(here.inner(inwards), program.cones)
            if inner is not None:
                there = _Lagrangian.around(program, q, constant, x, inner)
                best = there.bound_with_exactness(program.box)
    return best


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
        A, free = self.program.A, inside_rows(self.z, self.program.cones, room)
        rows, moving = np.flatnonzero(free), free[A.row]
        if rows.size < costly.size or rows.size * costly.size > LARGEST_DENSE:
            return None
        dense = _dense_part(A, rows, costly)
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
            extra=float(self.extra + away * np.linalg.norm(self.primal[rows]) * UP),
        )

    def inner(self, inwards: float) -> FloatArray:
        """z moved into the cones, and back to where r does not fall on columns without bounds. What
        comes out may be bad; nothing about it is relied upon.
        """
        cones, A = self.program.cones, self.program.A
        no_low, no_high = (np.isinf(end) for end in self.program.box)
        columns, rows = np.flatnonzero(no_low | no_high), np.arange(A.shape[0])
        if rows.size * columns.size > LARGEST_DENSE // 16:  # half a second
            return self.z
        wanted = np.where(no_low, 0.0, np.maximum(self.slope, 0.0))
        wanted = np.where(no_low & ~no_high, np.minimum(self.slope, 0.0), wanted)
        z, step = self.z, inwards * (1 + float(np.abs(self.z).max(initial=0.0)))
        columns_of_z = _dense_part(A, rows, columns).T
        back = np.linalg.pinv(columns_of_z)
        fixed = (wanted - self.slope)[columns] + columns_of_z @ z
        for _ in range(INWARD_STEPS):  # those that are outside still, as a perceptron does
            outside = ~inside_rows(z, cones, 0.1 * step)
            if not outside.any():
                break
            z = z + step * np.where(outside, inward_from(cones, z), 0.0)
            z = z + back @ (fixed - columns_of_z @ z)
        return z


def _dense_part(A: SparseMatrix, rows: IndexArray, columns: IndexArray) -> FloatArray:
    """These rows and columns of A."""
    row, column = np.full(A.shape[0], -1), np.full(A.shape[1], -1)
    row[rows], column[columns] = np.arange(rows.size), np.arange(columns.size)
    kept = (row[A.row] >= 0) & (column[A.column] >= 0)
    dense = np.zeros((rows.size, columns.size))
    dense[row[A.row[kept]], column[A.column[kept]]] = A.value[kept]
    return dense


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
