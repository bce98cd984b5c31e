"""ADMM on planted convex problems: the library's solver, run in exact rationals."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange.penalties import ResidualBalancing, Spectral
from lagrange.solvers.admm import ADMM
from proofs_checks import admm_convex, admm_variants
from proofs_checks.comparison import HypothesisFails
from proofs_checks.exact_runs import LOSS_FIRST, SET_FIRST, Exact, admm, own_admm
from proofs_checks.finite import rationals
from proofs_checks.pep import artifacts, methods
from proofs_checks.pep.core import worst_case
from proofs_checks.pep.worst_cases import ROW, admm_states, two_lines
from proofs_checks.planted import Planted, energy, residual, run
from tests.tolerances import EXACT

SMALL = st.integers(-3, 3)
RHOS = st.sampled_from([Fraction(1, 3), Fraction(1), Fraction(5, 2)])


@st.composite
def planted(draw):
    """A problem with a chosen saddle point, ρ, and where to start from."""
    n, weight = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    z = [Fraction(draw(SMALL)) for _ in range(n)]
    y = [weight * Fraction((v > 0) - (v < 0)) for v in z]
    y = [
        a if v else Fraction(draw(st.integers(-weight, weight))) for a, v in zip(y, z, strict=True)
    ]
    h = [Fraction(draw(st.integers(0, 6)), 2) for _ in range(n)]
    instance = Planted(tuple(h), Fraction(weight), tuple(z), tuple(y))
    start = [tuple(Fraction(draw(SMALL)) for _ in range(n)) for _ in range(2)]
    return instance, draw(RHOS), *start


@given(planted(), st.lists(SMALL, min_size=3, max_size=3))
def test_every_sweep(case, price):
    instance, rho, z, y = case
    sweeps = run(instance, rho, z, y, 5)
    assert admm_convex.energy_falls(instance, sweeps).holds
    assert admm_convex.energy_falls_weakly(instance, sweeps).holds
    assert admm_convex.cost_above(instance, sweeps).holds
    assert admm_convex.cost_below(instance, sweeps).holds
    for count in (1, 2, 5):
        m = rationals(*price[: len(z)])
        assert admm_convex.ergodic(instance, sweeps[: count + 1], m).holds


@given(planted(), st.sampled_from([Fraction(1, 4), Fraction(1), Fraction(3, 2), Fraction(7, 4)]))
def test_relaxed(case, relaxation):
    instance, rho, z, y = case
    sweeps = run(instance, rho, z, y, 4, relaxation=relaxation)
    assert admm_variants.relaxed_distance_falls(instance, sweeps, relaxation).holds
    if relaxation >= 1:
        value = admm_variants.energy_per_rho
        assert admm_variants.relaxed_distance_falls(instance, sweeps, relaxation, value=value).holds


@given(planted(), st.integers(1, 3))
def test_while_rho_changes(case, change):
    instance, rho, z, y = case
    rule = admm_variants.Doubling(rho, frozenset({change}))
    sweeps = run(instance, rule, z, y, 5)
    assert [s.rho for s in sweeps[1:]] == [rho * (1 if k < change else 2) for k in range(5)]
    assert admm_variants.falls_while_rho_changes(instance, sweeps).holds


@given(planted(), st.sampled_from([Fraction(1), Fraction(3, 2)]), st.booleans())
def test_the_solver_is_the_recursion_that_is_written_down(case, relaxation, set_first):
    instance, rho, z, y = case
    split, start = instance.split(), (z, z, y)
    if (
        set_first
    ):  # the set answers first: the same with the halves exchanged and y of the other sign
        found = list(admm(split, rho, start, 4, order=SET_FIRST))
        swapped = type(split)(split.second, split.first)
        mirrored = own_admm(swapped, rho, (z, z, tuple(-v for v in y)), 4)
        assert [(s.x, s.z, s.y) for s in found[1:]] == [
            (s.z, s.x, tuple(-v for v in s.y)) for s in list(mirrored)[1:]
        ]
    else:
        found = admm(split, rho, start, 4, relaxation, LOSS_FIRST)
        assert list(found) == list(own_admm(split, rho, start, 4, relaxation))


@given(planted())
def test_the_saddle_point_stays(case):
    instance, rho, _, _ = case
    sweeps = run(instance, rho, instance.z, instance.y, 2)
    assert energy(instance, sweeps[-1], rho) == 0
    assert residual(sweeps[-1]) == rationals(*[0] * len(instance.z))


def test_a_false_saddle_point_is_refused():
    with pytest.raises(HypothesisFails, match="no subgradient"):
        Planted(rationals(1), Fraction(1), rationals(1), rationals(-1))
    with pytest.raises(HypothesisFails, match="must be ≥ 0"):
        Planted(rationals(-1), Fraction(1), rationals(0), rationals(0))


def test_the_first_sweep_breaks_the_energy_estimate_in_some_runs_and_later_ones_never():
    broken = 0
    for first in range(-3, 4):
        instance = Planted(rationals(4), Fraction(1), rationals(0), rationals(0))
        sweeps = run(instance, Fraction(1), rationals(first), rationals(3), 4)
        broken += not admm_convex.energy_falls(instance, sweeps, first=0).holds
        assert admm_convex.energy_falls(instance, sweeps, first=1).holds
    assert 0 < broken <= 7


# ------------------------------------------------------------------ relaxation


def test_relaxation_two_is_refused_and_does_not_converge():
    with pytest.raises(ValueError, match="relaxation"):
        ADMM(1.0, relaxation=2.0)
    assert not admm_variants.reflections().holds
    for relaxation in (0.5, 1.0, 1.5, 1.9):
        assert admm_variants.two_lines_converge(relaxation).holds


def test_on_subspaces_the_energy_estimate_is_an_equality():
    """All products of the monotonicity are zero there: the stored proof has slack 0, too."""
    states = list(admm_states(two_lines((3.0, 4.0)), ADMM(1.0), np.array([0.0, 1.0]), 1.0, 5))
    for old, new in pairwise(states):
        (z0, y0), (z1, y1) = ((s.responses[1].point, s.multipliers) for s in (old, new))
        z0, z1, y0, y1 = z0[ROW], z1[ROW], y0[ROW], y1[ROW]
        r, move = new.responses[0].point - z1, z1 - z0
        change = z1 @ z1 + y1 @ y1 - z0 @ z0 - y0 @ y0
        assert abs(change + r @ r + move @ move) <= EXACT(size=20)
    for name in ("admm-energy", "admm-energy-first", "admm-relaxed", "admm-energy-relaxed"):
        assert not artifacts.load(name)["slack"]["D"]  # columns of zeros are left out


@pytest.mark.parametrize(
    ("relaxation", "holds"), [("1/2", False), ("5/4", True), ("3/2", True), ("19/10", True)]
)
def test_the_energy_falls_for_relaxation_above_one_only(relaxation, holds):
    estimation = methods.admm_energy(relaxation=Fraction(relaxation), combined=False)
    worst = worst_case(estimation).value
    assert worst <= 1e-6 if holds else worst > 0.1


# ------------------------------------------------------------------ changing ρ


@pytest.mark.parametrize("cap", [0, 1, 5])
def test_residual_balancing_keeps_its_cap(cap):
    rule = ResidualBalancing(first=1.0, ratio=1.01, every=1, changes=cap)
    comparison = admm_variants.changes_of_rho(rule)
    assert comparison.holds
    assert comparison.measured == cap  # it would change more often


def test_spectral_choice_keeps_its_cap():
    solver = ADMM(Spectral(changes=3))
    states = admm_states(two_lines((2.0, 1.0)), solver, np.array([0.0, 1.0]), 1.0, 60)
    rhos = [s.memory.rho for s in states]
    assert sum(a != b for a, b in pairwise(rhos)) <= 3


# ------------------------------------------------------------------ numbers


@settings(max_examples=50)
@given(st.fractions(), st.floats(-1e6, 1e6))
def test_an_exact_number_takes_a_float_for_the_rational_it_is(a, b):
    x, rational = Exact(a), Fraction(b)
    for found, expected in (
        (x + b, a + rational),
        (b + x, a + rational),
        (x - b, a - rational),
        (b - x, rational - a),
        (x * b, a * rational),
        (b * x, a * rational),
        (-x, -a),
        (abs(x), abs(a)),
    ):
        assert isinstance(found, Exact)
        assert found == expected
    if b:
        assert x / b == a / rational
    if a:
        assert b / x == rational / a
