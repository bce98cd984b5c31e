"""Basis pursuit: the solution of A x = b with the least ℓ1 norm.

    min ‖z‖₁   s.t.  A x = b,  x − z = 0

Two forms. *affine*: block 0 is the affine set itself, one projection a step; A x = b must have a
solution. *graph*: A x = b is a coupling row ``fit`` besides ``split``, and block 0 knows A only; rows
that contradict each other then show in multipliers that grow without end.

Reference    Chen, Donoho, Saunders, SIAM J. Sci. Comput. 20 (1998) 33–61
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.closed_form import L1Norm
from lagrange.oracles.quadratic import AffineSet, LinearGraph
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.stopping import ResidualBelow
from lagrange.vectors import Vector
from problems.planting import Matrix, Row, dot, sign_or, times, whole, whole_matrix
from problems.seeds import require_seed
from problems.tables import FloatArray

FORMS = ("affine", "graph")


def basis_pursuit(
    *,
    rows: int = 20,
    columns: int = 50,
    nonzeros: int = 4,
    form: str = "affine",
    rho: float = 1.0,
    seed: int = 0,
) -> Instance:
    """A random matrix with columns of length 1 and b = A x for a sparse x.

    rows     : of A
    columns  : of A, at least as many
    nonzeros : of the sparse x that b is made from
    form     : affine or graph, see above
    rho      : penalty of ADMM
    seed     : of matrix and signal
    """
    if not 1 <= rows <= columns:
        raise ValueError(f"rows must be ≥ 1 and at most columns, got {rows} and {columns}")
    if not 0 <= nonzeros <= columns:
        raise ValueError(f"nonzeros must lie between 0 and {columns} columns, got {nonzeros}")
    require_seed(seed)
    A, b = generate(rows, columns, nonzeros, seed)
    problem = build(A, b, form)

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, ((0,), (1,)), relaxation=1.6), steps or 20000)

    return Instance(
        name=f"basis-pursuit-{rows}x{columns}-{seed}",
        source=f"generated, seed {seed}",
        methods={"admm": admm},
        stop=ResidualBelow(1e-12),
        rebuild={
            "rows": rows,
            "columns": columns,
            "nonzeros": nonzeros,
            "form": form,
            "rho": rho,
            "seed": seed,
        },
        measure=lambda solution: _measure(A, b, solution),
    )


def generate(rows: int, columns: int, nonzeros: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """A with columns of length 1, and b = A x for an x with so many normal entries."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, columns))
    A /= np.linalg.norm(A, axis=0)
    x = np.zeros(columns)
    x[rng.choice(columns, nonzeros, replace=False)] = rng.normal(size=nonzeros)
    return A, A @ x


def build(A: FloatArray, b: FloatArray, form: str = "affine") -> Problem[Quadratic | None]:
    """What satisfies A x = b (block 0) and the ℓ1 norm (block 1); A x = b up to rounding."""
    if form not in FORMS:
        raise ValueError(f"form must be affine or graph, got {form!r}")
    split = np.zeros(A.shape[1])
    norm = L1Norm(1.0, "split")
    nearest = np.linalg.pinv(A) if form == "graph" else None

    def recover(responses: Sequence[Response]) -> Feasible | None:
        x = responses[0].point
        if nearest is not None:
            x = x - nearest @ (A @ x - b)
        if float(np.abs(A @ x - b).max()) > 1e-9 * (1 + float(np.abs(b).max())):
            return None  # A x = b has no solution
        return Feasible(x, float(np.abs(x).sum()))

    if form == "affine":
        return Problem((AffineSet(A, b, "split"), norm), {"split": split}, recover=recover)
    graph = LinearGraph(A, "split", "fit")
    return Problem((graph, norm), {"split": split, "fit": b}, recover=recover)


def kkt_violation(A: FloatArray, b: FloatArray, x: FloatArray, multipliers: Vector) -> float:
    """The worst of: a row of A x = b, an entry of |Aᵀ y| above 1, the gap ‖x‖₁ − ⟨b, y⟩.

    The multipliers of ``split`` give Aᵀ y up to their own error: y solves Aᵀ y = λ in least squares.
    """
    y = np.linalg.lstsq(A.T, multipliers["split"])[0]
    rows = float(np.abs(A @ x - b).max())
    above = max(0.0, float(np.abs(A.T @ y).max()) - 1.0)
    return max(rows, above, abs(float(np.abs(x).sum()) - float(b @ y)))


def _measure(A: FloatArray, b: FloatArray, solution: Solution) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "row_violation": None, "nonzeros": None}
    return {
        "kkt_violation": kkt_violation(A, b, x, solution.multipliers),
        "row_violation": float(np.abs(A @ x - b).max()),
        "nonzeros": int(np.count_nonzero(solution.responses[1].point)),
    }


class Planted(NamedTuple):
    """Data whose optimum is known exactly, with the certificate y; every number is also a float."""

    A: Matrix
    b: Row
    x: Row
    y: Row
    value: Fraction


def planted(*, rows: int = 5, columns: int = 9, seed: int = 0) -> Planted:
    """An instance made around its optimum x and the certificate Aᵀ y ∈ ∂‖x‖₁, y = (…, 1).

    The last row of A makes up for what the others contribute to Aᵀ y. The certificate is strict off
    the support and the columns of the support contain an identity, so the optimum is unique.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    support = max(1, rows // 2)
    x = [e + 3 for e in whole(rng, -2, 2, support)] + [Fraction(0)] * (columns - support)
    x = [e * (2 * s - 1) for e, s in zip(x, whole(rng, 0, 1, columns), strict=True)]
    above = whole_matrix(rng, -2, 2, rows - 1, columns)
    for i in range(min(support, rows - 1)):
        above[i][:support] = [Fraction(int(i == j)) for j in range(support)]
    free = whole(rng, -3, 3, rows - 1)
    inside = [e / 4 for e in whole(rng, -3, 3, columns)]
    s = sign_or(x, inside)
    last = [s[j] - dot([row[j] for row in above], free) for j in range(columns)]
    A = [*above, last]
    return Planted(A, times(A, x), x, [*free, Fraction(1)], sum(map(abs, x), Fraction(0)))
