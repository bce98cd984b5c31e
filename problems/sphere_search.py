"""The optimum of an integer least squares problem by enumeration: small dimensions, exact search.

With A = Q R, ‖A x − b‖² = ‖R x − Qᵀb‖² + what no x changes. Entries are chosen from the last to the
first, those nearest to the unconstrained best first; a branch that costs as much as the best point so
far ends.

Reference    Schnorr, Euchner, Math. Program. 66 (1994) 181–199: the order
"""

import math

import numpy as np

from problems.tables import FloatArray


def nearest_whole(A: FloatArray, b: FloatArray, low: int, high: int) -> FloatArray:
    """A whole x in [low, high]ⁿ of least ‖A x − b‖², up to float comparisons; A of full column rank."""
    Q, R = np.linalg.qr(A)
    y, n = Q.T @ b, A.shape[1]
    if np.abs(np.diag(R)).min() <= 1e-12 * np.abs(R).max():
        raise ValueError("A must have full column rank: the search would not end soon")
    best, least = np.zeros(n), math.inf
    x = np.zeros(n)

    def descend(k: int, spent: float) -> None:
        nonlocal best, least
        if k < 0:
            best, least = x.copy(), spent
            return
        left = y[k] - R[k, k + 1 :] @ x[k + 1 :]
        for value in sorted(range(low, high + 1), key=lambda v: abs(left - R[k, k] * v)):
            cost = spent + float(left - R[k, k] * value) ** 2
            if cost >= least:
                return
            x[k] = value
            descend(k - 1, cost)

    descend(n - 1, 0.0)
    return best
