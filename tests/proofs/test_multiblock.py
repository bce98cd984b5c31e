"""Three-block ADMM diverges on a 3 × 3 system, and the library refuses it unless told to go ahead."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lagrange.solvers.admm import ADMM
from proofs_checks import multiblock
from proofs_checks.comparison import Comparison
from tests.tolerances import CONVERGED, EXACT

RADIUS = 1.02784


@pytest.mark.parametrize("rho", [0.1, 1.0, 10.0])
def test_spectral_radius_of_the_sweep_by_lagrange(rho):
    assert multiblock.radius(rho).holds


@pytest.mark.parametrize("rho", [Fraction(1, 2), Fraction(1), Fraction(3)])
def test_the_sweep_by_lagrange_is_the_exact_one(rho):
    exact = np.array(multiblock.exact_matrix(rho), dtype=float)
    error = np.abs(multiblock.sweep_by_lagrange(float(rho)) - exact).max()
    assert error <= EXACT(size=9, scale=float(np.abs(exact).max()))


@pytest.mark.parametrize("rho", [Fraction(1, 10), Fraction(1), Fraction(10)])
def test_a_root_lies_strictly_outside(rho):
    comparison = multiblock.has_root_outside(rho)
    assert comparison.holds
    assert comparison.margin is not None and comparison.margin > 0


def test_the_characteristic_polynomial_is_one():
    matrix = multiblock.exact_matrix(Fraction(1))
    coefficients = [float(a) for a in reversed(multiblock.characteristic(matrix))]
    expected = np.poly(np.array(matrix, dtype=float))
    assert np.abs(coefficients - expected).max() <= EXACT(size=25, scale=np.abs(expected).max())


@pytest.mark.parametrize(
    ("roots", "outside"),
    [
        ((0, 0), False),
        ((Fraction(1, 2), Fraction(-2, 3)), False),
        ((0, 2), True),
        ((Fraction(1, 9), Fraction(11, 10), 0), True),
        ((Fraction(-5, 4), Fraction(1, 5)), True),
    ],
)
def test_the_recursion_on_known_roots(roots, outside):
    coefficients = [Fraction(1)]
    for root in roots:  # times (z − root)
        shifted, scaled = [Fraction(0), *coefficients], [root * a for a in coefficients]
        coefficients = [a - b for a, b in zip(shifted, [*scaled, Fraction(0)], strict=True)]
    assert (multiblock.largest_reflection(coefficients) > 1) == outside


def test_the_residual_grows_by_the_radius():
    lengths = multiblock.residuals(multiblock.SEPARATE, 600)
    # peaks of an oscillating sequence, 300 sweeps apart: the phase may cost up to half of a peak
    measured = math.log(max(lengths[550:]) / max(lengths[250:300])) / 300
    assert Comparison(measured, math.log(RADIUS), "==", math.log(2) / 300).holds
    assert multiblock.residual_grows().holds


def test_with_two_groups_the_residual_vanishes():
    assert multiblock.residuals(multiblock.MERGED, 1000)[-1] <= CONVERGED(1e-12)
    assert not multiblock.residual_grows(multiblock.MERGED).holds


def test_three_groups_are_refused_unless_accepted_as_a_heuristic():
    order = ((0,), (1,), (2,))
    with pytest.raises(ValueError, match="can diverge even on convex problems"):
        ADMM(1.0, order)
    assert ADMM(1.0, order, heuristic=True).order == order
