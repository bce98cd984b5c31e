"""Nearness to a signal, seen through its differences: the smooth half of total variation.

    f(x) = ½ ‖x − y‖²,   image = {row_a: differences of x along axis a}

The differences D satisfy DᵀD = C diag(s) Cᵀ with C the cosine transform along each axis, so one pair
of transforms answers every ρ: (I + ρ DᵀD)⁻¹ = C diag(1/(1 + ρ s)) Cᵀ.

Reference    Strang, The discrete cosine transform, SIAM Review 41 (1999) 135–147
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, price_of
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.queries import Quadratic
from lagrange.vectors import Vector

ComplexArray = np.ndarray[Any, np.dtype[np.complex128]]


@dataclass(frozen=True)
class DifferencesOf:
    """``signal`` y of any number of axes, each at least 2 long; ``rows`` names a row for each axis."""

    signal: FloatArray
    rows: tuple[str, ...]
    _spectrum: FloatArray = field(init=False, repr=False, compare=False)
    _turned: tuple[ComplexArray, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        y: FloatArray = np.array(self.signal, dtype=np.float64)
        if y.ndim == 0 or min(y.shape) < 2:
            raise ValueError(f"signal must be at least 2 long on every axis, got shape {y.shape}")
        if not np.isfinite(y).all():
            raise ValueError("signal holds a NaN or an infinity")
        if len(set(self.rows)) != y.ndim:
            raise ValueError(f"rows must name a row for each of {y.ndim} axes, got {self.rows}")
        spectrum: FloatArray = np.zeros(y.shape)
        for axis, n in enumerate(y.shape):
            values = 4 * np.sin(np.pi * np.arange(int(n)) / (2 * n)) ** 2  # of DᵀD on this axis
            spectrum = spectrum + values.reshape(_along(axis, y.ndim))
        object.__setattr__(self, "signal", y)
        object.__setattr__(self, "_spectrum", spectrum)
        object.__setattr__(self, "_turned", _turns(y.shape))

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = {row: price_of(price, row) for row in self.rows}
        moved = self.signal - self.adjoint(p)
        if query is None:  # moved is the minimizer, up to the rounding of ``adjoint``
            return self._response(moved, self._bound(moved, p))
        v = moved - query.rho * self.adjoint(query.offset)
        damped = _cosine(v, self._turned) / (1.0 + query.rho * self._spectrum)
        x = _cosine_back(damped, self._turned)
        return self._response(x, -math.inf)

    def differences(self, x: FloatArray) -> dict[str, FloatArray]:
        """D x, a fresh array for every axis."""
        return {row: np.diff(x, axis=axis) for axis, row in enumerate(self.rows)}

    def adjoint(self, vector: Vector) -> FloatArray:
        """Dᵀ vector."""
        total: FloatArray = np.zeros(self.signal.shape)
        for axis, row in enumerate(self.rows):
            padded: FloatArray = np.pad(vector[row], _ends(axis, total.ndim, 1, 1))
            total = total - np.diff(padded, axis=axis)
        return total

    def _bound(self, x: FloatArray, p: Vector) -> float:
        """Strongly convex with modulus 1: at least its value at x − ½ ‖gradient‖²."""
        slope = self.adjoint(p)
        around = np.zeros(x.shape)  # the sizes of the prices that meet in an entry of Dᵀp
        for axis, row in enumerate(self.rows):
            sizes = np.abs(p[row])
            around += np.pad(sizes, _ends(axis, x.ndim, 0, 1))
            around += np.pad(sizes, _ends(axis, x.ndim, 1, 0))
        away = x - self.signal
        rounding = (2 * x.ndim + 4) * UNIT * (np.abs(x) + np.abs(self.signal) + around)
        gradient = np.abs(away + slope) + rounding
        value = 0.5 * float((away * away).sum()) + float((slope * x).sum())
        magnitude = float((away * away + around * np.abs(x)).sum())
        loss = 0.5 * float((gradient * gradient).sum()) * (1 + 1e-9)
        return surely_below(value, magnitude, x.size + 4 * x.ndim + 8, loss)

    def _response(self, x: FloatArray, bound: float) -> Response:
        return Response(self.differences(x), self.cost(x), bound, x)

    def cost(self, x: FloatArray) -> float:
        """f(x)."""
        return 0.5 * float(((x - self.signal) ** 2).sum())


def _ends(axis: int, ndim: int, before: int, after: int) -> list[tuple[int, int]]:
    """What ``np.pad`` adds: so many zeros before and after along one axis."""
    return [(before, after) if a == axis else (0, 0) for a in range(ndim)]


def _leading(axis: int, n: int) -> tuple[slice, ...]:
    """Index of the first n along one axis."""
    return (*[slice(None)] * axis, slice(n))


def _turns(shape: tuple[int, ...]) -> tuple[ComplexArray, ...]:
    """e^{−iπk/2n} along every axis."""
    return tuple(
        np.exp(-0.5j * np.pi * np.arange(int(n)) / n).reshape(_along(axis, len(shape)))
        for axis, n in enumerate(shape)
    )


def _along(axis: int, ndim: int) -> list[int]:
    """The shape of an array that varies along one axis only."""
    return [-1 if a == axis else 1 for a in range(ndim)]


def _cosine(x: FloatArray, turns: tuple[ComplexArray, ...]) -> FloatArray:
    """Σ_j x_j cos(π k (2j + 1)/2n) along every axis: the transform of x and its mirror image."""
    for axis, turn in enumerate(turns):
        mirrored = np.concatenate([x, np.flip(x, axis)], axis)
        half: ComplexArray = np.fft.rfft(mirrored, axis=axis)[_leading(axis, turn.size)]
        x = 0.5 * (half * turn).real
    return x


def _cosine_back(c: FloatArray, turns: tuple[ComplexArray, ...]) -> FloatArray:
    """The inverse of ``_cosine``; irfft puts a zero at the frequency n, as a mirror image has it."""
    for axis, turn in enumerate(turns):
        half = 2 * c * np.conj(turn)
        c = np.fft.irfft(half, 2 * turn.size, axis)[_leading(axis, turn.size)]
    return c
