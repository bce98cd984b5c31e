"""Bounds that are proved, and nothing else.

A lower bound is written only from a sweep in which *every* block answered the *same* prices, each
with a proved bound of its own:

    Σ_i bound_i − ⟨λ, b⟩  ≤  q(λ)  ≤  f*          (weak duality; λ ≥ 0 on ≤ rows)

rounded down so that float arithmetic cannot push it above. The surrogate value L(x, λ) is never one.
"""

import math
from collections.abc import Sequence
from typing import Any

from lagrange import vectors
from lagrange.blocks import Response
from lagrange.problem import Feasible, Problem
from lagrange.vectors import Vector


def certified_lower_bound(
    problem: Problem[Any], multipliers: Vector, answers: Sequence[Response]
) -> float:
    """The bound proved by answers of *all* blocks to these multipliers; NaN if one proved none.

    The caller vouches that every answer was to these prices and to no other query.
    """
    if len(answers) != len(problem.blocks):
        raise ValueError(
            f"a sweep needs an answer of each of the {len(problem.blocks)} blocks, "
            f"got {len(answers)}"
        )
    if not all(math.isfinite(answer.bound) for answer in answers):
        return math.nan
    if any(array.dtype.itemsize < 4 for array in multipliers.values()):
        return math.nan  # half precision: no rounding error is derived for it here
    for name in problem.inequality:
        if float(multipliers[name].min()) < 0:
            raise ValueError(f"multipliers of the ≤ row {name!r} must be ≥ 0 to prove a bound")
    for i, answer in enumerate(answers):
        _require_below_own_value(i, answer, multipliers)
    lower = _difference_rounded_down(
        math.fsum(answer.bound for answer in answers), multipliers, problem.rhs
    )
    if not math.isfinite(lower):
        return math.nan  # a product overflowed
    # An integer objective cannot lie between two integers. `lower` was rounded outward before.
    return float(math.ceil(lower)) if problem.integral else lower


def _require_below_own_value(block: int, answer: Response, price: Vector) -> None:
    """No lower bound of a minimum lies above a value that is taken: a bound that does is wrong."""
    value = answer.cost + vectors.dot(price, answer.image)
    if answer.bound <= value:
        return
    scale = abs(answer.cost) + vectors.dot_magnitude(price, answer.image)
    single = any(array.dtype.itemsize < 8 for array in answer.image.values())
    if answer.bound - value > (1e-4 if single else 1e-9) * scale + 1e-300:  # beyond any rounding
        raise ValueError(
            f"block {block} answered with bound {answer.bound}, above the value {value} of its own "
            "answer at these prices: this is no lower bound of its minimum"
        )


def _difference_rounded_down(total: float, multipliers: Vector, rhs: Vector) -> float:
    """A float that is surely at most total − ⟨λ, b⟩, total being a correctly rounded sum."""
    single = any(array.dtype.itemsize < 8 for array in multipliers.values())
    u, smallest = (2.0**-24, 2.0**-126) if single else (2.0**-53, 2.0**-1022)
    n = vectors.size(multipliers)
    product = vectors.dot(multipliers, rhs)
    # inner product: at most n u ⟨|λ|, |b|⟩ (1 + small), and what n products lose by underflow; then
    # one rounding each for sum and difference
    error = 1.01 * (n + 2) * u * vectors.dot_magnitude(multipliers, rhs) + 2 * n * smallest
    error += 2.0**-52 * (abs(total) + abs(product))
    return math.nextafter(total - product - error, -math.inf)


def exact_sweep(problem: Problem[None], multipliers: Vector) -> tuple[float, tuple[Response, ...]]:
    """Asks every block the same prices: the certified lower bound and the answers."""
    projected = problem.project(multipliers)
    answers = tuple(block.respond(projected, None, None) for block in problem.blocks)
    problem.check_rows(answers)
    return certified_lower_bound(problem, projected, answers), answers


def feasible_point(
    problem: Problem[Any], responses: Sequence[Response], residual: Vector
) -> Feasible | None:
    """A feasible point from the blocks' answers: what ``recover`` builds, or, where the problem
    has no recover, the answers themselves if they satisfy every coupling row exactly.
    """
    if problem.recover is not None:
        return problem.recover(responses)
    for name, array in residual.items():
        violation = array.clip(min=0) if name in problem.inequality else abs(array)
        if float(violation.max()) > 0:
            return None
    if not _satisfies_rows(problem, responses):
        return None
    return Feasible([r.point for r in responses], math.fsum(r.cost for r in responses))


def _satisfies_rows(problem: Problem[Any], responses: Sequence[Response]) -> bool:
    """Exactly: float sums can be 0 by rounding, ``fsum`` is 0 only if the sum is."""
    for name, right in problem.rhs.items():
        images = [r.image[name].ravel().tolist() for r in responses if name in r.image]
        for entries in zip((-right).ravel().tolist(), *images, strict=True):
            total = math.fsum(entries)
            if total > 0 or (total < 0 and name not in problem.inequality):
                return False
    return True
