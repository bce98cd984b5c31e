"""Bounds of conic programs against minima that are known, from any x and z at all."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.conic_bound import dual_member, proved_bound
from lagrange.oracles.conic_program import Cones, ConicProgram, as_triplets
from lagrange.oracles.sparse import SparseMatrix

NOISE = (0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1.0)


def program(A: Any, b: Any, cones: Cones, P: Any = None) -> ConicProgram:
    A = np.asarray(A, dtype=float)
    n = A.shape[1]
    quadratic = SparseMatrix.empty(n, n) if P is None else as_triplets(np.asarray(P, dtype=float))
    return ConicProgram(quadratic, as_triplets(A), np.asarray(b, dtype=float), cones)


def exact_least(cost: list[Fraction], weight: list[Fraction], capacity: Fraction) -> Fraction:
    """min ⟨c, x⟩ over 0 ≤ x ≤ 1, ⟨w, x⟩ ≤ capacity: what pays most for its weight goes in first."""
    least, left = Fraction(0), capacity
    paying = [(c, w) for c, w in zip(cost, weight, strict=True) if c < 0]
    for c, w in sorted(paying, key=lambda item: item[0] / item[1]):
        part = min(Fraction(1), left / w)
        least, left = least + part * c, left - part * w
    return least


@pytest.mark.parametrize("noise", NOISE)
def test_linear_programs_in_rational_numbers(noise):
    rng = np.random.default_rng(0)
    for _ in range(20):
        n = 5
        q, w, capacity = rng.normal(size=n), rng.uniform(0.5, 2, n), 2.0
        data = program(
            np.vstack([np.eye(n), -np.eye(n), w]),
            np.concatenate([np.ones(n), np.zeros(n), [capacity]]),
            Cones(0, 2 * n + 1),
        )
        exact = exact_least(*([Fraction(v) for v in a] for a in (q, w)), Fraction(capacity))
        price = best_price(q, w, capacity)
        reduced = q + price * w
        z = np.concatenate([np.maximum(-reduced, 0), np.maximum(reduced, 0), [price]])
        z += noise * rng.normal(size=z.size)
        bound = proved_bound(data, q, 0.0, rng.uniform(size=n), z)
        assert Fraction(bound) <= exact
        assert float(exact) - bound <= 1e-12 + 100 * noise


def best_price(q: FloatArray, w: FloatArray, capacity: float) -> float:
    """The multiplier of the capacity: the dual function is concave and bends at the ratios."""
    prices = [0.0, *np.maximum(-q / w, 0.0).tolist()]
    return max(prices, key=lambda t: float(np.minimum(q + t * w, 0).sum()) - t * capacity)


@pytest.mark.parametrize("noise", NOISE)
def test_balls(noise):
    """min ⟨q, x⟩ over ‖x‖ ≤ 1 is −‖q‖ at −q/‖q‖, with z = (‖q‖, q)."""
    rng = np.random.default_rng(1)
    n = 4
    A, b = np.vstack([np.zeros(n), -np.eye(n)]), np.eye(n + 1)[0]
    for _ in range(20):
        q = rng.normal(size=n)
        length = float(np.linalg.norm(q))
        x, z = -q / length, np.append(length, q)
        x, z = x + noise * rng.normal(size=n), z + noise * rng.normal(size=n + 1)
        bound = proved_bound(program(A, b, Cones(0, 0, (n + 1,))), q, 2.0, x, z)
        assert bound <= 2 - length + 1e-15
        assert 2 - length - bound <= 1e-12 + 50 * noise


@pytest.mark.parametrize("noise", NOISE)
def test_least_eigenvalues(noise):
    """min ⟨C, X⟩ over trace X = 1, X ⪰ 0 is the least eigenvalue of C."""
    rng = np.random.default_rng(2)
    rows, scale = upper_triangle(3)
    A = np.vstack([[1.0 * (i == j) for i, j in rows], -np.diag(scale)])
    b = np.append(1.0, np.zeros(6))
    for _ in range(20):
        C = rng.normal(size=(3, 3))
        C = C + C.T
        least, vectors = np.linalg.eigh(C)
        q = np.array([C[i, j] * (1 if i == j else 2) for i, j in rows])
        x = np.array([vectors[i, 0] * vectors[j, 0] for i, j in rows])
        S = C - least[0] * np.eye(3)
        z = np.append(-least[0], [S[i, j] * s for (i, j), s in zip(rows, scale, strict=True)])
        x, z = x + noise * rng.normal(size=6), z + noise * rng.normal(size=7)
        bound = proved_bound(program(A, b, Cones(1, 0, (), (3,))), q, 0.0, x, z)
        assert bound <= least[0] + 1e-14
        assert least[0] - bound <= 1e-12 + 100 * noise


def upper_triangle(order: int) -> tuple[list[tuple[int, int]], FloatArray]:
    """Places column by column, and √2 off the diagonal."""
    rows = [(i, j) for j in range(order) for i in range(j + 1)]
    return rows, np.array([1.0 if i == j else math.sqrt(2) for i, j in rows])


@pytest.mark.parametrize("noise", NOISE)
def test_exponentials(noise):
    """min t + ⟨q, x⟩ over e^x ≤ t, |x| ≤ 1: t is bounded by the objective alone."""
    rng = np.random.default_rng(3)
    A = np.array([[1.0, 0], [-1, 0], [-1, 0], [0, 0], [0, -1]])
    b = np.array([1.0, 1, 0, 1, 0])
    data = program(A, b, Cones(0, 2, (), (), 1))
    for _ in range(20):
        q = float(rng.uniform(-2, 0))
        x = min(math.log(-q), 1.0)
        least = math.exp(x) + q * x
        over = max(-q - math.e, 0.0)  # the multiplier of x ≤ 1
        # K*: (u, v, w) with u = −w e^x and v = u (1 + log(−w/u)) at the optimum; w = 1
        u = -math.exp(x)
        z = np.array([over, 0.0, u, u * (1 - x), 1.0])
        point, z = np.array([x, math.exp(x)]), z + noise * rng.normal(size=5)
        point = point + noise * rng.normal(size=2)
        bound = proved_bound(data, np.array([q, 1.0]), 0.0, point, z)
        assert bound <= least + 1e-14
        if noise <= 1e-3:
            assert least - bound <= 1e-9 + 100 * noise


@pytest.mark.parametrize("noise", (0.0, 1e-12, 1e-9, 1e-6, 1e-3))
def test_least_squares_without_a_box(noise):
    """y = T x − c, ‖y‖² + ⟨p, x⟩: x is free, but the rows leave it no freedom (exactness)."""
    rng = np.random.default_rng(4)
    m, n = 6, 3
    P = np.diag(np.append(np.zeros(n), 2 * np.ones(m)))
    for _ in range(20):
        T, c, p = rng.normal(size=(m, n)), rng.normal(size=m), rng.normal(size=n)
        data = program(np.hstack([T, -np.eye(m)]), c, Cones(m, 0), P)
        x = np.linalg.solve(T.T @ T, T.T @ c - p / 2)
        y = T @ x - c
        point, z = np.concatenate([x, y]), 2 * y
        point = point + noise * rng.normal(size=m + n)
        z = z + noise * rng.normal(size=m)
        bound = proved_bound(data, np.append(p, np.zeros(m)), 0.0, point, z)
        exact = _least_squares_minimum(T, c, p)
        assert Fraction(bound) <= exact
        assert float(exact) - bound <= 1e-12 + 1e4 * noise**2 + 100 * noise * 1e-12


def _least_squares_minimum(T: FloatArray, c: FloatArray, p: FloatArray) -> Fraction:
    """‖c‖² − ⟨g, G⁻¹ g⟩ with G = TᵀT, g = Tᵀc − p/2, by elimination in Fractions."""
    columns = [[Fraction(v) for v in column] for column in T.T]
    right = [Fraction(v) for v in c]
    G = [[_inner(a, b) for b in columns] for a in columns]
    g = [_inner(a, right) - Fraction(v) / 2 for a, v in zip(columns, p, strict=True)]
    table = [[*row, value] for row, value in zip(G, g, strict=True)]
    for k in range(len(table)):
        pivot = table[k][k]
        table[k] = [v / pivot for v in table[k]]
        for i in range(len(table)):
            if i != k:
                table[i] = [a - table[i][k] * b for a, b in zip(table[i], table[k], strict=True)]
    return _inner(right, right) - _inner(g, [row[-1] for row in table])


def _inner(a: list[Fraction], b: list[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def test_an_indefinite_quadratic_part_is_noticed():
    """min x y: −1 on the box [−1, 1]², unbounded without. That P is semidefinite is not assumed."""
    P = np.array([[0.0, 1.0], [1.0, 0.0]])
    box = program(np.vstack([np.eye(2), -np.eye(2)]), np.ones(4), Cones(0, 4), P)
    assert -8.0 <= proved_bound(box, np.zeros(2), 0.0, np.zeros(2), np.zeros(4)) <= -1.0
    free = program(np.ones((1, 2)), np.ones(1), Cones(0, 1), P)
    assert proved_bound(free, np.zeros(2), 0.0, np.zeros(2), np.zeros(1)) == -math.inf
    # x + y − x y over x, y ≥ 0 rises in both directions from 0, and falls without end along x = y
    corner = program(-np.eye(2), np.zeros(2), Cones(0, 2), -P)
    assert proved_bound(corner, np.ones(2), 0.0, np.zeros(2), np.zeros(2)) == -math.inf


def test_the_objective_bounds_nothing_where_it_is_not_convex():
    """t − x² over 5x ≤ t, 0 ≤ x ≤ 10 is −50 at t = 50, although ⟨q, x⟩ = t is far above that."""
    A = np.array([[1.0, 0], [-1, 0], [0, -1], [-5, 0]])
    data = program(A, [10.0, 0, 0, 0], Cones(0, 2, (2,)), np.diag([-2.0, 0]))
    z = np.array([0.0, 0, 2, -2])
    bound = proved_bound(data, np.array([0.0, 1]), 0.0, np.array([10.0, 0]), z)
    assert bound <= -50.0


def test_multipliers_move_only_as_far_as_they_may():
    """−1e-9 x over x ≥ 0 is unbounded: z = 0 may not be moved to −1e-9. Nor may z = 1 by 1e6."""
    half_line = program([[-1.0]], [0.0], Cones(0, 1))
    for z in (0.0, 1e-10):
        q, x = np.array([-1e-9]), np.zeros(1)
        assert proved_bound(half_line, q, 0.0, x, np.array([z])) == -math.inf
    flat = program([[-1e-9]], [0.0], Cones(0, 1))
    assert proved_bound(flat, np.array([-1e-3]), 0.0, np.zeros(1), np.ones(1)) == -math.inf


@pytest.mark.parametrize("away", (0.0, 1e-9, 1e-3, 0.1))
def test_moving_the_multipliers_moves_other_slopes_too(away):
    """min x over x + 1000 v = 0, 0 ≤ v ≤ 1 is −1000."""
    A, b = np.array([[1.0, 1000], [0, 1], [0, -1]]), np.array([0.0, 1, 0])
    z = np.array([away - 1.0, 0, 0])
    bound = proved_bound(program(A, b, Cones(1, 2)), np.array([1.0, 0]), 0.0, np.zeros(2), z)
    assert -1000 - 1e-5 - 1e4 * away <= bound <= -1000.0


@pytest.mark.parametrize("away", (0.0, 1e-6, 1e-3, 1.0))
def test_weak_rows_move_their_multipliers_farther(away):
    """min x + y over x + v = 0, y/1000 + v = 0, 0 ≤ v ≤ 1 is −1001, with z = (−1, −1000)."""
    A = np.array([[1, 0, 1], [0, 1e-3, 1], [0, 0, 1], [0, 0, -1.0]])
    data = program(A, [0.0, 0, 1, 0], Cones(2, 2))
    z = np.array([-1.0, away - 1000, 0, 0])
    bound = proved_bound(data, np.array([1.0, 1, 0]), 0.0, np.zeros(3), z)
    assert -1001 - 1e-5 - 10 * away <= bound <= -1001.0


def test_nothing_is_proved_without_a_reason():
    data = program([[1.0, 0.0]], [1.0], Cones(0, 1))  # x ≤ 1, y free
    q, x = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    assert proved_bound(data, q, 0.0, x, np.ones(1)) == pytest.approx(-1.0)
    for slope in (1e-300, 1e-17, -1e-9):  # y is free: any slope at all is unbounded
        assert proved_bound(data, np.array([-1.0, slope]), 0.0, x, np.ones(1)) == -math.inf
    for bad in (math.nan, math.inf):
        assert proved_bound(data, q, 0.0, np.array([bad, 0.0]), np.ones(1)) == -math.inf
        assert proved_bound(data, q, 0.0, x, np.array([bad])) == -math.inf
    others = program([[1.0, 0.0]], [1.0], Cones(0, 0, other=1))
    assert proved_bound(others, q, 0.0, x, np.ones(1)) == -math.inf


def members(cones: Cones, rng: np.random.Generator) -> FloatArray:
    """A random member of K."""
    parts = [np.zeros(cones.zero), rng.exponential(size=cones.nonneg)]
    for size in cones.second_order:
        v = rng.normal(size=size - 1)
        parts.append(np.append(np.linalg.norm(v) * (1 + rng.choice([0, 1])), v))
    for order in cones.semidefinite:
        R = rng.normal(size=(order, 1 + rng.integers(order)))
        rows, scale = upper_triangle(order)
        S = R @ R.T
        parts.append(np.array([S[i, j] * s for (i, j), s in zip(rows, scale, strict=True)]))
    for _ in range(cones.exponential):
        x, y = rng.normal(), 0.1 + rng.exponential()
        parts.append(np.array([x, y, y * math.exp(x / y) * (1 + rng.choice([0, 1]))]))
    return np.concatenate(parts)


ALL = Cones(2, 3, (3, 4), (2, 3), 2)


def test_repaired_multipliers_are_in_the_dual_cone():
    """⟨z, s⟩ ≥ 0 for every s in K; what is in K* already hardly moves."""
    rng = np.random.default_rng(5)
    size = members(ALL, rng).size
    for _ in range(300):
        z = dual_member(rng.normal(size=size) * 10.0 ** rng.integers(-3, 3), ALL)
        assert z is not None
        for _ in range(20):
            s = members(ALL, rng)
            assert float(z @ s) >= -1e-13 * float(abs(z) @ abs(s))
        again = dual_member(z, ALL)
        assert again == pytest.approx(z, rel=1e-8, abs=1e-12)


def test_the_box_holds_every_feasible_point():
    """x = 3 + B s ... any A, with b made so that a known x is feasible."""
    rng = np.random.default_rng(6)
    finite = 0
    for _ in range(200):
        s = members(ALL, rng)
        n = 4
        A = rng.normal(size=(s.size, n)) * (rng.uniform(size=(s.size, n)) < 0.3)
        x = rng.normal(size=n)
        low, high = program(A, A @ x + s, ALL).box
        room = 1e-9 * (1 + np.abs(x))
        assert (low - room <= x).all() and (x <= high + room).all()
        finite += int(np.isfinite(low).sum() + np.isfinite(high).sum())
    assert finite > 100
