"""Performance estimation: the worst case of a method over a class of functions.

A run of a first-order method is known by its points x_i, subgradients g_i and values f_i. What a
theorem says of it is linear in the Gram matrix G of a few *basis* vectors and in the values, and so are
the inequalities that are necessary and sufficient for a function of the class to pass through the data:

    worst case = max ⟨C, G⟩ + ⟨c, F⟩   subject to   ⟨A_i, G⟩ + ⟨a_i, F⟩ ≤ b_i,   G ⪰ 0.

Weak duality turns multipliers into a proof. If λ ≥ 0, Σ λ_i a_i = c and S = Σ λ_i A_i − C ⪰ 0, then for
every run of the class

    ⟨C, G⟩ + ⟨c, F⟩ = Σ λ_i (⟨A_i, G⟩ + ⟨a_i, F⟩) − ⟨S, G⟩ ≤ Σ λ_i b_i.

All data are rational; only ``worst_case`` is numerical. Interpolation inequalities: A. B. Taylor,
J. M. Hendrickx, F. Glineur, Math. Program. 161 (2017) 307–345. That they are *necessary* is elementary
and all that a proof needs; their sufficiency makes the worst case an attained one.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

Number = int | Fraction


@dataclass(frozen=True)
class Row:
    """A vector of the run as a combination of basis vectors; ``a @ b`` is their inner product."""

    entries: Mapping[str, Fraction] = field(default_factory=lambda: dict[str, Fraction]())

    def __add__(self, other: "Row") -> "Row":
        return Row(_sum(self.entries, other.entries))

    def __sub__(self, other: "Row") -> "Row":
        return self + other * -1

    def __mul__(self, factor: Number) -> "Row":
        return Row({name: factor * v for name, v in self.entries.items()})

    __rmul__ = __mul__

    def __matmul__(self, other: "Row") -> "Form":
        quadratic: dict[tuple[str, str], Fraction] = {}
        for a, u in self.entries.items():
            for b, v in other.entries.items():
                key = (min(a, b), max(a, b))
                quadratic[key] = quadratic.get(key, Fraction(0)) + u * v
        return Form(quadratic)


@dataclass(frozen=True)
class Form:
    """A linear function of the run: quadratic[a, b] ⟨a, b⟩ + linear[name] · (value of that name)."""

    quadratic: Mapping[tuple[str, str], Fraction] = field(
        default_factory=lambda: dict[tuple[str, str], Fraction]()
    )
    linear: Mapping[str, Fraction] = field(default_factory=lambda: dict[str, Fraction]())

    def __add__(self, other: "Form") -> "Form":
        return Form(_sum(self.quadratic, other.quadratic), _sum(self.linear, other.linear))

    def __sub__(self, other: "Form") -> "Form":
        return self + other * -1

    def __mul__(self, factor: Number) -> "Form":
        return Form(
            {pair: factor * v for pair, v in self.quadratic.items()},
            {name: factor * v for name, v in self.linear.items()},
        )

    __rmul__ = __mul__


def basis(name: str) -> Row:
    """A basis vector."""
    return Row({name: Fraction(1)})


def value(name: str) -> Form:
    """A scalar unknown."""
    return Form({}, {name: Fraction(1)})


def square(row: Row) -> Form:
    """‖row‖²."""
    return row @ row


def _sum(a: Mapping[Any, Fraction], b: Mapping[Any, Fraction]) -> dict[Any, Fraction]:
    total = dict(a)
    for key, v in b.items():
        total[key] = total.get(key, Fraction(0)) + v
    return {key: v for key, v in total.items() if v != 0}


@dataclass(frozen=True)
class Known:
    """Where a function was asked and what it said. The minimizer has x = 0 and g = 0."""

    x: Row
    g: Row


@dataclass(frozen=True)
class Inequality:
    """form ≤ bound."""

    name: str
    form: Form
    bound: Fraction = Fraction(0)


@dataclass(frozen=True)
class FunctionClass:
    """Convex functions that are mu-strongly convex, with L-Lipschitz gradient (None: not smooth) and
    subgradients of norm at most ``lipschitz`` (None: any); or, with ``operator``, the maximal monotone
    operators with the same inequalities summed over both orders, which speak of no values.
    """

    mu: Fraction = Fraction(0)
    L: Fraction | None = None
    lipschitz: Fraction | None = None
    operator: bool = False

    def inequalities(self, name: str, points: Mapping[str, Known]) -> list[Inequality]:
        """All that is known of points of one function of the class."""
        pairs = combinations(points, 2) if self.operator else permutations(points, 2)
        found = [
            Inequality(f"{name} {i} {j}", self._pair(name, (i, points[i]), (j, points[j])))
            for i, j in pairs
        ]
        if self.lipschitz is not None:
            for i, known in points.items():
                found.append(Inequality(f"{name} {i}", square(known.g), self.lipschitz**2))
        return found

    def _pair(self, name: str, one: tuple[str, Known], two: tuple[str, Known]) -> Form:
        (i, a), (j, b) = one, two
        x, g = a.x - b.x, a.g - b.g
        if self.operator:
            if self.L is None:
                return self.mu * square(x) - g @ x
            return -1 * ((g - self.mu * x) @ (self.L * x - g))
        line = value(f"{name} {j}") + b.g @ x - value(f"{name} {i}")
        if self.L is None:
            return line + self.mu / 2 * square(x)
        curved = Fraction(1, self.L) * square(g - self.mu * x) * Fraction(1, 1 - self.mu / self.L)
        return line + Fraction(1, 2) * (curved + self.mu * square(x))


@dataclass(frozen=True)
class Estimation:
    """maximize ``objective`` over all runs of the class that satisfy ``assumptions``.

    functions : name → class and the points at which it is known, by name
    """

    title: str
    functions: Mapping[str, tuple[FunctionClass, Mapping[str, Known]]]
    assumptions: Sequence[Inequality]
    objective: Form

    def inequalities(self) -> list[Inequality]:
        """Assumptions first, then those of the classes."""
        found = list(self.assumptions)
        for name, (kind, points) in self.functions.items():
            found += kind.inequalities(name, points)
        return found

    def names(self) -> tuple[list[str], list[str]]:
        """Basis vectors and scalar unknowns, sorted."""
        forms = [self.objective, *(i.form for i in self.inequalities())]
        vectors = {name for form in forms for pair in form.quadratic for name in pair}
        return sorted(vectors), sorted({name for form in forms for name in form.linear})


@dataclass(frozen=True)
class WorstCase:
    """Numerical: the value, the multipliers by name, the Gram matrix (n, n) in sorted basis order."""

    value: float
    multipliers: Mapping[str, float]
    gram: Any


def matrix(form: Form, vectors: Sequence[str]) -> list[list[Fraction]]:
    """The symmetric matrix of the quadratic part."""
    at = {name: k for k, name in enumerate(vectors)}
    rows = [[Fraction(0)] * len(vectors) for _ in vectors]
    for (a, b), v in form.quadratic.items():
        rows[at[a]][at[b]] += v / 2
        rows[at[b]][at[a]] += v / 2
    return rows


def worst_case(
    estimation: Estimation, without: Sequence[str] = (), solver: str = "CLARABEL", **options: Any
) -> WorstCase:
    """Solves the semidefinite program; inequalities named in ``without`` are left out.

    An unbounded program has the value infinity. Raises RuntimeError where the solver ends in any other
    way than with an optimal solution; an inaccurate one is refused.
    """
    import cvxpy as cp  # takes seconds to import; the exact parts do without
    import numpy as np

    vectors, scalars = estimation.names()
    gram = cp.Variable((len(vectors), len(vectors)), PSD=True)
    values = cp.Variable(len(scalars)) if scalars else None

    def expression(form: Form) -> Any:
        total = cp.trace(np.array(matrix(form, vectors), dtype=float) @ gram)
        if values is not None:
            total += np.array([float(form.linear.get(s, 0)) for s in scalars]) @ values
        return total

    used = [i for i in estimation.inequalities() if i.name not in without]
    constraints = [expression(i.form) <= float(i.bound) for i in used]
    problem: Any = cp.Problem(cp.Maximize(expression(estimation.objective)), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the status says the same, and is looked at
        problem.solve(solver=solver, **options)
    if problem.status == "unbounded":
        return WorstCase(math.inf, {}, None)
    if problem.status != "optimal" or problem.value is None:
        raise RuntimeError(f"{estimation.title}: the solver ended with status {problem.status!r}")
    dual = {i.name: float(c.dual_value) for i, c in zip(used, constraints, strict=True)}
    return WorstCase(float(problem.value), dual, gram.value)
