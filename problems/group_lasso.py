"""Group lasso: least squares with a sum of Euclidean norms of groups, tied by x − z = 0.

    min ½ ‖A x − b‖² + weight Σ_g √|g| ‖z_g‖₂   s.t.  x − z = 0

Whole groups of coefficients become zero together. The groups of the diabetes table: age and sex; body
mass and blood pressure; the six blood serum measurements.

Reference    Yuan, Lin, J. R. Statist. Soc. B 68 (2006) 49–67
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.proximal import GroupNorm
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.stopping import ResidualBelow
from problems import tables
from problems.planting import Matrix, Row, dot, regression_around, whole
from problems.seeds import require_seed
from problems.tables import FloatArray

DIABETES = "2,2,6"  # age sex | bmi bp | s1 ... s6
PYTHAGOREAN = ((3, 4, 0), (2, 3, 6), (1, 4, 8), (2, 6, 9), (6, 6, 7))  # norms 5 7 9 11 11


def group_lasso(
    *,
    table: str = "diabetes",
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    groups: str | None = None,
    fraction: float = 0.1,
    weight: float | None = None,
    rho: float = 1.0,
    seed: int | None = None,
) -> Instance:
    """Group lasso on a real or a random table.

    table       : diabetes, random, or a file of comma-separated numbers whose last column is b
    standardize : columns and target to mean 0 and variance 1, then divided by √m
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    groups      : sizes of the groups in the order of the columns, as 2,2,6; or one size for all, the
                  last group taking what is left; without it 2,2,6 for diabetes, else 4
    fraction    : weight as a fraction of the smallest one whose solution is 0, in (0, 1)
    weight      : of the norms, instead of a fraction
    rho         : penalty of ADMM
    seed        : of a random table; 0 unless given
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie in (0, 1), got {fraction}")
    A, b, source = tables.regression(table, rows, columns, seed)
    if standardize:
        A, b = (tables.standardized(a) / np.sqrt(len(b)) for a in (A, b))
    if groups is None:
        groups = DIABETES if table == "diabetes" else "4"
    labels = labels_of(groups, A.shape[1])
    roots = np.sqrt(np.bincount(labels))
    if weight is None:
        weight = fraction * float((group_norms(A.T @ b, labels) / roots).max())
    weights = weight * roots
    problem = build(A, b, weights, labels)

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, ((0,), (1,)), relaxation=1.6), steps or 5000)

    return Instance(
        name=f"group-lasso-{Path(table).stem}",
        source=source,
        methods={"admm": admm},
        stop=ResidualBelow(1e-12),
        archive={"table.csv": tables.as_csv(A, b)},
        rebuild={
            "table": "table.csv",
            "standardize": False,
            "groups": groups,
            "weight": weight,
            "rho": rho,
        },
        measure=lambda solution: _measure(A, b, weights, labels, solution),
    )


def labels_of(groups: str, columns: int) -> Any:
    """The number of its group for every column. (columns,)"""
    try:
        sizes = [int(word) for word in groups.split(",")]
    except ValueError:
        raise ValueError(f"groups must be whole numbers with commas, got {groups!r}") from None
    if min(sizes) < 1:
        raise ValueError(f"groups must have at least 1 column each, got {groups!r}")
    if len(sizes) == 1:
        return np.arange(columns) // sizes[0]
    if sum(sizes) != columns:
        raise ValueError(f"groups must hold the {columns} columns of the table, got {groups!r}")
    return np.repeat(np.arange(len(sizes)), sizes)


def build(A: FloatArray, b: FloatArray, weights: FloatArray, labels: Any) -> Problem[Quadratic]:
    """Least squares (block 0) and group norms (block 1), tied by row ``split``: x − z = 0."""

    def recover(responses: Sequence[Response]) -> Feasible:
        z = responses[1].point  # x = z is feasible for every z
        return Feasible(z, objective(A, b, weights, labels, z))

    blocks = (LeastSquares(A, b, "split"), GroupNorm(weights, labels, "split"))
    return Problem(blocks, {"split": np.zeros(A.shape[1])}, recover=recover)


def group_norms(x: FloatArray, labels: Any) -> FloatArray:
    """‖x_g‖₂ for every group. (G,)"""
    return np.sqrt(np.bincount(labels, x**2))


def objective(
    A: FloatArray, b: FloatArray, weights: FloatArray, labels: Any, x: FloatArray
) -> float:
    """½ ‖A x − b‖² + Σ_g weights_g ‖x_g‖₂."""
    residual = A @ x - b
    return 0.5 * float(residual @ residual) + float(weights @ group_norms(x, labels))


def kkt_violation(
    A: FloatArray, b: FloatArray, weights: FloatArray, labels: Any, x: FloatArray
) -> float:
    """How far 0 is from the subdifferential at x, in the group where it is farthest.

    A group that is not 0 must have gradient −weight x_g/‖x_g‖, any other one a gradient of norm at
    most weight.
    """
    gradient = A.T @ (A @ x - b)
    worst = 0.0
    for g, weight in enumerate(weights):
        mine, slope = x[labels == g], gradient[labels == g]
        length = float(np.linalg.norm(mine))
        if length > 0:
            off = float(np.linalg.norm(slope + weight * mine / length))
        else:
            off = max(0.0, float(np.linalg.norm(slope)) - float(weight))
        worst = max(worst, off)
    return worst


def _measure(
    A: FloatArray, b: FloatArray, weights: FloatArray, labels: Any, solution: Solution
) -> Mapping[str, Number]:
    z = solution.point
    if z is None:
        return {"kkt_violation": None, "groups": None, "nonzeros": None}
    return {
        "kkt_violation": kkt_violation(A, b, weights, labels, z),
        "groups": int(np.count_nonzero(group_norms(z, labels))),
        "nonzeros": int(np.count_nonzero(z)),
    }


class Planted(NamedTuple):
    """Data whose optimum is known exactly; every number is also a float."""

    A: Matrix
    b: Row
    weights: Row
    labels: list[int]
    x: Row
    value: Fraction


def planted(*, rows: int = 6, groups: int = 4, seed: int = 0) -> Planted:
    """An instance made around its optimum x: groups of three whose norms are whole numbers.

    The weight of a group is its norm (5 where the group is 0), so that weight x_g/‖x_g‖ = x_g.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    x, slope, weights, value = Row(), Row(), Row(), Fraction(0)
    for number in range(groups):
        signs = [2 * e - 1 for e in whole(rng, 0, 1, 3)]
        triple = PYTHAGOREAN[int(rng.integers(len(PYTHAGOREAN)))]
        if number % 3 == 2:  # this group is 0; its slope has norm at most 2 √3 < 5
            x, weights = [*x, *[Fraction(0)] * 3], [*weights, Fraction(5)]
            slope += whole(rng, -2, 2, 3)
            continue
        mine = [s * e for s, e in zip(signs, triple, strict=True)]
        norm = Fraction(round(sum(e * e for e in triple) ** 0.5))
        x, slope, weights = [*x, *mine], [*slope, *mine], [*weights, norm]
        value += norm * norm
    A, b, r = regression_around(x, slope, rows, rng)
    labels = [number for number in range(groups) for _ in range(3)]
    return Planted(A, b, weights, labels, x, value + dot(r, r) / 2)
