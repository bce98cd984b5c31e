"""The linear rate of ADMM: semidefinite program, closed form, exact certificates, runs."""

from fractions import Fraction

import pytest

from proofs_checks import admm_rate
from proofs_checks.admm_rate import case, certificate, certified_rate, closed_form
from proofs_checks.pep import methods

CASES = {
    "2/3": case(4),
    "10/11": case(100),
    "20/21": case(100, 1, 2),
    "19/22": case(100, Fraction(3, 2)),
    "1/2": case(4, Fraction(3, 2)),
    "41/60": case(25, Fraction(19, 10)),
}


@pytest.mark.parametrize("rate", CASES)
def test_the_least_rate_is_the_closed_form(rate):
    assert closed_form(CASES[rate]) == Fraction(rate)
    assert admm_rate.rate_is_the_closed_form(CASES[rate]).holds


@pytest.mark.parametrize("rate", CASES)
def test_a_rounded_certificate_proves_almost_that(rate):
    slightly = Fraction(rate) + Fraction(1, 10**4)
    given = certificate(CASES[rate], slightly)
    assert certified_rate(CASES[rate], slightly, given).holds
    # the same certificate says nothing of a rate that is better than the least
    assert not certified_rate(CASES[rate], Fraction(rate) - Fraction(1, 10**3), given).holds


def test_certificates_that_are_none():
    for changed in (
        {"l1": Fraction(-2, 9)},
        {"l1": Fraction(0)},
        {"P": [[Fraction(0)] * 2] * 2},
        {"P": [[Fraction(0)] * 2] * 2, "l1": Fraction(0), "l2": Fraction(0)},  # 0 ≤ 0 says nothing
    ):
        assert not admm_rate._certified(Fraction(2, 3), **changed).holds


def test_the_rate_is_that_of_douglas_rachford():
    for which in CASES.values():
        root = admm_rate.root(which.kappa)
        # step 1/ρ on a function with m̂ = 1, L̂ = κ and ρ = √κ ρ₀
        rate2 = methods.douglas_rachford_rate(
            Fraction(1), which.kappa, 1 / (root * which.rho0), which.relaxation
        )
        assert closed_form(which) ** 2 == rate2


def test_the_popular_corollary_is_weaker():
    """1 − α/(2 κ^(1/2)) at ρ₀ = 1."""
    for kappa in (4, 25, 100):
        which = case(kappa)
        assert closed_form(which) <= 1 - 1 / (2 * admm_rate.root(which.kappa))


def test_the_library_contracts_as_fast():
    comparison = admm_rate.run_contracts()
    assert comparison.holds
    assert comparison.margin is not None and abs(comparison.margin) < 1e-12  # and is attained


def test_a_number_without_a_rational_root_is_refused():
    with pytest.raises(ValueError, match="no square"):
        closed_form(case(5))
