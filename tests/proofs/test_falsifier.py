"""The falsifier finds what is known to be false, in the smallest form, and nothing that is true."""

import inspect
import io
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from time import perf_counter

import pytest

from lagrange.falsifier import BUILT_IN, Counterexample, claim_named, falsify
from lagrange.falsifier.names import rule_of
from lagrange.falsifier.shrink import shrink, size
from lagrange.falsifier.trials import judge
from lagrange.sets import Cardinality, IntegerLattice
from lagrange.step_sizes import Constant, Diminishing, SurrogateContraction
from tests.proofs import falsifier_rules as rules

ROOT = Path(__file__).parents[2]
OWN = "tests.proofs.falsifier_rules"
LARGEST = (3, 5)  # variables, iterations

PINNED = (  # claim and rule; what a falsifier has to find at the least
    ("surrogate-value-is-bound", None),
    ("admm-lyapunov-decrease", None),
    ("nonconvex-admm-converges", None),
    ("multiblock-converges", None),
    ("step-travel-diverges", f"{OWN}:Halving"),
    ("polyak-target", f"{OWN}:overshooting"),
    ("projection-is-nearest", f"{OWN}:DoubleRounding"),
    ("projection-is-nearest", f"{OWN}:LargestBySign"),
    ("projection-is-nearest", f"{OWN}:QuarterRounding"),
)
FALSE = (
    *PINNED,
    ("bound-below-optimum", f"{OWN}:ReportsSurrogate"),
    ("block-bound-below-minimum", f"{OWN}:RoundedUp"),
    ("admm-lyapunov-decrease-later", f"{OWN}:relaxed"),
    ("nonconvex-admm-descends", f"{OWN}:loss_first"),
    ("step-travel-diverges", f"{OWN}:Steep"),
    ("step-travel-diverges", f"{OWN}:Vanishing"),
    ("projection-is-nearest", f"{OWN}:outside"),
)
TRUE = (  # the right rule each
    ("surrogate-value-is-bound", "lagrange:Subgradient"),
    ("bound-below-optimum", None),
    ("bound-below-optimum", "lagrange:Subgradient"),
    ("block-bound-below-minimum", None),
    ("block-bound-below-minimum", f"{OWN}:fractional"),
    ("admm-lyapunov-decrease-later", None),
    ("nonconvex-admm-converges", f"{OWN}:four_times"),
    ("nonconvex-admm-descends", None),
    ("step-travel-diverges", None),
    ("step-travel-diverges", Constant(0.5)),
    ("step-travel-diverges", Diminishing(2.0, 0.5)),
    ("step-travel-diverges", SurrogateContraction(2.0, 0.5, first_step=1.0)),
    ("polyak-target", None),
    ("projection-is-nearest", Cardinality(2)),
    ("projection-is-nearest", IntegerLattice()),
    ("projection-is-nearest", f"{OWN}:clipped"),
)


def named(pair) -> str:
    return f"{pair[0]} {str(pair[1] or '').rpartition(':')[2]}".strip()


def run_script(text: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_here(text: str) -> str:
    """Without the half second that a new process takes."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(text, {"__name__": "shown"})
    return printed.getvalue()


@pytest.mark.parametrize("pair", FALSE, ids=named)
def test_what_is_false_is_found_small_and_replayed(pair):
    found = falsify(pair[0], pair[1], seconds=20.0)
    assert isinstance(found, Counterexample), found
    instance, claim = found.instance, found.claim
    assert len(instance.rows) <= LARGEST[0] and instance.iterations <= LARGEST[1]
    assert claim.family.allows(instance) and size(instance) <= size(found.first)
    # exactly, from scratch
    rule = claim.accept((claim.default if pair[1] is None else rule_of(pair[1])).value)
    verdict = judge(claim, rule, instance)
    assert verdict is not None and not verdict.holds
    assert (verdict.measured, verdict.predicted) == (found.measured, found.predicted)
    assert found.measured > found.predicted
    # nothing simpler fails, one step at a time
    fails = [0]

    def again(near):
        result = judge(claim, rule, near)
        fails[0] += result is not None and not result.holds
        return result is not None and not result.holds

    assert shrink(claim.family, instance, again) == instance and fails[0] == 0
    # and with the public library alone
    assert "proofs_checks" not in found.script and "falsifier" not in found.script.replace(OWN, "")
    run = run_script if pair in PINNED else run_here
    assert "violated: True" in run(found.script)
    assert "FALSIFIED" in str(found) and f"{len(instance.rows)} variable" in str(found)


@pytest.mark.parametrize("pair", TRUE, ids=named)
def test_what_is_true_is_not_falsified(pair):
    found = falsify(pair[0], pair[1], seconds=60, most=25)
    assert not isinstance(found, Counterexample), found
    text = str(found)
    assert f"{found.tried} instances were tried" in text and found.tried >= 25
    assert str(found.claim.family) in text and "proof" not in text and "proved" not in text
    assert set(found.counts) == {"lattice", "Hypothesis", "refinement"}
    assert max(found.counts.values()) <= 25


def test_every_claim_is_put_to_something_wrong():
    assert {claim for claim, _ in FALSE} == set(BUILT_IN)
    for name in BUILT_IN:
        claim = claim_named(name)
        assert claim.name == name and claim.statement and claim.takes
        scope: dict = {}
        exec(claim.default.source, scope)  # the default is what its source says
        assert isinstance(scope["rule"], type(claim.default.value))


def test_the_rules_are_short():
    """At most five lines besides the head of a class."""
    for _, rule in (*FALSE, *TRUE):
        if isinstance(rule, str) and rule.startswith(OWN):
            source = inspect.getsource(getattr(rules, rule.partition(":")[2]))
            code = re.sub(r'""".*?"""', "", source, flags=re.DOTALL).splitlines()
            code = [line for line in code if line.strip() and not line.startswith("@")]
            assert len(code) - source.lstrip().startswith(("class", "@")) <= 5, rule


COLD = """
import sys, typer
from lagrange.falsify_command import falsify
sys.path.append(".")
app = typer.Typer()
app.command()(falsify)
app()
"""


def cold(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", COLD, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", ("1", "2", "3"))
@pytest.mark.parametrize("pair", FALSE, ids=named)
def test_each_takes_less_than_half_a_minute_from_a_cold_start(pair, seed, tmp_path):
    words = [pair[0], "--seed", seed, "--seconds", "25", "--out", str(tmp_path / "shown.py")]
    began = perf_counter()
    done = cold(*words, *(["--rule", pair[1]] if pair[1] else []))
    assert perf_counter() - began < 30
    assert done.returncode == 1 and "FALSIFIED" in done.stdout, done.stdout + done.stderr
    counts = re.search(r"shrunk to (\d+) variables?, (\d+) iterations?", done.stdout)
    assert counts and all(int(n) <= m for n, m in zip(counts.groups(), LARGEST, strict=True))
    assert "violated: True" in run_script((tmp_path / "shown.py").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("pair", TRUE, ids=named)
def test_what_is_true_is_not_falsified_for_long(pair):
    found = falsify(pair[0], pair[1], seconds=20.0, seed=5)
    assert not isinstance(found, Counterexample), found


@pytest.mark.slow
def test_an_eighth_of_the_dual_step_is_not_small_enough_for_every_matrix():
    """A search of another seed found what was thought to be true to be false."""
    found = falsify("multiblock-converges", f"{OWN}:small_dual_step", seconds=60.0, seed=5)
    assert isinstance(found, Counterexample) and found.measured > 1
    assert "violated: True" in run_here(found.script)


def test_the_command(tmp_path):
    found = cold("projection-is-nearest", "--rule", f"{OWN}:DoubleRounding")
    assert found.returncode == 1 and "violated" in found.stdout
    wrong = cold("polyak-target", "--seconds", "-1")
    assert wrong.returncode == 2 and "must be a finite number > 0, got -1" in wrong.stderr
    right = cold("polyak-target", "--seconds", "0.5")
    assert right.returncode == 0 and "instances were tried" in right.stdout
    listed = cold()
    assert listed.returncode == 0 and all(name in listed.stdout for name in BUILT_IN)
