"""The run certificate of whole runs: those of the demo, and of saved folders that are tampered with."""

import csv
import json
import shutil

import numpy as np
import pytest

from lagrange import cli, demo, run_folder
from lagrange.certify import certify_run
from lagrange.certify_saved import certify_saved, read_trace, trusted_instance
from lagrange.theorems.findings import Basis, Verdict
from tests.worlds.runs import executed
from tests.worlds.saved_runs import MAKE, of_runs
from tests.worlds.tampering import change_array, change_report, report_of

SMALL = {"pruning": {"pretrain": 1, "epochs": 2, "retrain": 0}}
STEPS = {"assignment": 120, "lasso": 5000, "pruning": 4}


def certificate_of(folder):
    saved = run_folder.load(folder)
    return certify_saved(saved, trusted_instance(saved, None))


def texts(licence):
    return {f.hypothesis: f.text for f in (*licence.hypotheses, *licence.consequences)}


@pytest.fixture(scope="module")
def demonstrated():
    """The certificates of the demo's plan, with fewer steps and epochs."""
    return {
        (family, solver): certify_run(
            executed(family, solver, steps=STEPS[family], **{**options, **SMALL.get(family, {})})
        )
        for family, options, solver, _ in demo.PLAN
    }


def test_convex_admm_is_licensed(demonstrated):
    assert demonstrated["lasso", "admm"].line == "licensed: admm.convex, bounds.weak-duality"


def test_surrogate_relaxation_is_licensed_by_its_exact_blocks(demonstrated):
    """Not by the theorem of the paper: its first step aims at a cost above max q."""
    certificate = demonstrated["assignment", "surrogate"]
    assert "surrogate.exact-blocks" in certificate.licensed
    assert "every 50 steps" in certificate.of("surrogate.exact-blocks").statement
    paper = certificate.of("surrogate.contraction")
    assert texts(paper)["the first step is short enough"] == "violated at 1"
    assert not paper.licensed


def test_halved_polyak_steps_have_no_theorem_but_a_bound(demonstrated):
    certificate = demonstrated["assignment", "subgradient"]
    assert certificate.licensed == ("subgradient.any-steps", "bounds.weak-duality")
    polyak = texts(certificate.of("subgradient.polyak"))
    assert polyak["the scale stays in a closed part of (0, 2)"] == "violated"
    assert certificate.line.startswith("no theorem licenses this run: subgradient.polyak (violated")


def test_networks_are_refused_for_their_reasons(demonstrated):
    by_admm = demonstrated["pruning", "admm"]
    assert by_admm.licensed == ()
    convex, nonconvex = (texts(by_admm.of(f"admm.{name}")) for name in ("convex", "nonconvex"))
    assert convex["every block is convex"] == "violated"
    assert convex["every answer is a minimizer"] == "violated"
    assert convex["L has a saddle point"] == "undetermined"
    assert nonconvex["the set answers first, the smooth block second"] == "violated"
    assert nonconvex["f is smooth with a known constant, seen as it is"] == "undetermined"
    detail = next(h.detail for h in by_admm.of("admm.convex").reasons)
    assert "TrainingBlock" in detail and "not convex" in detail
    by_slr = demonstrated["pruning", "surrogate"]
    assert by_slr.licensed == ()
    surrogate = texts(by_slr.of("surrogate.exact-blocks"))
    assert surrogate["every answer is a minimizer"] == "violated"
    assert surrogate["no quadratic term"] == "violated"
    bounds = by_slr.of("bounds.weak-duality")
    assert texts(bounds)["the lower bound is proved"] == "violated"


@of_runs(*MAKE)
def test_a_saved_run_has_the_certificate_of_the_run(saved):
    certificate = certificate_of(saved)
    again = certify_run(MAKE[saved.name]())
    assert certificate.as_json() == again.as_json()
    assert json.loads(json.dumps(certificate.as_json(), allow_nan=False))["licensed"] == list(
        certificate.licensed
    )


@of_runs(*(name for name in MAKE if name != "pruning"))
def test_the_trace_survives_its_file(saved):
    again = MAKE[saved.name]().solution.trace
    read = read_trace(saved / "trace.csv")
    assert [repr(r._replace(seconds=0.0)) for r in read] == [
        repr(r._replace(seconds=0.0)) for r in again
    ]


def change_trace(folder, step, /, **values):
    """Another value in one line of trace.csv."""
    path = folder / "trace.csv"
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    for name, value in values.items():
        rows[step - 1][header.index(name)] = str(value)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def drop_last_step(folder):
    lines = (folder / "trace.csv").read_text().splitlines(keepends=True)
    (folder / "trace.csv").write_text("".join(lines[:-1]))


def change_data(folder):
    """A blank line at the end: the numbers are the same, the file is not."""
    (name,) = json.loads((folder / "run.json").read_text())["sha256"]
    with (folder / name).open("a") as file:
        file.write("\n")


def change_settings(folder, old, new):
    file = folder / "run.json"
    document = json.loads(file.read_text())
    assert old in document["settings"], document["settings"]
    document["settings"] = document["settings"].replace(old, new)
    file.write_text(json.dumps(document))


TAMPERED = {
    "rho in the trace": (
        "lasso",
        lambda folder: change_trace(folder, 9, rho=1.5),
        ("admm.convex", "ρ is the one of the settings", "violated at 9"),
    ),
    "relaxation in the settings": (
        "lasso",
        lambda folder: change_settings(folder, "relaxation=1.6", "relaxation=1.0"),
        ("admm.convex", "λ moved by ρ times the residual", "violated at 1"),
    ),
    "a third group": (
        "lasso",
        lambda folder: change_settings(
            folder, "relaxation=1.6, heuristic=False", "relaxation=1.0, heuristic=True"
        )
        or change_settings(folder, "((0,), (1,))", "((0,), (1,), (1,))"),
        ("admm.convex", "there are two groups of blocks", "violated"),
    ),
    "a step left out": (
        "lasso",
        lambda folder: change_trace(folder, 4, step=5),
        ("admm.convex", "the trace is whole", "violated at 4"),
    ),
    "a trace cut short": (
        "lasso",
        lambda folder: drop_last_step(folder),
        ("admm.convex", "the trace is whole", "violated"),
    ),
    "a longer residual": (
        "lasso",
        lambda folder: change_trace(folder, 9, residual=10.0),
        ("admm.convex", "λ moved by ρ times the residual", "violated at 9"),
    ),
    "a change of prices that is none": (
        "lasso",
        lambda folder: change_trace(folder, 9, dual_residual="inf"),
        ("admm.convex", "the trace is whole", "violated at 9"),
    ),
    "a value below its bound": (
        "surrogate",
        lambda folder: change_trace(folder, 1, lagrangian=-1e6),
        ("surrogate.exact-blocks", "L(x, λ) = q(λ)", "violated at 1"),
    ),
    "other data": (
        "lasso",
        lambda folder: change_data(folder),
        ("admm.convex", "the files are those of the run", "violated"),
    ),
    "a longer step": (
        "surrogate",
        lambda folder: change_trace(folder, 1, movement=1.0),
        ("surrogate.exact-blocks", "λ moved by s g", "violated at 1"),
    ),
    "another M": (
        "surrogate",
        lambda folder: change_settings(folder, "M=", "M=1"),
        ("surrogate.exact-blocks", "the recorded steps follow the rule", "violated"),
    ),
    "a pull": (
        "surrogate",
        lambda folder: change_settings(folder, "rho=None, sweep_every=40", "rho=1.0, sweep_every=None"),
        ("surrogate.exact-blocks", "no quadratic term", "violated"),
    ),
    "a value above its bound": (
        "surrogate",
        lambda folder: change_trace(folder, 1, lagrangian=1e6),
        ("surrogate.exact-blocks", "L(x, λ) = q(λ)", "violated at 1"),
    ),
    "a bound above a cost": (
        "assignment-min",
        lambda folder: change_trace(folder, 3, lower_bound=1e6),
        ("bounds.weak-duality", "no bound lies above the cost of a feasible point", "violated at 3"),
    ),
    "an infeasible point": (
        "assignment-min",
        lambda folder: change_array(folder / "point.npz", "agent", lambda a: a.fill(0)),
        ("bounds.weak-duality", "the upper bound is the cost of a feasible point", "violated"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_flips_the_verdict(name, copied):
    run, tamper, (theorem, hypothesis, reads) = TAMPERED[name]
    folder = copied(run)
    assert theorem in certificate_of(folder).licensed
    tamper(folder)
    certificate = certificate_of(folder)
    assert texts(certificate.of(theorem))[hypothesis].startswith(reads)
    assert theorem not in certificate.licensed


@of_runs("assignment-min")
def test_polyak_steps_are_replayed(saved):
    """Halved scales are in the settings, and in the steps."""
    follows = "the recorded steps follow the rule"
    assert texts(certificate_of(saved).of("subgradient.polyak"))[follows] == "holds"
    change_settings(saved, "patience=20", "patience=1")
    assert "violated" in texts(certificate_of(saved).of("subgradient.polyak"))[follows]


@of_runs("assignment-min")
def test_each_bound_is_recomputed_by_itself(saved):
    """A wrong point takes the upper bound only, wrong multipliers the lower one."""
    whole = certificate_of(saved).of("bounds.weak-duality").statement
    lower = whole.split("[")[1].partition(", ")[0]
    change_array(saved / "point.npz", "agent", lambda a: a.fill(0))
    wrong_point = certificate_of(saved).of("bounds.weak-duality")
    assert wrong_point.statement.endswith(f"[{lower}, inf]")
    (reason,) = wrong_point.reasons
    assert reason.basis is Basis.OBSERVED and "recomputed in rationals" in reason.detail


@of_runs("assignment-min")
def test_wrong_multipliers_leave_the_cost_of_the_point(saved):
    whole = certificate_of(saved).of("bounds.weak-duality").statement
    change_array(saved / "multipliers.npz", "assign", lambda a: a.fill(np.nan))
    wrong = certificate_of(saved).of("bounds.weak-duality")
    assert wrong.statement.endswith(f"[-inf, {whole.rpartition(', ')[2]}")
    first = wrong.reasons[0]
    assert first.hypothesis == "the lower bound is proved" and "NaN" in first.detail
    assert first.basis is Basis.OBSERVED


def test_multipliers_that_prove_nothing_take_the_bound_away(copied):
    """Any multipliers prove something here; without numbers they do not."""
    folder = copied("assignment-min")
    with np.load(folder / "multipliers.npz") as stored:
        size = stored["assign"].size
    np.savez(folder / "multipliers.npz", assign=np.full(size, np.nan))
    licence = certificate_of(folder).of("bounds.weak-duality")
    assert not licence.licensed
    assert any(reason.verdict is Verdict.VIOLATED for reason in licence.reasons)


def test_progressive_runs_are_judged_by_their_last_stage():
    run = executed("pruning", "progressive", steps=3, pretrain=1, epochs=3, retrain=0)
    certificate = certify_run(run)
    assert certificate.licensed == ("progressive.nested", "progressive.last-stage")
    assert not certificate.of("last stage: admm.nonconvex").licensed
    assert certificate.line.startswith("no theorem licenses this run: last stage: admm.")


@of_runs("lasso")
def test_settings_that_nobody_knows_are_taken_from_the_family_or_refused(saved):
    change_settings(saved, "ADMM(", "TheirADMM(")
    with pytest.raises(run_folder.RunError, match="TheirADMM"):
        certificate_of(saved)


@of_runs("surrogate")
def test_the_certificate_needs_the_folder_only(saved, tmp_path, monkeypatch):
    before = certificate_of(saved).as_json()
    moved = shutil.copytree(saved, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert certificate_of(moved).as_json() == before


@of_runs("assignment-min")
def test_the_command_lists_what_is_claimed_and_not_proved(saved, capsys):
    cli.certify(saved)
    assert "NOT PROVED" not in capsys.readouterr().out
    change_report(saved, lower_bound=report_of(saved)["upper_bound"] + 1.0)
    cli.certify(saved)  # exit status 0: ``verify`` fails
    assert "NOT PROVED    lower_bound: claimed" in capsys.readouterr().out
