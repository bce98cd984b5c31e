"""The parts of the falsifier, on claims made up for the purpose."""

import subprocess
import sys
from fractions import Fraction as Q
from importlib import import_module
from pathlib import Path
from random import Random
from time import perf_counter

import pytest

from lagrange.falsifier import (
    Counterexample,
    Falsifiable,
    Family,
    Field,
    Instance,
    NotFalsified,
    Rule,
    falsify,
)
from lagrange.falsifier.names import rule_of
from lagrange.falsifier.search import MOST, lattice
from lagrange.falsifier.shrink import shrink, size
from lagrange.falsifier.trials import KEPT, Trials, score_of
from lagrange.step_sizes import Constant
from proofs_checks.comparison import Comparison
from tests.proofs import falsifier_rules as rules

ROOT = Path(__file__).parents[2]
LINE = Family("numbers", (Field("x", -3, 3),))


def claim(check, family=LINE) -> Falsifiable:
    """About a number; the rule is not looked at."""
    return Falsifiable(
        "made-up",
        "a statement",
        "nothing",
        Rule(None, "rule = None"),
        family,
        lambda rule: rule,
        lambda instance, rule: check(instance),
        lambda instance: f"print({instance.rows})",
    )


def misses(point: Q, by: Q = Q(0)):
    """The claim that no instance comes nearer to a point than ``by``: largest entry of all rows."""
    return lambda instance: Comparison(by, (max(instance.numbers) - point) ** 2, "<=")


# ------------------------------------------------------------------ families


def test_lattices_of_a_field():
    assert Field("x", -1, 2).lattice(1) == [0, 1, -1, 2]
    assert Field("x", Q(1, 4), 1).lattice(2) == [Q(1, 2), 1]
    assert Field("x", -1, 1, whole=True).lattice(3) == [0, 1, -1]
    assert Field("x", Q(-1, 2), Q(1, 2)).lattice(3) == [0, Q(1, 3), Q(-1, 3)]


def test_a_field_knows_its_range():
    one = Field("x", Q(1, 2), 2)
    assert [one.nearest(Q(v)) for v in (0, 1, 9)] == [Q(1, 2), 1, 2]
    assert one.allows(Q(2, 3)) and not one.allows(Q(1, 3)) and not one.allows(Q(3))
    whole = Field("x", -2, 2, whole=True)
    assert whole.nearest(Q(5, 3)) == 2 and not whole.allows(Q(1, 2)) and whole.allows(Q(-2))


def test_a_lattice_has_every_instance_once():
    family = Family("pairs", (Field("x", 0, 1), Field("y", -1, 1)), (Field("s", 0, 2),), (1, 2))
    both = family.lattice(2, 1)
    found = list(both)
    assert len(found) == len(both) == len(set(found)) == (2 * 3) ** 2 * 3
    assert found[0] == Instance(((0, 0), (0, 0)), (0,), 5)
    assert all(family.allows(instance) for instance in found)
    assert all(family.instance(2, 5, instance.numbers) == instance for instance in found)


def test_what_is_in_a_family():
    family = Family("pairs", (Field("x", 0, 1),), (), (1, 3), (2, 4))
    assert family.allows(Instance(((Q(1),),), (), 2))
    for outside in (
        Instance(((Q(1),), (Q(1),)), (), 2),  # two variables
        Instance(((Q(1),),), (), 3),
        Instance(((Q(2),),), (), 2),
    ):
        assert not family.allows(outside)
    assert str(family) == "pairs; 1 to 3 variables, at most 4 iterations"
    assert "; 3 variables" in str(Family("p", (), (), (3,)))


# ------------------------------------------------------------------ stages


@pytest.mark.parametrize(
    ("point", "by", "stage"),
    (
        (Q(2), Q(1, 10**6), "lattice"),
        (Q(-4, 3), Q(1, 10**6), "lattice"),
        (Q(5, 7), Q(1, 10**6), "lattice"),
        (Q(-3, 10), Q(1, 10**6), "lattice"),
        (Q(5, 11), Q(1, 10**6), "Hypothesis"),
        (Q(33, 64), Q(1, 10**5), "refinement"),
    ),
)
def test_each_stage_finds_what_the_one_before_cannot(point, by, stage, monkeypatch):
    monkeypatch.setattr(import_module("lagrange.falsifier.falsify"), "RUNS", 3)
    family = Family("numbers", (Field("x", -3, 3),), variables=(1,))
    found = falsify(claim(misses(point, by), family), seconds=60)
    assert isinstance(found, Counterexample) and found.stage == stage
    assert (found.instance.rows[0][0] - point) ** 2 < by


def test_a_large_lattice_is_sampled_and_a_small_one_enumerated():
    seen = []
    family = Family("numbers", (Field("x", -3, 3), Field("y", -3, 3)), (), (1, 2))
    never = claim(lambda instance: seen.append(instance) or Comparison(0, 1, "<="), family)
    trials = Trials(never, None, perf_counter() + 60)
    lattice(family, trials, Random(0))
    small = {i for i in seen if len(i.rows) == 1}
    for denominator in (1, 2, 3, 5):
        assert small >= {*family.lattice(1, denominator)}
    assert any(v.denominator == 10 for i in small for v in i.numbers)
    assert len([i for i in seen if len(i.rows) == 2]) == 3 * MOST  # 7⁴ and more are too many
    assert trials.counts == {"lattice": len(seen)}
    assert len(trials.near) == KEPT and trials.found is None


def test_the_nearest_misses_are_kept():
    trials = Trials(claim(misses(Q(10))), None, perf_counter() + 60)
    for k in range(12):
        trials.put(Instance(((Q(k, 4),),), (), 1))
    assert [i.rows[0][0] for _, i in trials.near] == [Q(k, 4) for k in range(11, 3, -1)]
    assert [s for s, _ in trials.near] == sorted(s for s, _ in trials.near)


def test_scores():
    assert score_of(Comparison(1, 2, "<=")) == 0.25
    assert score_of(Comparison(2, 1, "<=")) == -0.25
    assert score_of(Comparison(float("inf"), 1, "<=")) == -1.0


def test_what_is_outside_the_hypotheses_is_not_counted():
    def check(instance):
        return None if instance.rows[0][0] < 0 else Comparison(0, 1, "<=")

    found = falsify(claim(check), seconds=60, most=30)
    assert isinstance(found, NotFalsified)
    assert found.tried == sum(found.counts.values()) > 0 < found.outside
    assert f"{found.outside} more did not satisfy the hypotheses" in str(found)


def test_time_is_kept():
    began = perf_counter()
    found = falsify(
        claim(lambda i: Comparison(0, len([0 for _ in range(3000)]), "<=")), seconds=0.5
    )
    assert isinstance(found, NotFalsified) and perf_counter() - began < 5


def test_number_is_kept():
    found = falsify(
        claim(lambda i: Comparison(0, 1 + abs(i.numbers[0]), "<=")), seconds=60, most=11
    )
    assert isinstance(found, NotFalsified)
    assert found.counts == {"lattice": 11, "Hypothesis": 11, "refinement": 11}


def test_the_same_seed_gives_the_same():
    def check(instance):
        return Comparison(sum(instance.numbers), Q(17, 2), "<=")

    a, b = (falsify(claim(check), seconds=20, seed=4) for _ in range(2))
    assert isinstance(a, Counterexample) and a == b.__class__(**{**vars(b), "claim": a.claim})


# ------------------------------------------------------------------ shrinking


LONG = Instance(((Q(5, 2),), (Q(17, 12),), (Q(11, 12),)), (), 5)


@pytest.mark.parametrize(
    ("fails", "start", "smallest"),
    (
        (lambda i: max(i.numbers) > Q(3, 2), LONG, (1, 1, 0, 2, 0)),
        (lambda i: min(i.numbers) < Q(-1, 2), Instance(((Q(-9, 4),),), (), 3), (1, 1, 0, 1, 1)),
        (lambda i: any(Q(1, 4) < v < Q(1, 2) for v in i.numbers), None, (1, 1, 2, 1, 0)),
        (lambda i: sum(i.numbers) > 3, LONG, (2, 1, 0, 4, 0)),
        (lambda i: i.iterations >= 3 and i.rows[-1][0] != 0, LONG, (1, 3, 0, 1, 0)),
        (lambda i: len(i.rows) == 2 and abs(i.rows[1][0]) > 1, None, (2, 1, 0, 2, 0)),
    ),
)
def test_shrinking_ends_in_what_is_simplest(fails, start, smallest):
    start = start or Instance(((Q(5, 12),), (Q(-23, 12),)), (), 4)
    assert fails(start)
    found = shrink(LINE, start, fails)
    assert fails(found) and size(found) == smallest


def test_shrinking_stays_in_the_family():
    family = Family("numbers", (Field("x", 1, 3, whole=True),), (), (2, 3), (2, 4))
    start = Instance(((Q(3),), (Q(2),), (Q(3),)), (), 4)
    assert shrink(family, start, lambda _: True) == Instance(((Q(1),), (Q(1),)), (), 2)


def test_the_order_of_simplicity():
    one = Instance(((Q(1),),), (), 1)
    assert size(one) < size(one._replace(rows=((Q(-1),),))) < size(one._replace(rows=((Q(2),),)))
    assert size(one._replace(rows=((Q(9),),))) < size(one._replace(rows=((Q(1, 2),),)))
    assert size(one._replace(rows=((Q(1, 9),),))) < size(one._replace(iterations=2))
    assert size(one._replace(iterations=5)) < size(one._replace(rows=((Q(0),), (Q(0),))))


# ------------------------------------------------------------------ rules and scripts


def test_sources_of_rules():
    assert rule_of("math:sqrt").source == "from math import sqrt as rule"
    assert rule_of(rules.Halving).source == f"from {rules.__name__} import Halving as rule"
    assert rule_of(rules.relaxed).source == f"from {rules.__name__} import relaxed as rule"
    made = rule_of(Constant(0.5))
    assert made.source.splitlines()[-1] == "rule = Constant(size=0.5)" and made.value == Constant(
        0.5
    )
    assert rule_of(lambda v: v).source.startswith("rule = ...  #")
    assert rule_of(made) is made


def test_the_script_says_what_is_violated():
    found = falsify(claim(misses(Q(2), Q(1, 9))), seconds=20)
    assert isinstance(found, Counterexample)
    head = found.script.splitlines()
    assert head[:3] == ["# made-up: a statement", "# violated: 1/9 > 0", "rule = None"]
    assert found.script.endswith(f"print({found.instance.rows})")


# ------------------------------------------------------------------ what is imported


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_hypothesis_the_stage_is_skipped_and_said_to_be():
    text = python(
        "import sys; sys.modules['hypothesis'] = None\n"
        "from lagrange.falsifier import falsify\n"
        "print(falsify('projection-is-nearest', seconds=0.3))"
    )
    assert "Hypothesis stage was skipped: pip install 'lagrange[falsify]'" in text
    assert "(lattice" in text and "Hypothesis " + "1" not in text


def test_importing_is_light():
    code = "import sys, lagrange.falsify_command; print([n for n in {!r} if n in sys.modules])"
    assert python(code.format(("hypothesis", "proofs_checks", "numpy.testing"))).strip() == "[]"
