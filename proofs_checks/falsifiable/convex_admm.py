"""The energy of convex ADMM: V⁺ ≤ V − ρ ‖r⁺‖² − ρ ‖Δ‖² (A1 in ``proofs_checks.admm_convex``).

admm-lyapunov-decrease        in every sweep. False in the first one, for a start with y ∉ ∂G(z).
admm-lyapunov-decrease-later  from the second sweep on. True of plain ADMM; not of the
                              over-relaxed, which has another energy.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from lagrange.solvers.admm import ADMM
from proofs_checks.admm_convex import energy_falls
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import admm_runs, rules
from proofs_checks.finite import Rationals
from proofs_checks.planted import Planted

FAMILY = Family(
    "lasso problems Σ h x²/2 − d x + weight ‖z‖₁ with a planted saddle point, any start",
    (
        Field("h", 0, 2),
        Field("z*", -2, 2),
        Field("y*/weight where z* = 0", -1, 1),
        Field("first z", -2, 2),
        Field("first y", -2, 2),
    ),
    (Field("rho", Fraction(1, 4), 4), Field("weight", 0, 2)),
    iterations=(1, 2, 3, 4, 5),
)


def planted(instance: Instance) -> Planted:
    """The problem with its saddle point."""
    weight = instance.scalars[1]
    prices = [
        weight * (t if z == 0 else Fraction(1 if z > 0 else -1)) for _, z, t, _, _ in instance.rows
    ]
    rows = instance.rows
    return Planted(tuple(r[0] for r in rows), weight, tuple(r[1] for r in rows), tuple(prices))


def start_of(instance: Instance) -> tuple[Rationals, Rationals, Rationals]:
    """x, z and y before the first sweep."""
    z = tuple(row[3] for row in instance.rows)
    return z, z, tuple(row[4] for row in instance.rows)


def energy_decreases(first: int) -> Callable[[Instance, Any], Comparison | None]:
    """A1 from sweep ``first`` on."""

    def check(instance: Instance, make: Any) -> Comparison | None:
        if instance.iterations <= first:
            return None
        problem, rho = planted(instance), instance.scalars[0]
        sweeps = admm_runs.sweeps(
            problem.split(), make, rho, start_of(instance), instance.iterations
        )
        return energy_falls(problem, sweeps, first)

    return check


def script(first: int) -> Callable[[Instance], str]:
    """Prints both sides of the inequality, sweep by sweep."""

    def write(instance: Instance) -> str:
        problem, rho = planted(instance), float(instance.scalars[0])
        h, d = admm_runs.floats(problem.curvature), admm_runs.floats(problem.linear)
        blocks = f"""from lagrange.oracles.closed_form import L1Norm
from lagrange.oracles.quadratic import QuadraticForm

first = QuadraticForm(np.diag({h}), -np.array({d}), {{"split": None}})
second = L1Norm({float(problem.weight)}, "split")
z_star, y_star = np.array({admm_runs.floats(problem.z)}), np.array({admm_runs.floats(problem.y)})
rho = {rho}"""
        return f"""{admm_runs.script(blocks, start_of(instance))}
def energy(s):  # V, of y and z = −image
    y, z = s.multipliers["split"] - y_star, -s.responses[1].image["split"] - z_star
    return y @ y / rho + rho * z @ z

violated = False
for k in range({instance.iterations}):
    old, state = state, sweep(state)
    move = state.responses[1].image["split"] - old.responses[1].image["split"]
    claimed = energy(old) - rho * (state.record.residual**2 + move @ move)
    print("sweep", k, "V =", energy(state), "claimed at most", claimed)
    violated |= bool(k >= {first} and energy(state) > claimed + 1e-9)
print("violated:", violated)
"""

    return write


def _claim(name: str, when: str, first: int) -> Falsifiable:
    return Falsifiable(
        name,
        f"‖y − y*‖²/ρ + ρ‖z − z*‖² falls by at least ρ‖r‖² + ρ‖Δz‖² in every sweep{when}",
        "a function ρ → solver of two blocks, as lagrange.ADMM",
        Rule(ADMM, admm_runs.LIBRARY),
        FAMILY,
        rules.maker("ρ → solver of two blocks"),
        energy_decreases(first),
        script(first),
    )


FROM_THE_FIRST = _claim("admm-lyapunov-decrease", "", 0)
FROM_THE_SECOND = _claim("admm-lyapunov-decrease-later", " from the second on", 1)
