"""Blocks whose answer is a formula: least squares and the ℓ1 norm (soft threshold).

Each answers prices alone (``None``) and prices with a pull (``Quadratic``).
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.queries import Quadratic
from lagrange.vectors import Vector, inner

ILL = 1e6  # condition number from which solutions by the inverse are refined


class Inverse(NamedTuple):
    """K⁻¹ for K = A Aᵀ + ρI or AᵀA + ρI, whichever is smaller; K itself if κ(K) is large."""

    inverse: FloatArray
    ill: FloatArray | None

    def solve(self, v: FloatArray) -> FloatArray:
        """K⁻¹ v; with one step of refinement where the inverse alone would lose digits."""
        c = self.inverse.dot(v)  # dot is quicker than @ on small arrays
        return c if self.ill is None else c + self.inverse.dot(v - self.ill.dot(c))


@dataclass(frozen=True)
class LeastSquares:
    """f(x) = ½ ‖A x − b‖², image = {row: x}; A (m, n), b (m,).

    With a pull one inverse a ρ is computed, of the smaller side, and kept until another ρ is asked;
    v = offset + price/ρ:
    n ≤ m   x = (AᵀA + ρI)⁻¹ (Aᵀb − ρ v)
    n > m   x = Aᵀ e − v,  e = (A Aᵀ + ρI)⁻¹ (A v + b) = (b − A x)/ρ
    To prices alone a thin singular value decomposition answers. A wide or rank-deficient A has in
    general no minimizer there: the bound is −inf then and the point is the least-norm solution.
    """

    A: FloatArray
    b: FloatArray
    row: str
    _Atb: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A, b = finite_array("A", self.A, 2), finite_array("b", self.b, 1)
        if A.shape[0] != b.shape[0]:
            raise ValueError(f"A has {A.shape[0]} rows but b has {b.shape[0]} entries")
        for name, value in (("A", A), ("b", b), ("_Atb", A.T @ b)):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        if query is None:
            return self._at_prices(price_of(price, self.row))
        rho, A = query.rho, self.A
        K = self._last.get(rho) or self._inverse_for(rho)
        v = _wanted(price, query, self.row)  # (n,)
        _require_finite(v.dot(v), price, self.row)
        if A.shape[1] > A.shape[0]:
            e = K.solve(A.dot(v) + self.b)  # (m,)
            x, cost = e.dot(A) - v, 0.5 * rho * rho * float(e.dot(e))
            return Response({self.row: x}, cost, -math.inf, x.copy())
        x = K.solve(self._Atb - rho * v)
        return self._response(x, A.dot(x) - self.b, -math.inf)

    @cached_property
    def _gram(self) -> FloatArray:
        return self.A @ self.A.T if self.A.shape[1] > self.A.shape[0] else self.A.T @ self.A

    @cached_property
    def _last(self) -> dict[float, Inverse]:
        """The inverse for the ρ that was asked last: a memory that changes no answer."""
        return {}

    def _inverse_for(self, rho: float) -> Inverse:
        K = self._gram + rho * np.eye(len(self._gram))
        inverse: FloatArray = np.linalg.inv(K).astype(np.float64, copy=False)
        ill = np.linalg.norm(K, 1) * np.linalg.norm(inverse, 1) > ILL
        self._last.clear()
        self._last[rho] = new = Inverse(inverse, K if ill else None)
        return new

    @cached_property
    def _svd(self) -> tuple[FloatArray, FloatArray]:
        """σ² and Vᵀ of the singular values that are not rounding."""
        _, sigma, Vt = np.linalg.svd(self.A, full_matrices=False)
        smallest = sigma[0] * max(self.A.shape) * 2.0**-52
        kept = sigma > smallest if sigma[0] > 0 else sigma > 0
        return sigma[kept] ** 2, np.ascontiguousarray(Vt[kept])

    def _at_prices(self, p: FloatArray) -> Response:
        sigma2, Vt = self._svd
        x = Vt.T @ ((Vt @ (self._Atb - p)) / sigma2)
        residual = self.A @ x - self.b
        if len(sigma2) < self.A.shape[1]:
            return self._response(x, residual, -math.inf)
        # f + ⟨p, ·⟩ is strongly convex with modulus σ_min², hence everywhere at least its value at x
        # minus ‖gradient‖²/(2 σ_min²). Halving σ_min² and adding the rounding of each term (n + m
        # operations an entry) makes that safe in floats.
        gradient = self.A.T @ residual + p
        noise = 4 * sum(self.A.shape) * 2.0**-53
        scale = np.abs(self.A.T) @ (np.abs(self.A) @ np.abs(x) + np.abs(self.b)) + np.abs(p)
        slope = float(np.linalg.norm(np.abs(gradient) + noise * scale))
        terms = 0.5 * float(residual @ residual) + float(np.abs(p) @ np.abs(x))
        spread = np.abs(self.A) @ np.abs(x) + np.abs(self.b)
        value = 0.5 * float(residual @ residual) + float(p @ x)
        loss = noise * (terms + float(np.abs(residual) @ spread)) + slope**2 / sigma2[-1]
        return self._response(x, residual, math.nextafter(value - float(loss), -math.inf))

    def _response(self, x: FloatArray, residual: FloatArray, bound: float) -> Response:
        return Response({self.row: x}, 0.5 * float(residual.dot(residual)), bound, x.copy())


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
        if query is None:
            p = price_of(price, self.row)
            proved = 0.0 if float(np.abs(p).max()) <= self.weight else -math.inf
            return Response({self.row: np.zeros_like(p)}, 0.0, proved, np.zeros_like(p))
        v, t = _wanted(price, query, self.row), self.weight / query.rho
        inside = np.minimum(np.maximum(v, -t), t)
        z = v - inside
        # weight ‖z‖₁, as inside is ±t wherever z is not 0
        cost = query.rho * inner(inside, z) if t else 0.0
        _require_finite(cost if t else math.nan, price, self.row)
        return Response({self.row: -z}, cost, -math.inf, z)


def _wanted(price: Vector, query: Quadratic, row: str) -> FloatArray:
    """v = offset + price/ρ, where the prices and the pull want the image, up to its sign."""
    if row not in price:
        price_of(price, row)  # refuses them
    return query.offset[row] + price[row] / query.rho


def _require_finite(number: float, price: Vector, row: str) -> None:
    """Refuses prices that are not finite; a finite ``number`` that they all enter spares the look."""
    if not math.isfinite(number):
        price_of(price, row)


def soft_threshold(v: FloatArray, threshold: float) -> FloatArray:
    """argmin_z threshold ‖z‖₁ + ½ ‖z − v‖²."""
    return v - np.minimum(np.maximum(v, -threshold), threshold)
