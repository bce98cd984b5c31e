"""Blocks whose answer is a formula: least squares and the ℓ1 norm (soft threshold).

Each answers prices alone (``None``) and prices with a pull (``Quadratic``).
"""

import math
from dataclasses import dataclass, field

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


@dataclass(frozen=True)
class LeastSquares:
    """f(x) = ½ ‖A x − b‖², image = {row: x}; A (m, n), b (m,).

    One thin singular value decomposition A = U Σ Vᵀ answers every ρ:
    (AᵀA + ρI)⁻¹ v = v/ρ + V (1/(σ² + ρ) − 1/ρ) Vᵀ v, and V (Vᵀ v)/(σ² + ρ) if A has full column
    rank. The cost needs no product with A: 2 f = ‖Σ Vᵀ x − Uᵀ b‖² + ‖b − U Uᵀ b‖². To prices alone a wide or rank-deficient A has in general no minimizer: the bound is −inf
    then and the point is the least-norm solution.
    """

    A: FloatArray
    b: FloatArray
    row: str
    _sigma: FloatArray = field(init=False, repr=False, compare=False)
    _sigma2: FloatArray = field(init=False, repr=False, compare=False)
    _Utb: FloatArray = field(init=False, repr=False, compare=False)
    _rest: float = field(init=False, repr=False, compare=False)
    _has_full_rank: bool = field(init=False, repr=False, compare=False)
    _Vt: FloatArray = field(init=False, repr=False, compare=False)
    _Atb: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A, b = finite_array("A", self.A, 2), finite_array("b", self.b, 1)
        if A.shape[0] != b.shape[0]:
            raise ValueError(f"A has {A.shape[0]} rows but b has {b.shape[0]} entries")
        U, sigma, Vt = np.linalg.svd(A, full_matrices=False)
        kept = sigma > sigma[0] * max(A.shape) * 2.0**-52 if sigma[0] > 0 else sigma > 0
        Utb = U[:, kept].T @ b
        for name, value in (
            ("A", A),
            ("b", b),
            ("_sigma", sigma[kept]),
            ("_sigma2", sigma[kept] ** 2),
            ("_Utb", Utb),
            ("_rest", float(np.sum((b - U[:, kept] @ Utb) ** 2))),
            ("_has_full_rank", int(kept.sum()) == A.shape[1]),
            ("_Vt", np.ascontiguousarray(Vt[kept])),
            ("_Atb", A.T @ b),
        ):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            return self._at_prices(p)
        v = self._Atb - p - query.rho * query.offset[self.row]  # (n,)
        t = self._Vt.dot(v)  # dot is quicker than @ on small arrays
        c = t / (self._sigma2 + query.rho)  # Vᵀ x
        # 1/(σ² + ρ) − 1/ρ = −(σ²/ρ)/(σ² + ρ)
        if self._has_full_rank:
            x = c.dot(self._Vt)
        else:
            x = (v - (c * self._sigma2).dot(self._Vt)) / query.rho
        misfit = self._sigma * c - self._Utb
        cost = 0.5 * (float(misfit.dot(misfit)) + self._rest)
        return Response({self.row: x}, cost, -math.inf, x.copy())

    def _at_prices(self, p: FloatArray) -> Response:
        x = self._Vt.T @ ((self._Vt @ (self._Atb - p)) / self._sigma2)
        if not self._has_full_rank:
            return self._response(x, -math.inf)
        # f + ⟨p, ·⟩ is strongly convex with modulus σ_min², hence everywhere at least its value at x
        # minus ‖gradient‖²/(2 σ_min²). Halving σ_min² and adding the rounding of each term (n + m
        # operations an entry) makes that safe in floats.
        residual = self.A @ x - self.b
        gradient = self.A.T @ residual + p
        noise = 4 * sum(self.A.shape) * 2.0**-53
        scale = np.abs(self.A.T) @ (np.abs(self.A) @ np.abs(x) + np.abs(self.b)) + np.abs(p)
        slope = float(np.linalg.norm(np.abs(gradient) + noise * scale))
        terms = 0.5 * float(residual @ residual) + float(np.abs(p) @ np.abs(x))
        spread = np.abs(self.A) @ np.abs(x) + np.abs(self.b)
        value = 0.5 * float(residual @ residual) + float(p @ x)
        loss = noise * (terms + float(np.abs(residual) @ spread)) + slope**2 / self._sigma2[-1]
        return self._response(x, math.nextafter(value - float(loss), -math.inf))

    def _response(self, x: FloatArray, bound: float) -> Response:
        residual = self.A @ x - self.b
        return Response({self.row: x}, 0.5 * float(residual @ residual), bound, x.copy())


@dataclass(frozen=True)
class L1Norm:
    """f(z) = weight ‖z‖₁, image = {row: −z}: the second half of a split x − z = 0; z (n,).

    To prices alone: z = 0 with bound 0 if |price| ≤ weight everywhere, else unbounded (−inf). With a
    pull: soft threshold at weight/ρ.
    """

    weight: float
    row: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.weight) and self.weight >= 0):
            raise ValueError(f"weight must be a finite number ≥ 0, got {self.weight}")

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            proved = 0.0 if float(np.abs(p).max()) <= self.weight else -math.inf
            return Response({self.row: np.zeros_like(p)}, 0.0, proved, np.zeros_like(p))
        z = soft_threshold(query.offset[self.row] + p / query.rho, self.weight / query.rho)
        cost = self.weight * float(np.add.reduce(np.abs(z), axis=None))
        return Response({self.row: -z}, cost, -math.inf, z)


def soft_threshold(v: FloatArray, threshold: float) -> FloatArray:
    """argmin_z threshold ‖z‖₁ + ½ ‖z − v‖²."""
    return v - np.minimum(np.maximum(v, -threshold), threshold)
