"""ADMM against a hand-written loop, pyproximal, and cvxpy with OSQP, SCS and Clarabel."""
