"""A convex program in cvxpy as a block: compiled once, asked many times.

    min f(x) + ⟨price, A x⟩ (+ ρ/2 ‖A x + offset‖²)   over the x that satisfy the block's constraints

The images w = A x are variables of the compiled program, so a question only changes the linear part
of its objective (and, for a pull, the diagonal of its quadratic part at w). Nothing of cvxpy but
reading the answer runs per question; the solver is Clarabel, started from nothing every time.

``bound`` is proved for questions with prices only, by ``conic_bound.proved_bound`` from the solver's
primal and dual vectors; what the solver says of itself is not used. The proof is about the conic
program that cvxpy compiled, in its floats: that it states the block's problem is cvxpy's word. It
needs bounds on the variables (given, or implied by constraints or objective), or a strongly convex
cost, or in between linear rows or cones that leave no freedom at these prices (tried, not sure to be
found); where it has none of these the bound is −inf: add bounds to the variables.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import cvxpy
import numpy as np
import scipy.sparse  # pyright: ignore[reportMissingTypeStubs]

from lagrange.blocks import Response
from lagrange.oracles.checks import FloatArray, price_of
from lagrange.oracles.conic_bound import proved_bound
from lagrange.oracles.conic_program import Cones, ConicProgram, as_triplets
from lagrange.queries import Quadratic, require_rho
from lagrange.vectors import Vector, dot

cp: Any = cvxpy  # its types are partial
sparse: Any = scipy.sparse

Expression = Any  # a cvxpy expression
Constraint = Any  # a cvxpy constraint
Variable = Any  # a cvxpy variable

# not convex, or stored by cvxpy in a form of its own
REFUSED = ("boolean", "integer", "complex", "imag", "hermitian", "diag", "sparsity")

# As near as floats allow: where Clarabel comes no nearer it says AlmostSolved, which is accepted if
# the reduced tolerances are met. The bounds rely on none of this.
TOLERANCES = ("tol_gap_abs", "tol_gap_rel", "tol_feas")
OPTIONS = {**dict.fromkeys(TOLERANCES, 1e-10), **{f"reduced_{t}": 1e-6 for t in TOLERANCES}}


class ConvexPoint(NamedTuple):
    """What a block found.

    variables : values by the name of the variable (see ``named``), fresh arrays
    duals     : for each of the block's constraints its dual value, in cvxpy's form and signs
    """

    variables: Mapping[str, FloatArray]
    duals: tuple[Any, ...]


class Row(NamedTuple):
    """A coupling row of a block: its image, its shape, and the columns of w in the program."""

    image: Expression
    shape: tuple[int, ...]
    columns: slice


def private_copies(variables: Mapping[str, Variable], parameters: Iterable[Any]) -> dict[int, Any]:
    """For ``tree_copy``: a new variable for each variable, a constant for each parameter.

    Expressions copied with it share nothing with the originals, whose values may change at will. The
    names are those of the new variables.
    """
    copies = {id(p): cp.Constant(_value_of(p)) for p in parameters}
    for name, variable in variables.items():
        given = {k: v for k, v in variable.attributes.items() if v is not None and v is not False}
        refused = [attribute for attribute in REFUSED if attribute in given]
        if refused:
            raise ValueError(_refusal(variable, refused[0]))
        if "bounds" in given:
            given["bounds"] = [getattr(bound, "value", bound) for bound in given["bounds"]]
        copies[id(variable)] = cp.Variable(variable.shape, name=name, **given)
    return copies


def _value_of(parameter: Any) -> Any:
    if parameter.value is None:
        raise ValueError(
            f"parameter {parameter.name()!r} has no value: set its .value first; a block keeps the "
            "values that it was made with"
        )
    return parameter.value


def _refusal(variable: Variable, attribute: str) -> str:
    what = f"variable {variable.name()!r} is declared {attribute}=..."
    if attribute in ("boolean", "integer"):
        return (
            f"{what}: a convex block has no integer variables. Relax it, or state the model as a "
            "mixed-integer one for the HiGHS block (from_mps)"
        )
    if attribute in ("diag", "sparsity"):
        return f"{what}: use a Variable of its entries, and cvxpy.diag or the like to place them"
    return f"{what}: use real variables for the real and the imaginary part"


class ConvexBlock:
    """min f(x) over the x that satisfy ``constraints``; cvxpy states all three.

    name        : for messages
    objective   : scalar expression f, convex
    constraints : local constraints
    image       : for each coupling row an affine expression A x; its row has the expression's shape,
                  (1,) for a scalar
    options     : settings of Clarabel by name, such as ``tol_gap_abs``

    The block keeps copies: later changes of the caller's variables and parameters do not reach it.
    One thread at a time may ask a block. ``respond`` raises ValueError where the block is unbounded or
    infeasible, RuntimeError where the solver gives up. A cost that is undefined at the solver's point
    (the log of −1e-12) is replaced by the compiled program's own objective.
    """

    def __init__(
        self,
        name: str,
        objective: Expression,
        constraints: Sequence[Constraint] = (),
        image: Mapping[str, Expression] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        objective, images = cp.sum(objective), dict(image or {})  # a number becomes an expression
        stated = [objective, *constraints, *images.values()]
        variables = named(_distinct(v for e in stated for v in e.variables()))
        copies = private_copies(variables, _distinct(p for e in stated for p in e.parameters()))
        self._variables = {label: copies[id(v)] for label, v in variables.items()}
        self._objective = objective.tree_copy(copies)
        self._constraints = [c.tree_copy(copies) for c in constraints]
        self._options = {**OPTIONS, **(options or {})}
        self._compile({row: e.tree_copy(copies) for row, e in images.items()})

    def __repr__(self) -> str:
        return f"ConvexBlock({self.name!r}, rows={list(self._rows)})"

    def _compile(self, images: Mapping[str, Expression]) -> None:
        """The program over the variables and w = A x, and where in it each row's w stands."""
        w = {row: cp.Variable(e.size) for row, e in images.items()}
        ties = [w[row] == cp.vec(e, order="F") for row, e in images.items()]
        problem = cp.Problem(cp.Minimize(self._objective), [*self._constraints, *ties])
        if not problem.is_dcp():
            raise ValueError(
                f"block {self.name!r} must have a convex objective, convex constraints and affine "
                "images by cvxpy's rules (is_dcp()): one of them is not"
            )
        data, self._chain, self._inverse = problem.get_problem_data(
            cp.CLARABEL, solver_opts=self._options
        )
        n = data["A"].shape[1]
        quadratic = data["P"] if data.get("P") is not None else (n, n)
        self._data = {**data, "P": sparse.csc_array(quadratic)}
        columns = data["param_prob"].var_id_to_col
        self._rows = {
            row: Row(e, e.shape or (1,), slice(columns[w[row].id], columns[w[row].id] + e.size))
            for row, e in images.items()
        }
        pulled = np.zeros(n)
        for row in self._rows.values():
            pulled[row.columns] = 1.0
        self._pulled = sparse.diags_array(pulled, format="csc")
        self._constant = float(self._inverse[-1]["offset"])
        self._program = ConicProgram(
            as_triplets(self._data["P"]), as_triplets(data["A"]), data["b"], _cones(data["dims"])
        )

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        q, quadratic = self._data["c"].copy(), self._data["P"]
        for name, row in self._rows.items():
            q[row.columns] += _numbers("prices", name, price_of(price, name), row)
        linear = q
        if query is not None:
            require_rho(query.rho)
            quadratic = quadratic + query.rho * self._pulled
            linear = q.copy()
            for name, row in self._rows.items():
                offset = _numbers("pull", name, query.offset[name], row)
                linear[row.columns] += query.rho * offset
        raw = self._solved(quadratic, linear, query)
        answer = self._answer(raw)
        if query is not None:
            return answer
        # w is in no term of f, so its entries of q are the prices themselves, not rounded sums
        bound = proved_bound(self._program, q, self._constant, _floats(raw.x), _floats(raw.z))
        # no bound lies above a value that is taken; the point may break a constraint by 1e-10
        value = answer.cost + dot(price, answer.image)
        return replace(answer, bound=min(bound, math.nextafter(value, -math.inf)))

    def _solved(self, quadratic: Any, q: FloatArray, query: Quadratic | None) -> Any:
        """The solver's raw answer; raises where there is none."""
        data = {**self._data, "P": quadratic, "c": q}
        raw = self._chain.solver.solve_via_data(data, False, False, self._options)
        status = str(raw.status).removeprefix("Almost")
        if status == "DualInfeasible":
            advice = (
                "solve with ADMM or AugmentedLagrangian, whose quadratic term holds it, or add "
                "bounds to its variables"
                if query is None
                else "even the quadratic term does not hold it; add bounds to its variables"
            )
            raise ValueError(f"block {self.name!r} is unbounded at these prices: {advice}")
        if status == "PrimalInfeasible":
            raise ValueError(
                f"block {self.name!r} is infeasible: no values of its variables "
                f"{list(self._variables)} satisfy its {len(self._constraints)} local constraints"
            )
        if status != "Solved":
            raise RuntimeError(
                f"block {self.name!r}: Clarabel stopped with status {raw.status} after "
                f"{raw.iterations} iterations; rescale the block, or pass other options"
            )
        return raw

    def _answer(self, raw: Any) -> Response:
        solution = self._chain.invert(raw, self._inverse)
        for variable in self._variables.values():
            variable.save_value(solution.primal_vars[variable.id])
        with np.errstate(all="ignore"):
            cost = float(self._objective.value)
        if not math.isfinite(cost):
            x = _floats(raw.x)
            cost = float(0.5 * x @ (self._data["P"] @ x) + self._data["c"] @ x) + self._constant
        image = {
            name: _floats(row.image.value).reshape(row.shape) for name, row in self._rows.items()
        }
        values = {name: np.array(v.value) for name, v in self._variables.items()}
        duals = tuple(solution.dual_vars.get(c.id) for c in self._constraints)
        return Response(image, cost, -math.inf, ConvexPoint(values, duals))


def named(variables: Iterable[Variable]) -> dict[str, Variable]:
    """The variables by their names; the second one called x is x#2."""
    found: dict[str, Variable] = {}
    for variable in variables:
        name, number = variable.name(), 1
        while name in found:
            number += 1
            name = f"{variable.name()}#{number}"
        found[name] = variable
    return found


def _distinct(items: Iterable[Any]) -> list[Any]:
    """Each object once, in order."""
    return list({id(item): item for item in items}.values())


def _floats(values: Any) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _numbers(what: str, name: str, array: Any, row: Row) -> FloatArray:
    """An array of a coupling row in cvxpy's order of entries."""
    if array.shape != row.shape:
        raise ValueError(
            f"the {what} of row {name!r} have shape {tuple(array.shape)}, the block {row.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"the {what} of row {name!r} hold a NaN or an infinity")
    return _floats(array).ravel(order="F")


def _cones(dims: Any) -> Cones:
    """cvxpy's sizes of cones as ours; power cones count as others."""
    other = 3 * len(dims.p3d) + sum(len(alpha) + 1 for alpha in dims.pnd)
    return Cones(dims.zero, dims.nonneg, tuple(dims.soc), tuple(dims.psd), dims.exp, other)
