"""Support vector machine: a linear classifier with a wide margin and few violations of it.

    min ½ ‖w‖² + weight Σ_i (1 − z_i)₊   s.t.  y_i (⟨a_i, w⟩ + bias) − z_i = 0

Block 0 knows the table and the width of the margin, block 1 the violations.

Reference    Cortes, Vapnik, Machine Learning 20 (1995) 273–297
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.proximal import HingeSum
from lagrange.oracles.quadratic import QuadraticForm
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.stopping import ResidualBelow
from problems import tables
from problems.planting import Matrix, Row, dot, times, transposed, whole_matrix
from problems.seeds import require_seed
from problems.tables import FloatArray


def svm(
    *,
    table: str = "breast_cancer",
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    weight: float = 0.1,
    rho: float | None = None,
    seed: int | None = None,
) -> Instance:
    """Support vector machine on a real or a random table.

    table       : breast_cancer, wine, digits (even or odd), random, or a file of comma-separated
                  numbers whose last column is −1 or 1
    standardize : columns to mean 0 and variance 1
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    weight      : of every violation of the margin, > 0
    rho         : penalty of ADMM; without it the weight, as multipliers lie between 0 and it
    seed        : of a random table; 0 unless given
    """
    if not weight > 0:
        raise ValueError(f"weight must be > 0, got {weight}")
    A, y, source = tables.classification(table, rows, columns, seed)
    if standardize:
        A = tables.standardized(A)
    problem = build(A, y, weight)
    penalty = weight if rho is None else rho

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(penalty, ((0,), (1,)), relaxation=1.6), steps or 20000)

    return Instance(
        name=f"svm-{Path(table).stem}",
        source=source,
        methods={"admm": admm},
        stop=ResidualBelow(1e-11),
        archive={"table.csv": tables.as_csv(A, y)},
        rebuild={"table": "table.csv", "standardize": False, "weight": weight, "rho": rho},
        measure=lambda solution: _measure(A, y, weight, solution),
    )


def build(A: FloatArray, y: FloatArray, weight: float) -> Problem[Quadratic | None]:
    """Width of the margin (block 0, point (w, bias)) and its violations (block 1), row ``margin``."""

    def recover(responses: Sequence[Response]) -> Feasible:
        w = responses[0].point  # every (w, bias) is feasible
        return Feasible(w, objective(A, y, weight, w))

    signed = y[:, None] * np.column_stack([A, np.ones(len(y))])  # (m, n + 1)
    shape = np.diag(np.append(np.ones(A.shape[1]), 0.0))  # the bias costs nothing
    width = QuadraticForm(shape, np.zeros(A.shape[1] + 1), {"margin": signed})
    return Problem(
        (width, HingeSum(weight, "margin")), {"margin": np.zeros(len(y))}, recover=recover
    )


def margins(A: FloatArray, y: FloatArray, w: FloatArray) -> FloatArray:
    """y_i (⟨a_i, w⟩ + bias), w holding the bias last. (m,)"""
    return y * (A @ w[:-1] + w[-1])


def objective(A: FloatArray, y: FloatArray, weight: float, w: FloatArray) -> float:
    """½ ‖w‖² + weight Σ (1 − margin)₊."""
    violations = np.maximum(1.0 - margins(A, y, w), 0.0)
    return 0.5 * float(w[:-1] @ w[:-1]) + weight * float(violations.sum())


def kkt_violation(
    A: FloatArray, y: FloatArray, weight: float, w: FloatArray, multipliers: FloatArray
) -> float:
    """How far (w, bias) and α = −multipliers of ``margin`` are from the optimality conditions.

    w = Σ α_i y_i a_i, Σ α_i y_i = 0, 0 ≤ α ≤ weight, and the distance of each (margin, α) from the
    three pieces α = weight, margin ≤ 1; margin = 1; α = 0, margin ≥ 1.
    """
    alpha = -multipliers
    m = margins(A, y, w)
    stationary = float(np.abs(w[:-1] - A.T @ (alpha * y)).max())
    outside = float(np.maximum(np.maximum(-alpha, alpha - weight), 0.0).max())
    violated = np.maximum(np.abs(alpha - weight), m - 1.0)
    spare = np.maximum(np.abs(alpha), 1.0 - m)
    piece = np.minimum(np.abs(m - 1.0), np.minimum(violated, spare))
    return max(stationary, abs(float(alpha @ y)), outside, float(piece.max()))


def _measure(
    A: FloatArray, y: FloatArray, weight: float, solution: Solution
) -> Mapping[str, Number]:
    w = solution.point
    if w is None:
        return {"kkt_violation": None, "support_vectors": None, "training_accuracy": None}
    prices = solution.multipliers["margin"]
    return {
        "kkt_violation": kkt_violation(A, y, weight, w, prices),
        "support_vectors": int(np.count_nonzero(prices < -1e-6 * weight)),
        "training_accuracy": float(np.mean(margins(A, y, w) > 0)),
    }


class Planted(NamedTuple):
    """A table whose classifier is known exactly; every number is also a float.

    w holds the bias last, alpha the multipliers of the margins (≥ 0).
    """

    A: Matrix
    y: Row
    weight: Fraction
    w: Row
    alpha: Row
    value: Fraction


def planted(*, columns: int = 3, seed: int = 0) -> Planted:
    """A table made around its classifier w, with weight 1.

    Along w = e_1 the margins are chosen; across it the points come in mirrored pairs with the same
    α, so that Σ α_i y_i a_i has only a part along w; and the pairs on the margin make up its length.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    one, little, share = Fraction(1), Fraction(1, 8), Fraction(5, 8)
    bias = Fraction(int(rng.integers(-2, 3)))
    # (margin, α, label): Σ α y = 0 and Σ α y (margin y − bias) = Σ α margin = 1 over the pairs
    kinds = [(one, little, 1), (one, little, -1), (one * 2, Fraction(0), 1)]
    kinds += [(one * 3, Fraction(0), -1), (-one / 2, one, 1), (-one / 2, one, -1)]
    kinds += [(one, share, 1), (one, share, -1), (one * 4, Fraction(0), 1)]
    across = whole_matrix(rng, -3, 3, len(kinds), columns - 1)
    A, y, alpha = Matrix(), Row(), Row()
    for (margin, price, label), away in zip(kinds, across, strict=True):
        for side in (1, -1):
            A.append([margin * label - bias, *(side * e for e in away)])
            y.append(Fraction(label))
            alpha.append(price)
    return _assembled(A, y, alpha, bias)


def _assembled(A: Matrix, y: Row, alpha: Row, bias: Fraction) -> Planted:
    """With w = Σ α y a and the objective there."""
    w = times(transposed(A), [a * e for a, e in zip(alpha, y, strict=True)])
    violations = [
        max(Fraction(0), 1 - e * (dot(row, w) + bias)) for row, e in zip(A, y, strict=True)
    ]
    value = dot(w, w) / 2 + sum(violations, Fraction(0))
    return Planted(A, y, Fraction(1), [*w, bias], alpha, value)
