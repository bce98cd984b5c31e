"""Groups of blocks that answer at once, as ADMM sums them up."""

import math
from collections.abc import Sequence

from lagrange.blocks import Response
from lagrange.vectors import Array, Vector, add, inner, subtract

Order = tuple[tuple[int, ...], ...]


def require_disjoint(group: Sequence[int], answers: Sequence[Response]) -> None:
    """Refuses blocks of one group that share a row: asked at once they do not minimize together."""
    owner: dict[str, int] = {}
    for i, answer in zip(group, answers, strict=True):
        for row in answer.image:
            if row in owner:
                raise ValueError(
                    f"blocks {owner[row]} and {i} of one group share row {row!r}: asked at once "
                    "they would not minimize together. Put them in different groups"
                )
            owner[row] = i


def add_images(seen: Vector, responses: Sequence[Response | None], blocks: Sequence[int]) -> Vector:
    """seen + Σ A_i x_i of the blocks; those that have not answered count as zero."""
    for i in blocks:
        if (response := responses[i]) is not None:
            seen = add(seen, response.image)
    return seen


def subtract_images(
    seen: Vector, responses: Sequence[Response | None], blocks: Sequence[int]
) -> Vector:
    """seen − Σ A_i x_i of the blocks, likewise."""
    for i in blocks:
        if (response := responses[i]) is not None:
            seen = subtract(seen, response.image)
    return seen


def moved(
    y: Vector, rho: float, seen: Vector, residual: Vector, after_first: Vector
) -> tuple[Vector, tuple[float, float, float, float, float]]:
    """λ + ρ seen, and ⟨λ, r⟩, ‖r‖, ρ ‖after_first − seen‖, ‖λ + ρ seen‖, ρ ‖seen‖; all in one pass."""
    multipliers: dict[str, Array] = {}
    priced = length = change = size = movement = 0.0
    for row, old in y.items():
        r, h = residual[row], seen[row]
        multipliers[row] = new = old + rho * h
        d = after_first[row] - h
        if old.ndim != 1:
            old, r, h, new, d = (a.ravel() for a in (old, r, h, new, d))
        priced += float(old.dot(r))
        length += float(r.dot(r))
        change += float(d.dot(d))
        size += float(new.dot(new))
        movement += float(h.dot(h))
    root = math.sqrt
    return multipliers, (priced, root(length), rho * root(change), root(size), rho * root(movement))


def scale_of(rhs_norm: float, responses: Sequence[Response], order: Order) -> float:
    """max(‖A x‖, ‖B z‖, ‖b‖): what the primal residual is relative to."""
    largest = rhs_norm**2
    for group in order:  # blocks of one group share no row: their squares add up
        squares = 0.0
        for i in group:
            for array in responses[i].image.values():
                squares += inner(array, array)
        if squares > largest:
            largest = squares
    return math.sqrt(largest)


def normalized(value: float, scale: float) -> float:
    """value / scale; NaN where there is no scale."""
    return value / scale if scale > 0 else math.nan
