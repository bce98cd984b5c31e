"""Which constraints couple, and what they ask of each component: A_i x_i on named rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import cvxpy
import numpy as np

from lagrange.models.cvxpy_split import Component, Constraint, Expression, coefficients
from lagrange.oracles.checks import FloatArray

cp: Any = cvxpy  # its types are partial


class Spread(NamedTuple):
    """Σ_i A_i x_i = b or ≤ b: b, and A_i x_i for each component; None where it has no part in it."""

    rhs: FloatArray
    images: tuple[Expression | None, ...]


def is_equation(constraint: Constraint) -> bool:
    """Is it an == row? Else it is a ≤ row, once written as one."""
    return isinstance(constraint, cp.constraints.Equality | cp.constraints.Zero)


def coupling_rows(problem: Any, coupling: Sequence[Constraint]) -> Mapping[str, Constraint]:
    """The coupling constraints by the names of their rows; refuses what cannot be taken apart."""
    if not isinstance(problem, cp.Problem):
        raise TypeError(f"problem must be a cvxpy.Problem, got {problem!r}")
    if not problem.is_dcp():
        raise ValueError(
            "the problem must be convex by cvxpy's rules, and problem.is_dcp() is False: "
            "blocks are solved to optimality, which needs convexity"
        )
    if not isinstance(coupling, list | tuple) or not coupling:
        raise ValueError(
            f"coupling must be a list of at least one constraint of the problem, got {coupling!r}"
        )
    found: dict[str, Constraint] = {}
    for constraint in coupling:
        numbers = [k for k, own in enumerate(problem.constraints) if own is constraint]
        if not numbers:
            raise ValueError(
                f"coupling names {str(constraint)!r}, which is none of the problem's "
                f"{len(problem.constraints)} constraints: keep the object, as in "
                "row = x + y <= 1; Problem(objective, [row, ...]); from_cvxpy(problem, [row])"
            )
        _require_affine(constraint)
        name = constraint.label or f"constraint {numbers[0]}"
        if name in found:
            raise ValueError(
                f"coupling has two rows called {name!r}: name each constraint once, and give "
                "constraints distinct labels"
            )
        found[name] = constraint
    return found


def _require_affine(constraint: Constraint) -> None:
    kinds = cp.constraints
    allowed = kinds.Equality | kinds.Inequality | kinds.Zero | kinds.NonNeg | kinds.NonPos
    if not isinstance(constraint, allowed) or not constraint.expr.is_affine():
        raise ValueError(
            f"the coupling constraint {str(constraint)!r} is not affine: a price times a row must "
            "split into a part for each block. Only affine ==, <= and >= can be relaxed; split "
            "others with auxiliary variables, or keep them local"
        )


def spread(constraint: Constraint, found: Sequence[Component]) -> Spread:
    """The constraint as a row; sets the values of its variables to zero."""
    sign = -1.0 if isinstance(constraint, cp.constraints.NonNeg) else 1.0
    matrices, constant = coefficients(constraint.expr)
    shape = constraint.shape or (1,)
    images = tuple(_image(component, matrices, sign, shape) for component in found)
    if all(image is None for image in images):
        raise ValueError(
            f"the coupling constraint {str(constraint)!r} has no variables left: drop it"
        )
    return Spread((-sign * constant).reshape(shape, order="F"), images)


def _image(
    component: Component, matrices: Mapping[int, Any], sign: float, shape: tuple[int, ...]
) -> Expression | None:
    terms = [
        (sign * matrices[v.id]) @ cp.vec(v, order="F")
        for v in component.variables
        if v.id in matrices and np.any(abs(matrices[v.id]).sum() > 0)
    ]
    return cp.reshape(sum(terms), shape, order="F") if terms else None
