"""Elastic net: least squares with an ℓ1 and a squared ℓ2 penalty, two blocks tied by x − z = 0.

    min ½ ‖A x − b‖² + weight ‖z‖₁ + ridge/2 ‖z‖²   s.t.  x − z = 0

Tables are standardized as for lasso: ½ ‖A x − b‖² is half the mean squared error then.

Reference    Zou, Hastie, J. R. Statist. Soc. B 67 (2005) 301–320
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.proximal import ElasticNet
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant
from lagrange.stopping import ResidualBelow
from problems import tables
from problems.planting import Matrix, Row, dot, regression_around, sign_or, whole
from problems.seeds import require_seed
from problems.tables import FloatArray


def elastic_net(
    *,
    table: str = "diabetes",
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    fraction: float = 0.1,
    weight: float | None = None,
    ridge: float = 0.1,
    rho: float = 1.0,
    seed: int | None = None,
) -> Instance:
    """Elastic net on a real or a random table.

    table       : diabetes, random, or a file of comma-separated numbers whose last column is b
    standardize : columns and target to mean 0 and variance 1, then divided by √m
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    fraction    : weight as a fraction of the smallest one whose solution is 0, in (0, 1)
    weight      : of the ℓ1 norm, instead of a fraction
    ridge       : of the squared ℓ2 norm, > 0
    rho         : penalty of ADMM
    seed        : of a random table; 0 unless given
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
    A, b, source = tables.regression(table, rows, columns, seed)
    if standardize:
        A, b = (tables.standardized(a) / np.sqrt(len(b)) for a in (A, b))
    if weight is None:
        weight = fraction * float(np.abs(A.T @ b).max())
    problem = build(A, b, weight, ridge)
    return Instance(
        name=f"elastic-net-{Path(table).stem}",
        source=source,
        methods=_methods(problem, A, ridge, rho),
        stop=ResidualBelow(1e-12),
        archive={"table.csv": tables.as_csv(A, b)},
        rebuild={
            "table": "table.csv",
            "standardize": False,
            "weight": weight,
            "ridge": ridge,
            "rho": rho,
        },
        measure=lambda solution: _measure(A, b, weight, ridge, solution),
    )


def build(A: FloatArray, b: FloatArray, weight: float, ridge: float) -> Problem[Quadratic | None]:
    """Least squares (block 0) and both penalties (block 1), tied by row ``split``: x − z = 0."""

    def recover(responses: Sequence[Response]) -> Feasible:
        z = responses[1].point  # x = z is feasible for every z
        return Feasible(z, objective(A, b, weight, ridge, z))

    blocks = (LeastSquares(A, b, "split"), ElasticNet(weight, ridge, "split"))
    return Problem(blocks, {"split": np.zeros(A.shape[1])}, recover=recover)


def _methods(
    problem: Problem[Quadratic | None], A: FloatArray, ridge: float, rho: float
) -> Mapping[str, Callable[[int | None], Method]]:
    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, ((0,), (1,)), relaxation=1.6), steps or 5000)

    def subgradient(steps: int | None) -> Method:
        # the dual is smooth: its gradient changes by at most this much a unit of the multipliers
        curvature = 1 / float(np.linalg.svd(A, compute_uv=False)[-1]) ** 2 + 1 / ridge
        return Method(problem, Subgradient(Constant(1 / curvature)), steps or 5000)

    full_rank = A.shape[0] >= A.shape[1] == np.linalg.matrix_rank(A)
    return {"admm": admm, "subgradient": subgradient} if full_rank else {"admm": admm}


def objective(A: FloatArray, b: FloatArray, weight: float, ridge: float, x: FloatArray) -> float:
    """½ ‖A x − b‖² + weight ‖x‖₁ + ridge/2 ‖x‖²."""
    residual = A @ x - b
    penalties = weight * float(np.abs(x).sum()) + 0.5 * ridge * float(x @ x)
    return 0.5 * float(residual @ residual) + penalties


def kkt_violation(
    A: FloatArray, b: FloatArray, weight: float, ridge: float, x: FloatArray
) -> float:
    """How far 0 is from the subdifferential of the objective at x, in the largest entry."""
    gradient = A.T @ (A @ x - b) + ridge * x
    on_support = np.abs(gradient + weight * np.sign(x))
    off_support = np.maximum(np.abs(gradient) - weight, 0.0)
    return float(np.where(x != 0, on_support, off_support).max())


def _measure(
    A: FloatArray, b: FloatArray, weight: float, ridge: float, solution: Solution
) -> Mapping[str, Number]:
    z = solution.point
    if z is None:
        return {"kkt_violation": None, "nonzeros": None}
    return {
        "kkt_violation": kkt_violation(A, b, weight, ridge, z),
        "nonzeros": int(np.count_nonzero(z)),
    }


class Planted(NamedTuple):
    """Data whose optimum is known exactly; every number is also a float."""

    A: Matrix
    b: Row
    weight: Fraction
    ridge: Fraction
    x: Row
    value: Fraction


def planted(*, rows: int = 6, columns: int = 5, seed: int = 0) -> Planted:
    """An instance made around its optimum x, with weight 2 and ridge ½."""
    require_seed(seed)
    rng = np.random.default_rng(seed)
    weight, ridge = Fraction(2), Fraction(1, 2)
    kept = rng.random(columns) < 0.6
    x = [e / 2 if k else Fraction(0) for e, k in zip(whole(rng, -6, 6, columns), kept, strict=True)]
    inside = [e / 4 for e in whole(rng, -3, 3, columns)]  # where x is 0: strictly within (−1, 1)
    slope = [weight * s + ridge * e for s, e in zip(sign_or(x, inside), x, strict=True)]
    A, b, r = regression_around(x, slope, rows, rng)
    value = (dot(r, r) + ridge * dot(x, x)) / 2 + weight * sum(map(abs, x))
    return Planted(A, b, weight, ridge, x, value)
