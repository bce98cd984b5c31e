"""Methods as estimation problems: the minimizer, fixed point or zero lies at the origin.

Every parameter is rational. Rates that are known in closed form stand beside the method; they are
restated from the performance estimation literature and reproduced by ``claims``, not quoted as proved.
"""

from collections.abc import Sequence
from fractions import Fraction

from proofs_checks.pep.core import (
    Estimation,
    FunctionClass,
    Inequality,
    Known,
    Row,
    basis,
    square,
    value,
)

_ORIGIN = Known(Row(), Row())
_ONE = Fraction(1)


def _start(row: Row, radius2: Fraction = _ONE) -> Inequality:
    return Inequality("start", square(row), radius2)


def gradient(steps: int, step: Fraction, L: Fraction = _ONE) -> Estimation:
    """x ← x − h ∇f(x); f convex with L-Lipschitz gradient; f(x_N) − f* where ‖x_0 − x*‖ ≤ 1."""
    x = basis("x0")
    points = {"*": _ORIGIN}
    for k in range(steps + 1):
        points[str(k)] = Known(x, basis(f"g{k}"))
        x = x - step * basis(f"g{k}")
    return Estimation(
        f"gradient method, N = {steps}, h = {step}, L = {L}: f(x{steps}) - f(x*)",
        {"f": (FunctionClass(L=L), points)},
        [_start(basis("x0"))],
        value(f"f {steps}") - value("f *"),
    )


def gradient_rate(steps: int, L: Fraction = _ONE) -> Fraction:
    """L / (4N + 2) for h = 1/L."""
    return L / (4 * steps + 2)


def subgradient(steps: int, step: Fraction, best: bool = True) -> Estimation:
    """x ← x − h g; f convex, ‖g‖ ≤ 1, ‖x_0 − x*‖ ≤ 1; the best f(x_k) − f* of N + 1, or the last."""
    x = basis("x0")
    points = {"*": _ORIGIN}
    for k in range(steps + 1):
        points[str(k)] = Known(x, basis(f"g{k}"))
        x = x - step * basis(f"g{k}")
    assumptions = [_start(basis("x0"))]
    for k in range(steps + 1) if best else [steps]:
        gap = value(f"f {k}") - value("f *")
        assumptions.append(Inequality(f"best {k}", value("best") - gap))
    return Estimation(
        f"subgradient method, N = {steps}, h = {step}, |g| <= 1: "
        + (f"min over x0..x{steps} of f(x) - f(x*)" if best else f"f(x{steps}) - f(x*)"),
        {"f": (FunctionClass(lipschitz=_ONE), points)},
        assumptions,
        value("best"),
    )


def subgradient_rate(steps: int, step: Fraction) -> Fraction:
    """(1 + (N + 1) h²) / (2 (N + 1) h): least, 1/√(N+1), at h = 1/√(N+1)."""
    return (1 + (steps + 1) * step**2) / (2 * (steps + 1) * step)


def proximal_point(steps: Sequence[Fraction]) -> Estimation:
    """x⁺ = x − γ g(x⁺), f convex; f(x_N) − f* where ‖x_0 − x*‖ ≤ 1."""
    x, last = basis("x0"), len(steps)
    points = {"*": _ORIGIN}
    for k, step in enumerate(steps, 1):
        x = x - step * basis(f"g{k}")
        points[str(k)] = Known(x, basis(f"g{k}"))
    return Estimation(
        f"proximal point method, steps {', '.join(map(str, steps))}: f(x{last}) - f(x*)",
        {"f": (FunctionClass(), points)},
        [_start(basis("x0"))],
        value(f"f {last}") - value("f *"),
    )


def proximal_rate(steps: Sequence[Fraction]) -> Fraction:
    """1 / (4 Σ γ)."""
    return 1 / (4 * sum(steps, Fraction(0)))


def douglas_rachford(
    mu: Fraction, L: Fraction, step: Fraction, relaxation: Fraction = _ONE
) -> Estimation:
    """z = prox_{aG}(w), x = prox_{aF}(2z − w), w⁺ = w + θ(x − z); ‖w⁺ − w*‖² where ‖w − w*‖ ≤ 1.

    F is mu-strongly convex with L-Lipschitz gradient, G convex. ADMM with A = I, B = −I is this with
    a = 1/ρ, w = z + y/ρ. All is written as differences to the fixed point.
    """
    w, smooth, other = basis("w"), basis("gF"), basis("gG")
    z = w - step * other
    x = 2 * z - w - step * smooth
    return Estimation(
        f"Douglas-Rachford/ADMM, mu = {mu}, L = {L}, step {step}, relaxation {relaxation}: "
        "|w+ - w*|^2",
        {
            "F": (FunctionClass(mu, L, operator=True), {"*": _ORIGIN, "x": Known(x, smooth)}),
            "G": (FunctionClass(operator=True), {"*": _ORIGIN, "z": Known(z, other)}),
        },
        [_start(w)],
        square(w + relaxation * (x - z)),
    )


def douglas_rachford_rate(
    mu: Fraction, L: Fraction, step: Fraction, relaxation: Fraction = _ONE
) -> Fraction:
    """(|1 − θ/2| + θ/2 q)², q = max((aL − 1)/(aL + 1), (1 − a mu)/(1 + a mu))."""
    q = max((step * L - 1) / (step * L + 1), (1 - step * mu) / (1 + step * mu))
    return (abs(1 - relaxation / 2) + relaxation / 2 * q) ** 2


def monotone_proximal(steps: int) -> Estimation:
    """x⁺ = x − T(x⁺), T maximal monotone; ‖x_N − x_{N−1}‖² where ‖x_0 − x*‖ ≤ 1."""
    x = before = basis("x0")
    points = {"*": _ORIGIN}
    for k in range(1, steps + 1):
        before, x = x, x - basis(f"g{k}")
        points[str(k)] = Known(x, basis(f"g{k}"))
    return Estimation(
        f"proximal point method on a monotone operator, N = {steps}: |x{steps} - x{steps - 1}|^2",
        {"T": (FunctionClass(operator=True), points)},
        [_start(basis("x0"))],
        square(x - before),
    )


def monotone_rate(steps: int) -> Fraction:
    """(1 − 1/N)^(N−1) / N."""
    return (1 - Fraction(1, steps)) ** (steps - 1) / steps


def admm_energy(
    first_sweep: bool = False, relaxation: Fraction = _ONE, combined: bool = True
) -> Estimation:
    """One sweep of ADMM for F(x) + G(z), x = z, ρ = 1, as differences to a saddle point.

    V = ‖z‖² + ‖y‖². With y^k a subgradient of G at z^k, as after any sweep, maximizes
    V⁺ − V + ‖r⁺‖² + ‖z⁺ − z‖²; with ``first_sweep`` z^k and y^k are arbitrary and it maximizes
    V⁺ − V + ‖r⁺ + (z⁺ − z)‖². Both are ≤ 0 (other ρ: divide F and G by it). With a relaxation α ≠ 1
    it is ‖w⁺‖² − ‖w‖² + α(2 − α) ‖x⁺ − z‖², w = z + y; or, not ``combined``, the same with V for ‖w‖².
    """
    x, y, z, z_next = basis("x+"), basis("y"), basis("z"), basis("z+")
    slope = -1 * (y + x - z)  # the subgradient of F at x⁺
    y_next = y + relaxation * x + (1 - relaxation) * z - z_next  # that of G at z⁺
    of_g = {"*": _ORIGIN, "z+": Known(z_next, y_next)}
    if not first_sweep:
        of_g["z"] = Known(z, y)
    change = square(z_next) + square(y_next) - square(z) - square(y)
    if relaxation != 1:
        if combined:
            change = square(z_next + y_next) - square(z + y)
        gained = relaxation * (2 - relaxation) * square(x - z)
    elif first_sweep:
        gained = square(x - z)  # x⁺ − z = r⁺ + (z⁺ − z)
    else:
        gained = square(x - z_next) + square(z_next - z)
    what = "first sweep" if first_sweep else "later sweep"
    of = "w = z + y" if relaxation != 1 and combined else "(z, y)"
    kind = FunctionClass(operator=True)
    return Estimation(
        f"ADMM, {what}, relaxation {relaxation}: change of |{of}|^2 and what it must fall by",
        {"F": (kind, {"*": _ORIGIN, "x+": Known(x, slope)}), "G": (kind, of_g)},
        [Inequality("start", square(z) + square(y), _ONE)],
        change + gained,
    )
