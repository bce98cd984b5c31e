"""A comparison is exact, and what was not measured never holds."""

import math
from fractions import Fraction

import pytest

from proofs_checks.claims import Claim
from proofs_checks.comparison import Comparison
from proofs_checks.multiblock import residual_grows


def test_floats_stand_for_the_rationals_they_are():
    assert Comparison(0.5, Fraction(1, 2), "==").holds
    assert not Comparison(0.1, Fraction(1, 10), "==").holds
    assert not Comparison(0.1 + 0.2, 0.3, "<=").holds
    assert Comparison(0.3, 0.1 + 0.2, "<=").holds
    assert Comparison(0.1, Fraction(1, 10), "==").margin == Fraction(1, 10) - Fraction(0.1)


def test_error_is_a_slack_on_either_side_of_equality_and_on_one_of_at_most():
    for measured in (1 - 2**-10, 1 + 2**-10):
        assert Comparison(measured, 1, "==", error=2**-10).holds
        assert not Comparison(measured, 1, "==", error=2**-11).holds
    assert Comparison(1 + 2**-10, 1, "<=", error=2**-10).holds
    assert not Comparison(1 + 2**-10, 1, "<=", error=2**-11).holds
    assert Comparison(-1, 1, "<=").holds


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_holds(bad):
    for relation in ("==", "<="):
        assert not Comparison(bad, bad, relation).holds
        assert not Comparison(bad, 1, relation).holds
        assert not Comparison(1, bad, relation).holds
    assert Comparison(bad, 1, "<=").margin is None


def test_bad_comparisons_and_claims_are_refused():
    with pytest.raises(ValueError, match="relation must be"):
        Comparison(1, 2, "<")  # pyright: ignore[reportArgumentType]
    for error in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="error must be"):
            Comparison(1, 2, "<=", error)
    with pytest.raises(ValueError, match="no mutant"):
        Claim("X0", "idle", "nothing", (), "nobody", residual_grows, ())
