"""Worst-case rates: solved, proved in rationals, attained by the solvers of this library.

P1  Gradient method, step 1/L: f(x_N) − f* ≤ L R²/(4N + 2).
P2  Subgradient method, step R/(M √(N + 1)): min_k f(x_k) − f* ≤ M R/√(N + 1). For the *last* iterate
    this is false: its worst case is 0.8839, 0.7214, 0.6008 at N = 1, 3, 6, not 0.7071, 0.5, 0.3780.
P3  Proximal point method: f(x_N) − f* ≤ R²/(4 Σ γ_k).
P4  Douglas–Rachford/ADMM with one mu-strongly convex function with L-Lipschitz gradient:
    ‖w⁺ − w*‖ ≤ (|1 − θ/2| + θ/2 q) ‖w − w*‖, q = max((aL − 1)/(aL + 1), (1 − a mu)/(1 + a mu)).
P5  Proximal point method on a monotone operator: ‖x_N − x_{N−1}‖² ≤ (1 − 1/N)^(N−1)/N R².
P6  One sweep of ADMM lowers the energy V = ‖z‖² + ‖y‖² (distances to a saddle point, ρ = 1) by
    ‖r⁺‖² + ‖z⁺ − z‖² where y ∈ ∂G(z), as after any sweep; from an arbitrary start only by
    ‖r⁺ + (z⁺ − z)‖², and the first statement is false there by as much as 2.
P7  The stored multipliers prove the bounds of P1 to P6 in rational arithmetic. Where a bound is
    irrational or its boundary does not let itself be rounded, a slightly larger one is proved and said
    to be one (``exact`` in the file).
P8  The bounds are attained by runs of ``Subgradient``, ``AugmentedLagrangian`` and ``ADMM``.

P9 and P10 are in ``fixed_points``.

P1 to P6 are decided by a semidefinite program to 1e-6 (Clarabel); P7 and P8 leave nothing to a solver,
above and below. The formulas are those of the performance estimation literature (the method: Y. Drori,
M. Teboulle, Math. Program. 145 (2014) 451–482); the authority here is the stored proof of each.
"""

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from fractions import Fraction
from functools import partial
from typing import Any

from proofs_checks.claims import Claim
from proofs_checks.comparison import Comparison
from proofs_checks.pep import artifacts, fixed_points, methods, worst_cases
from proofs_checks.pep.core import Estimation, worst_case
from proofs_checks.pep.proof_check import Refused, check
from proofs_checks.pep.rates import SDP_ERROR, SOURCE, mutants, rate
from proofs_checks.pep.rounding import proves


def gradient(steps: int, step: Fraction = Fraction(1), without: Sequence[str] = ()) -> Comparison:
    """P1, L = 1; ``step`` other than 1 is wrong."""
    return rate(methods.gradient(steps, step), methods.gradient_rate(steps), without)


def subgradient(steps: int, best: bool = True) -> Comparison:
    """P2; ``best`` = False speaks of the last iterate and is wrong."""
    step = Fraction(1 / math.sqrt(steps + 1))
    estimation = methods.subgradient(steps, step, best)
    return rate(estimation, methods.subgradient_rate(steps, step))


def proximal(
    steps: Sequence[Fraction],
    closed_form: Callable[[Sequence[Fraction]], Fraction] = methods.proximal_rate,
    without: Sequence[str] = (),
) -> Comparison:
    """P3."""
    return rate(methods.proximal_point(steps), closed_form(steps), without)


def splitting(
    *case: Fraction,
    closed_form: Callable[..., Fraction] = methods.douglas_rachford_rate,
    **options: Any,
) -> Comparison:
    """P4; case = (mu, L, a, θ)."""
    return rate(methods.douglas_rachford(*case), closed_form(*case), **options)


def unrelaxed_rate(mu: Fraction, L: Fraction, step: Fraction, relaxation: Fraction) -> Fraction:
    """Wrong: the rate of θ = 1 at any θ."""
    return methods.douglas_rachford_rate(mu, L, step)


def monotone(steps: int, without: Sequence[str] = ()) -> Comparison:
    """P5."""
    return rate(methods.monotone_proximal(steps), methods.monotone_rate(steps), without)


def energy(
    first_sweep: bool = False, relaxation: Fraction = Fraction(1), without: Sequence[str] = ()
) -> Comparison:
    """P6."""
    estimation = methods.admm_energy(first_sweep, relaxation)
    return Comparison(worst_case(estimation, without).value, 0, "<=", SDP_ERROR)


# ------------------------------------------------------------------ exact


def _same(proof: dict[str, Any]) -> dict[str, Any]:
    return proof


def proved(name: str, change: Callable[[dict[str, Any]], dict[str, Any]] = _same) -> Comparison:
    """P7: what the stored proof proves is the theorem. A proof that is refused proves infinity."""
    try:
        bound: Fraction | float = check(change(deepcopy(artifacts.load(name))))
    except Refused:
        bound = math.inf
    return Comparison(bound, artifacts.THEOREMS[name].bound, "<=")


def proved_by(
    estimation: Estimation, multipliers: dict[str, Fraction], bound: Fraction
) -> Comparison:
    """P7 for multipliers that are given."""
    found = proves(estimation, multipliers)
    return Comparison(math.inf if found is None else found, bound, "<=")


def attained(run: Callable[[], Comparison]) -> Comparison:
    """P8: the library's run has the worst-case value."""
    return run()


# ------------------------------------------------------------------ mutants, pinned

_ONE = Fraction(1)
_GD = methods.gradient(1, _ONE)
_HALVES = dict.fromkeys(("f * 0", "f * 1", "f 0 1"), Fraction(1, 2)) | {"start": Fraction(1, 6)}
_LOPSIDED = {  # the values cancel, the slack matrix has a negative eigenvalue
    "f 0 1": Fraction(2, 3),
    "f * 0": Fraction(2, 3),
    "f * 1": Fraction(1, 3),
    "start": Fraction(1, 6),
}
_PROXIMAL = (Fraction(1), Fraction(2))
_RELAXED = (Fraction(1), Fraction(4), Fraction(1, 2), Fraction(3, 2))
_PLAIN = (Fraction(1), Fraction(4), Fraction(1, 3), Fraction(1))


def _smaller_bound(proof: dict[str, Any]) -> dict[str, Any]:
    """Wrong: a better rate with the same multipliers."""
    less = str(Fraction(proof["bound"]) - Fraction(1, 1000))
    return proof | {"bound": less, "multipliers": proof["multipliers"] | {"start": less}}


def _negative(proof: dict[str, Any]) -> dict[str, Any]:
    """Wrong: a direction of the slack matrix with the other sign."""
    D = [str(-Fraction(v)) for v in proof["slack"]["D"]]
    return proof | {"slack": proof["slack"] | {"D": D}}


CLAIMS = (
    Claim(
        "P1",
        "gradient-rate",
        "f(x_N) − f* ≤ L R²/(4N + 2)",
        ("f convex with L-Lipschitz gradient", "step 1/L", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        gradient,
        mutants(
            lambda: gradient(1),
            without_the_inequality_from_x1_to_x0=lambda: gradient(1, without=["f 0 1"]),
            without_the_inequality_from_x1_to_the_minimizer=lambda: gradient(1, without=["f * 1"]),
            step_of_one_point_nine=lambda: gradient(1, Fraction(19, 10)),
        ),
    ),
    Claim(
        "P2",
        "subgradient-rate",
        "min_k f(x_k) − f* ≤ M R/√(N + 1)",
        ("f convex, ‖g‖ ≤ M", "step R/(M √(N + 1))", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        subgradient,
        mutants(lambda: subgradient(3), last_iterate=lambda: subgradient(3, best=False)),
    ),
    Claim(
        "P3",
        "proximal-point-rate",
        "f(x_N) − f* ≤ R²/(4 Σ γ_k)",
        ("f convex", "exact proximal steps", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        proximal,
        mutants(
            lambda: proximal(_PROXIMAL),
            twice_the_rate=lambda: proximal(_PROXIMAL, lambda g: 2 * methods.proximal_rate(g)),
            nothing_known_of_the_minimizer=lambda: proximal(_PROXIMAL, without=["f * 1", "f * 2"]),
        ),
    ),
    Claim(
        "P4",
        "splitting-rate",
        "‖w⁺ − w*‖ ≤ (|1 − θ/2| + θ/2 q) ‖w − w*‖",
        ("F mu-strongly convex with L-Lipschitz gradient, G convex", "exact answers", "0 < θ < 2"),
        SOURCE,
        splitting,
        mutants(
            lambda: splitting(*_RELAXED),
            rate_without_relaxation=lambda: splitting(*_RELAXED, closed_form=unrelaxed_rate),
            second_function_not_convex=lambda: splitting(*_RELAXED, without=["G * z"]),
        )
        + mutants(
            lambda: splitting(*_PLAIN),
            loosely_solved=lambda: splitting(*_PLAIN, solver="SCS", eps=1e-2),
        ),
    ),
    Claim(
        "P5",
        "monotone-rate",
        "‖x_N − x_{N−1}‖² ≤ (1 − 1/N)^(N−1)/N R²",
        ("T maximal monotone", "x⁺ = x − T(x⁺)", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        monotone,
        mutants(
            lambda: monotone(3), last_two_points_unrelated=lambda: monotone(3, without=["T 2 3"])
        ),
    ),
    Claim(
        "P6",
        "admm-energy-estimate",
        "V⁺ ≤ V − ‖r⁺‖² − ‖z⁺ − z‖² where y ∈ ∂G(z), V⁺ ≤ V − ‖r⁺ + (z⁺ − z)‖² everywhere",
        ("F, G convex with a saddle point", "exact answers", "x = z, ρ = 1"),
        "derived, by performance estimation",
        energy,
        mutants(energy, from_an_arbitrary_start=lambda: energy(without=["G z+ z"])),
    ),
    Claim(
        "P7",
        "exact-rates",
        "the stored rational multipliers prove the stored bounds",
        ("the inequalities of the class, which are necessary",),
        "derived; the proofs are in proofs_checks/pep/proofs",
        proved,
        mutants(
            partial(proved, "gradient-1"),
            bound_lowered_by_a_thousandth=lambda: proved("gradient-1", _smaller_bound),
            slack_of_the_other_sign=lambda: proved("gradient-1", _negative),
        )
        + mutants(
            lambda: proved_by(_GD, _HALVES, Fraction(1, 6)),
            lopsided_multipliers=lambda: proved_by(_GD, _LOPSIDED, Fraction(1, 6)),
        ),
    ),
    Claim(
        "P8",
        "rates-attained",
        "the solvers of this library attain the worst-case rates",
        ("steps and relaxation of the theorem", "the functions of worst_cases"),
        "derived (instances)",
        attained,
        mutants(
            lambda: attained(lambda: worst_cases.gradient_run(2)),
            half_the_step=lambda: attained(lambda: worst_cases.gradient_run(2, size=0.5)),
            start_too_near=lambda: attained(lambda: worst_cases.gradient_run(2, start=2.0)),
        )
        + mutants(
            lambda: attained(lambda: worst_cases.lines_run(2, (1.0, 1.0))),
            lines_at_another_angle=lambda: attained(lambda: worst_cases.lines_run(2, (2.0, 1.0))),
            relaxed=lambda: attained(lambda: worst_cases.lines_run(2, (1.0, 1.0), relaxation=1.5)),
        ),
    ),
    *fixed_points.CLAIMS,
)
