"""The referee: how far a finished solution is from optimal, recomputed from its answers.

Nothing here calls a solver, the engine, or a number that they maintained. The residual g is summed
again from the blocks' images, and every block is asked about its own answer:

    primal           ‖g‖∞, its positive part on ≤ rows;  g = Σ A_i x_i − b
    dual             how far multipliers of ≤ rows lie below 0
    complementarity  max |λ_j g_j| over ≤ rows
    stationarity     max over blocks of ρ ‖A_i x⁺ − A_i x_i‖∞, x⁺ the answer to λ and the pull
                     ρ/2 ‖A_i x − A_i x_i‖²: 0 if and only if x_i is a best answer to λ (convex blocks)
    suboptimality    Σ_i of f_i(x_i) + ⟨λ, A_i x_i⟩ minus the block's proved bound at λ: the same for
                     blocks that know prices only
    weak_duality     how far Σ bound_i − ⟨λ, b⟩ exceeds the cost of the feasible point: > 0 is a wrong
                     bound or a wrong point
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from lagrange.blocks import Response
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.solution import Solution
from lagrange.vectors import Vector, add, dot, scale, subtract


class Optimality(NamedTuple):
    """The violations: each ≥ 0 (suboptimality: up to rounding), 0 at an optimum; NaN: not measured."""

    primal: float
    dual: float
    complementarity: float
    stationarity: float
    suboptimality: float
    weak_duality: float

    def holds(self, tolerance: float) -> bool:
        """Is every measured violation at most ``tolerance``?"""
        if not tolerance >= 0:
            raise ValueError(f"tolerance must be ≥ 0, got {tolerance}")
        return all(math.isnan(violation) or violation <= tolerance for violation in self)

    def __str__(self) -> str:
        return "\n".join(f"{name:16} {value:.3g}" for name, value in self._asdict().items())


def examine(problem: Problem[Any], solution: Solution, *, rho: float | None = 1.0) -> Optimality:
    """The violations at the last multipliers and answers of a solution.

    problem : the one that was solved
    rho     : the pull of the stationarity check, > 0; None for blocks that know prices only. Blocks
              whose bound is not finite at these prices leave what needs it NaN.
    """
    answers = [r for r in solution.responses if r is not None]
    if len(answers) < len(problem.blocks):
        raise ValueError(
            f"{len(problem.blocks) - len(answers)} of {len(problem.blocks)} blocks never answered: "
            "there is no solution to examine"
        )
    multipliers = solution.state.multipliers
    g = residual(problem, answers)
    bound = math.nan
    if rho is None:
        bound = math.fsum(block.respond(multipliers, None, None).bound for block in problem.blocks)
    excess = bound - dot(multipliers, problem.rhs) - solution.upper_bound
    values = math.fsum(a.cost + dot(multipliers, a.image) for a in answers)
    return Optimality(
        primal=primal(problem, g),
        dual=max([0.0, *(float((-multipliers[r]).max()) for r in problem.inequality)]),
        complementarity=max(
            [0.0, *(float(abs(multipliers[r] * g[r]).max()) for r in problem.inequality)]
        ),
        stationarity=math.nan if rho is None else stationarity(problem, multipliers, answers, rho),
        suboptimality=values - bound if math.isfinite(bound) else math.nan,
        weak_duality=max(0.0, excess) if math.isfinite(excess) else math.nan,
    )


def residual(problem: Problem[Any], answers: Sequence[Response]) -> Vector:
    """Σ A_i x_i − b, summed afresh."""
    g = scale(-1.0, problem.rhs)
    for answer in answers:
        g = add(g, answer.image)
    return g


def primal(problem: Problem[Any], g: Vector) -> float:
    """The largest violation of a coupling row."""
    worst = 0.0
    for row, array in g.items():
        violation = array.clip(min=0) if row in problem.inequality else abs(array)
        worst = max(worst, float(violation.max()))
    return worst


def stationarity(
    problem: Problem[Any], multipliers: Vector, answers: Sequence[Response], rho: float
) -> float:
    """How far the blocks' answers are from best answers to the multipliers, in units of prices."""
    require_rho(rho)
    worst = 0.0
    for block, answer in zip(problem.blocks, answers, strict=True):
        # rows on which the block does nothing count as 0
        own = add(scale(0.0, problem.rhs), answer.image)
        pull = Quadratic(rho, scale(-1.0, own))
        moved = subtract(add(scale(0.0, own), block.respond(multipliers, pull, answer).image), own)
        worst = max(worst, *(rho * float(abs(array).max()) for array in moved.values()))
    return worst
