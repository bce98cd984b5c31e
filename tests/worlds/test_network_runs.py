"""How runs of the network families end: at the door, on a full disk, by Ctrl-C; and what they leave."""

import inspect
import json
from dataclasses import replace
from functools import cache

import pytest
from typer.testing import CliRunner

from lagrange import run_folder, runs
from lagrange.cli import app
from lagrange.nn import dead_paths, packed
from lagrange.nn.members import Members
from lagrange.run_folder import RunError
from lagrange.sets import GlobalCardinality
from problems.networks import compress, finishing, pruned, registry, training
from problems.networks.compress import Task
from problems.networks.quantized import QuantizationTask
from problems.pruning import pruning
from problems.quantization import quantization
from tests.errors.test_run_folders import contents, fill_disk_at
from tests.worlds.runs import executed, verdict

SHORT = {"pretrain": 1, "epochs": 2, "retrain": 1, "baselines": False}
WORDS = ("--pretrain", "1", "--epochs", "2", "--retrain", "1")
FILES = [
    "trace.csv",
    "multipliers.npz",
    "point.npz",
    "run.json",
    "certificate.json",
    "certificate.md",
    "network.lgpk",
]
MEASURED = {f"accuracy_{a}" for a in ("start", "dense", "one_shot", "hard", "final")} | {"epochs"}
KEYS = {
    "pruning": MEASURED | {"accuracy_control", "nonzeros", "weights", "compression"},
    "quantization": MEASURED | {"nonzeros", "weights", "compression", "bits", "file_bytes"},
}


@cache
def run_of(family="pruning"):
    return executed(family, "admm", seed=2, **SHORT)


def solved(out, *words, family="pruning"):
    return CliRunner().invoke(app, ["solve", family, *WORDS, "--out", str(out), *words])


def interrupt(monkeypatch, module, name, at):
    """The function is interrupted when it is called for the ``at``-th time."""
    calls, real = [], getattr(module, name)

    def function(*args, **kwargs):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, function)
    return calls


@pytest.mark.parametrize("name", ("notes.txt", ".hidden", "folder/"))
def test_a_folder_of_somebody_else_is_refused_before_training_and_left_alone(
    name, tmp_path, monkeypatch
):
    run = run_of()
    monkeypatch.setattr(compress, "retrain", None)  # nobody may train
    if name.endswith("/"):
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text("mine")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path, *tmp_path.iterdir())}
    done = solved(tmp_path)
    assert isinstance(done.exception, RunError) and done.stdout == ""
    assert f"not empty, it holds {name.rstrip('/')!r}" in str(done.exception)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path, *tmp_path.iterdir())} == before
    with pytest.raises(RunError, match="not empty"):
        run_folder.save(run, tmp_path)


def test_an_empty_folder_is_taken(tmp_path):
    assert set(contents(tmp_path)) == set()
    run_folder.save(run_of(), tmp_path)
    assert set(contents(tmp_path)) == set(FILES)


@pytest.mark.parametrize("name", FILES[1:])
def test_a_full_disk_leaves_whole_files_and_what_is_missing_is_seen(name, tmp_path, monkeypatch):
    run_folder.save(run_of(), tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    with monkeypatch.context() as patch:
        fill_disk_at(patch, name)
        with pytest.raises(RunError, match=r"No space left.*files are whole, but some are missing"):
            run_folder.save(run_of(), tmp_path / "half")
    half = contents(tmp_path / "half")
    assert list(whole) and set(half) == set(FILES[: FILES.index(name)])
    assert all(half[n] == whole[n] for n in half if n not in ("run.json", "trace.csv"))
    if "run.json" not in half:
        with pytest.raises(RunError, match=r"not a run folder: it has no run\.json"):
            run_folder.load(tmp_path / "half")
        return
    report = run_folder.load(tmp_path / "half").report
    assert report["nonzeros"] == 679 and report["accuracy_final"] is None
    assert "network.lgpk is missing" in verdict(tmp_path / "half")[0]
    with pytest.raises(RunError, match="already holds a run"):
        run_folder.require_free(tmp_path / "half")


@pytest.mark.parametrize("family", KEYS)
def test_ctrl_c_gives_an_object_of_the_same_keys_whenever_it_comes(family, tmp_path, monkeypatch):
    keys = set(json.loads(solved(tmp_path / "all", "--json", family=family).stdout))
    assert keys >= KEYS[family]
    moments = {
        "dense": (compress, "retrain", 1),  # the dense training, before the solver
        "solver": (training, "loss", 70),  # 34 minibatches an epoch, the second is the solver's
        "retraining": {
            "pruning": (finishing, "retrain", 1),
            "quantization": (compress, "retrain", 2),
        }[family],
        "measuring": (
            training,
            "accuracy",
            3,
        ),  # after validation in the retraining and a first test
    }
    steps = {"solver": (0, 1), "retraining": (2,), "measuring": (2,)}
    for moment, (module, name, at) in moments.items():
        with monkeypatch.context() as patch:
            calls = interrupt(patch, module, name, at)
            done = solved(tmp_path / moment, "--json", "--baselines", "false", family=family)
        assert len(calls) >= at and done.exit_code == 130, (moment, done)
        report = json.loads(done.stdout)
        assert set(report) == keys and report["status"] == "interrupted"
        assert [report[n] for n in MEASURED] == [None] * len(MEASURED)
        assert (report["run"] is None) == (moment == "dense") != (tmp_path / moment).exists()
        if moment == "dense":
            assert {n for n, v in report.items() if v is not None} == {
                "status",
                "certified",
                "sense",
            }
            continue
        assert report["nonzeros"] > 0 and report["steps"] in steps[moment]
        assert json.loads((tmp_path / moment / "run.json").read_text())["report"] == report
        assert verdict(tmp_path / moment) == []


def test_a_point_that_is_missing_is_null_too():
    run = run_of()
    state = run.solution.state
    bare = state._replace(best=replace(state.best, feasible=None))
    lost = replace(run, solution=replace(run.solution, state=bare))
    report = runs.report_of(lost, "nowhere", {})
    assert report["nonzeros"] is None and report["compression"] is None
    assert set(report) == set(runs.unmeasured(run.instance, "failed"))


@pytest.mark.parametrize("family", KEYS)
def test_the_last_line_loads_the_network(family, tmp_path):
    done = solved(tmp_path / "run", "--baselines", "false", family=family)
    assert done.exit_code == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("load it: ")]
    space = {}
    exec(line.removeprefix("load it: "), space)
    report = json.loads((tmp_path / "run" / "run.json").read_text())["report"]
    test = registry.load("digits").test
    assert training.accuracy(space["net"], test) == report["accuracy_final"]


def test_no_such_line_where_there_is_no_network(tmp_path, monkeypatch):
    assert "load it" not in solved(tmp_path / "json", "--json").stdout
    interrupt(monkeypatch, training, "loss", 70)
    done = solved(tmp_path / "run")
    assert done.exit_code == 130 and "load it" not in done.stdout and "saved in" in done.stdout


def test_the_packed_file_says_what_it_is(tmp_path):
    run_folder.save(run_of(), tmp_path / "a")
    back = packed.load(tmp_path / "a" / "network.lgpk")
    common = {"network": "digits", "data": "digits", "pattern": "*.weight", "seed": 2}
    assert back.facts == {**common, "keep": 0.05, "scope": "global", "clean": False}
    assert back.members == Members(tuple(run_of().method.problem.rhs), GlobalCardinality(679))
    run_folder.save(run_of("quantization"), tmp_path / "b")
    back = packed.load(tmp_path / "b" / "network.lgpk")
    bits = {"bits": 2, "grid": "uniform", "scope": "layer", "keep": None}
    assert back.facts == {**common, **bits}
    size = (tmp_path / "b" / "network.lgpk").stat().st_size
    assert size == back.report.file_bytes == run_folder.load(tmp_path / "b").report["file_bytes"]
    assert verdict(tmp_path / "b") == []


@pytest.mark.parametrize("family", KEYS)
def test_without_baselines_the_dense_accuracy_is_unknown(family, tmp_path):
    report = run_folder.save(run_of(family), tmp_path)
    assert report["accuracy_dense"] is None and report["accuracy_one_shot"] is None
    assert report["accuracy_start"] > 0.3


def test_a_clean_cut_is_made_once_in_a_run_of_surrogate(monkeypatch):
    calls, real = [], pruned.dead_weights
    monkeypatch.setattr(pruned, "dead_weights", lambda *a: calls.append(1) or real(*a))
    run = executed("pruning", "surrogate", keep=0.01, clean=True, **{**SHORT, "epochs": 4})
    rounds, solution = len(calls), run.solution
    assert len(solution.trace) == 8 and 0 < rounds <= dead_paths.ROUNDS + 1
    calls.clear()
    run.method.problem.recover(solution.responses)
    assert len(calls) == rounds, "that one cut was all"


def test_progressive_stays_on_the_grid_it_has():
    task = QuantizationTask(Task("digits", "digits", changed()), 4, "powers", "layer")
    stages = task.progressive(3).problem.stages
    bits = [stage.blocks[1].members.sets["fc1.weight"].bits for stage in stages]
    assert bits == [6, 6, 4]


def changed():
    return compress.changed(compress.Settings(), SHORT)


def test_names_and_sources_of_families():
    assert pruning(network="lenet5", keep=300.0, scope="global").name == "lenet5-mnist-global-300"
    assert pruning(scope="layer", keep=0.1).name == "digits-layer-0.1"
    assert quantization(bits=3, grid="powers", keep=0.5).name == "digits-powers-3-0.5"
    rebuilt = pruning(cache="somewhere", epochs=7).rebuild
    assert set(rebuilt) == set(inspect.signature(pruning).parameters) - {"cache"}
    assert rebuilt["epochs"] == 7 and rebuilt["batch"] == 32 and rebuilt["data"] == "digits"
