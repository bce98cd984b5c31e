"""Consensus logistic regression: the table is split among sites that agree on one classifier.

    min Σ_i Σ_{rows of site i} log(1 + exp(−y ⟨a, w_i⟩)) + ridge/2 ‖v‖²   s.t.  w_i = v for all i

Each site carries an equal share of the ridge. For ADMM the last block averages (consensus form). Dual
decomposition ties every other site to the first one, w_0 − w_i = 0, and proves bounds.

Reference    Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122, §8.2
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.blocks import Block, Response
from lagrange.grouping import consensus, two_groups
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.checks import require_prices_only
from lagrange.oracles.smooth import LogisticLoss
from lagrange.penalties import AnyPenalty, Spectral
from lagrange.problem import Feasible, Problem, Recover
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant
from lagrange.stopping import GapBelow, ResidualBelow
from lagrange.vectors import Vector
from problems import tables
from problems.tables import FloatArray


def consensus_logistic(
    *,
    table: str = "breast_cancer",
    standardize: bool = True,
    rows: int | None = None,
    columns: int | None = None,
    sites: int = 4,
    ridge: float = 1.0,
    rho: float | None = None,
    seed: int | None = None,
) -> Instance:
    """Logistic regression on a real or a random table; a column of ones is added.

    table       : breast_cancer, wine, digits (even or odd), random, or a file of comma-separated
                  numbers whose last column is −1 or 1
    standardize : columns to mean 0 and variance 1
    rows        : of a random table; 100 unless given
    columns     : of a random table; 20 unless given
    sites       : among which the rows are dealt, in turn
    ridge       : of the squared norm, > 0
    rho         : penalty of ADMM; without it a spectral rule chooses
    seed        : of a random table; 0 unless given
    """
    A, y, source = tables.classification(table, rows, columns, seed)
    if not 1 <= sites <= len(y):
        raise ValueError(f"sites must lie between 1 and the {len(y)} rows, got {sites}")
    if standardize:
        A = tables.standardized(A)
    losses = losses_of(A, y, sites, ridge)
    penalty: float | AnyPenalty = Spectral() if rho is None else rho
    problem, star = build(losses), build_dual(losses)

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(penalty, two_groups(problem), relaxation=1.6), steps or 5000)

    def subgradient(steps: int | None) -> Method:
        # every site is strongly convex with modulus ridge/sites, and the rows w_0 − w_i tie them by a
        # matrix of squared norm sites: the gradient of the dual has the constant sites²/ridge
        rule = Constant(ridge / (sites * sites))
        return Method(star, Subgradient(rule), steps or 2000)

    return Instance(
        name=f"logistic-{Path(table).stem}-{sites}",
        source=source,
        methods={"admm": admm, "subgradient": subgradient} if sites > 1 else {"admm": admm},
        stop=ResidualBelow(1e-10) | GapBelow(1e-9),
        archive={"table.csv": tables.as_csv(A, y)},
        rebuild={
            "table": "table.csv",
            "standardize": False,
            "sites": sites,
            "ridge": ridge,
            "rho": rho,
        },
        measure=lambda solution: _measure(A, y, ridge, solution),
    )


def losses_of(A: FloatArray, y: FloatArray, sites: int, ridge: float) -> list[LogisticLoss]:
    """A loss for every site, on the row ``weights``; the constant column comes last."""
    table = with_ones(A)
    return [
        LogisticLoss(table[i::sites], y[i::sites], ridge / sites, "weights") for i in range(sites)
    ]


def with_ones(A: FloatArray) -> FloatArray:
    """A with a column of ones behind."""
    return np.column_stack([A, np.ones(len(A))])


def build(losses: Sequence[LogisticLoss]) -> Problem[Quadratic]:
    """For ADMM: the sites, then the block that averages."""
    n = losses[0].A.shape[1]
    problem = consensus(losses, {"weights": np.zeros(n)})
    return replace(problem, recover=_recover(losses, lambda r: r[-1].point["weights"]))


def build_dual(losses: Sequence[LogisticLoss]) -> Problem[None]:
    """For dual decomposition: w_0 − w_i = 0 on the row ``site_i``."""
    n, count = losses[0].A.shape[1], len(losses)
    rows = tuple(f"site{i}" for i in range(1, count))
    center: Block[None] = Tied(losses[0], rows, 1.0)
    others = [Tied(loss, (row,), -1.0) for loss, row in zip(losses[1:], rows, strict=True)]
    rhs = {row: np.zeros(n) for row in rows}

    def mean(responses: Sequence[Response]) -> FloatArray:
        return np.mean([r.point for r in responses], axis=0)

    return Problem((center, *others), rhs, recover=_recover(losses, mean))


@dataclass(frozen=True)
class Tied:
    """A loss that shows sign · w on every one of some rows; prices alone."""

    loss: LogisticLoss
    rows: tuple[str, ...]
    sign: float

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "a loss on several rows")
        total = sum((self.sign * price[row] for row in self.rows), np.zeros(self.loss.A.shape[1]))
        answer = self.loss.respond({self.loss.row: total}, None, start)
        copies = np.tile(self.sign * answer.image[self.loss.row], (len(self.rows), 1))
        image = dict(zip(self.rows, copies, strict=True))
        return Response(image, answer.cost, answer.bound, answer.point)


def _recover(losses: Sequence[LogisticLoss], agreed: Any) -> Recover:
    def recover(responses: Sequence[Response]) -> Feasible:
        w = agreed(responses)  # every w is feasible
        return Feasible(w, sum(loss.cost(w) for loss in losses))

    return recover


def objective(A: FloatArray, y: FloatArray, ridge: float, w: FloatArray) -> float:
    """Σ log(1 + exp(−y ⟨a, w⟩)) + ridge/2 ‖w‖²; w has the constant last."""
    losses = np.logaddexp(0.0, -y * (with_ones(A) @ w))
    return float(losses.sum()) + 0.5 * ridge * float(w @ w)


def kkt_violation(A: FloatArray, y: FloatArray, ridge: float, w: FloatArray) -> float:
    """The largest entry of the gradient at w: −Σ y a/(1 + exp(margin)) + ridge w."""
    table = with_ones(A)
    missed = np.exp(-np.logaddexp(0.0, y * (table @ w)))
    return float(np.abs(ridge * w - table.T @ (y * missed)).max())


def _measure(
    A: FloatArray, y: FloatArray, ridge: float, solution: Solution
) -> Mapping[str, Number]:
    w = solution.point
    if w is None:
        return {"kkt_violation": None, "training_accuracy": None}
    return {
        "kkt_violation": kkt_violation(A, y, ridge, w),
        "training_accuracy": float(np.mean(y * (with_ones(A) @ w) > 0)),
    }
