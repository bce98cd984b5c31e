"""The optimum of an assignment instance by a solver that is not this project's: HiGHS."""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, csr_matrix, eye, hstack

from problems.assignment_data import AssignmentData


def optimum(data: AssignmentData, sense: str) -> int | None:
    """The best objective in the given sense; None if there is no feasible point."""
    m, n = data.cost.shape
    sign = 1.0 if sense == "min" else -1.0
    once = LinearConstraint(hstack([eye(n)] * m, format="csr"), 1.0, 1.0)
    load = block_diag([csr_matrix(row) for row in data.weight], format="csr")
    fits = LinearConstraint(load, -np.inf, data.capacity)
    found = milp(
        sign * data.cost.ravel(),
        constraints=[once, fits],
        integrality=np.ones(m * n),
        bounds=Bounds(0.0, 1.0),
        options={"mip_rel_gap": 0.0},
    )
    if found.status == 2:  # infeasible
        return None
    assert found.status == 0, found.message
    agent = found.x.reshape(m, n).argmax(axis=0)
    assert (
        np.bincount(agent, data.weight[agent, np.arange(n)], minlength=m) <= data.capacity
    ).all()
    return int(data.cost[agent, np.arange(n)].sum())
