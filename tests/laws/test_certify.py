"""The run certificate: small runs are licensed, and every hypothesis can fail."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from lagrange import ADMM, Problem, Response, StepLimit, Subgradient, solve
from lagrange.certificates import Claims
from lagrange.certify import certify, with_claims
from lagrange.facts import Declared, Facts, StepFacts
from lagrange.step_sizes import Constant, Diminishing, Polyak, SurrogateContraction
from lagrange.theorems.bounds import right_signs
from lagrange.theorems.evidence import Evidence
from lagrange.theorems.findings import Basis, Margin, Verdict, judged
from lagrange.theorems.steps import facts_of
from tests.laws import planted_admm, planted_dual
from tests.laws.licensed_runs import LICENSED, MAKE, made, sparse


@pytest.mark.parametrize("name", MAKE)
def test_they_are_licensed(name):
    certificate = made(name).certificate()
    assert set(LICENSED[name]) <= set(certificate.licensed), "\n".join(certificate.as_lines())
    for theorem in LICENSED[name]:
        assert theorem in certificate.line


PLANTED = (*planted_admm.PLANTED, *planted_dual.PLANTED)


def licence_of(certificate, ending):
    (licence,) = [each for each in certificate.licences if each.theorem.endswith(f".{ending}")][:1]
    return licence


def finding_of(licence, hypothesis):
    (found,) = [
        f for f in (*licence.hypotheses, *licence.consequences) if f.hypothesis == hypothesis
    ]
    return found


@pytest.mark.parametrize(
    "planted", PLANTED, ids=[f"{p.run}: {p.hypothesis} {n}" for n, p in enumerate(PLANTED)]
)
def test_a_planted_violation_flips_the_verdict(planted):
    name, theorem, hypothesis, reads, change, declared = planted
    run = made(name)
    before = licence_of(run.certificate(), theorem)
    assert theorem == "contraction" or before.licensed
    changed = run if change is None else change(run)
    licence = licence_of(changed.certificate(**declared), theorem)
    found = finding_of(licence, hypothesis)
    assert found.text == reads, found
    assert not licence.licensed and found in licence.reasons
    if found.verdict is Verdict.VIOLATED and found.margin is not None:
        assert found.margin < 0
    earlier = [f for f in before.hypotheses if f.hypothesis == hypothesis]
    assert all(f.text != reads for f in earlier) or theorem == "contraction"


@pytest.mark.parametrize(
    ("convex", "ratio", "reads"),
    [
        (True, 1.41, "violated at 1"),
        (True, 1.42, "holds"),
        (False, 1.99, "violated at 1"),
        (False, 2.01, "holds"),
    ],
)
def test_the_threshold_of_descent_is_sharp(convex, ratio, reads):
    """ρ > √2 L for convex f, ρ > 2 L without it."""
    facts = Facts("by hand", convex, True, smoothness=made("nonconvex").solver.rho / ratio)
    certificate = made("nonconvex").certificate(blocks={1: facts})
    found = finding_of(licence_of(certificate, "nonconvex"), "ρ is above its threshold")
    assert found.text == reads, found


def test_a_violation_by_one_block_beats_silence_about_another():
    facts = {0: Facts("silent"), 1: Facts("loud", convex=False, exact=True)}
    licence = licence_of(made("admm").certificate(blocks=facts), "convex")
    found = finding_of(licence, "every block is convex")
    assert found.text == "violated" and "loud" in found.detail and "silent" not in found.detail


def test_the_largest_sense_turns_the_bounds_around():
    run = Evidence(made("admm").problem, made("admm").solver, [], {})
    claims = Claims(dual_value=7.0, lower_bound=5.0, upper_bound=6.0, gap=0.2, facts={})
    turned = with_claims(run, claims, "max")
    assert (turned.lower, turned.upper, turned.dual_value) == (-6.0, -5.0, -7.0)
    assert with_claims(run, claims, "min").lower == 5.0


@pytest.mark.parametrize(("least", "reads"), [(0.0, "holds"), (-1e-300, "violated")])
def test_multipliers_of_inequalities_must_not_be_negative(least, reads):
    problem = replace(made("surrogate").problem, inequality=frozenset({"row"}))
    run = Evidence(problem, None, [], {"row": np.array([1.0, least])}, lower=1.0, upper=2.0)
    found = right_signs(run)
    assert found.text == reads and found.margin == least


# ------------------------------------------------------------------ what nobody declared


@dataclass(frozen=True)
class Mine:
    """A user's block: a price taker on {0, 1}."""

    cost: float

    def respond(self, price, query, start):
        x = 1.0 if self.cost + price["row"][0] < 0 else 0.0
        value = min(0.0, self.cost + price["row"][0])
        return Response({"row": np.array([x])}, self.cost * x, value, x)


class MyRule:
    def init(self):
        return None

    def next(self, now, memory):
        return 1.0 / (now.moves + 2), None


def mine(**declared):
    problem = Problem((Mine(1.0), Mine(2.0)), {"row": np.array([1.0])})
    solver = Subgradient(MyRule())
    solution = solve(problem, solver, stop=StepLimit(10))
    return certify(problem, solver, solution, declared=Declared(**declared))


def test_a_users_block_and_rule_are_undetermined_until_declared():
    licence = mine().of("subgradient.diminishing")
    assert {f.hypothesis: f.text for f in licence.reasons} == {
        "every answer is a minimizer": "undetermined",
        "the recorded steps follow the rule": "not checkable",
        "the residual is bounded over all of X": "undetermined",
        "the steps vanish": "undetermined",
        "the sum of the steps is infinite": "undetermined",
    }
    facts = {i: Facts("two points", exact=True, bounded=True, piecewise_dual=True) for i in (0, 1)}
    certificate = mine(blocks=facts, steps=StepFacts(vanishing=True, unsummable=True))
    assert certificate.of("subgradient.diminishing").licensed
    assert not certificate.of("subgradient.square-summable").licensed


def test_a_subclass_of_a_known_block_is_not_known():
    run = made("nonconvex")

    class Other(type(run.problem.blocks[1])):
        pass

    block = run.problem.blocks[1]
    problem = replace(
        run.problem, blocks=(run.problem.blocks[0], Other(block.A, block.b, block.row))
    )
    licence = licence_of(replace(run, problem=problem).certificate(), "nonconvex")
    exact = finding_of(licence, "projections and the smooth minimizations are exact")
    assert exact.text == "undetermined" and "Other" in exact.detail


def test_declared_facts_stand_apart_from_observed_ones():
    certificate = made("admm").certificate()
    text = certificate.as_markdown()
    declared, observed = text.split("| observed, or read off the settings |")[:2]
    assert "every block is convex" in declared and "L has a saddle point" in declared
    assert (
        "the trace is whole" in observed.split("##")[0] and "convex" not in observed.split("##")[0]
    )
    for licence in certificate.as_json()["theorems"]:
        for found in licence["hypotheses"]:
            assert found["basis"] in {basis.value for basis in Basis}
            assert found["verdict"] in {verdict.value for verdict in Verdict}


def test_a_false_declaration_is_refuted_by_its_consequence():
    """ADMM on a cardinality set, declared convex: the energy rises."""
    problem = sparse(2, seed=1)
    solver = ADMM(0.5, ((1,), (0,)))
    solution = solve(problem, solver, stop=StepLimit(40))
    facts = Facts("somebody's word", convex=True, exact=True, piecewise=True, bounded_below=True)
    declared = Declared({0: facts}, saddle_point=True)
    licence = certify(problem, solver, solution, declared=declared).of("admm.convex")
    assert all(h.verdict is Verdict.HOLDS for h in licence.hypotheses)
    assert [f.hypothesis for f in licence.reasons] == ["ρ ‖r‖² + ‖s‖²/ρ never rises"]


def test_integers_round_a_bound_up_but_not_the_dual_value():
    """max q may lie below the bound that an integral objective allows."""
    problem = Problem((Mine(0.5),), {"row": np.array([0.5])}, integral=True)
    solver = Subgradient(Polyak(target=0.25))
    solution = solve(problem, solver, stop=StepLimit(1))
    assert solution.lower_bound == 0.0
    licence = certify(problem, solver, solution, declared=Declared(dual_optimum=-0.5))
    assert finding_of(licence.of("subgradient.polyak"), "max q is as declared").text == "holds"


def test_a_run_without_a_step_is_not_licensed():
    problem, solver = sparse(), ADMM(1.0)
    solution = solve(problem, solver, stop=StepLimit(0))
    certificate = certify(problem, solver, solution)
    assert certificate.licensed == ()
    assert all(not each.licensed for each in certificate.licences)


def test_a_solver_of_ones_own_is_about_no_theorem_but_that_of_bounds():
    class Mine:
        pass

    run = made("admm")
    certificate = certify(run.problem, Mine(), run.solution)
    assert [each.theorem for each in certificate.licences] == ["bounds.weak-duality"]
    assert certificate.line.startswith(
        "no theorem licenses this run: none that is known here covers"
    )


def test_the_algebra_of_verdicts():
    """One violation beats what is open, what is open beats what holds; the step is the first."""
    detail = "units"
    holds, opened, violated = Margin(1, 2.0), Margin(2, math.nan), Margin(3, -1.0)
    assert judged("h", [holds], detail).text == "holds"
    assert judged("h", [opened, holds], detail).text == "undetermined"
    assert judged("h", [opened, violated, Margin(4, -9.0)], detail).text == "violated at 3"
    assert judged("h", [], detail).text == "undetermined"
    assert judged("h", [], detail, vacuous="no steps").text == "holds"
    least = judged("h", [holds, Margin(5, 0.5)], detail)
    assert (least.at, least.margin) == (5, 0.5)


def test_frozen_schedules_are_declared_by_their_class_with_the_distance_walked():
    rule = SurrogateContraction(1.5, 0.1, first_step=0.1)
    run = made("surrogate").with_solver(step_size=rule)
    licence = licence_of(run.certificate(), "exact-blocks")
    found = finding_of(licence, "the sum of the steps is infinite")
    assert found.basis is Basis.DECLARED and "So far λ has moved by" in found.detail


@pytest.mark.parametrize(
    ("rule", "vanishing", "square_summable"),
    [
        (SurrogateContraction(1.9, 0.5), True, True),
        (SurrogateContraction(2.0, 0.5), True, False),
        (Diminishing(1.0, 0.51), True, True),
        (Diminishing(1.0, 0.5), True, False),
        (Constant(1.0), False, False),
        (Polyak(target=1.0), None, None),
        (MyRule(), None, None),
    ],
)
def test_what_the_class_of_a_rule_says(rule, vanishing, square_summable):
    facts = facts_of(rule, Evidence(made("admm").problem, None, [], {}))
    assert (facts.vanishing, facts.square_summable) == (vanishing, square_summable)
