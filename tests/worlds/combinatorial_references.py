"""The same instances by solvers that are not this project's: HiGHS through scipy, Clarabel through
cvxpy, and plain enumeration.
"""

import itertools

import cvxpy as cp
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, lsq_linear, milp

from problems.knapsack_data import KnapsackData
from problems.unit_commitment_data import UnitData


def choices(n):
    """All 0/1 points (2ⁿ, n)."""
    return np.array(list(itertools.product((0, 1), repeat=n)))


def most_profit(data: KnapsackData) -> int:
    """By enumeration."""
    x = choices(data.profit.size)
    fits = (x @ data.weight.T <= data.capacity).all(axis=1)
    return int((x[fits] @ data.profit).max())


def linear_profit(data: KnapsackData) -> float:
    """Of the linear relaxation."""
    found = linprog(-data.profit, data.weight, data.capacity, bounds=(0, 1))
    return -found.fun


def convexified_profit(data: KnapsackData, hulls) -> float:
    """max ⟨profit, x⟩ over the linear rows and the convex hulls of the 0/1 points of rows ``hulls``.

    One weight for each point of a hull; x is the weighted mean of each of them.
    """
    m, n = data.weight.shape
    others = [i for i in range(m) if i not in hulls]
    every = choices(n)
    points = [every[every @ data.weight[i] <= data.capacity[i]] for i in hulls]
    sizes = [len(p) for p in points]
    ends = np.cumsum([n, *sizes])
    A_eq, b_eq = [], []
    for p, start, end in zip(points, ends[:-1], ends[1:], strict=True):
        rows = np.zeros((n + 1, ends[-1]))
        rows[:n, :n], rows[:n, start:end], rows[n, start:end] = -np.eye(n), p.T, 1.0
        A_eq.append(rows)
        b_eq.append([0.0] * n + [1.0])
    A_ub = np.hstack([data.weight[others], np.zeros((len(others), sum(sizes)))])
    cost = np.concatenate([-data.profit, np.zeros(sum(sizes))])
    found = linprog(
        cost,
        A_ub if others else None,
        data.capacity[others] if others else None,
        np.vstack(A_eq),
        np.concatenate(b_eq),
        bounds=(0, None),
    )
    assert found.status == 0, found.message
    return -found.fun


def commitment_cost(data: UnitData, whole: bool = True) -> float | None:
    """The least cost by the model with starts v, stops w and turn-on/off inequalities; None if there is
    no plan. ``whole`` = False: its linear relaxation.
    """
    N, T = len(data.units), data.demand.size
    u, v, w, p = (np.arange(k * N * T, (k + 1) * N * T).reshape(N, T) for k in range(4))
    cost, low, high = np.zeros(4 * N * T), np.zeros(4 * N * T), np.ones(4 * N * T)
    rows: list[tuple[dict, float, float]] = []  # {column: coefficient}, lower, upper
    for i, unit in enumerate(data.units):
        cost[u[i]], cost[v[i]], cost[p[i]] = unit.running, unit.starting, unit.fuel
        high[p[i]] = unit.most
        bound = min(T, unit.bound_hours)
        low[u[i, :bound]] = high[u[i, :bound]] = float(unit.before > 0)
        for t in range(T):
            turn = {u[i, t]: 1, v[i, t]: -1, w[i, t]: 1}
            before = float(unit.before > 0)
            if t:
                turn[u[i, t - 1]], before = -1, 0.0
            rows.append((turn, before, before))
            recent = {v[i, s]: 1 for s in range(max(0, t - unit.up + 1), t + 1)}
            rows.append((recent | {u[i, t]: -1}, -np.inf, 0))
            recent = {w[i, s]: 1 for s in range(max(0, t - unit.down + 1), t + 1)}
            rows.append((recent | {u[i, t]: 1}, -np.inf, 1))
            rows.append(({p[i, t]: 1, u[i, t]: -unit.least}, 0, np.inf))
            rows.append(({p[i, t]: 1, u[i, t]: -unit.most}, -np.inf, 0))
    for t in range(T):
        rows.append((dict.fromkeys(p[:, t], 1), data.demand[t], data.demand[t]))
        most = {u[i, t]: unit.most for i, unit in enumerate(data.units)}
        rows.append((most, data.demand[t] + data.reserve[t], np.inf))
    A = np.zeros((len(rows), cost.size))
    for r, (entries, _, _) in enumerate(rows):
        A[r, list(entries)] = list(entries.values())
    integrality = np.zeros(cost.size)
    integrality[: 3 * N * T] = whole
    ends = ([row[k] for row in rows] for k in (1, 2))
    found = milp(
        cost,
        constraints=LinearConstraint(A, *ends),
        integrality=integrality,
        bounds=Bounds(low, high),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status in (0, 2), found.message
    return None if found.status == 2 else float(found.fun)


def linear_assignment(data) -> float:
    """The bound of the linear relaxation of a generalized assignment."""
    m, n = data.cost.shape
    once = np.tile(np.eye(n), m)
    loads = np.zeros((m, m * n))
    for i in range(m):
        loads[i, i * n : (i + 1) * n] = data.weight[i]
    found = linprog(data.cost.ravel(), loads, data.capacity, once, np.ones(n), bounds=(0, 1))
    assert found.status == 0, found.message
    return found.fun


def best_subset_value(A, b, ridge, limit, k):
    """By least squares within the limits on every set of k columns."""
    n = A.shape[1]
    A, b = np.vstack([A, np.sqrt(ridge) * np.eye(n)]), np.concatenate([b, np.zeros(n)])
    return min(
        2 * lsq_linear(A[:, kept], b, (-limit, limit), method="bvls", tol=1e-14).cost
        for kept in itertools.combinations(range(n), k)
    )


def perspective_value(A, b, ridge, limit, k, d):
    """min h(x) + d/2 Σ x²/u over |x| ≤ limit u, Σ u ≤ k, 0 ≤ u ≤ 1."""
    n = A.shape[1]
    x, u = cp.Variable(n), cp.Variable(n)
    terms = [cp.quad_over_lin(x[i], u[i]) for i in range(n)] if d > 0 else [0.0]
    objective = _rest(A, b, ridge, d, x) + d / 2 * sum(terms)
    rows = [cp.abs(x) <= limit * u, cp.sum(u) <= k, u <= 1, u >= 0]
    program = cp.Problem(cp.Minimize(objective), rows)
    program.solve(solver=cp.CLARABEL)
    return program.value


def envelope_value(A, b, low, high, d):
    """min h(x) + Σ the largest of the lines through neighbours on d/2 z², low ≤ x ≤ high."""
    x = cp.Variable(A.shape[1])
    lines = [d / 2 * ((2 * j + 1) * x - j * (j + 1)) for j in range(low, high)]
    objective = _rest(A, b, 0.0, d, x) + cp.sum(cp.maximum(*lines))
    program = cp.Problem(cp.Minimize(objective), [x >= low, x <= high])
    program.solve(solver=cp.CLARABEL)
    return program.value


def _rest(A, b, ridge, d, x):
    """‖A x − b‖² + (ridge − d/2) ‖x‖², which is convex."""
    P = A.T @ A + (ridge - d / 2) * np.eye(A.shape[1])
    return cp.quad_form(x, cp.psd_wrap((P + P.T) / 2)) - 2 * (A.T @ b) @ x + b @ b


def nearest_code(A, b, low, high):
    """The least ‖A x − b‖² over whole x, by enumeration."""
    points = np.array(list(itertools.product(range(low, high + 1), repeat=A.shape[1])))
    return float(((points @ A.T - b) ** 2).sum(axis=1).min())
