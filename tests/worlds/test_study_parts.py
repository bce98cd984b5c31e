"""The parts of a study: layers, curves, budgets, executors that fail, a cluster."""

import csv
import json
import math
import os
import subprocess
import sys
from concurrent.futures import Executor, Future

import pytest

from lagrange.checkpoint import Keeper
from lagrange.records import Record, Trace
from lagrange.study import figures, plan, report, runner, tables
from lagrange.study.cell import run_cell
from lagrange.study.results import Result, cells_folder, collect
from tests.worlds import studies
from tests.worlds.program import environment

PRUNED = """
[study]
name = "pruned"
seeds = [0, 1]
metrics = ["nonzeros"]

[[problem]]
name = "digits"
family = "pruning"
options = { keep = 0.1, pretrain = 1, epochs = 1, retrain = 0, baselines = false }

[[solver]]
name = "admm"

[[solver]]
name = "one-shot"
seconds = 60
"""


class Nobody:
    """A watcher that keeps what it hears."""

    def __init__(self):
        self.ends = []

    def began(self, cell):
        pass

    def ended(self, cell, outcome):
        self.ends.append((str(cell), outcome.error))

    def tick(self):
        pass


class Here(Executor):
    """Answers at once, in this process; refuses the cells of one seed."""

    def submit(self, function, cell, *rest):
        future = Future()
        try:
            if cell.seed == 1:
                raise LookupError("no such worker")
            future.set_result(function(cell, *rest))
        except LookupError as error:
            future.set_exception(error)
        return future


def test_any_executor_will_do_and_its_errors_are_told(tmp_path):
    study = plan.read(studies.written(tmp_path, studies.SMALL.replace("[1, 2]", "[1, 2, 3]")))
    watcher = Nobody()
    runner.run(study, tmp_path, Here, 2, watcher)
    told = dict(watcher.ends)
    assert len(told) == len(study.cells)
    for cell in study.cells:
        wanted = "no answer: LookupError('no such worker')" if cell.seed == 1 else None
        assert told[str(cell)] == wanted
    assert [r.state for r in collect(study, tmp_path)] == ["failed", "finished", "finished"] * 5
    again = Nobody()
    runner.run(study, tmp_path, Here, 2, again)
    assert {name for name, _ in again.ends} == {str(c) for c in study.cells if c.seed == 1}


def test_a_solver_or_a_problem_may_have_seeds_of_its_own(tmp_path):
    text = studies.SMALL.replace('name = "jobs"', 'name = "jobs"\nseeds = [5]')
    cells = plan.read(studies.written(tmp_path, text + "seeds = [7, 8]\n")).cells
    seeds = {(c.problem.split()[0], c.label): set[int]() for c in cells}
    for cell in cells:
        seeds[cell.problem.split()[0], cell.label].add(cell.seed)
        assert cell.options["seed"] == cell.seed
    assert seeds["jobs", "subgradient"] == {5}
    assert seeds[cells[-1].problem.split()[0], cells[-1].label] == {7, 8}


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pruned")
    study = plan.read(studies.written(folder, PRUNED))
    for cell in study.cells:
        assert run_cell(cell, cells_folder(folder) / cell.folder, 0.0).error is None
    return study, folder


def test_layers_add_up_to_the_nonzeros(pruned):
    study, folder = pruned
    results = collect(study, folder)
    for result in results:
        layers = result.marker["layers"]
        assert sum(nonzeros for nonzeros, _ in layers.values()) == result.report["nonzeros"]
        assert sum(size for _, size in layers.values()) == result.report["weights"]
    means = tables.layer_means(study, results, "digits")["admm"]
    first, second = (r.marker["layers"] for r in results if r.cell.label == "admm")
    for name, (mean, size) in means.items():
        assert mean == (first[name][0] + second[name][0]) / 2
        assert size == first[name][1] == second[name][1]


@pytest.mark.parametrize(
    ("nonzeros", "size", "said"),
    [
        (500.0, 500, "500 of 500 (100 %)"),
        (2_400_000.0, 2_400_000, "2400000 of 2400000 (100 %)"),
        (1000 / 3, 400_000, "333.3 of 400000 (0.0833 %)"),
    ],
)
def test_counts_of_layers_have_no_exponent(pruned, monkeypatch, nonzeros, size, said):
    study, folder = pruned
    means = {"admm": {"fc": (nonzeros, size)}}
    monkeypatch.setattr(tables, "layer_means", lambda *_: means)
    found = tables.layers(study, collect(study, folder), "digits")
    assert found is not None and found.rows[0][1] == said


def test_the_report_shows_the_layers_and_the_budgets(pruned):
    study, folder = pruned
    report.build(study, folder)
    text = (folder / "report.md").read_text()
    assert "![digits: layers](figures/1-layers.png)" in text
    header = next(line for line in text.splitlines() if line.startswith("| solver | conv1"))
    layers = collect(study, folder)[0].marker["layers"]
    assert header == f"| solver | {' | '.join(layers)} |"
    assert f"digits: {report.UNEQUAL}" in text and report.BY_THE_CLOCK in text


def test_the_numbers_of_every_cell_are_a_file(pruned):
    study, folder = pruned
    results = report.build(study, folder)
    with (folder / "results.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == len(results) == 4
    for row, result in zip(rows, results, strict=True):
        assert (row["problem"], row["solver"]) == (result.cell.problem, result.cell.label)
        assert (row["seed"], row["state"]) == (str(result.cell.seed), "finished")
        numbers = {n: float(row[n]) for n in row if n in result.report and row[n]}
        assert numbers == {n: result.number(n) for n in numbers} and "nonzeros" in numbers


def test_a_report_of_nothing(tmp_path):
    study = plan.read(studies.written(tmp_path, studies.SMALL))
    results = report.build(study, tmp_path)
    assert {r.state for r in results} == {"not run"}
    text = (tmp_path / "report.md").read_text()
    assert "10 cells: 10 not run" in text and report.UNEQUAL not in text
    assert "![" not in text and report.BY_THE_CLOCK not in text


def test_curves_are_the_best_so_far(tmp_path):
    nan, trace = math.nan, Trace()
    bounds = [(nan, nan), (1.0, nan), (nan, 4.0), (0.5, 5.0), (2.0, 4.0), (4.0, nan)]
    for step, (lower, upper) in enumerate(bounds, 1):
        trace(Record(step, 0.1 * step, cost=step, lower_bound=lower, upper_bound=upper, residual=0))
    trace.write_csv(tmp_path / "trace.csv")
    cell = plan.read(studies.written(tmp_path, studies.SMALL)).cells[0]
    curves = figures._curves(Result(cell, tmp_path, "finished"))
    assert curves["step"] == [1, 2, 3, 4, 5, 6] and curves["cost"] == [1, 2, 3, 4, 5, 6]
    # (4 − 1) / 4, the same, (4 − 2) / 4; a gap of 0 has no place on a log axis
    assert curves["gap"][2:5] == [75.0, 75.0, 50.0]
    assert all(math.isnan(curves["gap"][i]) for i in (0, 1, 5))
    assert all(math.isnan(x) for x in curves["residual"])


def test_a_cell_of_another_spec_is_not_taken_for_it(tmp_path):
    study = plan.read(studies.written(tmp_path, studies.SMALL))
    cell = study.cells[-1]
    folder = cells_folder(tmp_path) / cell.folder
    assert run_cell(cell, folder, 30.0).error is None
    marker = json.loads((folder / "cell.json").read_text())
    marker["spec"]["options"]["rho"] = 3.0
    (folder / "cell.json").write_text(json.dumps(marker))
    assert collect(study, tmp_path)[-1].state == "damaged"


def test_the_seconds_of_a_cell_are_those_before_its_checkpoint_too(tmp_path, monkeypatch):
    cell = plan.read(studies.written(tmp_path, studies.SMALL)).cells[-1]
    monkeypatch.setattr(Keeper, "spent", property(lambda _: 123.0))
    assert run_cell(cell, tmp_path / "cell", 30.0).seconds == 123.0
    assert json.loads((tmp_path / "cell" / "cell.json").read_text())["seconds"] == 123.0


def test_matplotlib_is_an_extra(tmp_path, monkeypatch):
    study = plan.read(studies.written(tmp_path, studies.SMALL))
    monkeypatch.delattr("lagrange.study.figures")
    monkeypatch.setitem(sys.modules, "lagrange.study.figures", None)
    report.build(study, tmp_path)
    assert "they need matplotlib" in (tmp_path / "report.md").read_text()


ON_A_CLUSTER = """
import sys
from distributed import LocalCluster
from lagrange.cli import main
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        sys.argv = ["lagrange", "study", "s.toml", "--out", "out", "--dask", cluster.scheduler_address]
        main()
"""


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same(tmp_path):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    studies.written(tmp_path, studies.SMALL)
    script = tmp_path / "on_a_cluster.py"
    script.write_text(ON_A_CLUSTER)
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment(PYTHONPATH=os.environ.get("PYTHONPATH", "")),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    study = plan.read(tmp_path / "s.toml")
    for cell in study.cells:
        run_cell(cell, cells_folder(tmp_path / "here") / cell.folder, 30.0)
    assert studies.numbers(tmp_path / "out") == studies.numbers(tmp_path / "here")
