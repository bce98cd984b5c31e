"""Lower bounds of dual solvers on finite problems, against the optimum.

bound-below-optimum        what a solver records as ``lower_bound`` is at most f*: weak duality. True of
                           every solver that leaves its bounds to ``lagrange.bounds``.
surrogate-value-is-bound   so is L(x, λ), which it records as ``lagrangian``. False as soon as x does
                           not minimize L(·, λ): see S2 in ``proofs_checks.surrogate_values``.
"""

import math
from collections.abc import Callable
from typing import Any

from lagrange.falsifier import Falsifiable, Instance, Rule
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import Constant
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import finite_family, rules

SURROGATE = Rule(
    SurrogateLagrangian(Constant(1.0), sweep_every=2),
    "from lagrange import SurrogateLagrangian\nfrom lagrange.step_sizes import Constant\n\n"
    "rule = SurrogateLagrangian(Constant(1.0), sweep_every=2)",
)


def is_below_optimum(field: str) -> Callable[[Instance, Any], Comparison | None]:
    """The largest value of a field of the records is at most f*; NaN says nothing."""

    def check(instance: Instance, solver: Any) -> Comparison | None:
        values = [getattr(new.record, field) for _, new in finite_family.states(instance, solver)]
        claimed = [v for v in values if not math.isnan(v)]
        if not claimed or max(claimed) == -math.inf:
            return None
        optimum = finite_family.problem_of(instance).optimum()
        return Comparison(max(claimed), optimum, "<=")

    return check


def script(field: str) -> Callable[[Instance], str]:
    """Prints the field step by step, then the optimum by brute force."""

    def write(instance: Instance) -> str:
        problem = finite_family.problem_of(instance)
        sign = "<=" if problem.inequality[0] else "=="
        return f"""{finite_family.script(instance, "rule() if isinstance(rule, type) else rule")}
values = []
for step in range({instance.iterations}):
    state = advance(state)
    values.append(state.record.{field})
points = [[sum(v) for v in zip(*x)] for x in product(*choices)]
optimum = min(cost for cost, use in points if use {sign} {problem.rhs[0]})
print("{field} by step:", values, "optimum:", optimum)
print("violated:", any(Fraction(v) > optimum for v in values if abs(v) < float("inf")))
"""

    return write


def _claim(name: str, statement: str, field: str) -> Falsifiable:
    return Falsifiable(
        name,
        statement,
        "a solver of the dual (or a class of it that needs no settings)",
        SURROGATE,
        finite_family.FAMILY,
        rules.solver,
        is_below_optimum(field),
        script(field),
    )


BOUND = _claim(
    "bound-below-optimum",
    "every lower bound that the solver records is at most the optimum",
    "lower_bound",
)
SURROGATE_VALUE = _claim(
    "surrogate-value-is-bound",
    "every Lagrangian value that the solver records is at most the optimum",
    "lagrangian",
)
