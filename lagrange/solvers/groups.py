"""Groups of blocks that answer at once, as ADMM sums them up."""

import math
from collections.abc import Sequence

from lagrange.blocks import Response
from lagrange.vectors import Vector, add, dot, subtract

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


def total_image(responses: Sequence[Response | None], group: Sequence[int]) -> Vector:
    """Σ A_i x_i of a group; blocks that have not answered count as zero."""
    total: Vector = {}
    for i in group:
        if (response := responses[i]) is not None:
            total = add(total, response.image)
    return total


def subtract_images(
    seen: Vector, responses: Sequence[Response | None], group: Sequence[int]
) -> Vector:
    """What is seen without the present images of a group."""
    for i in group:
        if (response := responses[i]) is not None:
            seen = subtract(seen, response.image)
    return seen


def scale_of(rhs_norm: float, responses: Sequence[Response | None], order: Order) -> float:
    """max(‖A x‖, ‖B z‖, ‖b‖): what the primal residual is relative to."""
    largest = rhs_norm**2
    for group in order:  # blocks of one group share no row: their squares add up
        squares = 0.0
        for i in group:
            if (response := responses[i]) is not None:
                squares += dot(response.image, response.image)
        largest = max(largest, squares)
    return math.sqrt(largest)


def normalized(value: float, scale: float) -> float:
    """value / scale; NaN where there is no scale."""
    return value / scale if scale > 0 else math.nan
