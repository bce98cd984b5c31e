"""Quadratic functions seen through linear maps, and affine sets: one decomposition answers every ρ."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.queries import Quadratic
from lagrange.vectors import Vector


@dataclass(frozen=True)
class QuadraticForm:
    """f(x) = ½ ⟨x, P x⟩ + ⟨q, x⟩, image = {row: M_row x}; P (n, n) symmetric ≥ 0, q (n,).

    maps : row → M_row (m, n), or None for the identity. P + Σ MᵀM must be positive definite.

    With K = Σ MᵀM and S = P + σK, one decomposition Bᵀ S B = I, Bᵀ P B = diag(t) gives
    (P + ρK)⁻¹ = B diag(1/(t + (1 − t) ρ/σ)) Bᵀ for every ρ. To prices alone a positive definite P
    has a minimizer and a proved bound; else the bound is −inf and the answer a stationary point.
    """

    P: FloatArray
    q: FloatArray
    maps: Mapping[str, FloatArray | None]
    _basis: FloatArray = field(init=False, repr=False, compare=False)
    _share: FloatArray = field(init=False, repr=False, compare=False)
    _scale: float = field(init=False, repr=False, compare=False)
    _inverse: FloatArray = field(init=False, repr=False, compare=False)
    _modulus: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        P, q = finite_array("P", self.P, 2), finite_array("q", self.q, 1)
        n = q.size
        if P.shape != (n, n):
            raise ValueError(f"P must be {n} × {n} as q has {n} entries, got shape {P.shape}")
        if not np.array_equal(P, P.T):
            raise ValueError("P must be symmetric: pass (P + P.T) / 2")
        if not self.maps:
            raise ValueError("maps must name at least one row, got none")
        maps: dict[str, FloatArray | None] = {}
        for row, M in self.maps.items():
            maps[row] = None if M is None else finite_array(f"the map of row {row!r}", M, 2)
            if M is not None and M.shape[1] != n:
                raise ValueError(f"the map of row {row!r} has {M.shape[1]} columns, q has {n}")
        for name, value in (("P", P), ("q", q), ("maps", maps)):
            object.__setattr__(self, name, value)
        self._decompose()

    def _decompose(self) -> None:
        P, n = self.P, self.q.size
        K = sum((np.eye(n) if M is None else M.T @ M for M in self.maps.values()), np.zeros((n, n)))
        scale = float(np.trace(P) / np.trace(K)) if np.trace(P) > 0 < np.trace(K) else 1.0
        least, vectors = np.linalg.eigh(P)
        noise = 16 * n * UNIT * float(np.abs(P).sum())
        values, turned = np.linalg.eigh(P + scale * K)
        if least[0] < -noise:
            raise ValueError(f"P must be ≥ 0, it has the eigenvalue {least[0]}")
        if values[0] <= n * 2.0**-52 * values[-1]:
            raise ValueError(
                "P and the maps leave a direction free: there the pull has no unique answer"
            )
        half = turned / np.sqrt(values)
        share, inner = np.linalg.eigh(half.T @ P @ half)
        # an eigenvalue that is 0 up to rounding is kept out of 1/t, not out of 1/(t + ρ(1 − t))
        kept = least > noise
        modulus = 0.5 * float(least[0]) if kept.all() else 0.0
        inverse = (vectors[:, kept] / least[kept]) @ vectors[:, kept].T
        for name, value in (
            ("_basis", half @ inner),
            ("_share", np.clip(share, 0.0, 1.0)),
            ("_scale", scale),
            ("_inverse", inverse),
            ("_modulus", modulus),
        ):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = {row: price_of(price, row) for row in self.maps}
        slope = self.q + self._pulled_back(p)
        if query is None:
            x = -(self._inverse @ slope)
            return self._response(x, self._bound(x, p))
        slope = slope + query.rho * self._pulled_back(query.offset)
        weight = self._share + (1.0 - self._share) * (query.rho / self._scale)
        x = -(self._basis @ ((self._basis.T @ slope) / weight))
        return self._response(x, -math.inf)

    def _pulled_back(self, vector: Vector) -> FloatArray:
        """Σ M_rowᵀ vector[row]. (n,)"""
        total = np.zeros_like(self.q)
        for row, M in self.maps.items():
            total = total + (vector[row] if M is None else M.T @ vector[row])
        return total

    def _bound(self, x: FloatArray, p: Vector) -> float:
        """f + ⟨p, M ·⟩ is strongly convex: at least its value at x − ‖gradient‖²/(2 modulus).

        The modulus is half the computed least eigenvalue, which is off by far less (``noise``).
        """
        if self._modulus == 0:
            return -math.inf
        operations = x.size + sum(x.size if M is None else M.shape[0] for M in self.maps.values())
        slope = self.q + self._pulled_back(p)
        sizes = np.abs(self.q)
        for row, M in self.maps.items():
            sizes = sizes + (np.abs(p[row]) if M is None else np.abs(M).T @ np.abs(p[row]))
        Px, Px_size = self.P @ x, np.abs(self.P) @ np.abs(x)
        gradient = np.abs(Px + slope) + 2 * (operations + 4) * UNIT * (Px_size + sizes)
        value = 0.5 * float(x @ Px) + float(slope @ x)
        magnitude = float(np.abs(x) @ (Px_size + sizes))
        loss = float(gradient @ gradient) / (2 * self._modulus) * (1 + 1e-9)
        return surely_below(value, magnitude, 2 * operations + 8, loss)

    def _response(self, x: FloatArray, bound: float) -> Response:
        image = {row: x.copy() if M is None else M @ x for row, M in self.maps.items()}
        return Response(image, self.cost(x), bound, x)

    def cost(self, x: FloatArray) -> float:
        """f(x)."""
        return 0.5 * float(x @ (self.P @ x)) + float(self.q @ x)


@dataclass(frozen=True)
class AffineSet:
    """{x : A x = b}, cost 0, image = {row: x}; A (m, n) of any rank.

    With a pull: the projection v − V Vᵀ v + x₀, V an orthonormal basis of the rows of A, x₀ the
    least-norm solution. Prices alone have in general no minimizer: the answer is x₀, the bound −inf.
    """

    A: FloatArray
    b: FloatArray
    row: str
    _Vt: FloatArray = field(init=False, repr=False, compare=False)
    _least: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A, b = finite_array("A", self.A, 2), finite_array("b", self.b, 1)
        if A.shape[0] != b.shape[0]:
            raise ValueError(f"A has {A.shape[0]} rows but b has {b.shape[0]} entries")
        U, sigma, Vt = _thin_svd(A)
        least = Vt.T @ ((U.T @ b) / sigma)
        off = float(np.abs(A @ least - b).max())
        size = float((np.abs(A) @ np.abs(least) + np.abs(b)).max())
        if off > 1e3 * sum(A.shape) * UNIT * size:
            raise ValueError(
                f"A x = b has no solution: the nearest x misses an entry of b by {off}; make A x = b "
                "a coupling row (LinearGraph) to have a solver report that"
            )
        for name, value in (("A", A), ("b", b), ("_Vt", Vt), ("_least", least)):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, self.row)
        if query is None:
            return Response({self.row: self._least.copy()}, 0.0, -math.inf, self._least.copy())
        v = -query.offset[self.row] - p / query.rho
        x = v - self._Vt.T @ (self._Vt @ v) + self._least
        return Response({self.row: x}, 0.0, -math.inf, x.copy())


@dataclass(frozen=True)
class LinearGraph:
    """f(x) = 0, image = {split: x, fit: A x}; A (m, n) of any rank.

    With a pull, for every ρ: (I + AᵀA)⁻¹ v = v − V (σ²/(1 + σ²)) Vᵀ v. Prices alone are unbounded
    unless they cancel: the answer is 0, the bound −inf.
    """

    A: FloatArray
    split: str
    fit: str
    _Vt: FloatArray = field(init=False, repr=False, compare=False)
    _taken: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A = finite_array("A", self.A, 2)
        if self.split == self.fit:
            raise ValueError(f"split and fit must be two rows, got {self.split!r} for both")
        _, sigma, Vt = _thin_svd(A)
        for name, value in (("A", A), ("_Vt", Vt), ("_taken", sigma**2 / (1 + sigma**2))):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p, y = price_of(price, self.split), price_of(price, self.fit)
        x = np.zeros(self.A.shape[1])
        if query is not None:
            on_x = query.offset[self.split] + p / query.rho
            v = -on_x - self.A.T @ (query.offset[self.fit] + y / query.rho)
            x = v - self._Vt.T @ (self._taken * (self._Vt @ v))
        return Response({self.split: x, self.fit: self.A @ x}, 0.0, -math.inf, x.copy())


def _thin_svd(A: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Only the singular values that are not 0 up to rounding, with their vectors."""
    U, sigma, Vt = np.linalg.svd(A, full_matrices=False)
    kept = sigma > sigma[0] * max(A.shape) * 2.0**-52
    return U[:, kept], sigma[kept], np.ascontiguousarray(Vt[kept])
