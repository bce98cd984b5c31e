"""The quantization family with ``keep``: few weights, and these on few levels, in one projection."""

from functools import cache

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from lagrange import run_folder, runs
from lagrange.cli import app
from lagrange.nn import packed
from lagrange.nn.members import Members
from lagrange.sets import (
    Binary,
    GlobalSparseQuantized,
    PerTensor,
    ScaledPowers,
    Ternary,
    UniformGrid,
    ZeroFreeGrid,
)
from problems.networks.digits import accuracy, load_digits, network
from problems.quantization import quantization
from tests.worlds.runs import executed, rebuilt, verdict

WEIGHTS, REST, KEPT = 13_584, 122, 679
NAMES = ("conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight")
SHORT = {"pretrain": 3, "epochs": 4, "retrain": 2, "baselines": False}
SOLVERS = ("admm", "surrogate", "progressive")


@cache
def run_of(solver, bits=2, grid="uniform", keep=0.05):
    return executed("quantization", solver, bits=bits, grid=grid, keep=keep, **SHORT)


def wanted(levels, k=KEPT):
    return Members(NAMES, GlobalSparseQuantized(k, levels))


@pytest.mark.parametrize("solver", SOLVERS)
def test_few_weights_of_one_magnitude_a_tensor_and_the_network_still_works(solver, tmp_path):
    run = run_of(solver)
    assert run.error is None
    report = run_folder.save(run, tmp_path)
    saved = run_folder.load(tmp_path)
    kept = 0
    for name in NAMES:
        values = saved.point[name][saved.point[name] != 0]
        assert len(np.unique(abs(values))) <= 1
        kept += values.size
    assert 0.5 * KEPT < kept <= KEPT
    assert report["nonzeros"] == kept and report["compression"] == WEIGHTS / kept
    assert report["accuracy_final"] > 0.4
    assert verdict(tmp_path) == []


def test_the_reported_accuracy_is_that_of_the_saved_network(tmp_path):
    run_folder.save(run_of("surrogate"), tmp_path)
    net, saved = network(0), run_folder.load(tmp_path)
    net.load_state_dict({name: torch.tensor(array) for name, array in saved.point.items()})
    assert accuracy(net, load_digits().test) == saved.report["accuracy_final"]


@pytest.mark.parametrize(
    ("bits", "grid", "levels", "each"),
    (
        (1, "uniform", Binary(), 1),
        (2, "uniform", Ternary(), 1),  # zero takes no code: ±s are two levels
        (3, "zero-free", ZeroFreeGrid(3), 3),
        (2, "powers", ScaledPowers(2), 2),
    ),
)
def test_the_packed_file_holds_members_and_its_bits_count_places(
    bits, grid, levels, each, tmp_path
):
    run = run_of("surrogate", bits, grid)
    facts, members = runs.claims_of(run).facts, wanted(levels)
    assert run.instance.exact._members == members
    for name, content in run.instance.files(run.point).items():
        (tmp_path / name).write_bytes(content)
    back = packed.load(tmp_path / "network.lgpk")
    assert back.members == members
    assert members.set.contains({n: back.tensors[n] for n in NAMES})
    assert all(torch.equal(back.tensors[n], torch.from_numpy(a)) for n, a in run.point.items())
    assert facts["file_bytes"] == (tmp_path / "network.lgpk").stat().st_size
    places = sum(entry.index.bits for entry in back.report.entries)
    counts = [int((back.tensors[n] != 0).sum()) for n in NAMES]
    # at most as many bits a nonzero as the position takes in the largest tensor
    assert sum(counts) < places < 14 * sum(counts)
    assert facts["bits"] == each * sum(counts) + places + 32 * (len(NAMES) + REST)
    assert facts["compression_bits"] == 32 * (WEIGHTS + REST) / facts["bits"]


def test_zeros_and_codes_stay_when_the_scales_are_trained():
    run = run_of("surrogate")
    hard, final = run.solution.point, run.point
    assert all(np.array_equal(np.sign(hard[n].numpy()), np.sign(final[n])) for n in NAMES)
    assert any(not np.array_equal(hard[n].numpy(), final[n]) for n in NAMES)


def test_every_stage_of_progressive_keeps_as_many_on_finer_levels_first():
    problem = run_of("progressive").method.problem
    sets = [stage.blocks[1].members for stage in problem.stages]
    assert sets == [wanted(g).set for g in (UniformGrid(6), UniformGrid(4), Ternary())]


def test_a_whole_number_of_weights():
    assert quantization(keep=500.0).exact._members == wanted(Ternary(), 500)
    assert quantization(keep=0.02).exact._members == wanted(Ternary(), 271)
    assert quantization(keep=500.0).name == "digits-uniform-2-500"


def test_without_keep_nothing_changes():
    instance = quantization(bits=3)
    assert instance.exact._members == Members(
        NAMES, PerTensor(dict.fromkeys(NAMES, UniformGrid(3)))
    )
    assert instance.name == "digits-uniform-3" and instance.rebuild["keep"] is None
    assert list(instance.methods) == ["admm", "surrogate", "progressive", "straight-through"]
    assert list(quantization(keep=0.5).methods) == list(SOLVERS)


def test_the_options_of_a_saved_run_give_its_instance_again(tmp_path):
    run = run_of("admm")
    run_folder.save(run, tmp_path)
    again = rebuilt(run_folder.load(tmp_path))
    assert again.exact._members == wanted(Ternary())
    assert (again.name, again.rebuild) == (run.instance.name, run.instance.rebuild)


def test_a_point_of_too_many_nonzeros_is_refused(tmp_path):
    run = run_of("surrogate")
    run_folder.save(run, tmp_path)
    text = (tmp_path / "run.json").read_text()
    assert '"keep": 0.05' in text
    (tmp_path / "run.json").write_text(text.replace('"keep": 0.05', '"keep": 0.01'))
    assert any("no member" in line and "k=135" in line for line in verdict(tmp_path))


def test_the_command_line_knows_the_option(tmp_path):
    listed = CliRunner().invoke(app, ["options", "quantization"]).output
    assert "--keep" in listed and "keep     :" in listed
    words = ["solve", "quantization", "--bits", "2", "--keep", "0.02", "--pretrain", "1"]
    words += ["--epochs", "1", "--retrain", "1", "--baselines", "true"]
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    saved = run_folder.load(tmp_path / "run")
    assert saved.rebuild_options["keep"] == 0.02 and saved.report["nonzeros"] <= 271
    assert saved.report["accuracy_one_shot"] < saved.report["accuracy_dense"]
    with pytest.raises(
        ValueError, match=r"no solver .straight-through. for this family; it has admm"
    ):
        executed("quantization", "straight-through", keep=0.02, **SHORT)
