"""Integer least squares: the whole numbers within bounds at which a quadratic is least.

    min ‖A x − b‖²  s.t.  x ∈ {low, …, high}ⁿ whole

It is quantization in miniature: weights on a uniform grid of step s, w = s x, in one row of a layer
with inputs A' are chosen for ‖A' w − b‖² = ‖(s A') x − b‖². With ``bits`` the x are the codes of
``lagrange.sets.UniformGrid(bits, step=s)``, −M … M with M = 2^(bits−1) − 1, and S is
``IntegerLattice(−M, M)``.

Split as ``split_least_squares`` says, with the curvature d moved. S is a product, so e is a sum of
piecewise linear functions: through d/2 z² at the whole numbers. The best bound is that of

    min h(x) + Σ e_i(x_i),  low ≤ x ≤ high,   e_i(t) = d/2 ((2j + 1) t − j (j + 1)) on [j, j + 1].

With d = 0 (--share 0) it is least squares over the box: rounding is not seen at all. As e_i(t) − d/2 t²
= d/2 (t − j)(j + 1 − t) ≤ d/8, the gain is at most n d/8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.certificates import Infeasible
from lagrange.instances import Instance
from lagrange.problem import Feasible
from lagrange.sets.lattice import IntegerLattice
from lagrange.solvers.bundle import LevelBundle
from lagrange.stopping import GapBelow, ResidualBelow, Stalled
from problems import split_least_squares as split
from problems import tables
from problems.compiling import by_a_small_run
from problems.options import require_at_least, require_unused
from problems.seeds import require_seed
from problems.split_exact import ExactSplit
from problems.tables import FloatArray

EXACT_COLUMNS = 40  # up to here a bound is recomputed in rationals within seconds
MOST_BITS = 16


def integer_least_squares(
    *,
    table: str = "whole",
    bits: int = 3,
    step: float = 1.0,
    share: float = 0.95,
    curvature: float | None = None,
    rows: int | None = None,
    columns: int | None = None,
    noise: int | None = None,
    seed: int | None = None,
) -> Instance:
    """Integer least squares around a planted point, or the quantization of a regression.

    table     : whole (generated, whole numbers), diabetes, or a file of comma-separated numbers whose
                last column is b
    bits      : x from −M to M, M = 2^(bits−1) − 1; 2 to 16
    step      : A is multiplied by it first: the step of the grid of weights, > 0
    share     : of the curvature that may be moved, in [0, 1); 0 gives the bound of the box
    curvature : to be moved, instead of a share
    rows      : to generate; 30 unless given
    columns   : to generate; 12 unless given
    noise     : b is A x plus whole numbers up to this size at the planted x; 20 unless given
    seed      : of the generator; 0 unless given
    """
    if not 2 <= bits <= MOST_BITS:
        raise ValueError(f"bits must be from 2 to {MOST_BITS}, got {bits}")
    if not 0 < step < np.inf:
        raise ValueError(f"step must be a finite number > 0, got {step}")
    most = 2 ** (bits - 1) - 1
    if table == "whole":
        A, b, _ = generate(rows, columns, most, noise, seed)
        source = f"generated, seed {seed or 0}"
    else:
        require_unused(f"table {table}", {"noise": noise})
        A, b, source = tables.regression(table, rows, columns, seed)
    A = step * A
    whole = bool((np.rint(A) == A).all() and (np.rint(b) == b).all())
    curvature = split.moved_curvature(A, 0.0, share, curvature)
    half, members = split.SmoothHalf(A, b, 0.0, curvature), Whole(-most, most)

    def recover(responses: Sequence[Response]) -> Feasible:
        starts = [np.clip(np.rint(v), -most, most) for v in split.points(responses)]
        found = [descend(A, b, most, x) for x in starts]
        costs = [split.objective(A, b, 0.0, x) for x in found]
        best = int(np.argmin(costs))
        return Feasible(found[best], costs[best])

    problem = split.build(half, members, recover, whole)
    rho = float(np.trace(split.hessian(A, 0.0))) / A.shape[1]

    exact = ExactSplit(A, b, 0.0, curvature, members, whole)
    return Instance(
        name=f"{A.shape[0]}x{A.shape[1]}-{bits}bits",
        source=source,
        methods=split.methods(problem, rho, float(b @ b), LevelBundle().tolerance),
        stop=GapBelow(0) | ResidualBelow(1e-10) | Stalled(),
        seconds=15.0,
        exact=exact if A.shape[1] <= EXACT_COLUMNS else None,
        point_arrays=lambda point: {"x": point},
        prepare=by_a_small_run(lambda: integer_least_squares(rows=8, columns=4)),
        archive={"table.csv": tables.as_csv(A, b)},
        rebuild={"table": "table.csv", "bits": bits, "curvature": curvature},
    )


class Planted(NamedTuple):
    """A (m, n), b (m,) and the x (n,) that b was made from, all whole; x is optimal without noise."""

    A: FloatArray
    b: FloatArray
    x: FloatArray


def generate(
    rows: int | None, columns: int | None, most: int, noise: int | None, seed: int | None
) -> Planted:
    """Entries of A from −4 to 4, of x from −most to most."""
    rows, columns = 30 if rows is None else rows, 12 if columns is None else columns
    noise, seed = 20 if noise is None else noise, seed or 0
    require_at_least(1, rows=rows, columns=columns)
    require_at_least(0, noise=noise)
    require_seed(seed)
    rng = np.random.default_rng(seed)
    A = rng.integers(-4, 5, (rows, columns)).astype(np.float64)
    x = rng.integers(-most, most + 1, columns).astype(np.float64)
    return Planted(A, A @ x + rng.integers(-noise, noise + 1, rows), x)


@dataclass(frozen=True)
class Whole:
    """{z whole : low ≤ z_i ≤ high}, in floats and in rationals."""

    low: int
    high: int
    fact_names = ()

    @property
    def reach(self) -> float:
        return float(max(abs(self.low), abs(self.high)))

    def least(self, curvature: float, p: FloatArray) -> FloatArray:
        """Entry by entry: p/curvature, rounded within the bounds; an end where nothing is curved."""
        if curvature == 0:
            return np.clip(
                np.where(p > 0, self.high, np.where(p < 0, self.low, 0.0)), self.low, self.high
            )
        return IntegerLattice(self.low, self.high).project(p / curvature) + 0.0

    def least_value(self, curvature: Fraction, p: Sequence[Fraction]) -> Fraction:
        total = Fraction(0)
        for price in p:
            near = round(price / curvature) if curvature else (self.high if price > 0 else self.low)
            z = max(self.low, min(self.high, near))
            total += curvature * z * z / 2 - price * z
        return total

    def require(self, x: Sequence[Fraction]) -> None:
        for i, e in enumerate(x):
            if e.denominator != 1 or not self.low <= e <= self.high:
                raise Infeasible(
                    f"entry {i} is {float(e)}, it must be whole, from {self.low} to {self.high}"
                )

    def facts(self, x: Sequence[Fraction]) -> Mapping[str, int]:
        return {}


def descend(A: FloatArray, b: FloatArray, most: int, x: FloatArray) -> FloatArray:
    """From x, the best change of one entry as long as one lowers the objective."""
    H, x = split.hessian(A, 0.0), x.copy()
    diagonal = np.diag(H)
    gradient = H @ x - 2 * (A.T @ b)
    while True:
        moved = np.clip(np.rint(x - gradient / diagonal), -most, most) - x
        change = moved * (gradient + 0.5 * diagonal * moved)
        i = int(change.argmin())
        # rounding must not make it go round in circles
        if change[i] >= -1e-9 * (1.0 + abs(gradient[i] * moved[i])):
            return x
        gradient += H[:, i] * moved[i]
        x[i] += moved[i]
