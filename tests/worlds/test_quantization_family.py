"""The quantization family on the digits network, each solver, saved, read back and verified."""

import json
import zipfile
from functools import cache

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from lagrange import run_folder, runs
from lagrange.cli import app
from lagrange.nn import packed
from lagrange.sets import Binary, ScaledPowers, Ternary, UniformGrid, ZeroFreeGrid
from problems.networks.digits import accuracy, load_digits, network
from problems.networks.quantized import level_set
from problems.quantization import ExactQuantization, quantization
from tests.worlds.runs import executed, rebuilt, verdict

WEIGHTS, REST = 13_584, 122
SOLVERS = ("admm", "surrogate", "progressive", "straight-through")
SHORT = {"pretrain": 3, "epochs": 5, "retrain": 2, "baselines": False}
FACTS = {"nonzeros", "weights", "compression", "bits", "file_bytes", "compression_bits"}
ACCURACIES = {"accuracy_start", "accuracy_dense", "accuracy_hard", "accuracy_final"}


@cache
def run_of(solver, bits=2):
    return executed("quantization", solver, bits=bits, **SHORT)


@cache
def measured(solver, bits=2):
    run = run_of(solver, bits)
    return run.instance.measure(run.solution)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_weight_is_one_of_three_values_and_the_network_still_works(solver, tmp_path):
    run = run_of(solver)
    assert run.error is None
    report = run_folder.save(run, tmp_path)
    assert set(report) >= FACTS | ACCURACIES | {"epochs", "status", "steps"}
    assert report["epochs"] <= SHORT["epochs"]
    saved = run_folder.load(tmp_path)
    for name in (n for n in saved.point if n.endswith("weight")):
        values = np.unique(saved.point[name])
        assert len(values) == 3 and values[1] == 0 and values[0] == -values[2]
    assert report["accuracy_final"] > 0.8
    assert report["accuracy_final"] >= report["accuracy_hard"] - 0.02
    assert verdict(tmp_path) == []


def test_the_reported_accuracy_is_that_of_the_saved_network(tmp_path):
    run_folder.save(run_of("admm"), tmp_path)
    net, saved = network(0), run_folder.load(tmp_path)
    net.load_state_dict({name: torch.tensor(array) for name, array in saved.point.items()})
    assert accuracy(net, load_digits().test) == saved.report["accuracy_final"]


def test_the_file_that_is_counted_is_one_that_can_be_read(tmp_path):
    run = run_of("admm", bits=1)
    facts = runs.claims_of(run).facts
    tensors = {n: torch.from_numpy(a) for n, a in run.point.items()}
    members = run.instance.exact._members
    packed.save(tmp_path / "net.lgpk", tensors, members, facts=run.instance.exact._notes)
    assert (tmp_path / "net.lgpk").stat().st_size == facts["file_bytes"]
    back = packed.load(tmp_path / "net.lgpk").tensors
    assert all(torch.equal(tensors[n], back[n]) for n in tensors)
    assert facts["bits"] == WEIGHTS + 32 * (4 + REST)  # a bit each, four scales, the biases
    assert facts["compression_bits"] == 32 * (WEIGHTS + REST) / facts["bits"]
    assert (facts["nonzeros"], facts["compression"]) == (WEIGHTS, 1.0)


def test_a_changed_weight_is_found(tmp_path):
    run_folder.save(run_of("admm"), tmp_path)
    point = dict(run_folder.load(tmp_path).point)
    point["fc1.weight"][3, 4] += np.float32(1e-3)
    with zipfile.ZipFile(tmp_path / "point.npz", "w") as archive:
        for name, array in point.items():
            with archive.open(name + ".npy", "w") as file:
                np.lib.format.write_array(file, array)
    (line,) = verdict(tmp_path)
    assert line.startswith("point.npz: the tensors ['fc1.weight'] are no member")


def test_a_claim_of_a_smaller_file_is_found(tmp_path):
    run_folder.save(run_of("admm"), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    document["report"]["file_bytes"] -= 1
    (tmp_path / "run.json").write_text(json.dumps(document))
    assert [line.split(":")[0] for line in verdict(tmp_path)] == ["file_bytes"]


def test_the_codes_stay_when_the_scales_are_trained():
    run = run_of("admm")
    hard, final = run.solution.point, run.point
    for name in (n for n in hard if n.endswith("weight")):
        assert np.array_equal(np.sign(hard[name].numpy()), np.sign(final[name]))
    assert any(not np.array_equal(hard[n].numpy(), final[n]) for n in hard)


def test_progressive_goes_from_fine_to_coarse():
    problem = run_of("progressive").method.problem
    sets = [stage.blocks[1].members.sets["fc1.weight"] for stage in problem.stages]
    assert sets == [UniformGrid(6), UniformGrid(4), Ternary()]
    assert sorted(set(run_of("progressive").solution.trace.column("stage"))) == [0, 1, 2]


def test_levels_by_name():
    assert {level_set(g, 1) for g in ("uniform", "zero-free", "powers")} == {Binary()}
    assert level_set("uniform", 2, 0) == Ternary(0)
    assert level_set("uniform", 3) == UniformGrid(3)
    assert level_set("zero-free", 2) == ZeroFreeGrid(2)
    assert level_set("powers", 3, 0) == ScaledPowers(3, 0)


def test_a_scale_for_each_filter():
    options = {**SHORT, "epochs": 1, "pretrain": 1, "retrain": 1}
    run = executed("quantization", bits=1, scope="filter", **options)
    weight = run.point["conv2.weight"]
    assert [len(np.unique(abs(row))) for row in weight] == [1] * 32
    assert len(np.unique(abs(weight))) > 20


def test_the_baseline_is_the_dense_network_quantized_at_once():
    options = {**SHORT, "epochs": 1, "pretrain": 1, "retrain": 0, "baselines": True}
    run = executed("quantization", bits=1, **options)
    found = run.instance.measure(run.solution)
    assert found["accuracy_one_shot"] < found["accuracy_dense"]
    assert all(np.array_equal(run.point[n], a.numpy()) for n, a in run.solution.point.items())


def test_the_same_seed_gives_the_same_network():
    options = {**SHORT, "epochs": 2, "pretrain": 1, "retrain": 1}
    a, b, c = (executed("quantization", bits=2, seed=s, **options) for s in (3, 3, 4))
    assert all(np.array_equal(a.point[n], b.point[n]) for n in a.point)
    assert not all(np.array_equal(a.point[n], c.point[n]) for n in a.point)


def test_the_options_of_a_saved_run_give_its_instance_again(tmp_path):
    run = run_of("admm")
    run_folder.save(run, tmp_path)
    again = rebuilt(run_folder.load(tmp_path))
    assert isinstance(again.exact, ExactQuantization)
    assert (again.name, again.rebuild) == (run.instance.name, run.instance.rebuild)


def test_every_network_with_data_makes_an_instance_without_reading_them():
    for name, data in (("lenet5", "mnist"), ("lenet300", "mnist"), ("resnet20", "cifar10")):
        instance = quantization(network=name, bits=3)
        assert instance.rebuild["data"] == data
        assert instance.name == f"{name}-{data}-uniform-3"


@pytest.mark.parametrize("family", ("pruning", "quantization"))
def test_the_command_line_prints_the_promised_keys(family, tmp_path):
    words = ["solve", family, "--network", "digits", "--data", "digits", "--epochs", "1"]
    words += ["--pretrain", "1", "--retrain", "1", "--json", "--out", str(tmp_path / "run")]
    words += ["--solver", "gradual", "--keep", "700"] if family == "pruning" else ["--bits", "3"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    keys = {"nonzeros", "compression", "accuracy_dense", "accuracy_hard", "accuracy_final"}
    assert set(report) >= (keys if family == "pruning" else keys | {"bits", "file_bytes"})
    assert family != "pruning" or report["nonzeros"] == 700
    assert CliRunner().invoke(app, ["verify", str(tmp_path / "run")]).exit_code == 0
