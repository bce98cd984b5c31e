"""A cvxpy problem taken apart at the constraints that couple it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cvxpy
import numpy as np

from lagrange.grouping import original_multipliers
from lagrange.models.cvxpy_coupling import coupling_rows, is_equation, spread
from lagrange.models.cvxpy_split import (
    Component,
    Constraint,
    Expression,
    Variable,
    additive_terms,
    components,
)
from lagrange.models.report import Part, SplitReport
from lagrange.oracles.convex import ConvexBlock, ConvexPoint, named, private_copies
from lagrange.problem import Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.vectors import Vector

cp: Any = cvxpy  # its types are partial


class Parts(NamedTuple):
    """The way back from one block: its variables by name, its constraints in order, all the user's."""

    variables: Mapping[str, Variable]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, eq=False, repr=False)
class ConvexModel(Problem[Quadratic | None]):
    """A problem, and the way back to the cvxpy problem it was made from.

    report   : what taking it apart found; part i is block i
    rows     : for each block the coupling rows it has, as ``lagrange.grouping.exchange`` takes them
    source   : the cvxpy problem
    coupling : row → the user's constraint
    parts    : for each block the user's variables and constraints
    """

    report: SplitReport = field(kw_only=True)
    rows: tuple[tuple[str, ...], ...] = field(kw_only=True)
    source: Any = field(kw_only=True)
    coupling: Mapping[str, Constraint] = field(kw_only=True)
    parts: tuple[Parts, ...] = field(kw_only=True)

    def __repr__(self) -> str:
        return f"ConvexModel({len(self.blocks)} blocks, coupling rows {list(self.rhs)})"

    def __str__(self) -> str:
        return f"{self!r}\n{self.report}"

    def write_back(self, solution: Solution) -> float:
        """Puts a solution into the cvxpy problem; returns the objective there, in its own sense.

        solution : of this model or of a form of it (``exchange``, ``with_slacks``, or both)

        Variables get the blocks' last answers: they solve the problem as far as the run converged
        (ADMM, AugmentedLagrangian). The last answers of a subgradient method in general do not.
        Coupling constraints get the multipliers as their dual values, local ones the dual values
        of the blocks' last answers, all in cvxpy's signs: those of the minimization, also where the
        objective is maximized. ``source.value`` and ``source.status`` are left alone.
        """
        points = self._points(solution)
        multipliers = self._multipliers(solution.multipliers)
        for (variables, constraints), point in zip(self.parts, points, strict=True):
            for name, variable in variables.items():
                variable.save_value(point.variables[name].copy())
            for constraint, dual in zip(constraints, point.duals, strict=True):
                if dual is not None:
                    constraint.save_dual_value(dual)
        for row, constraint in self.coupling.items():
            constraint.save_dual_value(np.reshape(multipliers[row].copy(), constraint.shape))
        with np.errstate(all="ignore"):
            value = float(self.source.objective.value)
        if math.isfinite(value):
            return value
        # undefined at the point, such as the log of −1e-12: the blocks know what it comes to
        total = math.fsum(solution.responses[i].cost for i in range(len(self.blocks)))
        return -total if isinstance(self.source.objective, cp.Maximize) else total

    def _points(self, solution: Solution) -> list[ConvexPoint]:
        answers = solution.responses[: len(self.blocks)]
        points = [answer.point for answer in answers if answer is not None]
        wanted = [set(part.variables) for part in self.parts]
        found = [set(p.variables) if isinstance(p, ConvexPoint) else None for p in points]
        if found != wanted:
            raise ValueError(
                f"the solution's first {len(self.blocks)} answers must be those of this model's "
                f"blocks, on the variables {[sorted(names) for names in wanted]}; it has answers on "
                f"{[names and sorted(names) for names in found]}. Solve this model, or a form of it"
            )
        return points

    def _multipliers(self, found: Vector) -> Vector:
        if set(found) == set(self.rhs):
            return found
        if {name.rpartition("@")[0] for name in found} == set(self.rhs):
            return original_multipliers(self, found)
        raise ValueError(
            f"the solution has multipliers of rows {sorted(found)}, this model's rows are "
            f"{sorted(self.rhs)}: solve this model, or its exchange form"
        )


def from_cvxpy(
    problem: Any, coupling: Sequence[Constraint], options: Mapping[str, Any] | None = None
) -> ConvexModel:
    """A cvxpy problem as blocks tied by the constraints in ``coupling``.

    problem  : a cvxpy.Problem, convex by cvxpy's rules (is_dcp()); Maximize is taken as Minimize of
               the negation, so bounds are those of the negation
    coupling : constraints of the problem, the very objects: affine ==, <= or >=
    options  : settings of Clarabel for the blocks, such as {"tol_gap_abs": 1e-10}

    Without the coupling constraints the variables fall apart into connected components, tied by the
    terms of the objective and the constraints that are left: each is a ``ConvexBlock``, compiled once.
    A Variable is never split: what should become blocks of their own must be Variables of their
    own. Coupling rows are called by the labels of their constraints, else "constraint k", counted
    in ``problem.constraints`` from 0. Values of Parameters are read now and kept.

    Any number of blocks and any coupling goes to ADMM in exchange form, ≤ rows included:

        x = [cp.Variable(3, name=f"x{i}") for i in range(4)]
        budget = sum(x) <= np.array([2.0, 3.5, 4.0])
        cost = sum(cp.sum_squares(v - i) for i, v in enumerate(x))
        problem = cp.Problem(cp.Minimize(cost), [budget, *(v >= 0 for v in x)])

        model = from_cvxpy(problem, coupling=[budget])
        tied = exchange(model, model.rows)
        solution = solve(tied, ADMM(1.0, two_groups(tied)), stop=ResidualBelow(1e-8) | StepLimit(500))
        value = model.write_back(solution)  # x[0].value, budget.dual_value, ...
        lower, _ = exact_sweep(model, original_multipliers(model, solution.multipliers))

    Two blocks that share only == rows go to ADMM as they are, one block with == rows only goes to
    AugmentedLagrangian, any model to Subgradient if the blocks are bounded at all prices. What a proof
    of bounds needs is said in ``lagrange.oracles.convex``; bounds on the variables are always enough.

    Raises ValueError for a problem that is not convex, a variable that is integer or complex, a
    parameter without a value, and a coupling that is empty, not affine or not of the problem.
    """
    rows = coupling_rows(problem, coupling)
    variables = named(problem.variables())
    copies = private_copies(variables, problem.parameters())
    sign = -1.0 if isinstance(problem.objective, cp.Maximize) else 1.0
    terms = additive_terms(sign * problem.objective.expr.tree_copy(copies))
    local = [c for c in problem.constraints if not any(c is row for row in rows.values())]
    private = [c.tree_copy(copies) for c in local]
    found = components([copies[id(v)] for v in variables.values()], terms, private)
    found.sort(key=lambda component: -component.size)  # stable: equal ones keep their order
    spreads = {name: spread(c.tree_copy(copies), found) for name, c in rows.items()}
    images = [
        {name: s.images[i] for name, s in spreads.items() if s.images[i] is not None}
        for i in range(len(found))
    ]
    return ConvexModel(
        tuple(_block(c, private, image, options) for c, image in zip(found, images, strict=True)),
        {name: s.rhs for name, s in spreads.items()},
        frozenset(name for name, c in rows.items() if not is_equation(c)),
        report=_report(found, private, sum(s.rhs.size for s in spreads.values())),
        rows=tuple(tuple(image) for image in images),
        source=problem,
        coupling=rows,
        parts=tuple(
            Parts(
                {v.name(): variables[v.name()] for v in component.variables},
                tuple(local[k] for k in component.constraints),
            )
            for component in found
        ),
    )


def _block(
    component: Component,
    constraints: Sequence[Constraint],
    image: Mapping[str, Expression],
    options: Mapping[str, Any] | None,
) -> ConvexBlock:
    objective = sum(cp.sum(term) for term in component.terms)  # terms may be (1, 1)
    own = [constraints[k] for k in component.constraints]
    return ConvexBlock(component.name, objective, own, image, options)


def _report(
    found: Sequence[Component], constraints: Sequence[Constraint], coupling_rows: int
) -> SplitReport:
    parts = (
        Part(c.name, c.size, sum(int(constraints[k].size) for k in c.constraints)) for c in found
    )
    return SplitReport(tuple(parts), coupling_rows)
