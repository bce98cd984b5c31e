"""Mean-variance portfolios of several desks that share one budget.

    min Σ_d aversion/2 ⟨x_d, Σ_d x_d⟩ − ⟨μ_d, x_d⟩   s.t.  Σ_d 1ᵀ x_d = budget,  0 ≤ x_d ≤ cap

Each desk knows the covariance Σ_d and the expected returns μ_d of its own assets; only the budget ties
them. The box is split off, x_d − z_d = 0 (row ``assets_d``). For ADMM the budget is in exchange form:
desk d asks for t_d = 1ᵀ x_d (row ``budget@d``), and the t_d must meet the budget together.

Reference    Markowitz, J. Finance 7 (1952) 77–91
"""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.grouping import Meet, copy_name
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.quadratic import QuadraticForm
from lagrange.oracles.separable import BoxQuadratic
from lagrange.problem import Feasible, Problem, Recover
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from lagrange.stopping import ResidualBelow
from lagrange.vectors import Vector
from problems.planting import Matrix, Row, dot, times, times_self, whole, whole_matrix
from problems.seeds import require_seed
from problems.tables import FloatArray


class Desks(NamedTuple):
    """What the desks know, the covariances times the aversion to risk, and what they share."""

    risks: list[FloatArray]  # (n_d, n_d) each
    returns: list[FloatArray]  # (n_d,) each
    budget: float
    cap: float


def portfolio(
    *,
    desks: int = 4,
    assets: int = 10,
    factors: int = 3,
    aversion: float = 5.0,
    budget: float = 1.0,
    cap: float = 0.2,
    rho: float | None = None,
    seed: int = 0,
) -> Instance:
    """Desks whose assets follow a few common factors.

    desks    : how many
    assets   : of each desk
    factors  : of each desk's covariance, besides a variance of each asset
    aversion : weight of the risk, > 0
    budget   : what all desks spend together
    cap      : of a single position, ≥ 0; no position is negative
    rho      : penalty of ADMM; without it the mean curvature of the risks
    seed     : of returns and covariances
    """
    if desks < 1 or assets < 1 or factors < 0:
        raise ValueError(
            f"desks and assets must be ≥ 1 and factors ≥ 0, got {desks}, {assets} and {factors}"
        )
    if not aversion > 0:
        raise ValueError(f"aversion must be > 0, got {aversion}")
    if not math.isfinite(budget):
        raise ValueError(f"budget must be a finite number, got {budget}")
    require_seed(seed)
    data = generate(desks, assets, factors, aversion, seed)._replace(budget=budget, cap=cap)
    problem, shared = build(data), build_dual(data)
    if rho is None:
        rho = float(np.mean([np.trace(risk) / assets for risk in data.risks]))
    order = (tuple(range(desks)), tuple(range(desks, 2 * desks + 1)))

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, order, relaxation=1.6), steps or 20000)

    def subgradient(steps: int | None) -> Method:
        return Method(shared, Subgradient(Polyak(patience=50, estimate=0.0)), steps or 5000)

    return Instance(
        name=f"portfolio-{desks}x{assets}-{seed}",
        source=f"generated, seed {seed}",
        methods={"admm": admm, "subgradient": subgradient},
        stop=ResidualBelow(1e-11),
        rebuild={
            "desks": desks,
            "assets": assets,
            "factors": factors,
            "aversion": aversion,
            "budget": budget,
            "cap": cap,
            "rho": rho,
            "seed": seed,
        },
        point_arrays=lambda x: {f"desk{d}": part for d, part in enumerate(x)},
        measure=lambda solution: _measure(data, solution),
    )


def generate(desks: int, assets: int, factors: int, aversion: float, seed: int) -> Desks:
    """Random factors; a budget of 1 without a cap below it."""
    rng = np.random.default_rng(seed)
    risks, returns = list[FloatArray](), list[FloatArray]()
    for _ in range(desks):
        F = rng.normal(size=(assets, factors)) * 0.2
        risk = aversion * (F @ F.T + np.diag(rng.uniform(0.02, 0.2, assets)))
        risks.append((risk + risk.T) / 2)
        returns.append(rng.uniform(-0.05, 0.25, assets))
    return Desks(risks, returns, 1.0, 1.0)


def build(data: Desks) -> Problem[Any]:
    """For ADMM: all desks, then a box for each and the budget that the desks' shares must meet."""
    count = len(data.risks)
    desks = _desks(data, [copy_name("budget", d) for d in range(count)])
    boxes = _boxes(data)
    meet = Meet({"budget": np.array([data.budget])}, frozenset(), {"budget": tuple(range(count))})
    rhs = {row: np.zeros(mu.shape) for row, mu in zip(_asset_rows(data), data.returns, strict=True)}
    rhs |= {copy_name("budget", d): np.zeros(1) for d in range(count)}
    return Problem((*desks, *boxes, meet), rhs, recover=_recover(data))


def build_dual(data: Desks) -> Problem[Quadratic | None]:
    """For dual decomposition: all desks on the one row ``budget``, then a box for each."""
    desks = _desks(data, ["budget"] * len(data.risks))
    rhs = {row: np.zeros(mu.shape) for row, mu in zip(_asset_rows(data), data.returns, strict=True)}
    rhs["budget"] = np.array([data.budget])
    return Problem((*desks, *_boxes(data)), rhs, recover=_recover(data))


def _asset_rows(data: Desks) -> list[str]:
    return [f"assets{d}" for d in range(len(data.risks))]


def _desks(data: Desks, budget_rows: Sequence[str]) -> list[QuadraticForm]:
    return [
        QuadraticForm(risk, -mu, {row: None, budget: np.ones((1, mu.size))})
        for risk, mu, row, budget in zip(
            data.risks, data.returns, _asset_rows(data), budget_rows, strict=True
        )
    ]


def _boxes(data: Desks) -> list[BoxQuadratic]:
    zero, cap = np.zeros(()), np.array(data.cap)
    return [BoxQuadratic(zero, zero, zero, cap, row, sign=-1.0) for row in _asset_rows(data)]


def _recover(data: Desks) -> Recover:
    ends = np.cumsum([mu.size for mu in data.returns])[:-1]

    def recover(responses: Sequence[Response]) -> Feasible | None:
        wanted = np.concatenate([r.point for r in responses[: len(data.risks)]])
        nearest = nearest_portfolio(wanted, data.cap, data.budget)
        if nearest is None:
            return None
        x = np.split(nearest, ends)
        return Feasible(x, objective(data, x))

    return recover


def nearest_portfolio(v: FloatArray, cap: float, budget: float) -> FloatArray | None:
    """The projection of v onto 0 ≤ x ≤ cap, Σ x = budget (up to rounding); None if that is empty.

    x = clip(v − t, 0, cap), and Σ x falls piecewise linearly in t with bends at v and v − cap.
    """
    if not 0 <= budget <= cap * v.size:
        return None
    bends = np.sort(np.concatenate([v, v - cap]))
    ordered = np.sort(v)
    below = np.concatenate([[0.0], np.cumsum(ordered)])

    def excess(t: FloatArray) -> FloatArray:
        """Σ (v − t)₊ for every t."""
        first = np.searchsorted(ordered, t)
        return (below[-1] - below[first]) - t * (v.size - first)

    sums = excess(bends) - excess(bends + cap)  # from cap · n down to 0
    k = min(max(int(np.searchsorted(-sums, -budget)), 1), bends.size - 1)
    fall, width = sums[k - 1] - sums[k], bends[k] - bends[k - 1]
    t = bends[k - 1] + (width * (sums[k - 1] - budget) / fall if fall > 0 else 0.0)
    return np.minimum(np.maximum(v - t, 0.0), cap)


def objective(data: Desks, x: Sequence[FloatArray]) -> float:
    """Σ_d ½ ⟨x_d, risk_d x_d⟩ − ⟨μ_d, x_d⟩."""
    return sum(
        0.5 * float(part @ (risk @ part)) - float(mu @ part)
        for part, risk, mu in zip(x, data.risks, data.returns, strict=True)
    )


def kkt_violation(data: Desks, x: Sequence[FloatArray], multipliers: Vector) -> float:
    """How far x and the price of the budget are from the optimality conditions, in the worst entry.

    With g = risk x − μ + price: x is the projection of x − g onto the box. The price is the mean over
    the desks where each has its own.
    """
    prices = [p for row, p in multipliers.items() if row.partition("@")[0] == "budget"]
    price = float(np.mean(prices))
    worst = abs(sum(float(part.sum()) for part in x) - data.budget)
    for part, risk, mu in zip(x, data.risks, data.returns, strict=True):
        moved = part - (risk @ part - mu + price)
        off = np.abs(part - np.minimum(np.maximum(moved, 0.0), data.cap))
        worst = max(worst, float(off.max()))
    return worst


def _measure(data: Desks, solution: Solution) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "expected_return": None, "positions": None}
    return {
        "kkt_violation": kkt_violation(data, x, solution.multipliers),
        "expected_return": sum(float(mu @ p) for mu, p in zip(data.returns, x, strict=True)),
        "positions": sum(int((part > 1e-8 * data.cap).sum()) for part in x),
    }


class Planted(NamedTuple):
    """Desks whose optimum is known exactly; every number is also a float."""

    risks: list[Matrix]
    returns: list[Row]
    budget: Fraction
    cap: Fraction
    x: list[Row]
    price: Fraction
    value: Fraction


def planted(*, desks: int = 3, assets: int = 4, seed: int = 0) -> Planted:
    """An instance made around its optimum x: μ = risk x + price − (what pushes x to an end).

    Entries are 0 (a push of at least 0 down), the cap 4 (a push up), or between.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    cap, price = Fraction(4), Fraction(int(rng.integers(-3, 4)))
    risks, returns, x = list[Matrix](), list[Row](), list[Row]()
    for _ in range(desks):
        F = whole_matrix(rng, -1, 1, 2, assets)
        own = whole(rng, 1, 3, assets)
        risk = times_self(F)
        for j in range(assets):
            risk[j][j] += own[j]
        part = [max(Fraction(0), min(cap, e)) for e in whole(rng, -2, 6, assets)]
        push = [
            (part_j == 0) * e - (part_j == cap) * e for part_j, e in zip(part, own, strict=True)
        ]
        slopes = times(risk, part)
        returns.append([s + price - e for s, e in zip(slopes, push, strict=True)])
        risks.append(risk)
        x.append(part)
    value = sum(
        (dot(p, times(r, p)) / 2 - dot(mu, p) for p, r, mu in zip(x, risks, returns, strict=True)),
        Fraction(0),
    )
    return Planted(
        risks,
        returns,
        sum((sum(part, Fraction(0)) for part in x), Fraction(0)),
        cap,
        x,
        price,
        value,
    )
