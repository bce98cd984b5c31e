"""Polyak's step with a target: with the target q* no step leads away from any maximizer.

‖λ⁺ − λ*‖² ≤ ‖λ − λ*‖² for s = θ (q* − q(λ))/‖g‖², 0 ≤ θ ≤ 2 (``subgradient_rules``). A target above q*
makes steps that are too long near the maximizer; f* is one, where there is a duality gap.
"""

from fractions import Fraction
from itertools import pairwise
from typing import Any

from lagrange.falsifier import Falsifiable, Instance, Rule
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import finite_family, rules
from proofs_checks.finite import difference, dual_maximizer, multipliers_of, squared

ROUNDING = 1e-9  # the target is a float


def comes_nearer(instance: Instance, make: Any) -> Comparison:
    """‖λ⁺ − λ*‖² ≤ ‖λ − λ*‖² at every step; the worst of them."""
    problem = finite_family.problem_of(instance)
    best = dual_maximizer(problem)
    solver = Subgradient(make(float(problem.dual(best))))
    distances = [squared(difference(finite_family.start_of(instance), best))]
    distances += [
        squared(difference(multipliers_of(problem, new.multipliers), best))
        for _, new in finite_family.states(instance, solver)
    ]
    before, after = max(pairwise(distances), key=lambda pair: pair[1] - pair[0])
    return Comparison(after, before, "<=", error=ROUNDING * (1 + float(before)))


def script(instance: Instance) -> str:
    """Prints the squared distance to the maximizer, step by step."""
    problem = finite_family.problem_of(instance)
    best = dual_maximizer(problem)
    target = problem.dual(best)
    solver = f"Subgradient(rule({_quotient(target)}))  # the dual optimum"
    return f"""from lagrange import Subgradient
{finite_family.script(instance, solver)}
distances = []
for step in range({instance.iterations + 1}):
    moved = Fraction(float(state.multipliers["row"][0])) - Fraction({str(best[0])!r})  # a maximizer
    distances.append(float(moved**2))
    state = advance(state)
print("squared distances to the maximizer:", distances)
print("violated:", any(b > a * (1 + {ROUNDING}) + {ROUNDING} for a, b in zip(distances, distances[1:])))
"""


def _quotient(x: Fraction) -> str:
    return f"{x.numerator} / {x.denominator}"


POLYAK_TARGET = Falsifiable(
    "polyak-target",
    "no step of the subgradient method with this rule, told the dual optimum, leads away from a "
    "maximizer",
    "a function of the dual optimum → step rule, as lagrange.step_sizes.Polyak",
    Rule(Polyak, "from lagrange.step_sizes import Polyak as rule"),
    finite_family.FAMILY,
    rules.maker("dual optimum → step rule"),
    comes_nearer,
    script,
)
