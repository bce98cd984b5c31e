"""Smooth losses that Newton's method minimizes, with a proved distance from the minimum."""

import math
from dataclasses import dataclass, field

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


@dataclass(frozen=True)
class LogisticLoss:
    """f(w) = Σ_i log(1 + exp(−y_i ⟨a_i, w⟩)) + ridge/2 ‖w‖², image = {row: w}; ridge > 0.

    A (m, n), y (m,) of −1 and 1. Every query is strongly convex with modulus μ = ridge (+ ρ), so a
    point with gradient g costs at most ‖g‖²/(2μ) more than the minimum. Newton's method with
    backtracking, begun at ``start`` or 0, ends when ‖g‖ ≤ tolerance · (size of the terms of g): an
    answer is inexact by tolerance² · size²/(2μ), and its bound at prices alone takes that off.

    tolerance  : relative to the terms of the gradient, at least what floats can reach
    iterations : Newton steps at most; ValueError if they do not suffice
    """

    A: FloatArray
    y: FloatArray
    ridge: float
    row: str
    tolerance: float = 1e-12
    iterations: int = 100
    _K: FloatArray = field(init=False, repr=False, compare=False)
    _size: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A, y = finite_array("A", self.A, 2), finite_array("y", self.y, 1)
        if A.shape[0] != y.shape[0]:
            raise ValueError(f"A has {A.shape[0]} rows but y has {y.shape[0]} entries")
        if not bool((np.abs(y) == 1).all()):
            raise ValueError(f"y must hold −1 and 1 only, got {np.unique(y).tolist()[:9]}")
        if not (math.isfinite(self.ridge) and self.ridge > 0):
            raise ValueError(
                f"ridge must be a finite number > 0, got {self.ridge}: without it classes that can "
                "be separated have no minimizer"
            )
        least = sum(A.shape) * 2.0**-52
        if not least <= self.tolerance < 1:
            raise ValueError(
                f"tolerance must lie in [{least:.1e}, 1) for a table of this size, "
                f"got {self.tolerance}"
            )
        K = y[:, None] * A
        size = float(np.linalg.norm(np.abs(K).sum(axis=0)))
        for name, value in (("A", A), ("y", y), ("_K", K), ("_size", size)):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        curvature, slope = self.ridge, p
        if query is not None:
            curvature, slope = self.ridge + query.rho, p + query.rho * query.offset[self.row]
        w = np.zeros(self.A.shape[1]) if start is None else np.array(start.point)
        w = self._minimizer(w, curvature, slope)
        bound = self._bound(w, p) if query is None else -math.inf
        return Response({self.row: w}, self.cost(w), bound, w.copy())

    def cost(self, w: FloatArray) -> float:
        """f(w)."""
        return float(np.logaddexp(0.0, -(self._K @ w)).sum()) + 0.5 * self.ridge * float(w @ w)

    def _minimizer(self, w: FloatArray, curvature: float, slope: FloatArray) -> FloatArray:
        """argmin of the losses + curvature/2 ‖w‖² + ⟨slope, w⟩."""
        for _ in range(self.iterations):
            margins = self._K @ w
            missed = _sigmoid(-margins)  # (m,)
            g = curvature * w + slope - self._K.T @ missed
            reach = self._size + float(np.linalg.norm(slope)) + curvature * float(np.linalg.norm(w))
            if float(np.linalg.norm(g)) <= self.tolerance * reach:
                return w
            H = (self._K.T * (missed * (1 - missed))) @ self._K
            H[np.diag_indices_from(H)] += curvature
            newton: FloatArray = np.linalg.solve(H, -g).astype(np.float64, copy=False)
            w = self._line_search(w, newton, g, curvature, slope)
        raise ValueError(
            f"Newton's method did not reach the tolerance {self.tolerance} in {self.iterations} "
            "steps: allow more iterations or a larger tolerance"
        )

    def _line_search(
        self, w: FloatArray, d: FloatArray, g: FloatArray, curvature: float, slope: FloatArray
    ) -> FloatArray:
        """Halves the step until it gains a tenth of what its slope promises; near the minimum, where
        values no longer tell, the full step is right.
        """

        def value(w: FloatArray) -> float:
            losses = float(np.logaddexp(0.0, -(self._K @ w)).sum())
            return losses + 0.5 * curvature * float(w @ w) + float(slope @ w)

        now, promised = value(w), float(g @ d)
        if -promised <= 1e-8 * (1 + abs(now)):
            return w + d
        step = 1.0
        while value(w + step * d) > now + 0.1 * step * promised and step > 2.0**-40:
            step *= 0.5
        return w + step * d

    def _bound(self, w: FloatArray, p: FloatArray) -> float:
        """Value at w − ‖gradient‖²/(2 ridge), with the rounding of every part."""
        m, n = self.A.shape
        absolute = np.abs(self._K)
        spread = absolute @ np.abs(w)  # (m,) the margins are off by less than (n + 1) u of it
        off = (n + 8) * UNIT * (spread + 4.0)
        margins = self._K @ w
        g = np.abs(self.ridge * w + p - self._K.T @ _sigmoid(-margins))
        # a sigmoid changes by at most ¼ of what its margin does, and is at most 1
        g += absolute.T @ (off + (m + 4) * UNIT) + 8 * UNIT * (self.ridge * np.abs(w) + np.abs(p))
        losses = np.logaddexp(0.0, -margins)
        half = 0.5 * self.ridge * float(w @ w)
        value = float(losses.sum()) + half + float(p @ w)
        magnitude = float(losses.sum()) + half + float(np.abs(p) @ np.abs(w))
        loss = float(g @ g) / (2 * self.ridge) * (1 + 1e-9) + float(off.sum()) * (1 + 1e-9)
        return surely_below(value, magnitude, m + n + 16, loss)


def _sigmoid(t: FloatArray) -> FloatArray:
    """1/(1 + e^{−t}), without overflow: libraries agree to a few units in the last place."""
    return np.exp(-np.logaddexp(0.0, -t))
