"""Instances whose optimum is known in rationals: the optimality conditions hold exactly, and ADMM
reaches the optimum to 1e-8.
"""

from fractions import Fraction

import numpy as np
import pytest

from lagrange import ADMM, ResidualBelow, Status, StepLimit, solve
from lagrange.grouping import exchange, two_groups
from problems import (
    allocation,
    basis_pursuit,
    elastic_net,
    exchange_market,
    group_lasso,
    multicommodity,
    portfolio,
    svm,
    total_variation,
)
from problems.planting import floats
from tests.tolerances import EXACT

REACHED = 1e-8
SEEDS = range(5)
STOP = ResidualBelow(1e-12) | StepLimit(60000)
seeds = pytest.mark.parametrize("seed", SEEDS)


def inner(a, b) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def times(A, x) -> list[Fraction]:
    return [inner(row, x) for row in A]


def transposed(A):
    return [list(column) for column in zip(*A, strict=True)]


def residual_of(made) -> list[Fraction]:
    return [p - q for p, q in zip(times(made.A, made.x), made.b, strict=True)]


def solved(problem, rho=1.0, order=((0,), (1,)), stop=STOP):
    solution = solve(problem, ADMM(rho, order, relaxation=1.6), stop=stop)
    assert solution.status is Status.CONVERGED
    return solution


def close(solution, x, value=None) -> None:
    if value is not None:
        assert abs(solution.upper_bound - float(value)) <= REACHED * (1 + abs(float(value)))
    found = np.concatenate([np.ravel(part) for part in solution.point])
    wanted = np.concatenate([np.ravel(floats(part)) for part in x])
    assert np.abs(found - wanted).max() <= REACHED * (1 + np.abs(wanted).max())


@seeds
def test_elastic_net(seed):
    made = elastic_net.planted(seed=seed)
    r = residual_of(made)
    for g, e in zip(times(transposed(made.A), r), made.x, strict=True):
        slope = -(g + made.ridge * e)  # in weight ∂|x|
        assert slope == made.weight * (1 if e > 0 else -1) if e else abs(slope) < made.weight
    penalties = made.weight * sum(map(abs, made.x)) + made.ridge * inner(made.x, made.x) / 2
    assert made.value == inner(r, r) / 2 + penalties
    problem = elastic_net.build(
        floats(made.A), floats(made.b), float(made.weight), float(made.ridge)
    )
    close(solved(problem), made.x, made.value)


@seeds
def test_group_lasso(seed):
    made = group_lasso.planted(seed=seed)
    r = residual_of(made)
    gradient = times(transposed(made.A), r)
    value, zero_groups = inner(r, r) / 2, 0
    for g, weight in enumerate(made.weights):
        mine = [e for e, label in zip(made.x, made.labels, strict=True) if label == g]
        slope = [-e for e, label in zip(gradient, made.labels, strict=True) if label == g]
        square = inner(mine, mine)
        if square == 0:
            zero_groups += 1
            assert inner(slope, slope) < weight**2
            continue
        norm = Fraction(int(square**0.5))
        assert norm**2 == square and slope == [weight * e / norm for e in mine]
        value += weight * norm
    assert value == made.value and 0 < zero_groups < len(made.weights)
    problem = group_lasso.build(
        floats(made.A), floats(made.b), floats(made.weights), np.array(made.labels)
    )
    close(solved(problem), made.x, made.value)


@seeds
@pytest.mark.parametrize("form", basis_pursuit.FORMS)
def test_basis_pursuit(seed, form):
    made = basis_pursuit.planted(seed=seed)
    assert times(made.A, made.x) == made.b
    for s, e in zip(times(transposed(made.A), made.y), made.x, strict=True):
        assert s == (1 if e > 0 else -1) if e else abs(s) < 1
    assert made.value == sum(map(abs, made.x)) == inner(made.b, made.y)
    problem = basis_pursuit.build(floats(made.A), floats(made.b), form)
    close(solved(problem), made.x, made.value)


@seeds
def test_total_variation(seed):
    made = total_variation.planted(seed=seed)
    price = [Fraction(0), *made.multipliers, Fraction(0)]
    for e, y, before, after in zip(made.x, made.y, price, price[1:], strict=False):
        assert e - y + before - after == 0
    jumps = [b - a for a, b in zip(made.x, made.x[1:], strict=False)]
    for jump, p in zip(jumps, made.multipliers, strict=True):
        assert p == made.weight * (1 if jump > 0 else -1) if jump else abs(p) < made.weight
    off = [a - b for a, b in zip(made.x, made.y, strict=True)]
    assert made.value == inner(off, off) / 2 + made.weight * sum(map(abs, jumps))
    assert any(jumps) and not all(jumps)
    close(solved(total_variation.build(floats(made.y), float(made.weight))), made.x, made.value)


@seeds
def test_the_jumps_of_the_optimum_give_the_optimum(seed):
    """What is known from the signs of the jumps alone, used to finish a run."""
    made = total_variation.planted(seed=seed)
    x = floats(made.x)
    found = total_variation.merged(floats(made.y), float(made.weight), np.diff(x))
    assert np.abs(found - x).max() <= EXACT(float, len(x), 10.0)


@seeds
def test_svm(seed):
    made = svm.planted(seed=seed)
    normal, bias = made.w[:-1], made.w[-1]
    assert normal == times(
        transposed(made.A), [a * y for a, y in zip(made.alpha, made.y, strict=True)]
    )
    assert inner(made.alpha, made.y) == 0
    value = inner(normal, normal) / 2
    for row, y, alpha in zip(made.A, made.y, made.alpha, strict=True):
        margin = y * (inner(row, normal) + bias)
        assert 0 <= alpha <= made.weight
        assert margin <= 1 if alpha == made.weight else margin >= 1
        assert margin == 1 if 0 < alpha < made.weight else True
        value += made.weight * max(Fraction(0), 1 - margin)
    assert value == made.value
    problem = svm.build(floats(made.A), floats(made.y), float(made.weight))
    close(solved(problem), made.w, made.value)


@seeds
def test_portfolio(seed):
    made = portfolio.planted(seed=seed)
    assert sum(map(sum, made.x)) == made.budget
    value, ends = Fraction(0), set()
    for risk, mu, x in zip(made.risks, made.returns, made.x, strict=True):
        marginal = times(risk, x)
        for g, m, e in zip(marginal, mu, x, strict=True):
            push = g - m + made.price  # ≥ 0 at 0, ≤ 0 at the cap, 0 between
            assert 0 <= e <= made.cap
            assert push >= 0 if e == 0 else push <= 0 if e == made.cap else push == 0
            ends.add(0 if e == 0 else 2 if e == made.cap else 1)
        value += inner(x, marginal) / 2 - inner(mu, x)
    assert value == made.value and ends == {0, 1, 2}
    data = portfolio.Desks(
        [floats(risk) for risk in made.risks],
        [floats(mu) for mu in made.returns],
        float(made.budget),
        float(made.cap),
    )
    count = len(made.x)
    order = (tuple(range(count)), tuple(range(count, 2 * count + 1)))
    close(solved(portfolio.build(data), 4.0, order), made.x, made.value)


@seeds
def test_allocation(seed):
    made = allocation.planted(seed=seed)
    for r, (price, supply) in enumerate(zip(made.price, made.supply, strict=True)):
        used = sum(row[r] for row in made.x)
        assert used == supply if price else used < supply
        assert price >= 0
    for w, base, x in zip(made.weight, made.base, made.x, strict=True):
        for a, b, e, p in zip(w, base, x, made.price, strict=True):
            push = p - a / (b + e)  # ≥ 0 at 0, ≤ 0 at the most, 0 between
            assert 0 <= e <= made.high
            assert push >= 0 if e == 0 else push <= 0 if e == made.high else push == 0
    data = allocation.Agents(
        floats(made.weight), floats(made.base), floats(made.supply), float(made.high)
    )
    tied = exchange(allocation.build(data))
    solution = solved(tied, 1.0, two_groups(tied))
    close(solution, made.x, allocation.objective(data, floats(made.x)))


@seeds
def test_exchange_market(seed):
    made = exchange_market.planted(seed=seed)
    assert [sum(column) for column in zip(*made.x, strict=True)] == [0] * len(made.price)
    value = Fraction(0)
    for Q, q, x in zip(made.Q, made.q, made.x, strict=True):
        marginal = times(Q, x)
        assert all(g + a + p == 0 for g, a, p in zip(marginal, q, made.price, strict=True))
        value += inner(x, marginal) / 2 + inner(q, x)
    assert value == made.value
    data = exchange_market.Market(floats(made.Q), floats(made.q))
    tied = exchange(exchange_market.build(data))
    close(solved(tied, 3.0, two_groups(tied)), made.x, made.value)


@seeds
def test_multicommodity(seed):
    made = multicommodity.planted(seed=seed)
    assert [times(made.incidence, x) for x in made.x] == made.supply
    for a, (capacity, toll) in enumerate(zip(made.capacity, made.toll, strict=True)):
        used = sum(x[a] for x in made.x)
        assert used == capacity if toll else used < capacity
        assert toll >= 0
    value = Fraction(0)
    for cost, x, levels in zip(made.cost, made.x, made.potentials, strict=True):
        falls = times(transposed(made.incidence), levels)
        for c, e, toll, fall in zip(cost, x, made.toll, falls, strict=True):
            push = c + made.curvature * e + toll - fall
            assert push >= 0 and e >= 0 and push * e == 0
        value += inner(cost, x) + made.curvature * inner(x, x) / 2
    assert value == made.value
    data = multicommodity.Network(
        floats(made.incidence),
        floats(made.cost),
        floats(made.capacity),
        floats(made.supply),
        float(made.curvature),
    )
    close(solved(multicommodity.build(data)), made.x, made.value)


def test_other_seeds_make_other_instances():
    for family in (
        allocation,
        basis_pursuit,
        elastic_net,
        exchange_market,
        group_lasso,
        multicommodity,
        portfolio,
        svm,
        total_variation,
    ):
        assert family.planted(seed=0) == family.planted(seed=0)
        assert family.planted(seed=0) != family.planted(seed=1)
