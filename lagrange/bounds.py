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
    for name in problem.inequality:
        if float(multipliers[name].min()) < 0:
            raise ValueError(f"multipliers of the ≤ row {name!r} must be ≥ 0 to prove a bound")
    lower = _difference_rounded_down(
        math.fsum(answer.bound for answer in answers), multipliers, problem.rhs
    )
    # An integer objective cannot lie between two integers. `lower` was rounded outward before.
    return float(math.ceil(lower)) if problem.integral else lower


def _difference_rounded_down(total: float, multipliers: Vector, rhs: Vector) -> float:
    """A float that is surely at most total − ⟨λ, b⟩, total being a correctly rounded sum."""
    u = max(2.0 ** (-53 if array.dtype.itemsize >= 8 else -24) for array in multipliers.values())
    product = vectors.dot(multipliers, rhs)
    # inner product: at most n u ⟨|λ|, |b|⟩ (1 + small); then one rounding each for sum, difference
    error = 1.01 * (vectors.size(multipliers) + 2) * u * vectors.dot_magnitude(multipliers, rhs)
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
    return Feasible([r.point for r in responses], math.fsum(r.cost for r in responses))
