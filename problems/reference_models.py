"""Covering and location as HiGHS sees them: optima of small instances, linear bounds of all.

What tests and benchmarks compare with; nothing here is used to solve. Needs scipy.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, eye_array, hstack, kron

from problems.covering_data import CoveringData
from problems.location_data import LocationData


class Model(NamedTuple):
    """min ⟨cost, x⟩ s.t. each (matrix, lower, upper), 0 ≤ x ≤ 1; ``integer`` (n,) marks whole ones."""

    cost: Any
    rows: list[tuple[Any, Any, Any]]
    integer: Any

    def optimum(self, *, relaxed: bool = False, seconds: float = 60.0) -> float:
        """The optimal value, of the linear relaxation if ``relaxed``."""
        found = milp(
            self.cost,
            constraints=[LinearConstraint(*row) for row in self.rows],
            integrality=np.zeros_like(self.integer) if relaxed else self.integer,
            bounds=Bounds(0.0, 1.0),
            options={"mip_rel_gap": 0.0, "time_limit": seconds},
        )
        if found.status != 0:
            raise ValueError(f"HiGHS did not solve the model to the end: {found.message}")
        return float(found.fun)


def covering_model(data: CoveringData) -> Model:
    """Σ_{j covers i} x_j ≥ 1."""
    A = data.matrix
    matrix = coo_array((A.value, (A.row, A.column)), shape=A.shape).tocsr()
    return Model(data.cost.astype(float), [(matrix, 1.0, np.inf)], np.ones(data.cost.size))


def location_model(data: LocationData, *, strong: bool = True) -> Model:
    """x (m, n) by rows, then y (m,); ``strong``: with x_ij ≤ y_i."""
    m, n = data.service.shape
    cost = np.concatenate([data.service_cost.ravel(), data.opening_cost])
    served = hstack([kron(np.ones((1, m)), eye_array(n)), coo_array((n, m))]).tocsr()
    loads = kron(eye_array(m), data.demand.astype(float)[None, :])
    within = hstack([loads, -1.0 * np.diag(data.capacity)]).tocsr()
    rows = [(served, 1.0, 1.0), (within, -np.inf, 0.0)]
    if strong:
        linked = hstack([eye_array(m * n), -kron(eye_array(m), np.ones((n, 1)))]).tocsr()
        rows.append((linked, -np.inf, 0.0))
    return Model(cost, rows, np.concatenate([np.zeros(m * n), np.ones(m)]))
