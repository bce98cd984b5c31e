"""What theorems imply is never violated where their hypotheses hold: many random runs."""

import numpy as np
import pytest

from lagrange import ADMM, Problem, StepLimit, SurrogateLagrangian, solve
from lagrange.certify import certify
from lagrange.facts import Declared
from lagrange.known_blocks import known, set_facts
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.oracles.set_block import SetBlock
from lagrange.sets import (
    NM,
    Binary,
    Box,
    Cardinality,
    L1Ball,
    L2Ball,
    PerTensor,
    Simplex,
    SparsePlusLowRank,
)
from lagrange.slack import Slack
from lagrange.step_sizes import SurrogateContraction
from lagrange.theorems.progressive import lies_in
from problems.assignment import build
from problems.assignment_data import generate

ROW = "row"


def tables(seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(2, 12), rng.integers(1, 8)
    return rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-2, 3), rng.normal(size=rows)


def consequences(problem, solver, steps=60):
    solution = solve(problem, solver, stop=StepLimit(steps))
    return certify(problem, solver, solution)


@pytest.mark.parametrize("seed", range(40))
def test_the_energy_of_convex_runs_never_rises(seed):
    """To the end, where nothing but rounding is left."""
    A, b = tables(seed)
    rho = 10.0 ** np.random.default_rng(seed).uniform(-3, 3)
    second = (L1Norm(0.3, ROW), SetBlock.per_row({ROW: Box(-0.1, 0.2)}))[seed % 2]
    problem = Problem((LeastSquares(A, b, ROW), second), {ROW: np.zeros(A.shape[1])})
    (energy,) = consequences(problem, ADMM(rho), 300).of("admm.convex").consequences
    assert energy.text == "holds", energy


@pytest.mark.parametrize("seed", range(40))
def test_relaxed_runs_are_licensed_to_the_end(seed):
    """Where nothing but rounding is left, and for relaxations near 1 and near 2 as well."""
    A, b = tables(seed)
    rng = np.random.default_rng(seed)
    relaxation = (1.6, 0.5, 1.0 + 1e-3, 1.98, float(rng.uniform(0.1, 1.9)))[seed % 5]
    problem = Problem((LeastSquares(A, b, ROW), L1Norm(0.3, ROW)), {ROW: np.zeros(A.shape[1])})
    solver = ADMM(10.0 ** rng.uniform(-3, 3), relaxation=relaxation)
    solution = solve(problem, solver, stop=StepLimit(300))
    certificate = certify(problem, solver, solution, declared=Declared(saddle_point=True))
    assert certificate.of("admm.convex").licensed, "\n".join(certificate.as_lines())


SETS = (Cardinality(1), Binary(), Cardinality(2), NM(1, 2))


@pytest.mark.parametrize("seed", range(40))
def test_descent_holds_above_the_threshold(seed):
    A, b = tables(seed)
    if seed % 4 == 3:
        A = np.hstack([A, A[:, ::-1]])  # an even number of columns
    smooth = LeastSquares(A, b, ROW)
    problem = Problem(
        (SetBlock.per_row({ROW: SETS[seed % 4]}), smooth), {ROW: np.zeros(A.shape[1])}
    )
    rho = 1.5 * known(smooth).smoothness
    licence = consequences(problem, ADMM(rho)).of("admm.nonconvex")
    assert licence.licensed, licence.reasons
    assert [c.text for c in licence.consequences] == ["holds"]


def test_below_the_threshold_nothing_is_licensed_and_descent_can_fail():
    A = np.eye(1)
    problem = Problem(
        (SetBlock.per_row({ROW: Binary()}), LeastSquares(A, np.zeros(1), ROW)), {ROW: np.zeros(1)}
    )
    licence = consequences(problem, ADMM(0.5)).of("admm.nonconvex")
    assert not licence.licensed
    reasons = {reason.hypothesis: reason.text for reason in licence.reasons}
    assert reasons["ρ is above its threshold"] == "violated at 1"


@pytest.mark.parametrize("group", (1, 2, 3))
@pytest.mark.parametrize("seed", range(4))
def test_exact_blocks_license_whatever_their_groups(seed, group):
    problem = build(generate("D", 4, 16, seed))
    rule = SurrogateContraction(20.0, 0.3, first_step=1.0)
    solver = SurrogateLagrangian(rule, group, sweep_every=20)
    certificate = consequences(problem, solver, 200)
    assert "surrogate.exact-blocks" in certificate.licensed, certificate.line
    (values,) = certificate.of("surrogate.exact-blocks").consequences
    assert values.text == "holds"


# ------------------------------------------------------------------ what is known of sets


@pytest.mark.parametrize(
    ("members", "convex", "exact", "piecewise", "bounded"),
    [
        (Box(0.0, 1.0), True, True, True, True),
        (Box(0.0, np.inf), True, True, True, False),
        (L2Ball(1.0), True, True, False, True),
        (Simplex(1.0), True, True, True, True),
        (Cardinality(2), False, True, False, None),
        (SparsePlusLowRank(2, 1), False, False, False, None),
        (PerTensor({"a": Box(0.0, 1.0), "b": L2Ball(1.0)}), True, True, False, True),
        (PerTensor({"a": Box(0.0, 1.0), "b": Cardinality(1)}), False, True, False, None),
        (PerTensor({"a": L1Ball(1.0), "b": Box(0.0, np.inf)}), True, True, True, False),
    ],
)
def test_facts_of_sets(members, convex, exact, piecewise, bounded):
    facts = set_facts(members)
    assert (facts.convex, facts.exact, facts.piecewise, facts.bounded) == (
        convex,
        exact,
        piecewise,
        bounded,
    )


def test_nothing_is_known_of_a_set_of_ones_own():
    class Mine:
        pass

    assert set_facts(Mine()).convex is None
    assert known(SetBlock.per_row({ROW: Mine()})).exact is None
    assert known(Mine()).why.startswith("nobody")


def test_smoothness_is_at_least_the_curvature():
    A, b = tables(1)
    L = known(LeastSquares(A, b, ROW)).smoothness
    top = np.linalg.eigvalsh(A.T @ A).max()
    assert top <= L <= top * (1 + 1e-8)
    assert known(Slack(ROW, np.zeros(2))).bounded is False


@pytest.mark.parametrize(
    ("coarse", "fine", "expected"),
    [
        (Cardinality(1), Cardinality(2), True),
        (Cardinality(3), Cardinality(2), False),
        (Box(0.0, 1.0), Box(0.0, 1.0), True),
        (Box(0.0, 1.0), Box(0.0, 2.0), None),
        (Cardinality(1), Box(0.0, 1.0), None),
        (PerTensor({"a": Cardinality(1)}), PerTensor({"a": Cardinality(2)}), True),
        (PerTensor({"a": Cardinality(3)}), PerTensor({"a": Cardinality(2)}), False),
        (PerTensor({"a": Cardinality(1)}), PerTensor({"b": Cardinality(2)}), None),
        (Binary(), Binary(), True),
    ],
)
def test_sets_that_lie_in_each_other(coarse, fine, expected):
    assert lies_in(coarse, fine) is expected
