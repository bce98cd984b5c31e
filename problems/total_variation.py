"""Total variation denoising of a signal or an image: few jumps, near the data.

    min ½ ‖x − y‖² + weight Σ_a ‖z_a‖₁   s.t.  D_a x − z_a = 0 for every axis a

D_a takes differences of neighbors along axis a (anisotropic total variation).

Reference    Rudin, Osher, Fatemi, Physica D 60 (1992) 259–268
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.closed_form import L1Norm
from lagrange.oracles.differences import DifferencesOf
from lagrange.penalties import AnyPenalty, Spectral
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.stopping import ResidualBelow
from lagrange.vectors import Vector
from problems import tables
from problems.options import require_unused
from problems.planting import Row, dot, sign_or, whole
from problems.seeds import require_seed
from problems.tables import FloatArray


def total_variation(
    *,
    table: str = "random",
    length: int | None = None,
    height: int | None = None,
    pieces: int | None = None,
    noise: float = 0.1,
    weight: float = 0.5,
    rho: float | None = None,
    seed: int = 0,
) -> Instance:
    """Denoising of a signal (height 1) or an image.

    table  : random (piecewise constant and noise) or digits (64 digits of scikit-learn in a square)
    length : of a random signal, or the width of a random image; 100 unless given
    height : of a random image; a signal unless given
    pieces : constant pieces of a random signal, rectangles of a random image; 5 unless given
    noise  : standard deviation of what is added
    weight : of the total variation, ≥ 0
    rho    : penalty of ADMM; without it a spectral rule chooses
    seed   : of signal and noise
    """
    require_seed(seed)
    if not noise >= 0:
        raise ValueError(f"noise must be ≥ 0, got {noise}")
    sizes = {"length": length, "height": height, "pieces": pieces}
    require_unused(f"table {table}", {} if table == "random" else sizes)
    if table == "digits":
        y = np.vstack([np.hstack(row) for row in _digits()])
    elif table == "random":
        default = {"length": 100, "height": 1, "pieces": 5}
        given = {name: size for name, size in sizes.items() if size is not None}
        y = generate(**(default | given), seed=seed)
    else:
        raise ValueError(f"table must be random or digits, got {table!r}")
    y = y + noise * np.random.default_rng([seed, 1]).normal(size=y.shape)
    problem = build(y, weight)
    penalty: float | AnyPenalty = Spectral(first=10.0) if rho is None else rho
    order = ((0,), tuple(range(1, len(problem.blocks))))

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(penalty, order, relaxation=1.6), steps or 20000)

    return Instance(
        name=f"total-variation-{table}-{'x'.join(map(str, y.shape))}-{seed}",
        source="scikit-learn, digits" if table == "digits" else f"generated, seed {seed}",
        methods={"admm": admm},
        stop=ResidualBelow(1e-10),
        rebuild={
            "table": table,
            **{name: size for name, size in sizes.items() if size is not None},
            "noise": noise,
            "weight": weight,
            "rho": rho,
            "seed": seed,
        },
        measure=lambda solution: _measure(y, weight, solution),
    )


def generate(length: int, height: int, pieces: int, seed: int) -> FloatArray:
    """Constant pieces with whole-number levels: (length,), or (height, length) if height > 1."""
    if length < 2 or height < 1 or pieces < 1:
        raise ValueError(
            f"length must be ≥ 2, height and pieces ≥ 1, got {length}, {height} and {pieces}"
        )
    rng = np.random.default_rng(seed)
    y = np.zeros((height, length))
    for _ in range(pieces):
        top, left = int(rng.integers(height)), int(rng.integers(length))
        bottom = int(rng.integers(top, height)) + 1
        right = int(rng.integers(left, length)) + 1
        y[top:bottom, left:right] = rng.integers(-3, 4)
    return y[0] if height == 1 else y


def rows_of(y: FloatArray) -> tuple[str, ...]:
    """The coupling row of every axis."""
    return tuple(f"jumps{axis}" for axis in range(y.ndim))


def build(y: FloatArray, weight: float) -> Problem[Quadratic]:
    """Nearness to y (block 0) and the ℓ1 norm of the jumps along each axis (blocks 1, …)."""
    rows = rows_of(y)

    def recover(responses: Sequence[Response]) -> Feasible:
        candidates = [responses[0].point]
        if y.ndim == 1:
            candidates.append(merged(y, weight, responses[1].point))
        costs = [objective(y, weight, x) for x in candidates]
        best = min(range(len(costs)), key=costs.__getitem__)
        return Feasible(candidates[best], costs[best])

    near = DifferencesOf(y, rows)
    zero = {row: 0.0 * jumps for row, jumps in near.differences(y).items()}
    blocks = (near, *(L1Norm(weight, row) for row in rows))
    return Problem(blocks, zero, recover=recover)


def merged(y: FloatArray, weight: float, jumps: FloatArray) -> FloatArray:
    """The best signal whose jumps have the signs of these: constant where they are 0.

    A piece of n entries with mean m moves to m + weight (sign after − sign before)/n.
    """
    signs = np.sign(jumps)
    first = np.concatenate([[0], np.flatnonzero(signs) + 1])  # of every piece
    sizes = np.diff(np.append(first, y.size))
    kept = signs[first[1:] - 1]
    pull = np.append(kept, 0.0) - np.concatenate([[0.0], kept])
    levels = (np.add.reduceat(y, first) + weight * pull) / sizes
    return np.repeat(levels, sizes)


def objective(y: FloatArray, weight: float, x: FloatArray) -> float:
    """½ ‖x − y‖² + weight Σ |jumps|."""
    jumps = sum(float(np.abs(np.diff(x, axis=axis)).sum()) for axis in range(y.ndim))
    return 0.5 * float(((x - y) ** 2).sum()) + weight * jumps


def kkt_violation(y: FloatArray, weight: float, x: FloatArray, multipliers: Vector) -> float:
    """The worst of: an entry of x − y + Σ D_aᵀ λ_a, |λ| above weight, and the duality gap.

    The gap Σ weight |D x| − ⟨λ, D x⟩ is 0 if and only if λ has the sign of every jump. A signal has
    only one λ with D ᵀ λ = y − x, a running sum, which is taken in place of the solver's.
    """
    rows = dict(zip(range(y.ndim), (multipliers[row] for row in rows_of(y)), strict=True))
    if y.ndim == 1:
        rows = {0: np.cumsum(x - y)[:-1]}
    slope, above, gap = x - y, 0.0, 0.0
    for axis, price in rows.items():
        jumps = np.diff(x, axis=axis)
        ends = [(1, 1) if a == axis else (0, 0) for a in range(y.ndim)]
        slope = slope - np.diff(np.pad(price, ends), axis=axis)
        above = max(above, float(np.abs(price).max()) - weight)
        gap += float((weight * np.abs(jumps) - price * jumps).sum())
    return max(float(np.abs(slope).max()), above, abs(gap))


def _measure(y: FloatArray, weight: float, solution: Solution) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "jumps": None}
    jumps = sum(int(np.count_nonzero(r.point)) for r in solution.responses[1:])
    return {"kkt_violation": kkt_violation(y, weight, x, solution.multipliers), "jumps": jumps}


def _digits() -> FloatArray:
    """8 × 8 digits with levels from 0 to 1: (8, 8, 8, 8)."""
    images = tables.scikit_learn("digits").images[:64] / 16.0
    return images.reshape(8, 8, 8, 8)


class Planted(NamedTuple):
    """A signal whose optimum is known exactly, with the multipliers; every number is also a float."""

    y: Row
    weight: Fraction
    x: Row
    multipliers: Row
    value: Fraction


def planted(*, length: int = 12, seed: int = 0) -> Planted:
    """A signal made around its optimum x: y = x + Dᵀ λ, |λ| ≤ weight = 2, with equality at jumps."""
    require_seed(seed)
    rng = np.random.default_rng(seed)
    weight = Fraction(2)
    jumps = [e if e * e > 4 else Fraction(0) for e in whole(rng, -4, 4, length - 1)]
    x = [Fraction(int(rng.integers(-3, 4)))]
    for jump in jumps:
        x.append(x[-1] + jump)
    inside = [e / 4 for e in whole(rng, -3, 3, length - 1)]
    price = [weight * s for s in sign_or(jumps, inside)]
    padded = [Fraction(0), *price, Fraction(0)]
    y = [e + before - after for e, before, after in zip(x, padded, padded[1:], strict=False)]
    off = [a - b for a, b in zip(x, y, strict=True)]
    return Planted(y, weight, x, price, dot(off, off) / 2 + weight * sum(map(abs, jumps)))
