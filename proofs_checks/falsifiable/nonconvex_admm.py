"""ADMM with a quadratic and the set {−1, 1}ⁿ, in the order set → smooth → price.

nonconvex-admm-converges  for every ρ. False below the bound on ρ: a cycle of two sweeps with x ≠ z
                          (N3 in ``proofs_checks.admm_nonconvex``).
nonconvex-admm-descends   the augmented Lagrangian never rises from the second sweep on if ρ ≥ 2L (N2).
                          True in that order, not in the order smooth → set → price.

Cycles are constructed, not hoped for: where the set's answers alternate between z₁ and z₂, a sweep is
x⁺ = a x + (1 − a) z with a = h/(h + ρ) and y = d − h x throughout, so the cycle begins at
x = (a z₁ + z₂)/(1 + a). Whether the set answers like that is what the run shows.
"""

from fractions import Fraction
from typing import Any

from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from proofs_checks.admm_nonconvex import Setup, descent
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.exact_runs import Split
from proofs_checks.falsifiable import admm_runs, rules
from proofs_checks.finite import Rationals, difference, squared
from proofs_checks.quadratics import Turned, grid, nearest

CYCLES = Family(
    "Σ h x²/2 − d x over {−1, 1}ⁿ, started where a cycle of two sweeps would begin",
    (
        Field("h", 0, 3),
        Field("d", -2, 2),
        Field("first sign", 0, 1, whole=True),
        Field("second sign", 0, 1, whole=True),
    ),
    (Field("rho", Fraction(1, 8), 4),),
    iterations=(2, 3, 4, 5),
)
DESCENTS = Family(
    "Σ e x²/2 − d x over {−1, 1}ⁿ with ρ at least 2 max |e|, any start",
    (Field("e", -2, 2), Field("d", -3, 3), Field("first x", -2, 2), Field("first y", -3, 3)),
    (Field("rho / max |e|", 2, 4),),
    iterations=(2, 3, 4, 5),
)


def quadratic(eigenvalues: Rationals, linear: Rationals) -> Turned:
    """f along the axes."""
    n = len(linear)
    axes = tuple(tuple(Fraction(int(i == j)) for i in range(n)) for j in range(n))
    return Turned(eigenvalues, axes, linear)


def setup_of(f: Turned, x: Rationals, y: Rationals) -> Setup:
    """f with the set of signs; a tie goes to +1, as in the library that the script runs."""
    return Setup(f, nearest(grid((Fraction(1), Fraction(-1)), len(x))), x, y)


def run(setup: Setup, make: Any, rho: Fraction, count: int) -> Any:
    """Sweeps from where the set is answered by the projection of x."""
    split = Split(setup.f.prox, lambda v, _: setup.project(v))
    start = setup.x, setup.project(setup.x), setup.y
    return admm_runs.sweeps(split, make, rho, start, count)


# ------------------------------------------------------------------ cycles


def cycle_of(instance: Instance) -> Setup:
    """f, and x and y at which the cycle would begin."""
    rho, x, y = instance.scalars[0], list[Fraction](), list[Fraction]()
    for h, d, first, second in instance.rows:
        a = h / (h + rho)
        x.append((a * (2 * first - 1) + (2 * second - 1)) / (1 + a))
        y.append(d - h * x[-1])
    f = quadratic(tuple(r[0] for r in instance.rows), tuple(r[1] for r in instance.rows))
    return setup_of(f, tuple(x), tuple(y))


def does_not_cycle(instance: Instance, make: Any) -> Comparison:
    """A run that is back where it was after two sweeps has x = z in both of them.

    Where it is not back, the distance by which it misses is what the search makes small.
    """
    setup = cycle_of(instance)
    sweeps = run(setup, make, instance.scalars[0], 2)
    missed = squared(difference(sweeps[2].x, setup.x)) + squared(difference(sweeps[2].y, setup.y))
    if missed > 0:
        return Comparison(0, missed, "<=")
    return Comparison(min(squared(difference(s.x, s.z)) for s in sweeps[1:]), 0, "<=")


def _script(setup: Setup, rho: Fraction, first: str) -> str:
    blocks = f"""from lagrange.oracles.quadratic import QuadraticForm
from lagrange.oracles.set_block import SetBlock
from lagrange.sets import Codebook

e, d = np.array({admm_runs.floats(setup.f.eigenvalues)}), np.array({admm_runs.floats(setup.f.linear)})
{first}
second, rho = SetBlock.per_row({{"split": Codebook((-1.0, 1.0))}}), {float(rho)}"""
    return admm_runs.script(blocks, (setup.x, setup.project(setup.x), setup.y))


def cycle_script(instance: Instance) -> str:
    """Prints x and z over fifty cycles."""
    first = 'first = QuadraticForm(np.diag(e), -d, {"split": None})'
    return f"""{_script(cycle_of(instance), instance.scalars[0], first)}
lengths = []
for _ in range(100):
    state = sweep(state)
    lengths.append(state.record.residual)
print("|x - z| in the first sweeps:", lengths[:4], "after 100 sweeps:", lengths[-1])
print("violated:", min(lengths) > 1e-6 and abs(lengths[-1] - lengths[1]) < 1e-6)
"""


# ------------------------------------------------------------------ descent


def descent_of(instance: Instance) -> tuple[Setup, Fraction] | None:
    """The setup and ρ; None where f is linear, which has no scale for ρ."""
    e, d, x, y = zip(*instance.rows, strict=True)
    f = quadratic(e, d)
    if f.lipschitz == 0:
        return None
    return setup_of(f, x, y), instance.scalars[0] * f.lipschitz


def never_rises(instance: Instance, make: Any) -> Comparison | None:
    """AL⁺ ≤ AL from the second sweep on."""
    found = descent_of(instance)
    if found is None:
        return None
    setup, rho = found
    return descent(setup, run(setup, make, rho, instance.iterations), rho, Fraction(0))


def descent_script(instance: Instance) -> str:
    """Prints the augmented Lagrangian, sweep by sweep."""
    found = descent_of(instance)
    if found is None:
        raise HypothesisFails("f is linear")
    first = """
class Quadratic:  # e x²/2 − d x, e of any sign
    def respond(self, price, query, start):
        pulled = price["split"] + query.rho * query.offset["split"]
        return Response({"split": (d - pulled) / (e + query.rho)}, 0.0)

first = Quadratic()"""
    return f"""{_script(*found, first)}
values = []
for _ in range({instance.iterations}):
    state = sweep(state)
    x, y, r = (v["split"] for v in (state.responses[0].image, state.multipliers, state.residual))
    values.append(float(e @ x**2 / 2 - d @ x + y @ r + rho / 2 * r @ r))
print("augmented Lagrangian by sweep:", values)
print("violated:", any(b > a + 1e-9 * (1 + abs(a)) for a, b in zip(values, values[1:])))
"""


_RULE = Rule(admm_runs.set_first, admm_runs.LIBRARY_SET_FIRST)
_TAKES = "a function ρ → solver of two blocks: block 0 is the quadratic, block 1 the set"

CONVERGES = Falsifiable(
    "nonconvex-admm-converges",
    "ADMM on a quadratic and the set {−1, 1}ⁿ converges for every ρ: no cycle of two sweeps",
    _TAKES,
    _RULE,
    CYCLES,
    rules.maker("ρ → solver of two blocks"),
    does_not_cycle,
    cycle_script,
)
DESCENDS = Falsifiable(
    "nonconvex-admm-descends",
    "the augmented Lagrangian never rises from the second sweep on if ρ ≥ 2L",
    _TAKES,
    _RULE,
    DESCENTS,
    rules.maker("ρ → solver of two blocks"),
    never_rises,
    descent_script,
)
