"""Best subset selection: least squares with at most k nonzero coefficients, each within ±limit.

    min ‖A x − b‖² + ridge ‖x‖²  s.t.  ‖x‖₀ ≤ k,  |x_i| ≤ limit

Split as ``split_least_squares`` says. The best bound is that of the *perspective relaxation* with the
moved curvature d [1]:

    min h(x) + d/2 Σ x_i²/u_i   s.t.  |x_i| ≤ limit · u_i,  Σ u_i ≤ k,  0 ≤ u ≤ 1

*Proof.* e*(λ) = max over u ∈ {0,1}ⁿ, Σ u ≤ k, of Σ u_i g_i, g_i = max_{|z| ≤ limit} λ_i z − d/2 z².
That is linear in u, and the vertices of {0 ≤ u ≤ 1, Σ u ≤ k} are whole, so u may be fractional;
exchanging min and max in e(x) = sup_λ ⟨λ, x⟩ − e*(λ) gives the sum above. ∎

With d = 0 (--share 0) it is the big-M relaxation, |x_i| ≤ limit and ‖x‖₁ ≤ k · limit. ADMM is a
heuristic here: S is not convex.

Reference    [1] Frangioni, Gentile, Math. Program. 106 (2006) 225–236: perspective cuts
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.certificates import Infeasible
from lagrange.instances import Instance
from lagrange.problem import Feasible, Recover
from lagrange.stopping import GapBelow, ResidualBelow, Stalled
from problems import split_least_squares as split
from problems import tables
from problems.compiling import by_a_small_run
from problems.split_exact import ExactSplit
from problems.tables import FloatArray

EXACT_COLUMNS = 40  # up to here a bound is recomputed in rationals within seconds
SWEEPS = 200  # of coordinate descent, where the limit binds


def best_subset(
    *,
    table: str = "diabetes",
    k: int = 4,
    limit: float | None = None,
    ridge: float = 0.0,
    share: float = 0.95,
    curvature: float | None = None,
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    seed: int | None = None,
) -> Instance:
    """Best subset selection on a real or a random table.

    table       : diabetes, random, or a file of comma-separated numbers whose last column is b
    k           : most coefficients that may be nonzero
    limit       : of the size of a coefficient; twice the largest one of least squares unless given
    ridge       : weight of ‖x‖², ≥ 0
    share       : of the curvature that may be moved, in [0, 1); 0 gives the big-M bound
    curvature   : to be moved, instead of a share
    standardize : columns and target to mean 0 and variance 1, then divided by √m
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    seed        : of a random table; 0 unless given
    """
    A, b, source = tables.regression(table, rows, columns, seed)
    if standardize:
        A, b = (tables.standardized(a) / np.sqrt(len(b)) for a in (A, b))
    n = A.shape[1]
    if not 1 <= k <= n:
        raise ValueError(f"k must be from 1 to {n}, the number of columns, got {k}")
    curvature = split.moved_curvature(A, ridge, share, curvature)
    half = split.SmoothHalf(A, b, ridge, curvature)
    if limit is None:
        limit = 2 * float(np.abs(np.linalg.solve(split.hessian(A, ridge), 2 * A.T @ b)).max())
    members = Sparse(k, limit)
    problem = split.build(half, members, recovery(A, b, ridge, members))
    rho = float(np.trace(split.hessian(A, ridge))) / n

    return Instance(
        name=f"{Path(table).stem}-{k}",
        source=source,
        methods=split.methods(problem, rho, float(b @ b), 1e-9),
        stop=GapBelow(1e-12) | ResidualBelow(1e-10) | Stalled(),
        seconds=15.0,
        exact=ExactSplit(A, b, ridge, curvature, members) if n <= EXACT_COLUMNS else None,
        point_arrays=lambda point: {"x": point},
        prepare=by_a_small_run(lambda: best_subset(table="random", rows=8, columns=4, k=2)),
        archive={"table.csv": tables.as_csv(A, b)},
        rebuild={
            "table": "table.csv",
            "standardize": False,
            "k": k,
            "limit": limit,
            "ridge": ridge,
            "curvature": curvature,
        },
    )


@dataclass(frozen=True)
class Sparse:
    """{z : at most k nonzeros, |z_i| ≤ limit}, in floats and in rationals."""

    k: int
    limit: float
    fact_names = ("nonzeros",)

    def __post_init__(self) -> None:
        if not 0 < self.limit < np.inf:
            raise ValueError(f"limit must be a finite number > 0, got {self.limit}")

    @property
    def reach(self) -> float:
        return self.limit

    def least(self, curvature: float, p: FloatArray) -> FloatArray:
        """The k entries that gain most, each at its best; the earlier ones of equals."""
        wanted = np.where(p == 0, 0.0, np.sign(p) * self.limit)
        if curvature > 0:
            wanted = np.clip(p / curvature, -self.limit, self.limit)
        gain = p * wanted - 0.5 * curvature * wanted * wanted
        z = np.zeros(p.size)
        kept = np.argsort(-gain, kind="stable")[: self.k]
        z[kept] = wanted[kept]
        return z

    def least_value(self, curvature: Fraction, p: Sequence[Fraction]) -> Fraction:
        limit, gains = Fraction(self.limit), list[Fraction]()
        for price in map(abs, p):
            z = limit if price >= curvature * limit else price / curvature
            gains.append(price * z - curvature * z * z / 2)
        return -sum(sorted(gains, reverse=True)[: self.k], Fraction(0))

    def require(self, x: Sequence[Fraction]) -> None:
        count = sum(1 for e in x if e)
        if count > self.k:
            raise Infeasible(f"there are {count} nonzeros, at most {self.k} are allowed")
        for i, e in enumerate(x):
            if abs(e) > self.limit:
                raise Infeasible(f"coefficient {i} is {float(e)}, beyond ±{self.limit}")

    def facts(self, x: Sequence[Fraction]) -> Mapping[str, int]:
        return {"nonzeros": sum(1 for e in x if e)}


def _support(z: FloatArray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(z).tolist())


def recovery(A: FloatArray, b: FloatArray, ridge: float, members: Sparse) -> Recover:
    """The better fit on two supports: that of z, and the largest entries of x."""

    @cache
    def fitted(support: tuple[int, ...]) -> Feasible:
        y = fit(A, b, ridge, members.limit, support)
        return Feasible(y, split.objective(A, b, ridge, y))

    def recover(responses: Sequence[Response]) -> Feasible:
        x, z = split.points(responses)
        largest = np.argsort(-np.abs(x), kind="stable")[: members.k].tolist()
        supports = {_support(z), tuple(sorted(largest))}
        return min((fitted(support) for support in sorted(supports)), key=lambda f: f.cost)

    return recover


def fit(
    A: FloatArray, b: FloatArray, ridge: float, limit: float, support: Sequence[int]
) -> FloatArray:
    """Least squares on these columns within ±limit, the other coefficients 0: the unbounded solution
    if it fits, else that of cyclic coordinate descent from its clipped entries.
    """
    y, kept = np.zeros(A.shape[1]), list(support)
    if not kept:
        return y
    H = split.hessian(A[:, kept], ridge)
    q = 2 * (A[:, kept].T @ b)
    best = np.linalg.solve(H, q)
    if np.abs(best).max() > limit:
        best = np.clip(best, -limit, limit)
        for _ in range(SWEEPS):
            for i in range(len(kept)):
                best[i] = np.clip(best[i] + (q[i] - H[i] @ best) / H[i, i], -limit, limit)
    y[kept] = best
    return y
