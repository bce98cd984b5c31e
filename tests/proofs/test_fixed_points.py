"""Iterations of nonexpansive operators: worst cases, formulas, and operators that attain them."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from proofs_checks.comparison import HypothesisFails
from proofs_checks.pep import fixed_points, worst_cases
from proofs_checks.pep.core import worst_case


@pytest.mark.parametrize("weight", ("1/2", "3/4", "4/5"))
@pytest.mark.parametrize("steps", (1, 2, 3, 5))
def test_averaged(steps, weight):
    assert fixed_points.averaged(steps, Fraction(weight)).holds


@pytest.mark.parametrize("steps", (1, 2, 3, 5, 8))
def test_anchored(steps):
    assert fixed_points.anchored(steps).holds


def test_the_published_numbers():
    assert fixed_points.averaged_rate(3, Fraction(3, 4)) == Fraction(9, 64)
    assert float(fixed_points.averaged_rate(3, Fraction(3, 4))) == 0.140625
    assert 4 * fixed_points.anchored_rate(4) == Fraction(2, 5) ** 2


@pytest.mark.parametrize("weight", ("1/4", "19/20"))
def test_outside_its_range_the_formula_is_refused_and_false(weight):
    """At small weights the iteration is slower, at large ones a reflection is the worst."""
    steps, weight = 3, Fraction(weight)
    with pytest.raises(HypothesisFails, match="does not lie in"):
        fixed_points.averaged_rate(steps, weight)
    share = Fraction(steps, steps + 1)
    formula = (1 - share) * share**steps / (4 * weight * (1 - weight))
    found = worst_case(fixed_points.averaged_iteration(steps, weight)).value
    assert abs(found - float(formula)) > 1e-3
    if weight > Fraction(1, 2):
        assert found == pytest.approx(float((2 * weight - 1) ** (2 * steps)), abs=1e-6)


@pytest.mark.parametrize("steps", range(1, 12))
def test_anchored_is_attained_exactly_and_one_is_faster_than_the_other(steps):
    assert worst_cases.anchored_run(steps).holds
    assert not worst_cases.anchored_run(steps, offset=3).holds
    assert fixed_points.anchored_rate(steps) <= fixed_points.averaged_rate(steps, Fraction(1, 2))


@pytest.mark.parametrize("weight", ("1/2", "3/5", "3/4"))
@pytest.mark.parametrize("steps", (1, 2, 4, 7))
def test_averaged_is_attained_at_a_rotation(steps, weight):
    assert worst_cases.averaged_run(steps, Fraction(weight), error=1e-14).holds


def test_no_operator_of_a_sample_is_slower():
    """Rotations, clips and reflections of random sizes."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        angle, cap, steps = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1), int(rng.integers(1, 6))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        for operator in (lambda x, t=turn: t @ x, lambda x, c=cap: x - 2 * np.clip(x, -c, c)):
            start = np.array([1.0, 1.0]) / sqrt(2)
            x = start
            for k in range(steps):
                x = start / (k + 2) + (1 - 1 / (k + 2)) * operator(x)
            left = float(np.sum((x - operator(x)) ** 2)) / 4
            assert left <= float(fixed_points.anchored_rate(steps)) + 1e-12
