"""Recovery by a restricted program: of all answers seen, one a block, the cheapest that fit together.

    min Σ_ik cost_ik z_ik + penalty · Σ (what the coupling rows are violated by)
    s.t.  Σ_k z_ik = 1 for each block i,  z binary,      over the answers (i, k) of the pool

It works for every problem, since an answer is all that it needs. The penalty keeps the program
feasible; the chosen answers become a feasible point by ``bounds.feasible_point``: by the problem's own
``repair`` where it has one, else if they satisfy all rows exactly. Where coupling rows are equations,
answers of different steps rarely fit exactly, and without a repair little is found.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import numpy as np

from lagrange import bounds
from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray
from lagrange.oracles.highs import Limits
from lagrange.oracles.sparse import SparseMatrix
from lagrange.problem import Feasible, Problem, Recover
from lagrange.recovery.programs import Program, minimize
from lagrange.recovery.recovering import Seen
from lagrange.solvers.flat import Flat

LIMITS = Limits(gap=1e-4, nodes=100)


class Column(NamedTuple):
    """An answer and its image as one array (n,)."""

    answer: Response
    image: FloatArray


Pool = tuple[tuple[Column, ...], ...]  # the columns of each block, oldest first


@final
@dataclass(frozen=True)
class RestrictedProgram:
    """Settings.

    columns : answers kept a block, at least 1: the latest different ones
    penalty : of a unit of violation, > 0; None: the largest cost of an answer in the pool, and 1
    limits  : of HiGHS, a look
    repair  : makes a feasible point of answers that do not quite fit; None: ``problem.recover``
    """

    columns: int = 40
    penalty: float | None = None
    limits: Limits = LIMITS
    repair: Recover | None = None

    def __post_init__(self) -> None:
        if self.columns < 1 or self.columns % 1:
            raise ValueError(f"columns must be at least 1 and whole, got {self.columns}")
        if self.penalty is not None and not 0 < self.penalty < float("inf"):
            raise ValueError(f"penalty must be finite and > 0, or None, got {self.penalty}")

    def init(self, problem: Problem[Any]) -> Pool:
        Flat.of(problem)  # numpy rows only
        return ((),) * len(problem.blocks)

    def look(self, problem: Problem[Any], seen: Seen, memory: Pool) -> tuple[Feasible | None, Pool]:
        pool = self._with(problem, memory, seen)
        if not all(pool):
            return None, pool
        chosen = self._chosen(problem, pool)
        if chosen is None:
            return None, pool
        if self.repair is not None:
            problem = replace(problem, recover=self.repair)
        return bounds.feasible_point(problem, chosen, problem.residual(chosen)), pool

    def _with(self, problem: Problem[Any], pool: Pool, seen: Seen) -> Pool:
        flat, lists = Flat.of(problem), [list(columns) for columns in pool]
        for block, answer in seen.heard:
            new, known = Column(answer, flat.array(answer.image)), lists[block]
            same = (c for c in known if c.answer.cost <= answer.cost)
            if not any((c.image == new.image).all() for c in same):
                known.append(new)
        return tuple(tuple(columns[-self.columns :]) for columns in lists)

    def _chosen(self, problem: Problem[Any], pool: Pool) -> list[Response] | None:
        """The answers that the program takes, one a block."""
        columns = [column for block in pool for column in block]
        costs = np.array([float(column.answer.cost) for column in columns])
        penalty = self.penalty or 1.0 + float(np.abs(costs).max())
        program = _program(problem, pool, costs, penalty)
        x = minimize(program, limits=self.limits).point
        if x is None:
            return None
        taken = [columns[k].answer for k in np.flatnonzero(x[: len(columns)] > 0.5)]
        return taken if len(taken) == len(pool) else None


def _program(problem: Problem[Any], pool: Pool, costs: FloatArray, penalty: float) -> Program:
    """Columns z, then what is too much of each coupling entry, then what is too little."""
    flat = Flat.of(problem)
    m, n, k = len(pool), flat.size, costs.size
    block = np.repeat(np.arange(m), [len(columns) for columns in pool])
    images = np.array([column.image for columns in pool for column in columns])  # (k, n)
    column, row = np.nonzero(images)
    one_sided = flat.marks(problem.inequality)
    entries = np.arange(n)
    rows = SparseMatrix(
        np.concatenate([block, m + row, m + entries, m + entries]),
        np.concatenate([np.arange(k), column, k + entries, k + n + entries]),
        np.concatenate([np.ones(k), images[column, row], -np.ones(n), np.ones(n)]),
        (m + n, k + 2 * n),
    )
    right = flat.array(problem.rhs)
    return Program(
        cost=np.concatenate([costs, np.full(2 * n, penalty)]),
        rows=rows,
        row_lower=np.concatenate([np.ones(m), np.where(one_sided, -np.inf, right)]),
        row_upper=np.concatenate([np.ones(m), right]),
        upper=np.concatenate([np.ones(k), np.full(n, np.inf), np.where(one_sided, 0.0, np.inf)]),
        integer=np.arange(k + 2 * n) < k,
    )
