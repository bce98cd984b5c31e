"""The instances: data, KKT residual, and the same model for the library and for every peer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lagrange import ADMM, Problem
from lagrange.oracles.closed_form import soft_threshold
from lagrange.penalties import ResidualBalancing, Spectral
from problems import elastic_net, group_lasso, lasso, total_variation

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


Callback = Callable[[FloatArray], None]


class Case(NamedTuple):
    """One instance.

    kkt      : x → violation of the optimality conditions, in the largest entry
    answer   : reads x off a state of ours
    model    : makes the cvxpy problem and its variable
    proximal : runs pyproximal's ADMM with a step tau, so many iterations, a callback after each
    """

    name: str
    variables: int
    kkt: Callable[[FloatArray], float]
    problem: Callable[[], Problem[Any]]
    solver: ADMM
    answer: Callable[[Any], FloatArray]
    model: Callable[[], tuple[Any, Any]]
    proximal: Callable[[float, int, Callback], Any]


def regression(rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """A sparse planted model with noise; columns of about unit length."""
    rng = np.random.default_rng(rows + columns)
    A = rng.normal(size=(rows, columns)) / np.sqrt(rows)
    planted = rng.normal(size=columns) * (rng.random(columns) < 0.05)
    return A, A @ planted + 0.05 * rng.normal(size=rows)


def largest(v: FloatArray) -> float:
    """Of the magnitudes. x − prox(x − gradient) is 0 exactly at optima, and small near them even if no
    entry is exactly 0, as in the answers of interior-point solvers.
    """
    return float(np.abs(v).max())


def second_point(state: Any) -> FloatArray:
    """z of a split x − z = 0."""
    return state.responses[1].point


def split(f: Any, g: Any, n: int, tau: float, steps: int, callback: Callback) -> Any:
    """pyproximal's ADMM for f(x) + g(z), x = z; the callback sees z."""
    from pyproximal.optimization.primal import ADMM as peer

    return peer(
        f, g, np.zeros(n), tau, niter=steps, callback=lambda x, z: callback(z), callbackz=True
    )


def lasso_case(rows: int, columns: int) -> Case:
    A, b = regression(rows, columns)
    weight = 0.1 * float(np.abs(A.T @ b).max())

    def model() -> tuple[Any, Any]:
        import cvxpy as cp

        x = cp.Variable(columns)
        return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + weight * cp.norm1(x))), x

    def proximal(tau: float, steps: int, callback: Callback) -> Any:
        import pylops
        import pyproximal

        f = pyproximal.L2(pylops.MatrixMult(A), b, densesolver="factorize")
        return split(f, pyproximal.L1(sigma=weight), columns, tau, steps, callback)

    return Case(
        f"lasso {rows} × {columns}",
        columns,
        lambda x: largest(x - soft_threshold(x - A.T @ (A @ x - b), weight)),
        lambda: lasso.build(A, b, weight),
        ADMM(ResidualBalancing(), relaxation=1.6),
        second_point,
        model,
        proximal,
    )


def elastic_case(rows: int, columns: int) -> Case:
    A, b = regression(rows, columns)
    weight, ridge = 0.1 * float(np.abs(A.T @ b).max()), 0.1

    def model() -> tuple[Any, Any]:
        import cvxpy as cp

        x = cp.Variable(columns)
        cost = 0.5 * cp.sum_squares(A @ x - b) + weight * cp.norm1(x)
        return cp.Problem(cp.Minimize(cost + ridge / 2 * cp.sum_squares(x))), x

    def proximal(tau: float, steps: int, callback: Callback) -> Any:
        import pylops
        import pyproximal

        stacked = np.vstack([A, np.sqrt(ridge) * np.eye(columns)])
        right = np.concatenate([b, np.zeros(columns)])
        f = pyproximal.L2(pylops.MatrixMult(stacked), right, densesolver="factorize")
        return split(f, pyproximal.L1(sigma=weight), columns, tau, steps, callback)

    return Case(
        f"elastic net {rows} × {columns}",
        columns,
        lambda x: largest(x - soft_threshold(x - A.T @ (A @ x - b) - ridge * x, weight)),
        lambda: elastic_net.build(A, b, weight, ridge),
        ADMM(ResidualBalancing(), relaxation=1.6),
        second_point,
        model,
        proximal,
    )


def group_case(rows: int, columns: int, size: int) -> Case:
    A, b = regression(rows, columns)
    labels = np.arange(columns) // size
    norms = group_lasso.group_norms(A.T @ b, labels)
    weights = np.full(columns // size, 0.2 * float(norms.max()))

    def kkt(x: FloatArray) -> float:
        v = x - A.T @ (A @ x - b)
        shrink = np.maximum(1 - weights / np.maximum(group_lasso.group_norms(v, labels), 1e-300), 0)
        return largest(x - v * shrink[labels])

    def model() -> tuple[Any, Any]:
        import cvxpy as cp

        x = cp.Variable(columns)
        groups = cp.reshape(x, (columns // size, size), order="C")
        norms = cp.sum(cp.norm(groups, 2, axis=1))
        cost = 0.5 * cp.sum_squares(A @ x - b) + float(weights[0]) * norms
        return cp.Problem(cp.Minimize(cost)), x

    def proximal(tau: float, steps: int, callback: Callback) -> Any:
        import pylops
        import pyproximal

        # its groups are columns of an (ndim, n) array laid out flat
        order = np.arange(columns).reshape(-1, size).T.ravel()
        f = pyproximal.L2(pylops.MatrixMult(A[:, order]), b, densesolver="factorize")
        back = np.argsort(order)
        g = pyproximal.L21(ndim=size, sigma=float(weights[0]))
        return split(f, g, columns, tau, steps, lambda z: callback(z[back]))

    return Case(
        f"group lasso {rows} × {columns}, groups of {size}",
        columns,
        kkt,
        lambda: group_lasso.build(A, b, weights, labels),
        ADMM(ResidualBalancing(), relaxation=1.6),
        second_point,
        model,
        proximal,
    )


def denoising_case(length: int) -> Case:
    weight = 1.0
    clean = total_variation.generate(length, 1, length // 50, 0)
    y = clean + 0.1 * np.random.default_rng(1).normal(size=length)

    def model() -> tuple[Any, Any]:
        import cvxpy as cp

        x = cp.Variable(length)
        cost = 0.5 * cp.sum_squares(x - y) + weight * cp.norm1(cp.diff(x))
        return cp.Problem(cp.Minimize(cost)), x

    def answer(state: Any) -> FloatArray:
        return total_variation.merged(y, weight, state.responses[1].point)

    def proximal(tau: float, steps: int, callback: Callback) -> Any:
        import pylops
        import pyproximal
        from pyproximal.optimization.primal import ADMML2

        def merge(x: FloatArray) -> None:  # as ours: constant where the jumps are as good as 0
            jumps = np.diff(x)
            callback(total_variation.merged(y, weight, np.where(abs(jumps) > 1e-4, jumps, 0.0)))

        D = pylops.FirstDerivative(length, kind="forward", dtype="float64")
        g = pyproximal.L1(sigma=weight)
        zero = np.zeros(length)
        return ADMML2(
            g, pylops.Identity(length), y, D, zero, tau, niter=steps, callback=merge, iter_lim=20
        )

    return Case(
        f"total variation, {length:,}",
        length,
        lambda x: total_variation.kkt_violation(y, weight, x, {"jumps0": x[1:]}),
        lambda: total_variation.build(y, weight),
        ADMM(Spectral(first=10.0), relaxation=1.6),
        answer,
        model,
        proximal,
    )


CASES: tuple[Callable[[], Case], ...] = (
    lambda: lasso_case(500, 2000),
    lambda: lasso_case(2000, 500),
    lambda: elastic_case(1000, 1000),
    lambda: group_case(500, 2000, 10),
    lambda: denoising_case(1_000),
    lambda: lasso_case(300, 10_000),
    lambda: elastic_case(300, 10_000),
    lambda: group_case(300, 10_000, 10),
    lambda: denoising_case(10_000),
    lambda: denoising_case(100_000),
)
