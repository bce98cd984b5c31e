"""Lasso: least squares with an ℓ1 penalty, split into two blocks tied by x − z = 0.

    min ½ ‖A x − b‖² + weight ‖z‖₁   s.t.  x − z = 0

The real table is the diabetes data that scikit-learn ships (442 × 10; Efron et al., Ann. Statist. 32
(2004) 407–499). Columns and target are standardized to mean 0 and variance 1, then divided by √m, so
that ½ ‖A x − b‖² is half the mean squared error.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import ResidualBelow
from problems import tables
from problems.lasso_exact import ExactLasso
from problems.tables import FloatArray

EXACT_COLUMNS = 30  # up to here the normal equations are solved in rationals within seconds


def lasso(
    *,
    table: str = "diabetes",
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    fraction: float = 0.1,
    weight: float | None = None,
    rho: float = 1.0,
    seed: int | None = None,
) -> Instance:
    """Lasso on a real or a random table. Up to 30 columns the bounds are proved; with more the exact
    recomputation would take long and the run reports the solver's own numbers, not certified.

    table       : diabetes, random, or a file of comma-separated numbers whose last column is b
    standardize : columns and target to mean 0 and variance 1, then divided by √m
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    fraction    : weight as a fraction of the smallest one whose solution is 0, in (0, 1)
    weight      : of the ℓ1 norm, instead of a fraction
    rho         : penalty of ADMM and of surrogate Lagrangian relaxation
    seed        : of a random table; 0 unless given
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
    A, b, source = tables.regression(table, rows, columns, seed)
    if standardize:
        A, b = (tables.standardized(a) / np.sqrt(len(b)) for a in (A, b))
    if weight is None:
        weight = fraction * float(np.abs(A.T @ b).max())
    problem = build(A, b, weight)

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, ((0,), (1,)), relaxation=1.6), steps or 5000)

    def surrogate(steps: int | None) -> Method:
        steps = steps or 5000
        rule = SurrogateContraction.for_horizon(max(100, steps), first_step=rho)
        return Method(problem, SurrogateLagrangian(rule, rho=rho), steps)

    return Instance(
        name=f"lasso-{Path(table).stem}",
        source=source,
        methods={"admm": admm, "surrogate": surrogate},
        stop=ResidualBelow(1e-12),
        exact=ExactLasso(A, b, weight) if A.shape[1] <= EXACT_COLUMNS else None,
        # the floats themselves: sums and products may round differently elsewhere
        archive={"table.csv": tables.as_csv(A, b)},
        rebuild={"table": "table.csv", "standardize": False, "weight": weight, "rho": rho},
        measure=lambda solution: _measure(A, b, weight, solution),
    )


def build(A: FloatArray, b: FloatArray, weight: float) -> Problem[Quadratic]:
    """Least squares (block 0) and ℓ1 norm (block 1), tied by row ``split``: x − z = 0."""

    def recover(responses: Sequence[Response]) -> Feasible:
        z = responses[1].point  # x = z is feasible for every z
        return Feasible(z, objective(A, b, weight, z))

    blocks = (LeastSquares(A, b, "split"), L1Norm(weight, "split"))
    return Problem(blocks, {"split": np.zeros(A.shape[1])}, recover=recover)


def objective(A: FloatArray, b: FloatArray, weight: float, x: FloatArray) -> float:
    """½ ‖A x − b‖² + weight ‖x‖₁."""
    residual = A @ x - b
    return 0.5 * float(residual @ residual) + weight * float(np.abs(x).sum())


def kkt_violation(A: FloatArray, b: FloatArray, weight: float, x: FloatArray) -> float:
    """How far 0 is from the subdifferential of the objective at x, in the largest entry."""
    gradient = A.T @ (A @ x - b)
    on_support = np.abs(gradient + weight * np.sign(x))
    off_support = np.maximum(np.abs(gradient) - weight, 0.0)
    return float(np.where(x != 0, on_support, off_support).max())


def _measure(
    A: FloatArray, b: FloatArray, weight: float, solution: Solution
) -> Mapping[str, Number]:
    z = solution.point
    if z is None:
        return {"kkt_violation": None, "nonzeros": None}
    return {
        "kkt_violation": kkt_violation(A, b, weight, z),
        "nonzeros": int(np.count_nonzero(z)),
    }
