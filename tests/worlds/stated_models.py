"""Ten cvxpy models with the constraints to relax, each stated anew by every call."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from lagrange.penalties import ResidualBalancing

cp = pytest.importorskip("cvxpy")


class Stated(NamedTuple):
    """A problem, the constraints to relax, how many blocks it has, and a rho that suits it."""

    problem: Any
    coupling: list[Any]
    blocks: int
    rho: Any = ResidualBalancing()


def resource_allocation() -> Stated:
    """Concave utilities of five activities share two resources."""
    rng = np.random.default_rng(0)
    x = [cp.Variable(nonneg=True, name=f"activity {i}") for i in range(5)]
    use, weight = rng.uniform(0.5, 2.0, (2, 5)), rng.uniform(1.0, 3.0, 5)
    limits = [
        (sum(use[r, i] * x[i] for i in range(5)) <= 4.0 + r).set_label(f"resource {r}")
        for r in range(2)
    ]
    utility = sum(weight[i] * cp.log(1 + x[i]) for i in range(5))
    return Stated(cp.Problem(cp.Maximize(utility), [*limits, *(v <= 6 for v in x)]), limits, 5, 1.0)


def portfolio() -> Stated:
    """Two desks choose their assets; the capital and the exposure to two factors are shared."""
    rng = np.random.default_rng(1)
    w = [cp.Variable(4, name=f"desk {d}") for d in range(2)]
    returns = rng.uniform(0.02, 0.12, (2, 4))
    roots = rng.normal(size=(2, 6, 4)) / 6
    exposure = rng.normal(size=(2, 2, 4))
    capital = (sum(cp.sum(v) for v in w) == 1).set_label("capital")
    factors = sum(exposure[d] @ w[d] for d in range(2)) <= np.array([0.3, 0.2])
    value = sum(returns[d] @ w[d] for d in range(2))
    risk = sum(cp.sum_squares(roots[d] @ w[d]) for d in range(2))
    local = [c for v in w for c in (v >= 0, v <= 0.6)]
    return Stated(
        cp.Problem(cp.Maximize(value - 5 * risk), [capital, factors, *local]), [capital, factors], 2
    )


def network_flow() -> Stated:
    """Every edge is a block, every node a row: what flows in flows out, at quadratic cost."""
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    rng = np.random.default_rng(2)
    flow = [cp.Variable(name=f"flow {a}-{b}") for a, b in edges]
    supply = np.array([2.0, 0.0, 0.0, -2.0])
    balance = [
        sum(f for f, (a, _) in zip(flow, edges, strict=True) if a == node)
        - sum(f for f, (_, b) in zip(flow, edges, strict=True) if b == node)
        == supply[node]
        for node in range(3)  # the last one follows from the others
    ]
    cost = sum(
        c * cp.square(f) + cp.abs(f) for f, c in zip(flow, rng.uniform(0.5, 2, 5), strict=True)
    )
    capacity = [cp.abs(f) <= 1.4 for f in flow]
    return Stated(cp.Problem(cp.Minimize(cost), [*balance, *capacity]), balance, 5)


def sharing() -> Stated:
    """min Σ f_i(x_i) + g(Σ x_i): a copy of the sum is a block of its own."""
    rng = np.random.default_rng(3)
    x = [cp.Variable(3, name=f"x{i}") for i in range(3)]
    total = cp.Variable(3, name="total")
    centers = rng.normal(size=(3, 3))
    cost = sum(cp.sum_squares(v - c) for v, c in zip(x, centers, strict=True))
    agree = (total == sum(x)).set_label("total")
    return Stated(
        cp.Problem(cp.Minimize(cost + 2 * cp.norm1(total - 1)), [agree, cp.norm_inf(total) <= 9]),
        [agree],
        4,
    )


def consensus_least_squares() -> Stated:
    """Three tables of rows, each with its own copy of the coefficients."""
    rng = np.random.default_rng(4)
    tables = [(rng.normal(size=(6, 3)), rng.normal(size=6)) for _ in range(3)]
    x = [cp.Variable(3, name=f"copy {i}") for i in range(3)]
    common = cp.Variable(3, name="common")
    cost = sum(cp.sum_squares(A @ v - b) for v, (A, b) in zip(x, tables, strict=True))
    agree = [v == common for v in x]
    return Stated(cp.Problem(cp.Minimize(cost), [*agree, cp.norm_inf(common) <= 10]), agree, 4)


def consensus_svm() -> Stated:
    """The same with hinge losses and one regularizer."""
    rng = np.random.default_rng(5)
    side = np.repeat([1.0, -1.0], 10)
    points = rng.normal(size=(20, 2)) + side[:, None]
    w = [cp.Variable(3, name=f"classifier {i}", bounds=[-20, 20]) for i in range(2)]
    common = cp.Variable(3, name="classifier")
    loss = sum(
        cp.sum(cp.pos(1 - cp.multiply(side[i::2], points[i::2] @ w[i][:2] + w[i][2])))
        for i in range(2)
    )
    agree = [v == common for v in w]
    cost = cp.sum_squares(common[:2]) / 2 + loss
    return Stated(cp.Problem(cp.Minimize(cost), [*agree, cp.norm_inf(common) <= 20]), agree, 3)


def power_dispatch() -> Stated:
    """Four generators with ramp limits meet the demand of four hours."""
    rng = np.random.default_rng(6)
    demand = np.array([5.0, 7.0, 9.0, 6.0])
    power = [cp.Variable(4, name=f"generator {g}") for g in range(4)]
    cost = sum(
        a * cp.sum_squares(p) + b * cp.sum(p)
        for p, a, b in zip(power, rng.uniform(0.1, 1, 4), rng.uniform(1, 3, 4), strict=True)
    )
    local = [c for p in power for c in (p >= 0, p <= 4, cp.abs(cp.diff(p)) <= 1.5)]
    meet = (sum(power) >= demand).set_label("demand")
    return Stated(cp.Problem(cp.Minimize(cost), [meet, *local]), [meet], 4)


def commodity_flow() -> Stated:
    """Three commodities, each with its own conservation of flow, share the capacity of the edges."""
    incidence = np.array(
        [[1, 1, 0, 0, 0], [-1, 0, 1, 1, 0], [0, -1, -1, 0, 1], [0, 0, 0, -1, -1.0]]
    )
    supplies = np.array([[1, 0, 0, -1], [0, 1, 0, -1], [1, 0, -1, 0.0]])
    flow = [cp.Variable(5, nonneg=True, name=f"commodity {k}") for k in range(3)]
    price = np.random.default_rng(7).uniform(1, 3, (3, 5))
    cost = sum(price[k] @ flow[k] + cp.sum_squares(flow[k]) for k in range(3))
    # the last node's row follows from the others
    local = [incidence[:3] @ f == s[:3] for f, s in zip(flow, supplies, strict=True)]
    capacity = (sum(flow) <= np.array([1.2, 1.2, 1.4, 1.0, 1.3])).set_label("capacity")
    return Stated(cp.Problem(cp.Minimize(cost), [*local, capacity]), [capacity], 3)


def group_lasso() -> Stated:
    """Groups of columns are blocks; what they predict together meets the data in another block."""
    rng = np.random.default_rng(8)
    A, b = rng.normal(size=(3, 8, 2)), rng.normal(size=8)
    x = [cp.Variable(2, name=f"group {g}", bounds=[-10, 10]) for g in range(3)]
    fit = cp.Variable(8, name="fit")
    predict = (sum(A[g] @ x[g] for g in range(3)) - fit == 0).set_label("fit")
    cost = 0.5 * cp.sum_squares(fit - b) + 0.8 * cp.sum(cp.hstack([cp.norm(v) for v in x]))
    return Stated(cp.Problem(cp.Minimize(cost), [predict]), [predict], 4)


def water_filling() -> Stated:
    """Power over channels in a matrix of rows: two users, scalar and matrix rows, NonNeg as a row."""
    noise = np.random.default_rng(9).uniform(0.3, 1.5, (2, 2, 2))
    power = [cp.Variable((2, 2), nonneg=True, name=f"user {u}") for u in range(2)]
    rate = sum(cp.sum(cp.log(p + n)) for p, n in zip(power, noise, strict=True))
    mask = (power[0] + power[1] <= np.array([[0.9, 2.0], [0.5, 0.7]])).set_label("mask")
    budget = cp.NonNeg(3 - cp.sum(power[0]) - cp.sum(power[1]))
    caps = [p <= 3 for p in power]
    return Stated(cp.Problem(cp.Maximize(rate), [mask, budget, *caps]), [mask, budget], 2)


MODELS: tuple[Callable[[], Stated], ...] = (
    resource_allocation,
    portfolio,
    network_flow,
    sharing,
    consensus_least_squares,
    consensus_svm,
    power_dispatch,
    commodity_flow,
    group_lasso,
    water_filling,
)
