"""ADMM with a set that is not convex: descent in one order, and what a limit is worth."""

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from proofs_checks import admm_nonconvex as claims
from proofs_checks.admm_nonconvex import Setup
from proofs_checks.comparison import HypothesisFails
from proofs_checks.exact_runs import LOSS_FIRST, SET_FIRST
from proofs_checks.finite import rationals
from proofs_checks.quadratics import Turned, grid, nearest, sparse

TURNS = [rationals(1, 0), rationals(Fraction(3, 5), Fraction(4, 5))]
SMALL = st.integers(-3, 3)
SIGNS, FIVE = rationals(-1, 1), rationals(-2, -1, 0, 1, 2)


@st.composite
def setups(draw, convex=False):
    """A quadratic in the plane, one of three sets, and a start."""
    c, s = draw(st.sampled_from(TURNS))
    eigenvalues = rationals(*(draw(st.integers(0 if convex else -3, 3)) for _ in range(2)))
    assume(any(eigenvalues))
    linear, x, y = (rationals(draw(SMALL), draw(SMALL)) for _ in range(3))
    f = Turned(eigenvalues, ((c, s), (-s, c)), linear)
    project = draw(st.sampled_from([nearest(grid(SIGNS, 2)), nearest(grid(FIVE, 2)), sparse(1)]))
    return Setup(f, project, x, y)


@settings(max_examples=40)
@given(setups(), st.sampled_from([Fraction(5, 4), Fraction(2), Fraction(4)]))
def test_descent(setup, factor):
    assert claims.falls(setup, factor * setup.f.lipschitz).holds
    if factor >= 2:
        assert claims.never_rises(setup, factor).holds


@settings(max_examples=25)
@given(
    setups(convex=True), st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(3)])
)
def test_descent_for_convex_functions(setup, factor):
    """From L on AL never rises."""
    assert claims.falls(setup, factor * setup.f.lipschitz, claims.guaranteed_if_convex).holds
    if factor >= 1:
        assert claims.never_rises(setup, factor).holds


@pytest.mark.parametrize("factor", ["1/2", "9/10", "1", "2", "3"])
def test_the_coefficient_for_convex_functions_is_attained(factor):
    """By f = x²/2 up to ρ = 2L while z stays; beyond, the flat direction decides."""
    setup, rho = claims._SLOPE, Fraction(factor)
    sweeps = setup.run(rho, 5)
    assert all(s.z == (1,) for s in sweeps[1:])
    c = claims.guaranteed_if_convex(setup.f, rho)
    exact = claims.descent(setup, sweeps, rho, c)
    assert exact.holds
    if rho <= 2:
        assert exact.margin == 0
        assert not claims.descent(setup, sweeps, rho, c + Fraction(1, 10**6)).holds


def test_above_2L_a_flatter_direction_decides():
    """At ρ = 3L it is ρ/2: ρ/2 + L/2 − L²/ρ is broken by a direction of curvature L/4."""
    f = Turned(rationals(Fraction(1, 4), 1), claims._AXES, rationals(9, 9))
    setup = Setup(f, nearest(grid(SIGNS, 2)), rationals(0, 1), rationals(9, 8))
    rho = Fraction(3)
    sweeps = setup.run(rho, 5)
    assert all(s.z == (1, 1) and s.x[1] == 1 for s in sweeps[1:])
    assert claims.falls(setup, rho, claims.guaranteed_if_convex).holds
    too_much = rho / 2 + Fraction(1, 2) - 1 / rho
    assert claims.guaranteed_if_convex(f, rho) < too_much
    assert not claims.descent(setup, sweeps, rho, too_much).holds


def test_the_coefficient_of_convex_functions_is_for_them_only():
    with pytest.raises(HypothesisFails, match="not convex"):
        claims.guaranteed_if_convex(claims._HILL.f, Fraction(2))


@pytest.mark.parametrize("factor", ["21/20", "3/2", "19/10", "199/100"])
def test_the_bound_is_sharp(factor):
    assert not claims.never_rises(claims._HILL, Fraction(factor)).holds
    assert claims.falls(claims._HILL, Fraction(factor)).holds


def test_after_the_first_sweep_the_price_is_minus_the_gradient():
    setup = claims._two_entries(sparse(1))
    for sweep in setup.run(Fraction(3))[1:]:
        assert sweep.y == tuple(-g for g in setup.f.gradient(sweep.x))
    tied = [
        s.y == tuple(-g for g in setup.f.gradient(s.x))
        for s in setup.run(Fraction(3), order=LOSS_FIRST)
    ]
    assert not all(tied[1:])


def test_the_usual_order_of_compression_rises_even_at_four_times_L():
    f = Turned(
        rationals(2, 0),
        ((Fraction(3, 5), Fraction(4, 5)), (Fraction(-4, 5), Fraction(3, 5))),
        rationals(-2, -3),
    )
    setup = Setup(f, sparse(1), rationals(2, 1), rationals(1, -1))
    assert not claims.never_rises(setup, Fraction(4), LOSS_FIRST).holds
    assert claims.never_rises(setup, Fraction(4), SET_FIRST).holds


@pytest.mark.parametrize("rho", ["1/2", "1/4", "9/10"])
def test_the_cycle(rho):
    rho = Fraction(rho)
    assert claims.cycles(rho).holds
    comparison = claims.cycles(rho, 5)
    assert comparison.measured == comparison.predicted == 2 / (2 + rho)


@settings(max_examples=25)
@given(setups(convex=True))
def test_where_a_run_has_settled_is_a_fixed_point(setup):
    """On a finite set; prices contract by 1/4 or more in every sweep at ρ = 3L once z stays."""
    rho = 3 * setup.f.lipschitz
    sweeps = setup.run(rho, 30)
    z = sweeps[-1].z
    assume(all(s.z == z for s in sweeps[-20:]))
    assert max(abs(a - b) for a, b in zip(sweeps[-1].x, z, strict=True)) < Fraction(1, 10**6)
    assert claims.fixed_point(setup.f, setup.project, z, rho).holds


def test_a_fixed_point_may_be_one_of_several_nearest_points():
    f = Turned(rationals(1, 1), claims._AXES, rationals(2, 2))
    for z in (rationals(2, 0), rationals(0, 2)):
        assert claims.fixed_point(f, sparse(1), z, Fraction(1)).holds


def test_a_large_rho_freezes_every_grid_point():
    """The certificate holds, and is worth nothing: the freeze ratio says so."""
    f, points = claims._SEPARABLE, grid(claims._FIVE, 2)
    for rho in (Fraction(16), Fraction(100)):
        assert max(claims.freeze_ratio(f, z, rho, Fraction(1, 2)) for z in points) <= 1
        assert claims.frozen_everywhere(f, claims._FIVE, rho).holds
    assert max(claims.freeze_ratio(f, z, Fraction(15), Fraction(1, 2)) for z in points) > 1


def test_hypotheses_are_checked():
    with pytest.raises(HypothesisFails, match="orthonormal"):
        Turned(rationals(1, 1), (rationals(1, 0), rationals(1, 1)), rationals(0, 0))
    with pytest.raises(HypothesisFails, match="strongly convex"):
        claims._HILL.f.prox(rationals(1), Fraction(1))
