"""Studies from the command line: the grid, what is not run twice, failures, kills, the report."""

import json
import random
import re
import shutil
import signal
import subprocess
import time

import pytest

from lagrange import study_command
from lagrange.study import plan, report
from lagrange.study.cell import run_cell
from tests.worlds import studies
from tests.worlds.program import LAGRANGE, environment, lagrange
from tests.worlds.runs import verdict

CELLS = [
    ("jobs jobs=8", "subgradient"),
    ("jobs jobs=8", "SLR"),
    ("lasso", "SLR"),
    ("lasso", "admm rho=0.5"),
    ("lasso", "admm rho=2.0"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished study in ``out``; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("study")
    studies.written(folder, studies.SMALL)
    done = lagrange(folder, "study", "s.toml", "--workers", "1", "--out", "out")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copy")


def again(folder, *words):
    return lagrange(folder, "study", "s.toml", "--workers", "1", "--out", "out", *words)


def cell_folders(folder, contains=""):
    return sorted(p for p in (folder / "out" / "cells").iterdir() if contains in p.name)


def stamps(folder):
    return {p: p.stat().st_mtime_ns for p in (folder / "out" / "cells").rglob("*") if p.is_file()}


def test_the_grid(tmp_path):
    study = plan.read(studies.written(tmp_path, studies.SMALL))
    assert [(c.problem, c.label, c.seed) for c in study.cells] == [
        (problem, label, seed) for problem, label in CELLS for seed in (1, 2)
    ]
    last = study.cells[-1]
    assert (last.family, last.solver, last.steps, last.seconds) == ("lasso", "admm", 20, None)
    assert dict(last.options) == {
        "table": "random", "rows": 12, "columns": 3, "rho": 2.0, "seed": 2
    }  # fmt: skip


def test_labels_are_no_part_of_what_is_run(tmp_path):
    before = plan.read(studies.written(tmp_path, studies.SMALL)).cells
    after = plan.read(studies.written(tmp_path, studies.SMALL.replace('"SLR"', '"other"'))).cells
    assert [c.folder for c in before] == [c.folder for c in after]
    longer = plan.read(studies.written(tmp_path, studies.SMALL.replace("= 20", "= 21"))).cells
    assert not {c.folder for c in before} & {c.folder for c in longer}


def test_every_cell_is_a_run_that_verifies(finished):
    folders = cell_folders(finished)
    assert len(folders) == 2 * len(CELLS)
    assert [verdict(folder) for folder in folders] == [[]] * len(folders)
    cell = folders[0].relative_to(finished).as_posix()
    assert lagrange(finished, "certify", cell).returncode == 0
    left = {p.name for folder in folders for p in folder.iterdir()}
    assert not {name for name in left if name.endswith((".part", ".zip"))}


def test_a_cell_is_what_solve_gives(finished):
    words = ("--kind", "D", "--agents", "3", "--jobs", "8", "--seed", "1", "--steps", "20")
    lagrange(finished, "solve", "assignment", *words, "--solver", "surrogate", "--out", "alone")
    (cell,) = cell_folders(finished, "assignment-surrogate-1")
    alone, ours = (studies.numbers_of(p) for p in (finished / "alone", cell))
    assert alone == ours


def test_truncated_files_are_seen_and_only_their_cells_run_again(copied):
    wanted = studies.numbers(copied / "out")
    names = ("cell.json", "trace.csv", "point.npz")
    damaged = [folder / name for folder, name in zip(cell_folders(copied), names, strict=False)]
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-20])
    before = stamps(copied)
    results = report.build(plan.read(copied / "out" / "study.toml"), copied / "out")
    assert {r.folder for r in results if r.state == "damaged"} == {p.parent for p in damaged}
    assert "7 finished, 3 damaged" in (copied / "out" / "report.md").read_text()
    done = again(copied)
    assert done.returncode == 0 and "7 of them finished before" in done.stderr
    assert studies.numbers(copied / "out") == wanted
    changed = {p.parent for p, stamp in stamps(copied).items() if before.get(p) != stamp}
    assert changed == {path.parent for path in damaged}


def test_what_is_likely_a_mistake_is_said_at_the_end(copied):
    """A metric that no run measured, and runs of a grid that was another before."""
    (copied / "s.toml").write_text(studies.SMALL.replace("rho = [0.5, 2.0]", "rho = 0.5"))
    done = again(copied)
    assert done.returncode == 0 and "8 of them finished before" in done.stderr
    for text in (done.stderr, (copied / "out" / "report.md").read_text()):
        assert "No run measured no_such_number. They measured " in text
        assert (
            "2 folders in cells/ belong to no cell of this study and are left out: lasso-" in text
        )


def test_the_folder_of_another_study_stays_as_it_is(copied):
    (copied / "s.toml").write_text(studies.SMALL.replace('name = "small"', 'name = "large"'))
    before = {p: p.read_bytes() for p in (copied / "out").rglob("*") if p.is_file()}
    done = again(copied)
    assert done.returncode == 1 and "the study 'small', this one is 'large'" in done.stderr
    assert {p: p.read_bytes() for p in (copied / "out").rglob("*") if p.is_file()} == before


def test_a_full_disk_fails_the_cell_and_can_be_tried_again(tmp_path, monkeypatch):
    cell = plan.read(studies.written(tmp_path, studies.SMALL)).cells[-1]

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lagrange.records.Trace.write_csv", full)
        failed = run_cell(cell, tmp_path / "cell", 30.0)
    assert "cannot write the run folder" in failed.error and "No space left" in failed.error
    with monkeypatch.context() as patch:
        patch.setattr("lagrange.study.cell.mark", full)
        assert "No space left" in run_cell(cell, tmp_path / "cell", 30.0).error
    assert not (tmp_path / "cell" / "cell.json").exists()
    assert run_cell(cell, tmp_path / "cell", 30.0).error is None
    assert json.loads((tmp_path / "cell" / "cell.json").read_text())["error"] is None


def test_the_report_is_rebuilt_from_the_folder_alone(copied, capsys):
    figures = ("figures/1-metric.png", "figures/2-convergence.png")
    names = ("report.md", "report.html", "results.csv", *figures)
    before = {name: (copied / "out" / name).read_bytes() for name in names}
    for name in names:
        (copied / "out" / name).unlink()
    shutil.move(copied / "out", copied / "elsewhere")
    (copied / "s.toml").unlink()
    study_command.report(copied / "elsewhere")
    assert {name: (copied / "elsewhere" / name).read_bytes() for name in names} == before
    assert "elsewhere/report.html" in capsys.readouterr().out


def test_what_the_report_says(finished):
    text = (finished / "out" / "report.md").read_text()
    assert "10 cells: 10 finished" in text
    assert "No run measured no_such_number. They measured " in text
    bounds = {
        (c["options"]["seed"], c["solver"]): c["report"]["lower_bound"]
        for p in cell_folders(finished, "assignment")
        for c in [json.loads((p / "run.json").read_text())]
    }
    means = [sum(bounds[s, name] for s in (1, 2)) / 2 for name in ("subgradient", "surrogate")]
    section = text.partition("## jobs jobs=8")[2].partition("## ")[0]
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in section.splitlines()]
    (dense,) = (row for row in rows if row[:2] == ["subgradient", "2"])
    assert float(dense[2].split(" ± ")[0]) == pytest.approx(means[0], rel=1e-5)
    (pair,) = (row for row in rows if row[:2] == ["SLR − subgradient", "lower_bound"])
    assert pair[2] == "2" and float(pair[3]) == pytest.approx(means[1] - means[0], abs=1e-2)
    assert "admm.convex (2)" in text.partition("## Certificates")[2]


def test_the_page_is_one_file(finished):
    page = (finished / "out" / "report.html").read_text()
    figures = list((finished / "out" / "figures").iterdir())
    assert page.count("src='data:image/png;base64,") == len(figures) == 4
    assert not re.search(r"(src|href)='(?!data:)", page)
    assert "jobs jobs=8" in page and page.count("<table>") == page.count("</table>") == 8


def test_a_failed_cell_and_a_dead_process_leave_the_rest(tmp_path):
    studies.written(tmp_path, studies.WITH_FAILURES)
    done = again(tmp_path)
    assert done.returncode == 1
    assert "FAILED raises, admm, seed 0: step 1: ZeroDivisionError: the oracle gave up" in (
        done.stderr
    )
    assert "FAILED dies, admm, seed 1: its process died" in done.stderr
    text = (tmp_path / "out" / "report.md").read_text()
    assert "6 cells: 3 finished, 3 failed" in text
    assert text.count("ZeroDivisionError: the oracle gave up") == 2


def begun(folder):
    """The study's program, two cells at a time."""
    return subprocess.Popen(
        [*LAGRANGE, "study", "s.toml", "--workers", "2", "--out", "out"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def killed_at_random(folder, times, longest):
    """Kills at so many random moments; a study that was done before is begun again. Then it may end."""
    moments, kills = random.Random(times), 0
    while kills < times:
        process = begun(folder)
        try:
            process.wait(moments.uniform(0.3, longest))
            shutil.rmtree(folder / "out")
        except subprocess.TimeoutExpired:
            kill(process)
            kills += 1
    assert again(folder).returncode == 0


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """What the patient study finds where nobody kills it."""
    folder = tmp_path_factory.mktemp("patient")
    for cell in plan.read(studies.written(folder, studies.PATIENT)).cells:
        assert run_cell(cell, folder / "cells" / cell.folder, 1e9)[::2] == (None, "")
    return studies.numbers(folder)


def test_killed_three_times_and_restarted(tmp_path, patient):
    studies.written(tmp_path, studies.PATIENT)
    killed_at_random(tmp_path, 3, 2.0)
    assert studies.numbers(tmp_path / "out") == patient


def test_a_killed_cell_goes_on_from_its_checkpoint(tmp_path, patient):
    """And its process ended with the one that began it: its lock is free."""
    studies.written(tmp_path, studies.PATIENT)
    process = begun(tmp_path)
    cell = tmp_path / "out" / "cells" / plan.read(tmp_path / "s.toml").cells[0].folder
    while not (cell / "checkpoint.zip").exists():
        assert process.poll() is None
        time.sleep(0.02)
    kill(process)
    assert subprocess.run(["flock", str(cell / "lock"), "true"], timeout=10).returncode == 0
    assert not (cell / "cell.json").exists()
    assert again(tmp_path).returncode == 0
    note = json.loads((cell / "cell.json").read_text())["note"]
    assert note.startswith("went on from step ")
    assert f"| {note} |" in (tmp_path / "out" / "report.md").read_text().replace("step_limit; ", "")
    assert studies.numbers(tmp_path / "out") == patient


MANY = """
[study]
name = "many"
seeds = [0, 1]
steps = 400
checkpoint = 0.05

[[problem]]
family = "assignment"
options = { agents = 5, jobs = 40 }

[[problem]]
family = "tests.worlds.studies:patient"

[[problem]]
family = "pruning"
options = { pretrain = 2, epochs = 10, retrain = 2, baselines = false }

[[solver]]
name = "surrogate"
problems = ["assignment", "tests.worlds.studies:patient"]

[[solver]]
name = "admm"
steps = 10
problems = ["pruning"]
"""


@pytest.mark.slow
def test_killed_ten_times_and_restarted(tmp_path):
    studies.written(tmp_path, MANY)
    killed_at_random(tmp_path, 10, 6.0)
    (tmp_path / "whole").mkdir()
    studies.written(tmp_path / "whole", MANY)
    assert again(tmp_path / "whole").returncode == 0
    assert studies.numbers(tmp_path / "out") == studies.numbers(tmp_path / "whole" / "out")
