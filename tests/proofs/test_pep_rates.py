"""Worst cases by semidefinite programming against closed forms, and against functions that exist."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.pep import claims, methods, worst_cases
from proofs_checks.pep.artifacts import THEOREMS
from proofs_checks.pep.core import Form, FunctionClass, Known, Row, basis, value, worst_case
from tests.tolerances import EXACT

LAST_ITERATE = {1: 0.8839, 3: 0.7214, 6: 0.6008}


def rationals(*values):
    return tuple(Fraction(v) for v in values)


@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_gradient(steps):
    assert claims.gradient(steps).holds


@pytest.mark.parametrize("steps", [1, 3, 6])
def test_subgradient(steps):
    assert claims.subgradient(steps).holds
    last = claims.subgradient(steps, best=False)
    assert not last.holds
    assert float(last.measured) == pytest.approx(LAST_ITERATE[steps], abs=5e-5)


@pytest.mark.parametrize("steps", [(1,), (1, 2), ("1/2", 3, 1)])
def test_proximal_point(steps):
    assert claims.proximal(rationals(*steps)).holds


@pytest.mark.parametrize(
    "case",
    [
        (1, 4, 1, 1),
        (1, 4, "1/2", 1),
        ("1/10", 1, 1, 1),
        (1, 10, "1/10", 1),
        (1, 10, 2, 1),
        (1, 4, "1/2", "3/2"),
        (1, 10, 1, "19/10"),
    ],
)
def test_douglas_rachford(case):
    mu, L, step, relaxation = rationals(*case)
    assert claims.splitting(mu, L, step, relaxation).holds
    if relaxation == 1:
        plain = max(1 / (1 + mu * step), step * L / (1 + step * L)) ** 2
        assert methods.douglas_rachford_rate(mu, L, step) == plain


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_monotone_operator(steps):
    assert claims.monotone(steps).holds


@pytest.mark.parametrize(
    ("first", "relaxation"), [(False, 1), (True, 1), (False, "3/2"), (False, "1/2")]
)
def test_admm_energy(first, relaxation):
    assert claims.energy(first, Fraction(relaxation)).holds


def test_from_an_arbitrary_start_the_energy_estimate_fails_by_two():
    estimation = methods.admm_energy()
    assert worst_case(estimation, ["G z+ z"]).value == pytest.approx(2, abs=claims.SDP_ERROR)
    # F the indicator of 0, G = 0, z = 0, y = 1: V = V⁺ = 1 and r⁺ = −1, z⁺ = 1
    vectors = {"z": Fraction(0), "y": Fraction(1), "x+": Fraction(0), "z+": Fraction(1)}
    assert evaluate(estimation.objective, vectors, {}) == 2


def test_an_inequality_that_is_not_needed_changes_nothing():
    """The mutants of P1 are chosen: most inequalities of one step can be left out for nothing."""
    estimation = methods.gradient(1, Fraction(1))
    for name in ("f 1 0", "f * 0", "f 0 *", "f 1 *"):
        assert worst_case(estimation, [name]).value == pytest.approx(1 / 6, abs=claims.SDP_ERROR)


def test_a_longer_step_than_one_over_L_can_be_better():
    assert worst_case(methods.gradient(1, Fraction(11, 10))).value < 0.15626


def test_a_scaled_function_has_a_scaled_rate():
    estimation = methods.gradient(2, Fraction(1, 3), Fraction(3))
    expected = float(methods.gradient_rate(2, Fraction(3)))
    assert worst_case(estimation).value == pytest.approx(expected, abs=claims.SDP_ERROR)


def test_an_unbounded_program_never_holds():
    assert not claims.proximal(rationals(1), without=["f * 1"]).holds


# ------------------------------------------------------------------ what is known of a class is true


def evaluate(form, vectors, scalars):
    """A form at a run in one dimension."""
    pairs = (v * vectors[a] * vectors[b] for (a, b), v in form.quadratic.items())
    return sum(pairs, Fraction(0)) + sum(v * scalars[n] for n, v in form.linear.items())


SMALL = st.fractions(-3, 3, max_denominator=4)


@given(st.lists(SMALL, min_size=2, max_size=4, unique=True), st.integers(0, 3))
def test_inequalities_hold_for_functions_of_the_class(where, kind):
    """Functions with minimizer 0: a parabola, one with two curvatures, |x|, max(|x|, 2|x| − 1)."""
    mu, L = Fraction(1, 2), Fraction(3)
    functions = [
        (FunctionClass(mu, L), lambda x: (x * x, 2 * x)),
        (FunctionClass(mu, L), lambda x: (L / 2 * x * x, L * x) if x > 0 else (x * x / 4, x / 2)),
        (FunctionClass(lipschitz=Fraction(1)), lambda x: (abs(x), sign(x))),
        (
            FunctionClass(lipschitz=Fraction(2)),
            lambda x: max((abs(x), sign(x)), (2 * abs(x) - 1, 2 * sign(x))),
        ),
    ]
    family, function = functions[kind]
    points, vectors, scalars = {"*": Known(Row(), Row())}, {}, {"f *": function(Fraction(0))[0]}
    for k, x in enumerate(where):
        points[str(k)] = Known(basis(f"x{k}"), basis(f"g{k}"))
        scalars[f"f {k}"], vectors[f"g{k}"] = function(x)
        vectors[f"x{k}"] = x
    for operator in (False, True):
        for_values = FunctionClass(family.mu, family.L, family.lipschitz, operator)
        for i in for_values.inequalities("f", points):
            assert evaluate(i.form, vectors, scalars) <= i.bound, i.name


def sign(x):
    return Fraction((x > 0) - (x < 0))


def test_the_inequality_of_a_class_is_the_sum_of_both_orders():
    """An operator's inequality is what is left when the values cancel."""
    points = {"0": Known(basis("x"), basis("g")), "1": Known(basis("y"), basis("h"))}
    for mu, L in ((Fraction(0), None), (Fraction(1, 3), None)):
        values = FunctionClass(mu, L).inequalities("f", points)
        (of_operator,) = FunctionClass(mu, L, operator=True).inequalities("f", points)
        assert (values[0].form + values[1].form - of_operator.form) == Form()
    mu, L = Fraction(1, 2), Fraction(3)
    values = FunctionClass(mu, L).inequalities("f", points)
    (of_operator,) = FunctionClass(mu, L, operator=True).inequalities("f", points)
    assert (values[0].form + values[1].form) * (L - mu) == of_operator.form


def test_rows_and_forms():
    x, y = basis("x"), basis("y")
    form = (x + 2 * y) @ (x - y) + value("f")
    assert form.quadratic == {("x", "x"): 1, ("x", "y"): 1, ("y", "y"): -2}
    assert form.linear == {"f": 1}
    assert (form - form) == Form()


# ------------------------------------------------------------------ attained


@pytest.mark.parametrize("name", worst_cases.RUNS)
def test_the_rate_is_attained_by_the_library(name):
    assert claims.attained(worst_cases.RUNS[name]).holds


def test_every_exact_rate_has_a_run():
    """But the energies, which hold with equality for subspaces, and two rates with irrational lines."""
    without = {n for n, t in THEOREMS.items() if n not in worst_cases.RUNS}
    assert without == {
        "subgradient-1-long",
        "proximal-3",
        "monotone-3",
        "admm-energy",
        "admm-energy-first",
        "admm-energy-relaxed",
        "admm-relaxed",
    }


def test_monotone_rates_are_attained_at_irrational_angles():
    for steps in (3, 4, 9):
        d = ((steps - 1) ** 0.5, 1.0)
        assert worst_cases.lines_run(steps, d, error=EXACT(size=steps)).holds
