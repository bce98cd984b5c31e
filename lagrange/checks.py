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
    weak_duality     how far a lower bound exceeds the cost of the feasible point, or the solution's own
                     one exceeds the bound proved again at its multipliers: > 0 is a wrong bound or a
                     wrong point

Trusted, for a block cannot be asked about another point than its own: that ``point``, ``image`` and
``cost`` of an answer belong together, and so do cost and point of the feasible point.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lagrange.blocks import Response
from lagrange.bounds import exact_sweep
from lagrange.grouping import original_multipliers
from lagrange.problem import Problem
from lagrange.queries import Quadratic, require_rho
from lagrange.solution import Solution
from lagrange.vectors import Array, Vector, add, dot, scale, subtract


class Optimality(NamedTuple):
    """The violations: each ≥ 0 (suboptimality: < 0 is a wrong cost, bound or image, up to rounding), 0
    at an optimum; NaN: not measured; all inf: something in the solution is not finite.
    """

    primal: float
    dual: float
    complementarity: float
    stationarity: float
    suboptimality: float
    weak_duality: float

    def holds(self, tolerance: float) -> bool:
        """Is every measured violation at most ``tolerance``, either way? False where none was."""
        if not tolerance >= 0:
            raise ValueError(f"tolerance must be ≥ 0, got {tolerance}")
        within = (math.isnan(violation) or abs(violation) <= tolerance for violation in self)
        return not math.isnan(self.primal) and all(within)

    def __str__(self) -> str:
        return "\n".join(f"{name:16} {value:.3g}" for name, value in self._asdict().items())


def examine(problem: Problem[Any], solution: Solution, *, rho: float | None = 1.0) -> Optimality:
    """The violations at the last multipliers and answers of a solution.

    problem : the one that was solved, or the one that was tied where its ``exchange`` form was
              solved: only this one can be asked for bounds (``rho=None``)
    rho     : the pull of the stationarity check, > 0; None for blocks that know prices only, or for
              their bounds. Blocks whose bound is not finite at these prices leave what needs it NaN.
    """
    multipliers, answers = _stated_in(problem, solution)
    if not _is_finite(solution, multipliers, answers):
        return Optimality(*[math.inf] * len(Optimality._fields))
    g = residual(problem, answers)
    suboptimality, weak_duality = _against_bounds(problem, solution, multipliers, answers, rho)
    return Optimality(
        primal=primal(problem, g),
        dual=_largest((-multipliers[row]).clip(min=0) for row in problem.inequality),
        complementarity=_largest(multipliers[row] * g[row] for row in problem.inequality),
        stationarity=_stationarity(problem, multipliers, answers, rho),
        suboptimality=suboptimality,
        weak_duality=weak_duality,
    )


def _is_finite(solution: Solution, multipliers: Vector, answers: Sequence[Response]) -> bool:
    """Is every number there one? Bounds may be infinite where there is none."""
    arrays = [*multipliers.values(), *(array for a in answers for array in a.image.values())]
    numbers = [_largest(arrays), *(a.cost for a in answers)]
    bounds = (solution.lower_bound, solution.upper_bound)
    return all(map(math.isfinite, numbers)) and not any(map(math.isnan, bounds))


def _stated_in(problem: Problem[Any], solution: Solution) -> tuple[Vector, list[Response]]:
    """Multipliers and answers in the rows of the problem, also where its exchange form was solved."""
    found, kept = solution.state.multipliers, solution.responses
    tied = set(found) != set(problem.rhs)
    if tied:
        if {name.rpartition("@")[0] for name in found} != set(problem.rhs):
            raise ValueError(
                f"the solution has multipliers of rows {sorted(found)}, the problem has rows "
                f"{sorted(problem.rhs)}: examine the problem that was solved, or the one whose "
                "exchange form was"
            )
        kept = kept[: len(problem.blocks)]
    answers = [r for r in kept if r is not None]
    if len(answers) != len(problem.blocks):
        raise ValueError(
            f"the solution has answers of {len(answers)} blocks, the problem has "
            f"{len(problem.blocks)} blocks: the others never answered, or this is not the problem "
            "that was solved, and there is no solution to examine"
        )
    if not tied:
        return found, answers
    return original_multipliers(problem, found), [
        replace(r, image={name.rpartition("@")[0]: array for name, array in r.image.items()})
        for r in answers
    ]


def residual(problem: Problem[Any], answers: Sequence[Response]) -> Vector:
    """Σ A_i x_i − b, summed afresh."""
    g = scale(-1.0, problem.rhs)
    for answer in answers:
        g = add(g, answer.image)
    return g


def primal(problem: Problem[Any], g: Vector) -> float:
    """The largest violation of a coupling row; inf where one is NaN."""
    return _largest(a.clip(min=0) if row in problem.inequality else a for row, a in g.items())


def _largest(arrays: Iterable[Array]) -> float:
    """The largest size of an entry, 0 if there is none; inf where one is NaN: ``max`` would drop it."""
    sizes = [float(abs(array).max()) for array in arrays]
    return math.inf if any(math.isnan(size) for size in sizes) else max(sizes, default=0.0)


def _stationarity(
    problem: Problem[Any], multipliers: Vector, answers: Sequence[Response], rho: float | None
) -> float:
    """How far the blocks' answers are from best answers to the multipliers, in units of prices."""
    if rho is None:
        return math.nan
    require_rho(rho)
    worst = 0.0
    for block, answer in zip(problem.blocks, answers, strict=True):
        # rows on which the block does nothing count as 0
        own = add(scale(0.0, problem.rhs), answer.image)
        pull = Quadratic(rho, scale(-1.0, own))
        moved = subtract(add(scale(0.0, own), block.respond(multipliers, pull, answer).image), own)
        worst = max(worst, rho * _largest(moved.values()))
    return worst


def _against_bounds(
    problem: Problem[Any],
    solution: Solution,
    multipliers: Vector,
    answers: Sequence[Response],
    rho: float | None,
) -> tuple[float, float]:
    """suboptimality and weak_duality; without ``rho=None`` only bounds that are there already."""
    lower, upper = solution.lower_bound, solution.upper_bound
    excesses = [lower - upper]
    suboptimality = math.nan
    if rho is None:
        bound = math.fsum(block.respond(multipliers, None, None).bound for block in problem.blocks)
        suboptimality = math.fsum(a.cost + dot(multipliers, a.image) for a in answers) - bound
        excesses.append(bound - dot(multipliers, problem.rhs) - upper)
        best = solution.state.best.multipliers
        if best is not None and set(best) == set(problem.rhs):
            excesses.append(lower - exact_sweep(problem, best)[0])
    finite = [excess for excess in excesses if math.isfinite(excess)]
    return (
        suboptimality if math.isfinite(suboptimality) else math.nan,
        max(0.0, *finite) if finite else math.nan,
    )
