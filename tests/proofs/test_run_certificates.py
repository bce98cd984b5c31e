"""What run certificates rely on, on random instances in rational arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs_checks import run_certificates
from proofs_checks.claims import Mutant
from proofs_checks.finite import rationals
from proofs_checks.planted import Planted
from tests.proofs.instances import finite_problems

SMALL = st.integers(-3, 3).map(Fraction)


@settings(max_examples=60)
@given(
    finite_problems(), st.lists(SMALL, min_size=2, max_size=2), st.sampled_from(("1/3", "1", "4"))
)
def test_late_answers_are_nearly_minimizers(problem, prices, first):
    multipliers = rationals(*prices[: len(problem.rhs)])
    assert run_certificates.late_answers(problem, multipliers, 10, Fraction(first)).holds


@st.composite
def planted(draw):
    weight = draw(st.integers(0, 3).map(Fraction))
    z, y, h = [], [], []
    for _ in range(draw(st.integers(1, 3))):
        z.append(draw(SMALL))
        inside = draw(st.integers(-2, 2).map(lambda t: Fraction(t, 2)))
        y.append(weight * ((z[-1] > 0) - (z[-1] < 0)) if z[-1] else inside * weight)
        h.append(draw(st.integers(0, 3).map(Fraction)))
    return Planted(tuple(h), weight, tuple(z), tuple(y))


@settings(max_examples=60)
@given(planted(), st.lists(SMALL, min_size=6, max_size=6), st.sampled_from(("1/4", "1", "3")))
def test_successive_sweeps_never_rise_from_any_start(instance, start, rho):
    n = len(instance.z)
    z, y = tuple(start[:n]), tuple(start[3 : 3 + n])
    assert run_certificates.successive_sweeps(instance, z, y, Fraction(rho)).holds


MUTANTS: list[tuple[str, Mutant]] = [
    (claim.name, mutant) for claim in run_certificates.CLAIMS for mutant in claim.mutants
]


@pytest.mark.parametrize(("claim", "mutant"), MUTANTS)
def test_mutants_die(claim, mutant):
    assert mutant.killed
