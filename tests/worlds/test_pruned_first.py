"""Quantization of a network that was pruned before: zeros stay, places are those that pruning left."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lagrange import StepLimit, run_folder, solve
from lagrange.nn import packed
from lagrange.status import Status
from problems.networks import pruned_first, registry
from problems.networks.lean import make_lean
from problems.networks.pruned_first import PrunedFirst
from problems.networks.quantized import QuantizationTask
from problems.networks.settings import Settings
from problems.networks.sparse_layers import SparseChain
from tests.worlds.runs import executed, verdict

NAMES = ("conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight")
KEPT = 679
SHORT = {"pretrain": 4, "prune": 4, "settle": 2, "epochs": 3, "retrain": 2, "baselines": False}


@cache
def run_of(solver="admm", lean=True):
    return executed("quantization", solver, bits=2, keep=0.05, lean=lean, **SHORT)


@pytest.mark.parametrize("solver", ("admm", "surrogate", "progressive"))
def test_what_pruning_left_is_quantized(solver, tmp_path):
    run = run_of(solver)
    assert run.error is None
    report = run_folder.save(run, tmp_path)
    assert 0.5 * KEPT < report["nonzeros"] <= KEPT
    for name in NAMES:
        values = run.point[name][run.point[name] != 0]
        assert len(np.unique(abs(values))) <= 1
    assert report["accuracy_start"] > 0.6 and report["accuracy_final"] > 0.6
    assert verdict(tmp_path) == []


def test_zeros_of_the_pruned_network_stay_zeros():
    """Also in the weights that the solver trains, before they are projected."""
    settings = Settings(pretrain=2, prune=2, epochs=2, retrain=0, baselines=False)
    task = PrunedFirst("digits", "digits", settings, keep=0.05)
    begun = {name: weight != 0 for name, weight in task.origin.state_dict().items()}
    assert sum(int(begun[name].sum()) for name in NAMES) <= KEPT
    wanted = QuantizationTask(task, 3, "uniform", "layer", 0.05)
    method = wanted.admm(2)
    state = method.solver.init(method.problem, method.start)
    for _ in range(2):
        asked = method.solver.ask(method.problem, state)
        answers = [method.problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asked]
        state = method.solver.tell(method.problem, state, answers)
    trained = state.responses[0].point.weights
    moved = 0
    for name in NAMES:
        assert not trained[name][~begun[name]].any(), name
        moved += int((trained[name] != task.origin.state_dict()[name]).sum())
    assert moved > 100


def test_the_pruned_network_is_kept_and_by_its_own_settings(tmp_path):
    def origin(pattern="*.weight", **changes):
        given = {"pretrain": 1, "prune": 1, "epochs": 1, "retrain": 0, **changes}
        where = {"cache": str(tmp_path), "pattern": pattern}
        task = PrunedFirst("digits", "digits", Settings(**given), keep=0.1, **where)
        return task.origin.state_dict()

    first = origin()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 2 and sum("-pruned-0.1-1-0" in name for name in files) == 1
    assert all(torch.equal(first[name], again) for name, again in origin().items())
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    settled = origin(settle=4)
    assert len(list(tmp_path.iterdir())) == 3  # the dense one is shared
    assert any((settled[n][first[n] == 0] != 0).any() for n in NAMES)  # nonzeros changed places
    linear = origin("fc*.weight")
    assert linear["conv1.weight"].all() and len(list(tmp_path.iterdir())) == 4
    origin(settle=4, pick="last")
    assert len(list(tmp_path.iterdir())) == 5
    last = Settings(prune=1, settle=4, pick="last")
    assert PrunedFirst("digits", "digits", last, keep=0.1)._wanted.settings.pick == "last"


def test_the_pruning_trains_on_what_the_quantization_trains_on():
    """With ``whole`` that is the validation images too."""
    images = []
    for whole in (False, True):
        settings = Settings(prune=1, pick="last", whole=whole)
        task = PrunedFirst("digits", "digits", settings, keep=0.1)
        pruned, quantized = (len(part.dataset.train.labels) for part in (task._wanted.task, task))
        assert pruned == quantized
        images.append(pruned)
    assert images[0] < images[1]


def test_what_comes_after_the_pruning_computes_with_nonzeros_too(monkeypatch):
    pytest.importorskip("numba")
    chains = []

    class Seen(SparseChain):
        def __init__(self, net):
            super().__init__(net)
            chains.append(self)

    monkeypatch.setattr("problems.networks.feed.SparseChain", Seen)
    given = {"pretrain": 2, "prune": 2, "settle": 1, "epochs": 1, "retrain": 1, "shift": 1}
    settings = Settings(**given, baselines=False, sparse=True)
    task = PrunedFirst("digits", "digits", settings, keep=0.05)
    task.onward.loss(task.origin, task.onward.sample(50))
    assert not chains, "nothing before, and no sample: these are for comparison"
    batch, gradients = next(iter(task.onward(0))), []
    for feed in (task.onward, replace(task.onward, sparse=False)):
        net = task.loaded(task.origin.state_dict())
        feed.loss(net, batch).backward()
        gradients.append({n: p.grad for n, p in net.named_parameters()})
    assert len(chains) == 1
    for name, weight in task.origin.state_dict().items():
        ours, theirs = (found[name][weight != 0] for found in gradients)
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    wanted = QuantizationTask(task, 2, "uniform", "layer", 0.05)
    method = wanted.admm(2)
    begun = method.solver.init(method.problem, method.start)
    solution = solve(method.problem, method.solver, stop=StepLimit(2), start=begun)
    trained = len(chains)
    assert trained > 2 * len(task.feed.batches)
    wanted.final(solution.point)
    assert len(chains) == trained + len(task.feed.batches)
    task.train(task.fresh(), 1)
    assert len(chains) == trained + len(task.feed.batches), "dense baselines are torch's"


def test_the_baseline_is_trained_as_long_as_all_that_came_before_the_cut(monkeypatch):
    settings = Settings(pretrain=2, prune=1, settle=1, epochs=1, retrain=0)
    task = PrunedFirst("digits", "digits", settings, keep=0.1)
    trained = []
    monkeypatch.setattr(PrunedFirst, "train", lambda _, net, epochs: trained.append(epochs))
    QuantizationTask(task, 2, "uniform", "layer", 0.1)._baselines(3)
    assert trained == [2 + 1 + 1 + 3]


def test_an_interrupted_pruning_ends_the_run(monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    settings = Settings(pretrain=0, prune=1, settle=1, epochs=1, retrain=0)
    task = PrunedFirst("digits", "digits", settings, keep=0.1)
    monkeypatch.setattr("problems.networks.finishing.retrain", stop)
    with pytest.raises(KeyboardInterrupt):
        _ = task.origin
    ended = SimpleNamespace(status=Status.INTERRUPTED, point={})
    monkeypatch.setattr(pruned_first, "solve", lambda *_, **__: ended)
    with pytest.raises(KeyboardInterrupt):
        _ = PrunedFirst("digits", "digits", settings, keep=0.1).origin


def test_a_lean_network_answers_the_same_up_to_rounding_and_its_file_is_smaller(tmp_path):
    lean, full = run_of(), run_of(lean=False)
    x = registry.load("digits").validation.images[:50]
    answers = []
    for run in (lean, full):
        net = registry.network("digits").eval()
        net.load_state_dict({n: torch.from_numpy(a) for n, a in run.point.items()})
        answers.append(net(x).detach())
    torch.testing.assert_close(*answers, rtol=0.05, atol=0.05)
    assert not torch.equal(*answers)
    sizes = []
    for name, run in (("lean", lean), ("full", full)):
        sizes.append(run_folder.save(run, tmp_path / name)["file_bytes"])
        assert verdict(tmp_path / name) == []
    biases = sum(run.point[n].size for n in run.point if n.endswith("bias"))
    assert sizes[1] - sizes[0] >= 2 * biases - 60  # 16 of 32 bits; the header says so
    report = packed.load(tmp_path / "lean" / "network.lgpk").report
    assert {e.stored for e in report.entries if e.name.endswith("bias")} == {"bfloat16"}


def test_lean_drops_biases_that_nobody_hears_and_leaves_targets_alone():
    net = registry.network("digits", 3).eval()
    with torch.no_grad():
        net.fc2.weight[:, 5:] = 0.0  # nobody hears most units of fc1
        net.fc1.bias += 1.0
    x, before = torch.randn(20, 1, 8, 8), {n: p.clone() for n, p in net.state_dict().items()}
    exact = net(x)
    make_lean(net, [n for n in before if n.endswith("weight")], registry.blank("digits"))
    assert not net.fc1.bias[5:].any() and net.fc1.bias[:5].all()
    torch.testing.assert_close(net(x), exact, rtol=0.02, atol=0.02)
    for name, old in before.items():
        now = net.state_dict()[name]
        if name.endswith("weight"):
            assert torch.equal(now, old)
        else:
            assert torch.equal(now, now.bfloat16().float())
            kept = now != 0
            torch.testing.assert_close(now[kept], old[kept], rtol=2**-8, atol=0.0)
