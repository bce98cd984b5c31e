"""Bounds of the convex blocks against the exact minimum, in rationals or in 60 digits: no slack."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from lagrange.oracles.differences import DifferencesOf
from lagrange.oracles.network_flow import BalancedFlow, SharedCapacity
from lagrange.oracles.proximal import ElasticNet, HingeSum
from lagrange.oracles.quadratic import QuadraticForm
from lagrange.oracles.rounding import surely_below, tangent_loss
from lagrange.oracles.separable import BoxQuadratic, LogUtility
from lagrange.oracles.smooth import LogisticLoss
from problems.multicommodity import incidence_of
from tests.tolerances import EXACT

RUNS = 200
TIGHT = 1e-10  # relative to the sizes involved: a bound that is true but useless fails too


def rational(array) -> list[Fraction]:
    return [Fraction(e) for e in np.ravel(array).tolist()]


def check(bound: float, least: Fraction, size: float) -> None:
    assert Fraction(bound) <= least
    assert float(least) - bound <= TIGHT * (1 + size)


def scales(rng) -> float:
    return float(10.0 ** rng.integers(-6, 7))


def test_elastic_net():
    rng = np.random.default_rng(1)
    for _ in range(RUNS):
        weight, ridge = float(rng.random()), scales(rng)
        p = scales(rng) * rng.normal(size=6)
        bound = ElasticNet(weight, ridge, "x").respond({"x": p}, None, None).bound
        above = [max(abs(e) - Fraction(weight), Fraction(0)) for e in rational(p)]
        least = -sum(e * e for e in above) / (2 * Fraction(ridge))
        check(bound, least, float(-least))


def test_hinge_sum():
    rng = np.random.default_rng(2)
    for _ in range(RUNS):
        p = -0.7 * rng.random(9)
        bound = HingeSum(0.7, "x").respond({"x": p}, None, None).bound
        check(bound, -sum(rational(p)), 9.0)


def test_box_quadratic():
    rng = np.random.default_rng(3)
    for _ in range(RUNS):
        n = 5
        d = scales(rng) * rng.random(n) * (rng.random(n) < 0.7)
        q, p = scales(rng) * rng.normal(size=n), scales(rng) * rng.normal(size=n)
        low, high = -rng.random(n), scales(rng) * rng.random(n)
        bound = BoxQuadratic(d, q, low, high, "x", -1.0).respond({"x": p}, None, None).bound
        least, size = Fraction(0), 0.0
        for a, b, c, start, end in zip(*map(rational, (d, q, p, low, high)), strict=True):
            c = b - c
            x = start if c > 0 else end
            if a > 0:
                x = min(max(-c / a, start), end)
            least += a * x * x / 2 + c * x
            size += float(a * x * x + (abs(c) + abs(b)) * abs(x))
        check(bound, least, size)


@pytest.mark.parametrize("apart", [1.0, 1e-2, 1e-4, 1e-6])
def test_quadratic_form(apart):
    """Two variables, an identity and another map: the minimum is −½ ⟨c, P⁻¹ c⟩."""
    rng, proved = np.random.default_rng(4), 0
    for _ in range(RUNS):
        F = rng.normal(size=(2, 2))
        F[1] = F[0] + apart * F[1]
        P, M, q = F @ F.T, rng.normal(size=(3, 2)), rng.normal(size=2)
        P = (P + P.T) / 2
        prices = {"x": scales(rng) * rng.normal(size=2), "y": rng.normal(size=3)}
        bound = QuadraticForm(P, q, {"x": None, "y": M}).respond(prices, None, None).bound
        (a, b), (_, d) = ([Fraction(e) for e in row] for row in P.tolist())
        y = rational(prices["y"])
        c = [
            Fraction(float(q[j]))
            + rational(prices["x"])[j]
            + sum(Fraction(float(M[i, j])) * y[i] for i in range(3))
            for j in range(2)
        ]
        least = -(d * c[0] ** 2 - 2 * b * c[0] * c[1] + a * c[1] ** 2) / (a * d - b * b) / 2
        proved += np.isfinite(bound)
        assert bound == -np.inf or Fraction(bound) <= least
        if apart >= 1e-2:  # the certificate pays for the condition of P
            assert float(least) - bound <= TIGHT * np.linalg.cond(P) * (1 + float(-least))
    assert proved == RUNS if apart >= 1e-4 else proved > RUNS / 4  # else nearly singular: none


@pytest.mark.parametrize("shape", [(9,), (3, 4)])
def test_differences(shape):
    rng = np.random.default_rng(5)
    rows = ("x", "y")[: len(shape)]
    for _ in range(RUNS // 4):
        y = scales(rng) * rng.normal(size=shape)
        block = DifferencesOf(y, rows)
        prices = {
            n: scales(rng) * rng.normal(size=a.shape) for n, a in block.differences(y).items()
        }
        bound = block.respond(prices, None, None).bound
        slope = {index: Fraction(0) for index in np.ndindex(*shape)}
        for axis, row in enumerate(rows):
            for index in np.ndindex(*prices[row].shape):
                after = tuple(e + (a == axis) for a, e in enumerate(index))
                slope[after] += Fraction(float(prices[row][index]))
                slope[index] -= Fraction(float(prices[row][index]))
        least = sum((s * Fraction(float(y[i])) - s * s / 2 for i, s in slope.items()), Fraction(0))
        size = sum(abs(float(s) * float(y[i])) + float(s * s) for i, s in slope.items())
        check(bound, least, size)


def test_shared_capacity():
    rng = np.random.default_rng(6)
    for _ in range(RUNS):
        capacity, p = scales(rng) * rng.random(4), scales(rng) * rng.normal(size=(3, 4))
        bound = SharedCapacity(capacity, "x").respond({"x": p}, None, None).bound
        columns = [[Fraction(float(e)) for e in column] for column in p.T]
        least = -sum(
            Fraction(float(c)) * max(Fraction(0), *column)
            for c, column in zip(capacity, columns, strict=True)
        )
        check(bound, least, float(-least))


def test_balanced_flow():
    """One commodity on a triangle: flows are s + t (1, 1, 1), the best t is exact."""
    rng = np.random.default_rng(7)
    N = incidence_of([0, 1, 2], [1, 2, 0], 3)
    for _ in range(RUNS):
        base = rng.integers(-4, 5, size=3).astype(float)
        cost, p = rng.normal(size=3), scales(rng) * rng.normal(size=3)
        curvature = scales(rng)
        block = BalancedFlow(N, cost[None], (N @ base)[None], curvature, "x")
        bound = block.respond({"x": p[None]}, None, None).bound
        c = [a + b for a, b in zip(rational(cost), rational(p), strict=True)]
        s, w = rational(base), Fraction(curvature)
        t = -(sum(c) + w * sum(s)) / (3 * w)
        flow = [e + t for e in s]
        least = sum(a * e for a, e in zip(c, flow, strict=True)) + w * sum(e * e for e in flow) / 2
        size = float(
            sum(abs(a * e) for a, e in zip(c, flow, strict=True)) + w * sum(e * e for e in s)
        )
        size += float(sum(a * a for a in c) / w)
        check(bound, least, size)


def test_log_utility():
    rng = np.random.default_rng(8)
    for _ in range(RUNS):
        w, base, high = (scales(rng) * rng.uniform(0.1, 2, 4) for _ in range(3))
        p = scales(rng) * rng.normal(size=4)
        bound = LogUtility(w, base, high, "x").respond({"x": p}, None, None).bound
        with localcontext() as context:
            context.prec = 60
            least, size = Decimal(0), 0.0
            for a, b, h, c in zip(
                *(map(Decimal, e.tolist()) for e in (w, base, high, p)), strict=True
            ):
                x = min(max(a / c - b, Decimal(0)), h) if c > 0 else h
                least += c * x - a * (b + x).ln()
                size += float(abs(c * x) + a * (abs((b + x).ln()) + 1))
            assert Decimal(bound) <= least
            assert float(least - Decimal(bound)) <= TIGHT * (1 + size)


@pytest.mark.parametrize("tolerance", [1e-12, 1e-3])
def test_logistic_loss(tolerance):
    """One weight: Newton in 60 digits. A loose tolerance makes the bound weaker, never wrong."""
    rng = np.random.default_rng(9)
    gaps = []
    for _ in range(20):
        A, y = rng.normal(size=(5, 1)), np.where(rng.random(5) < 0.5, 1.0, -1.0)
        p, ridge = 3 * rng.normal(size=1), float(rng.uniform(0.1, 1))
        block = LogisticLoss(A, y, ridge, "x", tolerance=tolerance)
        bound = block.respond({"x": p}, None, None).bound
        with localcontext() as context:
            context.prec = 60
            K = [Decimal(float(e)) for e in (A[:, 0] * y)]
            r, c = Decimal(ridge), Decimal(float(p[0]))
            w = _newton(K, r, c, Decimal(float(block.respond({"x": p}, None, None).point[0])))
            least = sum(((-k * w).exp() + 1).ln() for k in K) + r * w * w / 2 + c * w
            assert Decimal(bound) <= least
            gaps.append(float(least - Decimal(bound)))
    assert max(gaps) <= 1e2 * max(tolerance**2, 1e-12)


def _newton(K: list[Decimal], ridge: Decimal, slope: Decimal, w: Decimal) -> Decimal:
    for _ in range(60):
        missed = [1 / ((k * w).exp() + 1) for k in K]
        g = ridge * w + slope - sum(k * s for k, s in zip(K, missed, strict=True))
        h = ridge + sum(k * k * s * (1 - s) for k, s in zip(K, missed, strict=True))
        w -= g / h
        if abs(g) < Decimal(10) ** -50:
            return w
    raise AssertionError("no convergence in 60 steps")


def test_a_tangent_loses_at_the_end_where_it_is_lowest():
    """Slopes 2, −2, 0 ± ½, and 3 towards an end at infinity on the side that does not matter."""
    slope, error = np.array([2.0, -2.0, 0.0, -3.0]), np.array([0.0, 0.0, 0.5, 0.0])
    low, high = np.array([0.0, 0.0, 0.0, -np.inf]), np.array([10.0, 10.0, 10.0, 1.5])
    loss = tangent_loss(slope, error, np.array([1.0, 1.0, 1.0, 1.0]), low, high)
    assert loss.tolist() == [2.0, 18.0, 4.5, 1.5]
    endless = tangent_loss(slope[:1], error[:1], np.ones(1), np.array([-np.inf]), high[:1])
    assert endless.tolist() == [np.inf]


def test_rounding_is_taken_off_on_the_right_side():
    """A sum in floats against the same sum in rationals, terms of very different sizes."""
    rng = np.random.default_rng(10)
    for _ in range(RUNS):
        terms = rng.normal(size=50) * 10.0 ** rng.integers(-8, 9, 50)
        value = float(np.add.reduce(terms))
        below = surely_below(value, float(np.abs(terms).sum()), 50)
        assert Fraction(below) <= sum(rational(terms)) < Fraction(below) + Fraction(1, 10**3)
    assert surely_below(float("inf"), 1.0, 1) == -np.inf
    assert surely_below(1.0, 1.0, 1, float("inf")) == -np.inf


def at_another_point(seed):
    """(name, what the block proves from a point that is no minimizer, the value of its minimizer)."""
    rng = np.random.default_rng(seed)
    price, wrong = rng.normal(size=3), rng.normal(size=3)
    P = np.diag([1.0, 2.0, 3.0])
    form, box = QuadraticForm(P, np.ones(3), {"x": None}), np.ones(3)
    signal = DifferencesOf(np.arange(4.0), ("x",))
    logistic = LogisticLoss(rng.normal(size=(6, 3)), np.array([1.0, -1.0] * 3), 0.4, "x")
    utility = LogUtility(box, box, 4 * box, "x")
    quadratic = BoxQuadratic(np.array([1.0, 0.0, 2.0]), 0 * box, -2 * box, 2 * box, "x")
    inside = 2 * rng.random(3)
    ring = BalancedFlow(
        incidence_of([0, 1, 2], [1, 2, 0], 3), np.ones((1, 3)), np.array([[1.0, 0, -1]]), 0.5, "x"
    )
    flow = price[None]
    answers = {
        "form": (form, price, form._bound(wrong, {"x": price})),
        "signal": (signal, price, signal._bound(rng.normal(size=4), {"x": price})),
        "logistic": (logistic, price, logistic._bound(wrong, price)),
        "utility": (utility, price, utility._bound(inside, price)),
        "box": (quadratic, price, quadratic._bound(inside, price, price)),
        "flow": (ring, flow, ring._bound(flow, wrong[None])),
    }
    for name, (block, p, bound) in answers.items():
        answer = block.respond({"x": p}, None, None)
        yield name, bound, answer.cost + float((p * answer.image["x"]).sum())


@pytest.mark.parametrize("seed", range(20))
def test_the_certificates_hold_at_any_point(seed):
    """They pay for the distance from the minimizer, which is not small here."""
    for name, bound, least in at_another_point(seed):
        assert np.isfinite(bound), name
        assert bound <= least + EXACT(float, 10, 10.0), name
