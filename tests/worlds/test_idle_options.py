"""Options that do nothing with a solver are refused at the door, and really do nothing; others do."""

import dataclasses
import json
from functools import cache

import pytest
import torch
from typer.testing import CliRunner

from lagrange import run_folder, runs
from lagrange.cli import app
from lagrange.engine import solve
from lagrange.stopping import StepLimit
from lagrange.study.check import check
from lagrange.study.plan import read
from problems.networks import compress
from problems.networks.compress import Task
from problems.networks.pruned import PruningTask
from problems.networks.quantized import QuantizationTask
from problems.networks.settings import RECIPE
from problems.pruning import pruning
from problems.quantization import quantization
from tests.worlds.runs import executed, rebuilt, verdict

FAMILIES = {"pruning": pruning, "quantization": quantization}
GIVEN = {"rho": 20.0, "growth": 3.0, "path": "cubic", "score": 0.25}
# by hand, from what the solvers are: which of these options each one hears
HEARD = {
    ("pruning", "admm"): {"rho", "growth", "path", "score"},
    ("pruning", "surrogate"): {"rho", "path", "score"},
    ("pruning", "progressive"): {"rho", "growth", "score"},
    ("pruning", "gradual"): {"path", "score"},
    ("pruning", "one-shot"): set(),
    ("quantization", "admm"): {"rho", "growth"},
    ("quantization", "surrogate"): {"rho"},
    ("quantization", "progressive"): {"rho", "growth"},
    ("quantization", "straight-through"): set(),
}
OPTIONS = {"pruning": set(GIVEN), "quantization": {"rho", "growth"}}
EACH = [(f, s, o) for (f, s) in HEARD for o in sorted(OPTIONS[f])]
SMALL = dataclasses.replace(RECIPE, pretrain=1, epochs=1, retrain=0, batch=64, interval=4)
SHORT = {"pretrain": 1, "epochs": 1, "retrain": 0, "baselines": False}


@cache
def trained(family, solver, **changed):
    """The point of five updates; ``changed`` settings do not pass the door."""
    own = {name: changed.pop(name) for name in ("bits", "grid") if name in changed}
    task = Task("digits", "digits", dataclasses.replace(SMALL, **changed))
    made = (
        PruningTask(task, 0.05, "global")
        if family == "pruning"
        else QuantizationTask(task, own.get("bits", 3), own.get("grid", "uniform"), "layer")
    )
    method = made.methods[solver](None)
    start = method.solver.init(method.problem, method.start)
    stop = StepLimit(method.steps)
    return solve(method.problem, method.solver, stop=stop, start=start).point


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("family", "solver", "option"), EACH)
def test_what_is_refused_does_nothing_and_what_is_not_does_something(family, solver, option):
    changed = trained(family, solver, **{option: GIVEN[option]})
    assert same(trained(family, solver), changed) == (option not in HEARD[family, solver])


@pytest.mark.parametrize("solver", [s for f, s in HEARD if f == "quantization"])
def test_a_grid_of_one_bit_is_the_stages_of_progressive_only(solver):
    uniform, powers = (
        trained("quantization", solver, bits=1, grid=g) for g in ("uniform", "powers")
    )
    assert same(uniform, powers) == (solver != "progressive")
    instance, given = quantization(bits=1, grid="powers"), {"bits": 1, "grid": "powers"}
    if solver == "progressive":
        instance.require(solver, given)
        return
    with pytest.raises(ValueError, match=rf"grid = 'powers'.*{solver}.*±s on every.*progressive$"):
        instance.require(solver, given)
    quantization(bits=1, grid="uniform").require(solver, {"bits": 1, "grid": "uniform"})
    quantization(bits=2, grid="powers").require(solver, {"bits": 2, "grid": "powers"})


@pytest.mark.parametrize(("family", "solver", "option"), EACH)
def test_the_door(family, solver, option, monkeypatch):
    def no_training(*_, **__):
        raise AssertionError("trained before the door")

    monkeypatch.setattr(compress, "retrain", no_training)
    options = {option: GIVEN[option]}
    instance = FAMILIES[family](**options)
    if option in HEARD[family, solver]:
        instance.require(solver, options)
        assert instance.rebuild_for(solver)[option] == GIVEN[option]
        return
    allow = [s for f, s in HEARD if f == family and option in HEARD[f, s]]
    with pytest.raises(ValueError, match=f"{option} = {GIVEN[option]!r}.* {solver}: ") as refused:
        runs.execute(family, options, instance, solver)
    assert str(refused.value).endswith(f"Leave it out, or take {' or '.join(allow)}")
    assert option not in instance.rebuild_for(solver)


@pytest.mark.parametrize(("family", "solver"), HEARD)
@pytest.mark.parametrize("network", ("digits", "lenet5", "resnet20"))
def test_defaults_pass_and_so_does_what_is_recorded(family, solver, network):
    instance = FAMILIES[family](network=network)
    instance.require(solver, {})
    instance.require(solver, dict.fromkeys(GIVEN))  # None: not given
    instance.require(solver, instance.rebuild_for(solver))
    again = FAMILIES[family](**instance.rebuild_for(solver))
    assert (again.rebuild, again.name) == (instance.rebuild, instance.name)


def test_gradual_needs_a_budget_that_falls():
    with pytest.raises(
        ValueError, match=r"path = 'none'.*gradual.*cubic.*one-shot.*take admm or surrogate$"
    ):
        pruning(path="none").require("gradual", {"path": "none"})
    pruning(path="none").require("admm", {"path": "none"})
    pruning(path="log").require("gradual", {"path": "log"})


@pytest.mark.parametrize("solver", ("gradual", "one-shot"))
def test_a_run_records_what_had_an_effect(solver, tmp_path):
    run = executed("pruning", solver, **SHORT)
    run_folder.save(run, tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["options"] == SHORT
    assert not {"rho", "growth", "path"} & set(document["rebuild"])
    assert ("score" in document["rebuild"]) == (solver == "gradual")
    assert {"keep", "epochs", "rate", "seed", "data"} <= set(document["rebuild"])
    assert verdict(tmp_path) == []
    assert rebuilt(run_folder.load(tmp_path)).rebuild == run.instance.rebuild


def test_the_command_line_refuses_before_anything_is_written(tmp_path):
    words = ["solve", "pruning", "--solver", "one-shot", "--score", "0.5", "--out"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "run")])
    assert isinstance(done.exception, ValueError) and done.stdout == ""
    assert "score = 0.5 does nothing with the solver one-shot" in str(done.exception)
    assert not (tmp_path / "run").exists()


STUDY = """
[study]
name = "idle"

[[problem]]
family = "quantization"
options = {{ bits = [2, 3], {options} }}

[[solver]]
name = "admm"

[[solver]]
name = "straight-through"
"""


def test_a_study_is_refused_with_its_lines(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text(STUDY.format(options="rho = 0.2"))
    with pytest.raises(
        ValueError, match=r"study.toml.*line 5.*line 12.*rho = 0.2.*straight-through"
    ):
        check(read(file))
    file.write_text(STUDY.format(options="epochs = 2"))
    check(read(file))
