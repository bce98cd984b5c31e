"""ADMM with three blocks on A₁ x₁ + A₂ x₂ + A₃ x₃ = 0, f = 0: does it converge from every start?

One sweep is linear in what the next one starts from, (x₂, x₃, λ). Its matrix is made of sweeps from
the unit vectors, in rationals; an eigenvalue outside the unit disk, found by the recursion of Schur and
Cohn (``proofs_checks.multiblock``), proves divergence from almost every start. ρ = 1 is enough:
with λ in units of ρ the matrix is the same for every ρ.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lagrange.blocks import Response
from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.solvers.admm import ADMM
from lagrange.state import Start
from lagrange.vectors import Vector
from proofs_checks.comparison import Comparison
from proofs_checks.exact_runs import ROW, Exact, array, numbers
from proofs_checks.falsifiable import admm_runs, rules
from proofs_checks.finite import Rationals, dot
from proofs_checks.multiblock import characteristic, largest_reflection

FAMILY = Family(
    "three free variables tied by three linear equations with coefficients 0 to 3",
    tuple(Field(f"row {i}", 0, 3, whole=True) for i in (1, 2, 3)),
    variables=(3,),
    iterations=(1,),
)
SOURCE = """from lagrange import ADMM


def rule(rho):
    return ADMM(rho, ((0,), (1,), (2,)), heuristic=True)"""


def in_turn(rho: Any) -> ADMM:
    """All three blocks, one after the other."""
    return ADMM(rho, ((0,), (1,), (2,)), heuristic=True)


@dataclass(frozen=True)
class Column:
    """f = 0, image = a x, x free; a ≠ 0."""

    a: Rationals

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        pulled = numbers(query.offset[ROW] + price[ROW] / Exact(query.rho))
        return self.at(-dot(pulled, self.a) / dot(self.a, self.a))

    def at(self, x: Fraction) -> Response:
        """What the block says at x."""
        return Response({ROW: array([x * v for v in self.a])}, 0.0, point=x)


def sweep_matrix(columns: tuple[Rationals, ...], make: Any, rho: Fraction) -> list[list[Fraction]]:
    """One sweep on (x₂, x₃, λ), column by column from the unit vectors."""  # (5, 5)
    blocks = tuple(map(Column, columns))
    problem: Any = Problem(blocks, {ROW: array([0, 0, 0])})
    found: list[Rationals] = []
    for i in range(5):
        unit = [Fraction(int(i == j)) for j in range(5)]
        answers = tuple(b.at(x) for b, x in zip(blocks, (Fraction(0), *unit[:2]), strict=True))
        solver = make(rho)
        state = solver.init(problem, Start({ROW: array(unit[2:])}, answers))
        (state,) = admm_runs.finished(problem, solver, state, 1)
        _, second, third = (response.point for response in state.responses if response)
        found.append((second, third, *numbers(state.multipliers[ROW])))
    return [list(row) for row in zip(*found, strict=True)]


def has_no_root_outside(instance: Instance, make: Any) -> Comparison | None:
    """max |a_0/a_n| ≤ 1 along the recursion of Schur and Cohn."""
    if not all(any(column) for column in instance.rows):
        return None
    matrix = sweep_matrix(instance.rows, make, Fraction(1))
    return Comparison(largest_reflection(characteristic(matrix)), 1, "<=")


def script(instance: Instance) -> str:
    """The matrix of a sweep in floats, and its spectral radius."""
    columns = [admm_runs.floats(column) for column in instance.rows]
    return f"""import numpy as np
from lagrange import Problem, Response, Start, StepLimit, solve

class Column:
    def __init__(self, a):
        self.a = np.array(a)

    def respond(self, price, query, start):
        pulled = query.offset["rows"] + price["rows"] / query.rho
        return self.at(-(pulled @ self.a) / (self.a @ self.a))

    def at(self, x):
        return Response({{"rows": x * self.a}}, 0.0, point=x)

blocks = tuple(map(Column, {columns}))
problem, matrix = Problem(blocks, {{"rows": np.zeros(3)}}), []
for unit in np.eye(5):  # x2, x3 and the multipliers
    answers = tuple(b.at(x) for b, x in zip(blocks, (0.0, *unit[:2])))
    state = rule(1.0).init(problem, Start({{"rows": unit[2:]}}, answers))
    state = solve(problem, rule(1.0), stop=StepLimit(1), start=state).state
    matrix.append([r.point for r in state.responses[1:]] + state.multipliers["rows"].tolist())
radius = max(abs(np.linalg.eigvals(np.array(matrix).T)))
print("one sweep multiplies some start by", radius, "- after 1000 sweeps", f"{{radius**1000:.3g}}")
print("violated:", bool(radius > 1 + 1e-9))
"""


CONVERGES = Falsifiable(
    "multiblock-converges",
    "ADMM with three blocks in turn converges on a linear system, from every start",
    "a function ρ → solver of three blocks, as ρ → lagrange.ADMM(ρ, ((0,), (1,), (2,)), "
    "heuristic=True)",
    Rule(in_turn, SOURCE),
    FAMILY,
    rules.maker("ρ → solver of three blocks"),
    has_no_root_outside,
    script,
)
