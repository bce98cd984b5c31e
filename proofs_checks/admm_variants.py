"""ADMM with relaxation, and with a ρ that changes.

Notation of ``admm_convex``; w = z + y/ρ, w* = z* + y*/ρ.

B1   Relaxed by α ∈ (0, 2), in every sweep but the first, which needs y ∈ ∂G(z):
     ‖w⁺ − w*‖² ≤ ‖w − w*‖² − α(2 − α) ‖x⁺ − z‖². Proof: z = prox_G(w), x⁺ = prox_F(2z − w) and
     w⁺ = w + α (x⁺ − z); the map w ↦ w + (x⁺ − z) is firmly nonexpansive (Douglas–Rachford).
     For α ≥ 1, V/ρ = ‖z − z*‖² + ‖y − y*‖²/ρ² falls as much: 2α times the monotonicity of ∂F between
     x⁺ and z*, plus 2(2 − α) and 2(α − 1) times that of ∂G between z, z⁺ and z* is that statement. For
     α < 1 the last multiplier is negative, and V can rise. A1 as it stands is false for α ≠ 1.
B2   At α = 2 nothing is left of B1: on two lines of the plane w turns for ever. For α < 2 the run
     converges there: a sweep multiplies w by a number of modulus |1 − α/2 + (α/2) exp(2iφ)| < 1.
B3   If ρ changes between sweeps, A1 holds in every sweep for V with the ρ *of that sweep*: y ∈ ∂G(z)
     does not contain ρ. V of different ρ are not comparable; and where u = y/ρ is stored in place of y,
     it must be rescaled when ρ changes, or y ∈ ∂G(z) is lost.
B4   ``ResidualBalancing`` changes ρ at most ``changes`` times, so that A1 with one ρ holds from the
     last change on. Without a cap nothing is proved, whether or not a run converges.

B1: J. Eckstein, D. P. Bertsekas, Math. Program. 55 (1992) 293–318, for w; V by performance estimation
(``pep/proofs/admm-energy-relaxed``). B3, B4: B. S. He, H. Yang, S. L. Wang, J. Optim. Theory Appl. 106
(2000) 337–356, for the setting. The proofs above are complete.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from lagrange.penalties import ResidualBalancing
from lagrange.penalties import Sweep as Seen
from lagrange.solvers.admm import ADMM
from proofs_checks.admm_convex import energy_falls
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.exact_runs import Sweep
from proofs_checks.finite import difference, rationals, squared
from proofs_checks.pep.worst_cases import ROW, Line, admm_states, two_lines
from proofs_checks.planted import Energy, Planted, Sweeps, energy, run, worst

# ------------------------------------------------------------------ B1, B2


def distance(instance: Planted, sweep: Sweep, rho: Fraction) -> Fraction:
    """‖w − w*‖²."""
    terms = zip(sweep.z, sweep.y, instance.z, instance.y, strict=True)
    return squared([z + y / rho - a - b / rho for z, y, a, b in terms])


def relaxed_distance_falls(
    instance: Planted,
    sweeps: Sweeps,
    relaxation: Fraction,
    first: int = 1,
    value: Energy = distance,
) -> Comparison:
    """B1: value⁺ ≤ value − α(2 − α) ‖x⁺ − z‖² with value = ‖w − w*‖²; V/ρ is right for α ≥ 1 only."""

    def pairs() -> Iterator[tuple[Fraction, Fraction]]:
        for old, new in list(pairwise(sweeps))[first:]:
            gain = relaxation * (2 - relaxation) * squared(difference(new.x, old.z))
            yield value(instance, new, new.rho), value(instance, old, new.rho) - gain

    return worst(pairs())


def energy_per_rho(instance: Planted, sweep: Sweep, rho: Fraction) -> Fraction:
    """V/ρ = ‖z − z*‖² + ‖y − y*‖²/ρ²; wrong for α < 1."""
    return energy(instance, sweep, rho) / rho


Direction = tuple[float, float]
FLAT_ANGLE: Direction = (0.955, 0.296)  # about 0.3


def two_lines_converge(
    relaxation: float, sweeps: int = 2000, direction: Direction = FLAT_ANGLE
) -> Comparison:
    """B2: ‖z‖ of the library's ADMM on two lines is at most 1e-6 after all sweeps from ‖w‖ = 1."""
    solver = ADMM(1.0, relaxation=relaxation)
    *_, last = admm_states(two_lines(direction), solver, np.array([0.0, 1.0]), 1.0, sweeps)
    second: Any = last.responses[1]
    z = second.point[ROW]
    return Comparison(float(np.linalg.norm(z)), 1e-6, "<=")


def reflections(sweeps: int = 2000, direction: Direction = FLAT_ANGLE) -> Comparison:
    """Wrong: α = 2, which the library refuses; the largest ‖z‖ of the last 100 sweeps."""
    lines = Line((1.0, 0.0)), Line(direction)
    w, lengths = np.array([0.0, 1.0]), list[float]()
    for _ in range(sweeps):
        z = lines[1].project(w)
        w = w + 2 * (lines[0].project(2 * z - w) - z)
        lengths.append(float(np.linalg.norm(z)))
    return Comparison(max(lengths[-100:]), 1e-6, "<=")


# ------------------------------------------------------------------ B3, B4


@dataclass(frozen=True)
class Doubling:
    """A rule that doubles ρ after the sweeps named, for tests of what a change does."""

    first: Fraction
    after: frozenset[int]

    def init(self) -> tuple[Any, None]:
        """The first ρ."""
        return self.first, None

    def next(self, now: Seen, memory: None) -> tuple[Any, None]:
        """ρ of the next sweep."""
        return now.rho * (2 if now.step in self.after else 1), None


def falls_while_rho_changes(
    instance: Planted, sweeps: Sweeps, value: Energy = energy
) -> Comparison:
    """B3: A1 in every sweep, each with V of its own ρ; another ``value`` is wrong."""
    return energy_falls(instance, sweeps, value=value)


def energy_as_recorded(instance: Planted, sweep: Sweep, rho: Fraction) -> Fraction:
    """Wrong: V with the ρ of the sweep that led here, compared from sweep to sweep."""
    return energy(instance, sweep, sweep.rho)


def changing(count: int, change: int, rescaled: bool = True) -> Sweeps:
    """ρ doubles after ``change`` sweeps; if not ``rescaled``, u = y/ρ is kept, so that y doubles."""
    if rescaled:
        return run(_TINY, Doubling(_RHO, frozenset({change})), *_FROM, count)
    before = run(_TINY, _RHO, *_FROM, change)
    _, z, y, _ = before[-1]
    return [*before, *run(_TINY, 2 * _RHO, z, tuple(2 * v for v in y), count - change)[1:]]


@dataclass(frozen=True)
class Uncapped(ResidualBalancing):
    """Wrong: never counts its changes."""

    def next(self, now: Seen, memory: int) -> tuple[float, int]:
        """ρ of the next sweep, and the count as it was."""
        return super().next(now, memory)[0], memory


def changes_of_rho(rule: ResidualBalancing, sweeps: int = 100) -> Comparison:
    """B4: how often ρ changes in a run of the library's ADMM on two lines; at most ``rule.changes``."""
    states = admm_states(two_lines((2.0, 1.0)), ADMM(rule), np.array([0.0, 1.0]), 1.0, sweeps)
    rhos = [state.memory.rho for state in states]
    return Comparison(sum(a != b for a, b in pairwise(rhos)), rule.changes, "<=")


# ------------------------------------------------------------------ mutants, pinned

_TINY = Planted(rationals(0), Fraction(1), rationals(1), rationals(1))
_RHO = Fraction(1)
_FROM = (rationals(0), rationals(0))
_EAGER: dict[str, Any] = {"first": 1.0, "ratio": 1.01, "every": 1, "changes": 5}


_LINEAR = Planted(rationals(0), Fraction(1), rationals(0), rationals(1))
_BOWL = Planted(rationals(1), Fraction(1), rationals(0), rationals(0))
_FAST, _SLOW = Fraction(7, 4), Fraction(1, 2)


def _linear() -> Sweeps:
    return run(_LINEAR, Fraction(1), rationals(-1), rationals(0), 4, relaxation=_FAST)


def _bowl() -> Sweeps:
    return run(_BOWL, Fraction(1), rationals(2), rationals(0), 4, relaxation=_SLOW)


CLAIMS = (
    Claim(
        "B1",
        "relaxed-distance",
        "‖w⁺ − w*‖² ≤ ‖w − w*‖² − α(2 − α) ‖x⁺ − z‖², w = z + y/ρ, from the second sweep on",
        ("F, G convex with a saddle point", "exact answers", "0 < α < 2"),
        "derived; J. Eckstein, D. P. Bertsekas, Math. Program. 55 (1992) 293–318",
        relaxed_distance_falls,
        (
            Mutant(
                "V at α = 1/2",
                lambda: relaxed_distance_falls(_BOWL, _bowl(), _SLOW, value=energy_per_rho),
                lambda: relaxed_distance_falls(_BOWL, _bowl(), _SLOW),
            ),
            Mutant(
                "A1 at α = 7/4",
                lambda: energy_falls(_LINEAR, _linear()),
                lambda: relaxed_distance_falls(_LINEAR, _linear(), _FAST),
            ),
        ),
    ),
    Claim(
        "B2",
        "relaxation-below-two",
        "ADMM on two lines converges for α < 2",
        ("the lines cross at an angle", "exact answers"),
        "derived (an instance)",
        two_lines_converge,
        (Mutant("α = 2", reflections, lambda: two_lines_converge(1.9)),),
    ),
    Claim(
        "B3",
        "energy-while-rho-changes",
        "A1 in every sweep for V with the ρ of that sweep",
        ("as A1", "y is kept when ρ changes"),
        "derived",
        falls_while_rho_changes,
        (
            Mutant(
                "u = y/ρ not rescaled",
                lambda: falls_while_rho_changes(_TINY, changing(6, 2, rescaled=False)),
                lambda: falls_while_rho_changes(_TINY, changing(6, 2)),
            ),
            Mutant(
                "V of different ρ compared",
                lambda: falls_while_rho_changes(_TINY, changing(6, 2), energy_as_recorded),
                lambda: falls_while_rho_changes(_TINY, changing(6, 2)),
            ),
        ),
    ),
    Claim(
        "B4",
        "finitely-many-changes",
        "residual balancing changes ρ at most as often as it may",
        (),
        "B. S. He, H. Yang, S. L. Wang, J. Optim. Theory Appl. 106 (2000) 337–356",
        changes_of_rho,
        (
            Mutant(
                "no cap",
                lambda: changes_of_rho(Uncapped(**_EAGER)),
                lambda: changes_of_rho(ResidualBalancing(**_EAGER)),
            ),
        ),
    ),
)
