"""Fixed points of nonexpansive operators: the worst cases of two iterations.

N is nonexpansive if and only if T = (I − N)/2 satisfies ⟨Tx − Ty, x − y⟩ ≥ ‖Tx − Ty‖². With g = T(x),
N(x) = x − 2g, and ‖g‖² = ‖x − N(x)‖²/4 measures how far x is from a fixed point.

P9  Krasnosel'skii–Mann, x⁺ = (1 − γ) x + γ N(x), 1/2 ≤ γ ≤ (1 + √(n/(n + 1)))/2:
    ‖x_n − N(x_n)‖²/4 ≤ 1/(n + 1) · (n/(n + 1))^n / (4γ(1 − γ)) R².
P10 Halpern, x_{k+1} = x_0/(k + 2) + (1 − 1/(k + 2)) N(x_k): ‖x_n − N(x_n)‖² ≤ (2/(n + 1))² R². It
    begins anew at x_0 in every step and is faster by an order: 1/n² where P9 has 1/n.

Decided by a semidefinite program to 1e-6. The formulas are those of the performance estimation
literature, restated here; for a few n ``artifacts`` proves them in rationals, and ``worst_cases``
attains them: P9 at rotations, which are ADMM on two lines, P10 at N(x) = x − 2 clip(x, ±1/(n + 1)).
"""

from fractions import Fraction

from proofs_checks.claims import Claim
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.pep.core import Estimation, FunctionClass, Inequality, Known, Row, basis, square
from proofs_checks.pep.rates import SOURCE, mutants, rate

_ONE = Fraction(1)
_RADIUS = Inequality("start", square(basis("x0")), _ONE)


def _estimation(title: str, points: dict[str, Known], last: Row) -> Estimation:
    """‖g‖² at the last point; the fixed point is the origin."""
    known = {"*": Known(Row(), Row()), **points}
    halves = FunctionClass(L=_ONE, operator=True)
    return Estimation(title, {"T": (halves, known)}, [_RADIUS], square(last))


def averaged_iteration(steps: int, weight: Fraction) -> Estimation:
    """x⁺ = (1 − γ) x + γ N(x) = x − 2γ g; ‖x_n − N(x_n)‖²/4."""
    x, points = basis("x0"), dict[str, Known]()
    for k in range(steps + 1):
        points[str(k)] = Known(x, basis(f"g{k}"))
        x = x - 2 * weight * basis(f"g{k}")
    title = f"Krasnosel'skii-Mann, n = {steps}, weight {weight}: |x{steps} - N(x{steps})|^2 / 4"
    return _estimation(title, points, basis(f"g{steps}"))


def averaged_rate(steps: int, weight: Fraction) -> Fraction:
    """1/(n + 1) (n/(n + 1))^n / (4γ(1 − γ)). Raises HypothesisFails outside the range of γ."""
    share = Fraction(steps, steps + 1)
    if not (2 * weight >= 1 and (2 * weight - 1) ** 2 <= share):
        raise HypothesisFails(
            f"γ = {weight} does not lie in [1/2, (1 + √(n/(n+1)))/2], n = {steps}"
        )
    return (1 - share) * share**steps / (4 * weight * (1 - weight))


def anchored_iteration(steps: int, offset: int = 2) -> Estimation:
    """x_{k+1} = x_0/(k + 2) + (1 − 1/(k + 2)) N(x_k); ‖x_n − N(x_n)‖²/4. Another offset is wrong."""
    x, points = basis("x0"), dict[str, Known]()
    for k in range(steps + 1):
        points[str(k)] = Known(x, basis(f"g{k}"))
        share = Fraction(1, k + offset)
        x = share * basis("x0") + (1 - share) * (x - 2 * basis(f"g{k}"))
    title = f"Halpern, n = {steps}, x0/(k + {offset}): |x{steps} - N(x{steps})|^2 / 4"
    return _estimation(title, points, basis(f"g{steps}"))


def anchored_rate(steps: int) -> Fraction:
    """A quarter of (2/(n + 1))²."""
    return Fraction(1, (steps + 1) ** 2)


def averaged(
    steps: int, weight: Fraction, without: tuple[str, ...] = (), used: Fraction | None = None
) -> Comparison:
    """P9; ``used``: the weight of the iteration; another one than the formula's is wrong."""
    estimation = averaged_iteration(steps, weight if used is None else used)
    return rate(estimation, averaged_rate(steps, weight), without)


def anchored(steps: int, offset: int = 2, without: tuple[str, ...] = ()) -> Comparison:
    """P10."""
    return rate(anchored_iteration(steps, offset), anchored_rate(steps), without)


def plain(steps: int) -> Comparison:
    """Wrong: x⁺ = N(x) with the rate of Halpern; a rotation never comes nearer."""
    return rate(averaged_iteration(steps, _ONE), anchored_rate(steps))


_WEIGHT = Fraction(3, 4)

CLAIMS = (
    Claim(
        "P9",
        "averaged-fixed-point-rate",
        "‖x_n − N(x_n)‖²/4 ≤ 1/(n + 1) (n/(n + 1))^n / (4γ(1 − γ)) R²",
        ("N nonexpansive with a fixed point", "1/2 ≤ γ ≤ (1 + √(n/(n + 1)))/2", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        averaged,
        mutants(
            lambda: averaged(3, _WEIGHT),
            another_weight=lambda: averaged(3, _WEIGHT, used=Fraction(1, 2)),
            last_two_points_unrelated=lambda: averaged(3, _WEIGHT, without=("T 2 3",)),
            no_averaging=lambda: averaged(3, _WEIGHT, used=_ONE),
        ),
    ),
    Claim(
        "P10",
        "anchored-fixed-point-rate",
        "‖x_n − N(x_n)‖² ≤ (2/(n + 1))² R²",
        ("N nonexpansive with a fixed point", "weights 1/(k + 2)", "‖x_0 − x*‖ ≤ R"),
        SOURCE,
        anchored,
        mutants(
            lambda: anchored(3),
            weights_of_one_step_later=lambda: anchored(3, offset=3),
            last_two_points_unrelated=lambda: anchored(3, without=("T 2 3",)),
            no_anchor=lambda: plain(3),
        ),
    ),
)
