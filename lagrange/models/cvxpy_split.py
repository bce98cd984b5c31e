"""Where a cvxpy problem falls apart once its coupling constraints are gone.

Two variables belong together if some term of the objective or some remaining constraint has both. A
Variable is never split, whatever its shape.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cvxpy
import numpy as np

cp: Any = cvxpy  # its types are partial

Expression = Any  # a cvxpy expression
Constraint = Any  # a cvxpy constraint
Variable = Any  # a cvxpy variable


@dataclass
class Component:
    """Variables that belong together, with the terms and the numbers of the constraints on them."""

    variables: list[Variable]
    terms: list[Expression] = field(default_factory=lambda: list[Expression]())
    constraints: list[int] = field(default_factory=lambda: list[int]())

    @property
    def name(self) -> str:
        """The names of the variables, the first three of many."""
        names = [variable.name() for variable in self.variables]
        return ", ".join(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"])

    @property
    def size(self) -> int:
        """Scalar variables."""
        return sum(variable.size for variable in self.variables)


def additive_terms(expression: Expression, factor: float = 1.0) -> Iterator[Expression]:
    """The terms of a scalar sum, taken apart as far as sums, signs and scalar constants reach:
    f + g, −f, c f, f c, f / c, sum of a stack, sum of a sum of arrays of one shape.
    """
    affine = cp.atoms.affine
    if isinstance(expression, affine.add_expr.AddExpression):
        inner = [(arg, factor) for arg in expression.args]
    elif isinstance(expression, affine.unary_operators.NegExpression):
        inner = [(expression.args[0], -factor)]
    elif (scaled := _scaled(expression)) is not None:
        inner = [(scaled[0], factor * scaled[1])]
    elif (summands := _summands(expression)) is not None:
        inner = [(summand, factor) for summand in summands]
    else:
        yield expression if factor == 1.0 else factor * expression
        return
    for term, times in inner:
        yield from additive_terms(term, times)


def _scaled(expression: Expression) -> tuple[Expression, float] | None:
    """f and c of c f, f c or f / c with scalars f and c, c constant; None for anything else."""
    operators = cp.atoms.affine.binary_operators
    if not isinstance(expression, operators.MulExpression | operators.DivExpression):
        return None
    first, second = expression.args
    if not (first.is_scalar() and second.is_scalar()):
        return None
    if second.is_constant():
        value = float(second.value)
        is_quotient = isinstance(expression, operators.DivExpression)
        return first, (1.0 / value if is_quotient else value)
    return (second, float(first.value)) if first.is_constant() else None


def _summands(expression: Expression) -> list[Expression] | None:
    """The scalar sums whose sum is the sum over all entries of a stack, or of a sum, of arrays."""
    if not isinstance(expression, cp.atoms.affine.sum.Sum):
        return None
    (array,) = expression.args
    affine = cp.atoms.affine
    if isinstance(array, affine.hstack.Hstack | affine.vstack.Vstack):
        return [cp.sum(arg) if arg.shape else arg for arg in array.args]
    # cvxpy broadcasts explicitly; an array that it did not broadcast would count too little
    if isinstance(array, affine.add_expr.AddExpression) and all(
        arg.shape == array.shape for arg in array.args
    ):
        return [cp.sum(arg) for arg in array.args]
    return None


def components(
    variables: Sequence[Variable], terms: Iterable[Expression], constraints: Sequence[Constraint]
) -> list[Component]:
    """The connected components in the order of their first variables. Terms and constraints without
    variables go to the first.
    """
    leader = {variable.id: variable.id for variable in variables}

    def lead(identity: int) -> int:
        while leader[identity] != identity:
            leader[identity] = leader[leader[identity]]
            identity = leader[identity]
        return identity

    terms = list(terms)
    for item in (*terms, *constraints):
        touched = [lead(variable.id) for variable in item.variables()]
        leader.update((identity, touched[0]) for identity in touched)
    found: dict[int, Component] = {}
    for variable in variables:
        found.setdefault(lead(variable.id), Component([])).variables.append(variable)
    first = next(iter(found.values()))

    def home(item: Any) -> Component:
        touched = item.variables()
        return found[lead(touched[0].id)] if touched else first

    for term in terms:
        home(term).terms.append(term)
    for number, constraint in enumerate(constraints):
        home(constraint).constraints.append(number)
    return list(found.values())


def coefficients(expression: Expression) -> tuple[dict[int, Any], np.ndarray[Any, Any]]:
    """An affine expression as matrices and a constant: by the id of each variable the matrix M with
    vec(expression) = Σ M vec(x) + constant, columns stacked. Sets the variables to zero.
    """
    for variable in expression.variables():
        variable.save_value(np.zeros(variable.shape))
    gradients = expression.grad
    matrices = {v.id: _as_matrix(gradients[v], v.size) for v in expression.variables()}
    return matrices, np.asarray(expression.value, dtype=np.float64).ravel(order="F")


def _as_matrix(gradient: Any, variable_size: int) -> Any:
    """cvxpy's gradient, transposed; it is a number if variable and expression are scalars."""
    if np.ndim(gradient) == 0:
        return np.full((1, 1), float(gradient))
    return gradient.reshape((variable_size, -1)).T.tocsr()
