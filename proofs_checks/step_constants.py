"""The surrogate contraction schedule: what it fixes, and which constants M and r are of use.

    s_k ‖g_k‖ = α_k s_{k−1} ‖g_{k−1}‖,   α_k = 1 − 1/(M k^p),   p = 1 − 1/k^r,   k ≥ 1

Write δ_k = 1 − α_k = k^(k^−r) / (M k), Π_K = Π_{k≤K} α_k, and travel T_K = Σ_{k≤K} Π_k in units of the
first step.

R4   is the definition of s_k, read backwards: the *length* of a step is a schedule fixed in advance.
     It holds for the step before projection and for the norm of all rows stacked.
R5a  k^(k^−r) ≥ 1, so δ_k ≥ 1/(M k); with ln(1 − δ) ≤ −δ and Σ_{k≤K} 1/k ≥ ln(K + 1):
     Π_K ≤ (K + 1)^(−1/M). So Π_K → 0 for all M > 1, r > 0.
R5b  For r > 0, k^(k^−r) = exp(ln k / k^r) → 1 and Σ (k^(k^−r) − 1)/k < ∞, so for M > 1
     Π_K = C K^(−1/M) (1 + o(1)), C > 0. If ‖g‖ stays between two positive numbers, (1 − α_K)/s_K is
     of the order δ_K / Π_K ~ K^(1/M − 1), which falls to zero. At M = 1, α_1 = 0 ends all motion; at
     r = 0, α is constant and δ_K / Π_K grows geometrically; with a constant exponent p < 1,
     δ_k = k^(−p)/M, −ln Π_K is at least of the order K^(1−p) and δ_K / Π_K grows in the end.
R5c  ‖λ_{K+1} − λ_0‖ ≤ d_0 (1 + T_K), the triangle inequality (P does not lengthen a step). Constants
     that pass R5b in the limit can still freeze, because C can be tiny. Travel is what tells.

    M, r      Π at 10^6   δ/Π at 10^6   T at 10^6     verdict
    2, 0.5    3.4e-5      1.5e-2        73            valid
    2, 1      3.0e-4      1.7e-3        604           valid
    2, 3      5.4e-4      9.3e-4        1.1e3         valid
    50, 0.3   0.54        4.6e-8        5.5e5         valid, practical
    1.5, 0.1  3e-104      7e98          0.547         valid in the limit, frozen
    5, 0.05   5e-330      4e325         4.70          valid in the limit, frozen
    M = 1     0                         0             refused
    r = 0                               M − 1         refused

The table is our own computation (logs throughout: the products underflow). The schedule is from
M. A. Bragin, P. B. Luh, J. H. Yan, N. Yu, G. A. Stern, J. Optim. Theory Appl. 164 (2015) 173–201; the
range of M and r printed there could not be read, the range used here is what R5 proves.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np

from lagrange import contraction
from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import squared

SOURCE = "M. A. Bragin et al., J. Optim. Theory Appl. 164 (2015) 173–201"

# ------------------------------------------------------------------ R4

Rows = tuple[tuple[int, ...], ...]  # one residual: named rows of entries, as layers of a network


class Leg(NamedTuple):
    """A step size and the residual it multiplied."""

    step: Fraction
    residual: Rows


def stacked_norm(rows: Rows) -> Fraction:
    """‖g‖ of all rows stacked, where it is rational."""
    total = squared([v for row in rows for v in row])
    root = Fraction(math.isqrt(total.numerator), math.isqrt(total.denominator))
    if root * root != total:
        raise HypothesisFails(f"the norm of {rows} is not rational")
    return root


def sum_of_norms(rows: Rows) -> Fraction:
    """Wrong: the norms of the rows added up."""
    return sum((stacked_norm((row,)) for row in rows), Fraction(0))


Rule = Callable[[Fraction, Leg, Rows], Fraction]


def contraction_step(
    alpha: Fraction, last: Leg, residual: Rows, norm: Callable[[Rows], Fraction] = stacked_norm
) -> Fraction:
    """s_k = α_k s_{k−1} ‖g_{k−1}‖ / ‖g_k‖."""
    return alpha * last.step * norm(last.residual) / norm(residual)


def aliased_step(alpha: Fraction, last: Leg, residual: Rows) -> Fraction:
    """Wrong: the last residual was kept by reference and has become the new one."""
    return contraction_step(alpha, Leg(last.step, residual), residual)


def layer_sum_step(alpha: Fraction, last: Leg, residual: Rows) -> Fraction:
    """Wrong: a sum of norms over layers in place of the norm."""
    return contraction_step(alpha, last, residual, sum_of_norms)


def consecutive_shrink(
    alpha: Fraction, last: Leg, residual: Rows, rule: Rule = contraction_step
) -> Comparison:
    """R4: ‖s_k g_k‖² = α_k² ‖s_{k−1} g_{k−1}‖²."""
    if not (any(v for row in residual for v in row) and alpha > 0):
        raise HypothesisFails(f"g = {residual} must not vanish and α = {alpha} must be > 0")
    step = rule(alpha, last, residual)
    before = last.step**2 * squared([v for row in last.residual for v in row])
    after = step**2 * squared([v for row in residual for v in row])
    return Comparison(after, alpha**2 * before, "==")


# ------------------------------------------------------------------ R5


class Schedule(Protocol):
    """A schedule α_k by its logarithms."""

    def log_decrement(self, k: int) -> float: ...
    def log_product(self, moves: int) -> float: ...
    def log_products(self, moves: int) -> Any: ...


@dataclass(frozen=True)
class Contraction:
    """α_k = 1 − 1/(M k^p), p = 1 − 1/k^r, as the library computes it. Any M, r: nothing is refused."""

    M: float
    r: float

    def log_decrement(self, k: int) -> float:
        """ln (1 − α_k)."""
        return math.log(contraction.decrement(k, self.r) / self.M)

    def log_product(self, moves: int) -> float:
        """ln Π_K by the library; −inf where a factor is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return contraction.log_product(moves, self.M, self.r)

    def log_products(self, moves: int) -> Any:
        """ln Π_k for k = 1..K, from δ_k = k^(k^−r) / (M k)."""  # (K,)
        k = np.arange(1, moves + 1, dtype=np.float64)
        return _log_products(k ** (k**-self.r) / (self.M * k))


@dataclass(frozen=True)
class ConstantExponent:
    """Wrong: α_k = 1 − 1/(M k^p) with one p < 1 for all k."""

    M: float
    p: float

    def log_decrement(self, k: int) -> float:
        """ln (1 − α_k)."""
        return -self.p * math.log(k) - math.log(self.M)

    def log_product(self, moves: int) -> float:
        """ln Π_K."""
        return float(self.log_products(moves)[-1])

    def log_products(self, moves: int) -> Any:
        """ln Π_k for k = 1..K."""
        return _log_products(np.arange(1, moves + 1, dtype=np.float64) ** -self.p / self.M)


def _log_products(decrements: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.cumsum(np.log1p(-decrements))


def log_ratio(schedule: Schedule, moves: int) -> float:
    """ln (δ_K / Π_K)."""
    return schedule.log_decrement(moves) - schedule.log_product(moves)


def travel(schedule: Schedule, moves: int) -> float:
    """T_K, in units of the first step, which it leaves out."""
    return float(np.exp(schedule.log_products(moves)).sum())


def decays_at_least(schedule: Schedule, M: float, moves: int) -> Comparison:
    """R5a: ln Π_K ≤ −ln(K + 1)/M."""
    return Comparison(schedule.log_product(moves), -math.log(moves + 1) / M, "<=")


def ratio_falls(schedule: Schedule, moves: int) -> Comparison:
    """R5b at a horizon: δ/Π is smaller at 2K than at K."""
    return Comparison(log_ratio(schedule, 2 * moves), log_ratio(schedule, moves), "<=")


def reaches(schedule: Schedule, distance: float, moves: int) -> Comparison:
    """R5c: a distance, in first steps, that can be covered by the first step and K more."""
    return Comparison(distance, 1 + travel(schedule, moves), "<=")


# ------------------------------------------------------------------ mutants, pinned

_LAST, _NEXT = Leg(Fraction(1, 2), ((3, 4), (0,))), ((5,), (12,))
_SHRINK = Fraction(2, 3)
_GOOD = Contraction(2, 0.5)


@dataclass(frozen=True)
class WrongSign(Contraction):
    """Wrong: p = 1 + 1/k^r."""

    def log_product(self, moves: int) -> float:
        """ln Π_K."""
        k = np.arange(1, moves + 1, dtype=np.float64)
        return float(_log_products(k ** -(1 + k**-self.r) / self.M)[-1])


def _refused(name: str, schedule: Schedule) -> Mutant:
    return Mutant(name, lambda: ratio_falls(schedule, 10**5), lambda: ratio_falls(_GOOD, 10**5))


def _rules(*named: tuple[str, Rule]) -> Sequence[Mutant]:
    return [
        Mutant(
            name,
            lambda rule=rule: consecutive_shrink(_SHRINK, _LAST, _NEXT, rule),
            lambda: consecutive_shrink(_SHRINK, _LAST, _NEXT),
        )
        for name, rule in named
    ]


CLAIMS = (
    Claim(
        "R4",
        "step-length-schedule",
        "s_k ‖g_k‖ = α_k s_{k−1} ‖g_{k−1}‖",
        ("g_k ≠ 0", "lengths before projection"),
        f"derived from the step rule of {SOURCE}",
        consecutive_shrink,
        (
            *_rules(
                ("last residual kept by reference", aliased_step),
                ("sum of layer norms", layer_sum_step),
            ),
        ),
    ),
    Claim(
        "R5a",
        "product-decay",
        "Π_K ≤ (K + 1)^(−1/M)",
        ("M > 1", "r > 0"),
        "derived",
        decays_at_least,
        (
            Mutant(
                "sign in the exponent",
                lambda: decays_at_least(WrongSign(50, 0.3), 50, 1000),
                lambda: decays_at_least(Contraction(50, 0.3), 50, 1000),
            ),
        ),
    ),
    Claim(
        "R5b",
        "step-ratio-vanishes",
        "(1 − α_K)/s_K → 0",
        ("M > 1", "r > 0", "0 < inf ‖g‖, sup ‖g‖ < ∞"),
        "derived",
        ratio_falls,
        (
            _refused("M = 1", Contraction(1, 0.5)),
            _refused("r = 0", Contraction(2, 0)),
            _refused("constant exponent", ConstantExponent(2, 0.5)),
        ),
    ),
    Claim(
        "R5c",
        "travel",
        "‖λ_{K+1} − λ_0‖ ≤ d_0 (1 + T_K)",
        ("the step rule of R4",),
        "derived",
        reaches,
        (
            Mutant(
                "frozen travel",
                lambda: reaches(Contraction(1.5, 0.1), 2, 10**6),
                lambda: reaches(_GOOD, 2, 10**6),
            ),
        ),
    ),
)
