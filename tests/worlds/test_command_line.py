"""The command line: what it prints, where it saves, how it ends."""

import json
import math
import shutil
import signal
import sys
import time

import pytest

from lagrange import cli, run_folder
from tests.worlds.program import lagrange, started
from tests.worlds.runs import verdict
from tests.worlds.tampering import change_report

PROMISED = {
    "status",
    "lower_bound",
    "upper_bound",
    "gap",
    "certified",
    "seconds",
    "steps",
    "run",
}
TINY = {
    "assignment": ("--kind", "D", "--agents", "3", "--jobs", "8", "--steps", "40"),
    "lasso": ("--table", "random", "--rows", "12", "--columns", "3"),
    "pruning": ("--pretrain", "1", "--epochs", "2", "--retrain", "1", "--keep", "0.1"),
}
LONG = ("assignment", "--jobs", "60", "--solver", "surrogate", "--steps", "100000")  # a minute

OWN_FAMILY = '''
"""Pay for what you take; take at least 3 in all."""

import numpy as np

from lagrange import Feasible, Problem, Response, Subgradient
from lagrange.instances import Instance, Method
from lagrange.step_sizes import Polyak


class Shop:
    def __init__(self, price):
        self.price = price

    def respond(self, price, query, start):
        take = 4.0 if self.price + price["need"][0] < 0 else 0.0
        bound = min(0.0, 4.0 * (self.price + price["need"][0])) - 1e-9
        return Response({"need": np.array([take])}, take * self.price, bound, np.array([take]))


def shops(*, cheap: float = 1.0, dear: float = 2.0) -> Instance:
    """Two shops."""
    problem = Problem(
        (Shop(-cheap), Shop(-dear)),
        {"need": np.array([3.0])},
        inequality=frozenset({"need"}),
        recover=lambda responses: Feasible(np.array([0.0, 3.0]), -3.0 * dear),
    )
    method = Method(problem, Subgradient(Polyak(patience=5)), 30)
    return Instance("two-shops", "a test", {"subgradient": lambda steps: method})
'''


def one_object(done):
    """Standard output is one JSON object on one line, nothing else."""
    assert done.stdout.endswith("\n") and done.stdout.count("\n") == 1, done
    found = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("family", TINY)
def test_solve_prints_one_object(family, tmp_path):
    done = lagrange(tmp_path, "solve", family, *TINY[family], "--out", "run", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = one_object(done)
    assert set(report) >= PROMISED
    assert report["run"] == "run" and report["steps"] > 0 and report["seconds"] > 0
    assert json.loads((tmp_path / "run" / "run.json").read_text())["report"] == report
    if family == "pruning":
        assert report["certified"] is False
        assert [report[name] for name in ("lower_bound", "upper_bound", "gap")] == [None] * 3
        assert report["nonzeros"] == 1358 and report["compression"] > 1
        accuracies = ("dense", "one_shot", "control", "hard", "final")
        assert all(0 <= report[f"accuracy_{name}"] <= 1 for name in accuracies)
    else:
        assert report["certified"] is True
        assert report["lower_bound"] <= report["upper_bound"]
    assert lagrange(tmp_path, "verify", "run").returncode == 0


def test_a_maximization_reports_in_its_own_sense(tmp_path):
    words = ("solve", "assignment", *TINY["assignment"], "--sense", "max", "--json", "--out", "run")
    report = one_object(lagrange(tmp_path, *words))
    assert report["sense"] == "max"
    assert 0 < report["lower_bound"] <= report["upper_bound"] <= report["dual_value"]
    assert report["gap"] == pytest.approx(
        (report["upper_bound"] - report["lower_bound"]) / report["lower_bound"]
    )


def test_solve_prints_a_table_and_says_what_is_proved(tmp_path):
    done = lagrange(tmp_path, "solve", "lasso", *TINY["lasso"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "proved" in done.stdout and "measured" in done.stdout
    assert "saved in runs/lasso-lasso-random-1" in done.stdout
    again = lagrange(tmp_path, "solve", "lasso", *TINY["lasso"])
    assert "saved in runs/lasso-lasso-random-2" in again.stdout
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {
        "lasso-lasso-random-1",
        "lasso-lasso-random-2",
    }


def test_verify_tells_by_its_exit_status(tmp_path):
    lagrange(tmp_path, "solve", "assignment", *TINY["assignment"], "--out", "run", "--json")
    done = lagrange(tmp_path, "verify", "run")
    assert done.returncode == 0 and "bounds and counts are proved" in done.stdout
    bound = json.loads((tmp_path / "run/run.json").read_text())["report"]["lower_bound"]
    assert f"lower_bound = {bound}" in done.stdout
    change_report(tmp_path / "run", lower_bound=bound + 1e-6)
    done = lagrange(tmp_path, "verify", "run")
    assert done.returncode == 1
    assert f"NOT PROVED  lower_bound: claimed {bound + 1e-6}, proved {bound}" in done.stdout
    assert "are proved" not in done.stdout


def test_verify_of_no_run_is_an_error(tmp_path):
    done = lagrange(tmp_path, "verify", "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing is not a run folder" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    (
        (
            ("solve", "cutting_stock"),
            ("'cutting_stock'", "allocation, assignment", "lasso", "pruning"),
        ),
        (("solve", "assignment", "--speed", "3"), ("'--speed'", "--instance", "--seed")),
        (("solve", "assignment", "--solver", "newton"), ("'newton'", "subgradient, surrogate")),
        (("solve", "assignment", "--kind", "Z"), ("A, B, C, D, E", "'Z'")),
        (("solve", "assignment", "--agents", "two"), ("--agents", "whole number", "'two'")),
        (("solve", "assignment", "--instance", "lost.txt"), ("no instance file lost.txt",)),
        (("solve", "lasso", "--rho", "-1"), ("rho", "> 0", "-1.0")),
        (("solve", "assignment", "--steps", "0"), ("at least 1", "got 0")),
        (("solve", "assignment", "--seed", "-1"), ("seed", "-1")),
    ),
    ids=lambda value: " ".join(value[1:]) if value[0] == "solve" else "",
)
def test_a_wrong_word_is_one_line_on_standard_error(words, says, tmp_path):
    done = lagrange(tmp_path, *words, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert all(part in " ".join(done.stderr.split()) for part in says), done.stderr
    assert done.stderr.count("\n") == 1, "the line is broken for no terminal"
    assert not (tmp_path / "runs").exists(), "nothing was run"


@pytest.mark.parametrize("words", (("verify", "--nope", "run"), ("solve",), ("dance",)))
def test_wrong_usage_is_exit_status_2(words, tmp_path):
    done = lagrange(tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage" in done.stderr


def test_a_folder_that_holds_a_run_is_refused_before_solving(tmp_path):
    words = ("solve", "lasso", *TINY["lasso"], "--out", "run", "--json")
    assert lagrange(tmp_path, *words).returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    done = lagrange(tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run already holds a run" in done.stderr and "--out" in done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_an_out_that_is_a_file_is_refused_before_solving(tmp_path):
    (tmp_path / "file").write_text("mine")
    began = time.perf_counter()
    done = lagrange(tmp_path, "solve", *LONG, "--time-limit", "30", "--out", "file", "--json")
    assert done.returncode == 1 and done.stdout == ""
    assert "file" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
    assert time.perf_counter() - began < 20, "the run was solved and then lost"


def test_the_time_limit_counts_from_the_start(tmp_path):
    began = time.perf_counter()
    done = lagrange(tmp_path, "solve", *LONG, "--time-limit", "1.5", "--out", "run", "--json")
    seconds = time.perf_counter() - began
    report = one_object(done)
    assert report["status"] == "time_limit"
    assert report["seconds"] < 1.5 and seconds < 15  # interpreter and saving are on top
    # On a slow machine that much time may not be enough for a point.
    upper = math.inf if report["upper_bound"] is None else report["upper_bound"]
    assert report["certified"] and report["lower_bound"] <= upper


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize("as_json", (True, False))
def test_control_c_ends_with_what_was_found(as_json, tmp_path):
    process = started(tmp_path, "solve", *LONG, "--out", "run", *["--json"] * as_json)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err
    report = json.loads((tmp_path / "run" / "run.json").read_text())["report"]
    if as_json:
        assert json.loads(out) == report and out.count("\n") == 1 and err == ""
    else:
        assert "interrupted by the user" in " ".join(out.split())
    assert report["status"] == "interrupted"
    assert report["steps"] >= 200 and report["lower_bound"] < report["upper_bound"]
    assert len((tmp_path / "run" / "trace.csv").read_text().splitlines()) >= 1 + report["steps"]
    assert verdict(tmp_path / "run") == []
    assert lagrange(tmp_path, "verify", "run").returncode == 0


def test_a_family_of_ones_own(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "corner.py").write_text(OWN_FAMILY)
    path = {"PYTHONPATH": str(tmp_path / "code")}
    words = ("solve", "corner:shops", "--dear", "3.5", "--out", "run", "--json")
    done = lagrange(tmp_path, *words, **path)
    assert done.returncode == 0, done.stderr
    report = one_object(done)
    assert report["certified"] is False, "there is no exact arithmetic for it"
    assert report["upper_bound"] == -10.5 and report["lower_bound"] <= -10.5
    assert report["status"] in ("step_limit", "optimal")
    saved = run_folder.load(tmp_path / "run")
    assert saved.document["family"] == "corner:shops"
    assert saved.document["options"] == {"dear": 3.5}
    options = lagrange(tmp_path, "options", "corner:shops", **path)
    assert "Two shops." in options.stdout and "--dear FLOAT" in options.stdout
    # verifying would run that code: only if the user names it
    done = lagrange(tmp_path, "verify", "run", **path)
    assert done.returncode == 1 and "--family corner:shops" in done.stderr
    assert lagrange(tmp_path, "verify", "run", "--family", "other:f", **path).returncode == 1
    done = lagrange(tmp_path, "verify", "run", "--family", "corner:shops", **path)
    assert done.returncode == 1 and "no exact recomputation" in done.stdout


def test_what_a_maximization_of_ones_own_did_not_measure_is_null(tmp_path):
    """No feasible point: no upper bound of the minimization, no lower one of the maximization."""
    found = "Feasible(np.array([0.0, 3.0]), -3.0 * dear)"
    text = OWN_FAMILY.replace(
        f"recover=lambda responses: {found}", "recover=lambda responses: None"
    )
    text = text.replace("Polyak(patience=5)", "Polyak(target=-1.0)")
    text = text.replace("lambda steps: method})", 'lambda steps: method}, sense="max")')
    (tmp_path / "corner.py").write_text(text)
    words = ("solve", "corner:shops", "--out", "run", "--json")
    report = one_object(lagrange(tmp_path, *words, PYTHONPATH=str(tmp_path)))
    assert report["sense"] == "max"
    assert report["lower_bound"] is None and report["gap"] is None
    assert report["upper_bound"] >= 6.0, "what the dearer shop alone makes of 3"


def test_a_family_whose_points_are_no_arrays_is_still_saved(tmp_path):
    """Only the author knows how to save such a point; the bounds are not lost for it."""
    text = OWN_FAMILY.replace("Feasible(np.array([0.0, 3.0]),", "Feasible([None, [1, [2]]],")
    assert text != OWN_FAMILY
    (tmp_path / "corner.py").write_text(text)
    done = lagrange(tmp_path, "solve", "corner:shops", "--out", "run", PYTHONPATH=str(tmp_path))
    said = " ".join(f"{done.stdout} {done.stderr}".split())
    assert "Traceback" not in said and "point_arrays" in said
    assert (tmp_path / "run" / "multipliers.npz").exists()
    assert (tmp_path / "run" / "run.json").exists()


def test_a_run_json_of_another_program_is_an_error_and_no_traceback(tmp_path):
    lagrange(tmp_path, "solve", "lasso", *TINY["lasso"], "--out", "run", "--json")
    file = tmp_path / "run" / "run.json"
    document = json.loads(file.read_text())
    for part in ({"rebuild": {"speed": 3}}, {"report": []}, {"rebuild": {"table": 5}}):
        file.write_text(json.dumps({**document, **part}))
        done = lagrange(tmp_path, "verify", "run")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr, part
        assert done.stderr.startswith("error: ") or done.stdout.startswith("NOT PROVED")


def test_the_folder_may_move(tmp_path):
    lagrange(tmp_path, "solve", "lasso", *TINY["lasso"], "--out", "run", "--json")
    shutil.move(tmp_path / "run", tmp_path / "kept")
    assert lagrange(tmp_path, "verify", "kept").returncode == 0


def test_version_and_help(tmp_path):
    done = lagrange(tmp_path, "--version")
    assert done.returncode == 0 and done.stdout.strip().count(".") == 2
    done = lagrange(tmp_path, "--help")
    assert all(word in done.stdout for word in ("demo", "solve", "verify", "options"))


@pytest.mark.parametrize(("limit", "reserve", "most"), [(20.0, 0.05, 19.0), (2.0, 0.5, 1.0)])
def test_a_time_limit_keeps_a_part_for_proving_and_measuring(limit, reserve, most, monkeypatch):
    monkeypatch.setattr(cli, "BEGAN", time.perf_counter())
    assert most - 0.1 < cli._for_the_solver(limit, reserve) <= most
