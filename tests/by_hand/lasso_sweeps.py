"""ADMM on ½ ‖A x − b‖² + w ‖z‖₁, x − z = 0, written out in plain numpy from Boyd et al. §3."""

from typing import NamedTuple

import numpy as np

A = np.array([[2.0, 1.0, 0.0], [-1.0, 3.0, 1.0], [0.0, 1.0, -2.0], [1.0, 0.0, 1.0]])
B = np.array([3.0, -1.0, 4.0, 2.0])


class Sweep(NamedTuple):
    x: np.ndarray
    z: np.ndarray
    y: np.ndarray  # multipliers after the sweep
    y_before: np.ndarray
    first_gradient: np.ndarray  # stationarity of the first group at the new y


def soft(v, t):
    return np.sign(v) * np.maximum(np.abs(v) - t, 0)


def argmin_x(target, y, rho):
    """½ ‖A x − b‖² + ⟨y, x⟩ + ρ/2 ‖x − target‖²."""
    return np.linalg.solve(A.T @ A + rho * np.eye(3), A.T @ B - y + rho * target)


def argmin_z(target, y, rho, weight):
    """w ‖z‖₁ − ⟨y, z⟩ + ρ/2 ‖target − z‖²."""
    return soft(target + y / rho, weight / rho)


def loss_first(steps, rho, alpha, weight, x, z, y):
    """x, then z at h = α x + (1 − α) z, then y ← y + ρ (h − z)."""
    for _ in range(steps):
        x, y_before = argmin_x(z, y, rho), y
        h = alpha * x + (1 - alpha) * z
        z = argmin_z(h, y, rho, weight)
        y = y + rho * (h - z)
        yield Sweep(x, z, y, y_before, A.T @ (A @ x - B) + y)


def set_first(steps, rho, alpha, weight, x, z, y):
    """z, then x at −h = −α z − (1 − α) x, then y ← y + ρ (x + h)."""
    for _ in range(steps):
        # the z subproblem's stationarity at y reads ρ (x − z) + y ∈ w ∂‖z‖₁: its left side is kept
        z, y_before, x_before = argmin_z(x, y, rho, weight), y, x
        subgradient = y + rho * (x_before - z)
        h = -alpha * z - (1 - alpha) * x
        x = argmin_x(-h, y, rho)
        y = y + rho * (x + h)
        yield Sweep(x, z, y, y_before, subgradient - y)
