"""Multidimensional knapsack: the most profitable items that fit in every row.

    max Σ_j p_j x_j   s.t.  Σ_j w_ij x_j ≤ C_i for every row i,   x binary

Two relaxations, both minimized as −profit. With K_i the 0/1 points of row i alone:

    rows    all rows but one, k, are relaxed (coupling row ``capacity``): one knapsack. Its best bound
            is the optimum over {rows i ≠ k} ∩ conv K_k [1].
    copies  every row has a copy x^i of the items, tied by x^0 − x^i = 0 (coupling rows ``copy1``, …):
            m knapsacks. Its best bound is the optimum over ∩_i conv K_i, at least as good as that
            of ``rows`` for *every* k [2].

Both are at least as good as the linear relaxation, and better somewhere.

References   [1] Geoffrion, Math. Program. Study 2 (1974) 82–114
             [2] Guignard, Kim, Math. Program. 39 (1987) 215–228: Lagrangian decomposition
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method
from lagrange.oracles.checks import require_prices_only
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.linear_bounds import priced_cost
from lagrange.oracles.rounding import surely_below
from lagrange.oracles.sparse import SparseMatrix
from lagrange.problem import Feasible, Problem
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.stopping import GapBelow, Stalled
from lagrange.vectors import Vector
from problems.compiling import by_a_small_run
from problems.knapsack_data import KnapsackData, generate, read_orlib
from problems.knapsack_exact import ExactKnapsack, copy_row
from problems.knapsack_repair import repair
from problems.options import require_unused

GENERATED: dict[str, Any] = {"items": 50, "rows": 5, "tightness": 0.5, "seed": 0}


def knapsack(
    *,
    instance: str | None = None,
    relax: str = "rows",
    keep: int | None = None,
    items: int | None = None,
    rows: int | None = None,
    tightness: float | None = None,
    seed: int | None = None,
) -> Instance:
    """Multidimensional knapsack from an OR-Library file, or a generated instance; a maximization.

    instance  : path of a file in OR-Library format with one instance; without it one is generated
    relax     : rows (all but one) or copies (a copy of the items for each row)
    keep      : the row that is not relaxed, from 0; the tightest unless given
    items     : how many to generate; 50 unless given
    rows      : how many to generate; 5 unless given
    tightness : capacity over the weight of all items, in (0, 1); 0.5 unless given
    seed      : of the generator; 0 unless given
    """
    given = {"items": items, "rows": rows, "tightness": tightness, "seed": seed}
    if instance is None:
        size = GENERATED | {name: value for name, value in given.items() if value is not None}
        data = generate(**size)
        name = "{items}x{rows}-{tightness}-{seed}".format_map(size)
        source = f"generated, seed {size['seed']}"
    else:
        require_unused("an instance file", given)
        data = read_orlib(Path(instance))
        name, source = Path(instance).name, "OR-Library format"
    keep = _kept_row(data, relax, keep)
    problem = build_copies(data) if keep is None else build(data, keep)
    start = Start(_shares(data)) if keep is None else None

    def bundle(steps: int | None) -> Method:
        return Method(problem, LevelBundle(), steps or 500, start)

    def subgradient(steps: int | None) -> Method:
        return Method(problem, Subgradient(Polyak(patience=20, estimate=0.0)), steps or 2000, start)

    def surrogate(steps: int | None) -> Method:
        blocks = len(problem.blocks)
        steps = steps or 500 * blocks  # a step asks one of them
        rule = SurrogateContraction.for_horizon(max(100, steps), estimate=0.0)
        return Method(problem, SurrogateLagrangian(rule, sweep_every=10 * blocks), steps, start)

    rebuild = {"instance": "instance.txt", "relax": relax}
    return Instance(
        name=f"{name}-{relax}",
        source=source,
        methods={"bundle": bundle, "subgradient": subgradient, "surrogate": surrogate},
        stop=GapBelow(0) | Stalled(),
        prepare=by_a_small_run(lambda: knapsack(relax=relax, items=8, rows=2)),
        seconds=15.0,
        sense="max",
        exact=ExactKnapsack(data, keep),
        point_arrays=lambda point: {"chosen": point},
        archive={"instance.txt": data.to_text()},
        rebuild=rebuild if keep is None else rebuild | {"keep": keep},
    )


def _kept_row(data: KnapsackData, relax: str, keep: int | None) -> int | None:
    """The row of the knapsack; None where every row has one."""
    if relax not in ("rows", "copies"):
        raise ValueError(f"relax must be rows or copies, got {relax!r}")
    m = data.capacity.size
    if m < 2:
        raise ValueError("the instance has one row: it is a single knapsack, with nothing to relax")
    if relax == "copies":
        require_unused("relax copies", {"keep": keep})
        return None
    if keep is None:
        return int((data.weight.sum(axis=1) / np.maximum(data.capacity, 1)).argmax())
    if not 0 <= keep < m:
        raise ValueError(f"keep must be a row from 0 to {m - 1}, got {keep}")
    return keep


@dataclass(frozen=True)
class SeenThrough:
    """A knapsack on the row ``items`` whose images are linear maps of x: image = {row: M x}."""

    inner: Knapsack
    images: Mapping[str, SparseMatrix]

    def respond(self, price: Vector, query: None, start: Response | None) -> Response:
        require_prices_only(query, "SeenThrough")
        # the inner knapsack is asked for rounded prices: x is 0/1, so each costs at most its error
        rounded, off = priced_cost(np.zeros(self.inner.cost.size), self.images, price)
        answer = self.inner.respond({self.inner.row: rounded}, None, start)
        x = answer.image[self.inner.row]
        bound = surely_below(answer.bound, abs(answer.bound), 1, 1.01 * float(off.sum()))
        image = {row: matrix.times(x) for row, matrix in self.images.items()}
        return Response(image, answer.cost, bound, answer.point)


def build(data: KnapsackData, keep: int) -> Problem[None]:
    """All rows but ``keep`` relaxed."""
    others = np.delete(np.arange(data.capacity.size), keep)
    cost = -data.profit.astype(np.float64)
    block = Knapsack(cost, data.weight[keep], int(data.capacity[keep]), "items")
    weights = SparseMatrix.dense(data.weight[others])
    return Problem(
        (SeenThrough(block, {"capacity": weights}),),
        {"capacity": data.capacity[others].astype(np.float64)},
        frozenset({"capacity"}),
        recover=lambda responses: _recovered(data, responses),
        integral=True,
    )


def build_copies(data: KnapsackData) -> Problem[None]:
    """A knapsack for each row; block 0 has the profits, the others are tied to it."""
    m, n = data.weight.shape
    same = SparseMatrix.dense(np.eye(n))
    minus = SparseMatrix.dense(-np.eye(n))
    tied = range(1, m)
    images = [{copy_row(i): same for i in tied}, *({copy_row(i): minus} for i in tied)]
    costs = [-data.profit.astype(np.float64), *[np.zeros(n)] * (m - 1)]
    blocks = tuple(
        SeenThrough(Knapsack(costs[i], data.weight[i], int(data.capacity[i]), "items"), images[i])
        for i in range(m)
    )
    rhs = {copy_row(i): np.zeros(n) for i in tied}
    return Problem(
        blocks, rhs, recover=lambda responses: _recovered(data, responses), integral=True
    )


def _shares(data: KnapsackData) -> Vector:
    """Multipliers at which every copy has the same share of the profits."""
    m = data.capacity.size
    return {copy_row(i): data.profit / m for i in range(1, m)}


def _recovered(data: KnapsackData, responses: Sequence[Response]) -> Feasible:
    votes = np.sum([r.point.chosen for r in responses], axis=0)
    chosen = repair(data, votes)
    return Feasible(chosen.astype(np.int64), -float(data.profit[chosen].sum()))
