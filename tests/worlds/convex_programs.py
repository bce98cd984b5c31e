"""The convex families as cvxpy states them: nothing is shared with the blocks but the data."""

import cvxpy as cp
import numpy as np

from problems import allocation, basis_pursuit, exchange_market, multicommodity, portfolio, tables
from problems import total_variation as tv
from problems.consensus_logistic import with_ones


def optimum(objective, constraints=(), tolerance=1e-11) -> float:
    problem = cp.Problem(cp.Minimize(objective), list(constraints))
    gaps = {"tol_gap_abs": tolerance, "tol_gap_rel": tolerance, "tol_feas": tolerance}
    problem.solve(solver=cp.CLARABEL, **gaps)
    assert problem.status == cp.OPTIMAL
    return float(objective.value)  # of the point itself: an upper bound where nothing binds


def regression(table, rows, columns, seed):
    A, b, _ = tables.regression(table, rows, columns, seed)
    return tuple(tables.standardized(a) / np.sqrt(len(b)) for a in (A, b))


def elastic_net(table="diabetes", rows=None, columns=None, seed=None, fraction=0.1, ridge=0.1):
    A, b = regression(table, rows, columns, seed)
    x = cp.Variable(A.shape[1])
    weight = fraction * np.abs(A.T @ b).max()
    penalties = weight * cp.norm1(x) + ridge / 2 * cp.sum_squares(x)
    return optimum(cp.sum_squares(A @ x - b) / 2 + penalties)


def group_lasso(table="diabetes", rows=None, columns=None, seed=None, fraction=0.1, groups="4"):
    A, b = regression(table, rows, columns, seed)
    n = A.shape[1]
    sizes = [2, 2, 6] if table == "diabetes" else [int(groups)] * (n // int(groups))
    groups = [g for g in np.split(np.arange(n), np.cumsum(sizes)) if g.size]
    weight = fraction * max(np.linalg.norm(A.T[g] @ b) / len(g) ** 0.5 for g in groups)
    x = cp.Variable(n)
    norms = sum(len(g) ** 0.5 * cp.norm2(x[g]) for g in groups)
    return optimum(cp.sum_squares(A @ x - b) / 2 + weight * norms, tolerance=1e-9)


def basis_pursuit_(rows=20, columns=50, nonzeros=4, seed=0, form="affine"):
    A, b = basis_pursuit.generate(rows, columns, nonzeros, seed)
    x = cp.Variable(columns)
    return optimum(cp.norm1(x), [A @ x == b])


def total_variation(length=100, height=1, pieces=5, noise=0.1, weight=0.5, seed=0):
    y = tv.generate(length, height, pieces, seed)
    y = y + noise * np.random.default_rng([seed, 1]).normal(size=y.shape)
    x = cp.Variable(y.shape)
    jumps = sum(cp.sum(cp.abs(cp.diff(x, axis=a))) for a in range(y.ndim))
    return optimum(cp.sum_squares(x - y) / 2 + weight * jumps)


def classification(table, rows, columns, seed):
    A, y, _ = tables.classification(table, rows, columns, seed)
    return tables.standardized(A), y


def svm(table="breast_cancer", rows=None, columns=None, seed=None, weight=0.1):
    A, y = classification(table, rows, columns, seed)
    w, bias = cp.Variable(A.shape[1]), cp.Variable()
    missed = cp.pos(1 - cp.multiply(y, A @ w + bias))
    return optimum(cp.sum_squares(w) / 2 + weight * cp.sum(missed))


def consensus_logistic(
    table="breast_cancer", rows=None, columns=None, seed=None, sites=4, ridge=1.0
):
    A, y = classification(table, rows, columns, seed)
    w = cp.Variable(A.shape[1] + 1)
    losses = cp.sum(cp.logistic(-cp.multiply(y, with_ones(A) @ w)))
    return optimum(losses + ridge / 2 * cp.sum_squares(w), tolerance=1e-8)


def portfolio_(desks=4, assets=10, factors=3, aversion=5.0, budget=1.0, cap=0.2, seed=0):
    data = portfolio.generate(desks, assets, factors, aversion, seed)
    x = [cp.Variable(assets) for _ in range(desks)]
    cost = sum(
        cp.quad_form(v, cp.psd_wrap(risk)) / 2 - mu @ v
        for v, risk, mu in zip(x, data.risks, data.returns, strict=True)
    )
    rows = [sum(cp.sum(v) for v in x) == budget]
    return optimum(cost, [*rows, *(v >= 0 for v in x), *(v <= cap for v in x)])


def allocation_(agents=5, resources=20, supply=0.5, high=10.0, seed=0):
    data = allocation.generate(agents, resources, supply, seed)
    x = cp.Variable(data.weight.shape)
    utility = cp.sum(cp.multiply(data.weight, cp.log(data.base + x)))
    return optimum(-utility, [cp.sum(x, axis=0) <= data.supply, x >= 0, x <= high])


def exchange_market_(agents=8, goods=5, seed=0):
    data = exchange_market.generate(agents, goods, seed)
    x = cp.Variable(data.q.shape)
    cost = sum(
        cp.quad_form(x[a], cp.psd_wrap(data.Q[a])) / 2 + data.q[a] @ x[a] for a in range(agents)
    )
    return optimum(cost, [cp.sum(x, axis=0) == 0])


def multicommodity_(nodes=10, arcs=40, commodities=4, curvature=0.1, capacity=1.2, seed=0):
    data = multicommodity.generate(nodes, arcs, commodities, seed)
    x = cp.Variable(data.cost.shape)
    cost = cp.sum(cp.multiply(data.cost, x)) + curvature / 2 * cp.sum_squares(x)
    share = cp.sum(x, axis=0) <= capacity * data.capacity
    return optimum(cost, [x @ data.incidence.T == data.supply, share, x >= 0])
