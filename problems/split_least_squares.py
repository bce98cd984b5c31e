"""Least squares over a set that is not convex, split in two: x − z = 0, x ∈ ℝⁿ, z ∈ S.

    min ‖A x − b‖² + ridge ‖x‖²  s.t.  x ∈ S,   S separable or nearly so

Part of the curvature, d/2 ‖x‖², moves from x to z (the two are equal), as long as the rest

    h(x) = ‖A x − b‖² + ridge ‖x‖² − d/2 ‖x‖²

stays strictly convex. That changes nothing about the problem and improves the bound:

    max_λ min_x {h(x) + ⟨λ, x⟩} + min_{z ∈ S} {d/2 ‖z‖² − ⟨λ, z⟩}  =  min_x h(x) + e(x),

e the convex envelope of d/2 ‖·‖² on S. *Proof.* The right minimum is −e*(λ); S is bounded, so e* is
finite everywhere, as is h, and Fenchel's duality theorem has no gap. ∎ h + e grows with d; d = 0 makes
e the indicator of conv S.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Method
from lagrange.oracles.checks import FloatArray, finite_array, price_of
from lagrange.oracles.rounding import UNIT, surely_below
from lagrange.problem import Problem, Recover
from lagrange.queries import Quadratic
from lagrange.solvers.admm import ADMM
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from lagrange.vectors import Vector

ROW = "split"


class Members(Protocol):
    """A bounded set S of vectors, |z_i| ≤ reach."""

    @property
    def reach(self) -> float: ...

    def least(self, curvature: float, p: FloatArray) -> FloatArray:
        """A z in S of least curvature/2 ‖z‖² − ⟨p, z⟩, up to rounding; curvature ≥ 0."""
        ...


@dataclass(frozen=True)
class SmoothHalf:
    """h(x), image x: one eigenvalue decomposition answers prices alone and every pull.

    A (m, n), b (m,), ridge ≥ 0, curvature d ≥ 0. Refuses a d at which h is not surely strictly convex.
    """

    A: FloatArray
    b: FloatArray
    ridge: float
    curvature: float
    _basis: FloatArray = field(init=False, repr=False, compare=False)
    _values: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        A, b = finite_array("A", self.A, 2), finite_array("b", self.b, 1)
        if A.shape[0] != b.size:
            raise ValueError(f"A has {A.shape[0]} rows but b has {b.size} entries")
        if not min(self.ridge, self.curvature) >= 0:
            raise ValueError(
                f"ridge and curvature must be ≥ 0, got {self.ridge} and {self.curvature}"
            )
        values, basis = np.linalg.eigh(hessian(A, self.ridge))
        values = values - self.curvature
        noise = 32 * sum(A.shape) * UNIT * (float((A * A).sum()) + self.ridge + self.curvature)
        if values[0] <= noise:
            raise ValueError(
                f"curvature must stay below {values[0] + self.curvature}, the least one of the least "
                f"squares, got {self.curvature}; more rows of A or a ridge raise it"
            )
        for name, value in (("A", A), ("b", b), ("_values", values), ("_basis", basis)):
            object.__setattr__(self, name, value)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p = price_of(price, ROW)
        slope = p - 2 * (self.A.T @ self.b)
        rho = 0.0
        if query is not None:
            rho, slope = query.rho, slope + query.rho * query.offset[ROW]
        x = -(self._basis @ ((self._basis.T @ slope) / (self._values + rho)))
        r = self.A @ x - self.b
        cost = float(r @ r) + (self.ridge - self.curvature / 2) * float(x @ x)
        bound = self._bound(x, r, p) if query is None else -np.inf
        return Response({ROW: x}, cost, bound, x.copy())

    def _bound(self, x: FloatArray, r: FloatArray, p: FloatArray) -> float:
        """h + ⟨p, ·⟩ is strongly convex: at least its value at x − ‖gradient‖²/(2 modulus); half the
        computed least eigenvalue is a safe modulus.
        """
        d, k = self.ridge - self.curvature / 2, sum(self.A.shape) + 4
        size = np.abs(self.A) @ np.abs(x) + np.abs(self.b)  # of the terms of r
        bent = self.ridge + self.curvature / 2
        gradient = np.abs(2 * (self.A.T @ r) + 2 * d * x + p)
        sizes = 2 * (np.abs(self.A).T @ size) + 2 * bent * np.abs(x) + np.abs(p)
        gradient = gradient + 4 * k * UNIT * sizes
        value = float(r @ r) + d * float(x @ x) + float(p @ x)
        magnitude = 2 * float(size @ size) + bent * float(x @ x) + float(np.abs(p) @ np.abs(x))
        loss = float(gradient @ gradient) / float(self._values[0]) * (1 + 1e-9)
        return surely_below(value, magnitude, 2 * k, loss)


@dataclass(frozen=True)
class SetHalf:
    """curvature/2 ‖z‖² over z ∈ ``members``, image −z."""

    members: Members
    curvature: float

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        p, d = price_of(price, ROW), self.curvature
        if query is not None:
            z = self.members.least(d + query.rho, p + query.rho * query.offset[ROW])
            return Response({ROW: -z}, 0.5 * d * float(z @ z), -np.inf, z)
        z = self.members.least(d, p)
        cost = 0.5 * d * float(z @ z)
        # another member may be better by what rounding hides of its value, and that is at most this
        reach = self.members.reach
        magnitude = p.size * 0.5 * d * reach * reach + float(np.abs(p).sum()) * reach
        return Response(
            {ROW: -z}, cost, surely_below(cost - float(p @ z), magnitude, 4 * p.size), z
        )


def hessian(A: FloatArray, ridge: float) -> FloatArray:
    """2 (AᵀA + ridge I). (n, n)"""
    return 2.0 * (A.T @ A + ridge * np.eye(A.shape[1]))


def least_curvature(A: FloatArray, ridge: float) -> float:
    """The least eigenvalue of the Hessian: above every curvature that can be moved."""
    return float(np.linalg.eigvalsh(hessian(A, ridge))[0])


def build(
    half: SmoothHalf, members: Members, recover: Recover, integral: bool = False
) -> Problem[Quadratic | None]:
    """Block 0 is h, block 1 the set."""
    blocks = (half, SetHalf(members, half.curvature))
    return Problem(blocks, {ROW: np.zeros(half.A.shape[1])}, recover=recover, integral=integral)


def moved_curvature(A: FloatArray, ridge: float, share: float, curvature: float | None) -> float:
    """The curvature that is given, or a share in [0, 1) of the largest."""
    if not 0 <= share < 1:
        raise ValueError(f"share must lie in [0, 1), got {share}")
    return share * max(0.0, least_curvature(A, ridge)) if curvature is None else curvature


def objective(A: FloatArray, b: FloatArray, ridge: float, x: Any) -> float:
    """‖A x − b‖² + ridge ‖x‖²."""
    r = A @ x - b
    return float(r @ r) + ridge * float(x @ x)


def points(responses: Sequence[Response]) -> tuple[FloatArray, FloatArray]:
    """What the halves answered: x and z."""
    return responses[0].point, responses[1].point


def methods(
    problem: Problem[Any], rho: float, estimate: float, tolerance: float
) -> Mapping[str, Callable[[int | None], Method]]:
    """How such a problem is solved, by name: two for the bound, and ADMM for a point."""
    polyak = Polyak(patience=20, estimate=estimate)
    return {
        "bundle": lambda steps: Method(problem, LevelBundle(tolerance=tolerance), steps or 500),
        "subgradient": lambda steps: Method(problem, Subgradient(polyak), steps or 2000),
        "admm": lambda steps: Method(problem, ADMM(rho, ((0,), (1,))), steps or 2000),
    }
