"""The neural world: the digits network with few weights left."""

from functools import cache

import numpy as np
import pytest
import torch

from lagrange import families, run_folder, runs
from problems.networks.digits import accuracy, load_digits, network
from problems.networks.pruned import IDLE
from tests.worlds.runs import executed, verdict

SOLVERS = ("admm", "surrogate", "progressive", "gradual", "one-shot")
WEIGHTS = 13_584
SHORT = {"pretrain": 6, "epochs": 24, "retrain": 0}
BETTER = 0.3  # short as the runs are, they are this far above pruning by magnitude


@cache
def run_of(solver):
    run = executed("pruning", solver, keep=0.05, baselines=solver == "admm", **SHORT)
    return run, run.instance.measure(run.solution)


@pytest.mark.parametrize("solver", SOLVERS)
def test_pruning_keeps_the_accuracy(solver):
    run, measured = run_of(solver)
    one_shot = run_of("admm")[1]["accuracy_one_shot"]
    assert run.error is None
    assert run_of("admm")[1]["accuracy_dense"] > 0.9 and measured["accuracy_start"] > 0.8
    assert measured["accuracy_hard"] >= one_shot + BETTER
    assert measured["accuracy_hard"] > 0.75
    assert measured["epochs"] <= SHORT["epochs"], "the solver trained more than its share"


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_count_of_nonzeros_is_exact(solver):  # 5 % of 13,584, rounded down
    run, _ = run_of(solver)
    counted = runs.claims_of(run).facts
    assert counted == {"weights": WEIGHTS, "nonzeros": 679, "compression": WEIGHTS / 679}
    kept = sum(int(np.count_nonzero(a)) for n, a in run.point.items() if n.endswith("weight"))
    assert kept == 679


@pytest.mark.parametrize("retrain", (0, 3))
def test_the_reported_accuracy_is_that_of_the_saved_network(tmp_path, retrain):
    run = executed("pruning", "admm", baselines=False, **{**SHORT, "epochs": 2, "retrain": retrain})
    measured = run.instance.measure(run.solution)
    run_folder.save(run, tmp_path)
    net = network(0)
    point = run_folder.load(tmp_path).point
    net.load_state_dict({name: torch.tensor(array) for name, array in point.items()})
    assert accuracy(net, load_digits().test) == measured["accuracy_final"]
    hard = run.solution.point
    kept = [np.array_equal(point[n] != 0, hard[n].numpy() != 0) for n in point if "weight" in n]
    assert all(kept), "retraining moves no zero"
    assert (measured["accuracy_final"] == measured["accuracy_hard"]) or retrain
    assert verdict(tmp_path) == []


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_layer_keeps_to_its_budget(solver):
    run = executed("pruning", solver, keep=0.1, scope="layer", pretrain=1, epochs=3, retrain=0)
    counts = {n: (a.size, int(np.count_nonzero(a))) for n, a in run.point.items()}
    counts = {n: c for n, c in counts.items() if n.endswith("weight")}
    assert len(counts) == 4
    assert {n: kept for n, (_, kept) in counts.items()} == {
        n: size // 10 for n, (size, _) in counts.items()
    }


def test_progressive_goes_through_three_stages():
    run, _ = run_of("progressive")
    stages = run.solution.trace.column("stage")
    assert sorted(set(stages)) == [0, 1, 2]
    assert stages == sorted(stages)
    assert [stages.count(s) for s in (0, 1, 2)] == [8, 8, 8]
    problem = run.method.problem
    kept = [stage.blocks[1].members.k for stage in problem.stages]
    assert kept[0] > kept[1] > kept[2] == 679
    ratios = [a / b for a, b in zip([WEIGHTS, *kept], kept, strict=False)]
    assert max(ratios) / min(ratios) < 1.05  # equal cuts


def test_the_start_is_the_dense_network_and_is_left_alone():
    run, _ = run_of("admm")
    dense = run.method.start.responses[0]
    again = executed("pruning", "admm", steps=1, **SHORT).method.start.responses[0]
    for name, weight in dense.image.items():
        assert torch.equal(weight, again.image[name])


@pytest.mark.parametrize("solver", SOLVERS)
def test_what_the_controls_have_cut_is_not_trained(solver):
    """On scores too: the network they train has its zeros held; the others train all weights."""
    options = {"keep": 0.05, "pretrain": 1, "epochs": 2, "retrain": 0, "baselines": False}
    scored = {} if solver == "one-shot" else {"score": 0.5}
    for score in ({}, scored):
        run = executed("pruning", solver, **options, **score)
        trained = run.solution.responses[0].image
        left = sum(int((weight != 0).sum()) for weight in trained.values())
        assert left == (round(0.05 * WEIGHTS) if solver in ("gradual", "one-shot") else WEIGHTS)


def test_the_same_seed_gives_the_same_network():
    options = {**SHORT, "epochs": 2, "pretrain": 1}
    a, b = (executed("pruning", "surrogate", seed=3, **options) for _ in range(2))
    assert all(np.array_equal(a.point[n], b.point[n]) for n in a.point)
    c = executed("pruning", "surrogate", seed=4, **options)
    assert not all(np.array_equal(a.point[n], c.point[n]) for n in a.point)


@pytest.mark.parametrize("solver", ("admm", "progressive", "gradual", "surrogate"))
def test_budgets_fall_by_whole_numbers_and_scores_on_shorter_updates(solver):
    options = {"path": "log", "score": 0.5, "interval": 8, "growth": 4.0, "shift": 1, "half": True}
    options = {name: value for name, value in options.items() if name not in IDLE.get(solver, {})}
    run = executed(
        "pruning", solver, keep=700.0, baselines=False, pretrain=2, epochs=3, retrain=1, **options
    )
    assert run.error is None
    # 3 × 34 minibatches, 8 an update; surrogate trains or projects in a step, and begins 3 stages
    assert len(run.solution.trace) == (26 + 3 if solver == "surrogate" else 13)
    assert run.solution.responses[0].point.epoch == 3 or solver != "surrogate"
    assert runs.claims_of(run).facts["nonzeros"] == 700
    rho = run.solution.trace.column("rho")
    assert (rho[0] < rho[3]) == (solver in ("admm", "progressive"))
    measured = run.instance.measure(run.solution)
    assert "accuracy_one_shot" not in measured and measured["accuracy_final"] > 0.25


def test_on_a_path_slr_never_keeps_a_copy_that_is_beyond_its_budget():
    """Three stages of 21 answers, the first of a stage the copy's; the budget falls in two of three."""
    options = {"path": "log", "score": 0.5, "interval": 2, "keep": 300.0, **SHORT}
    instance = families.make("pruning", {**options, "epochs": 2})
    method = instance.methods["surrogate"](60)
    solver, problem = method.solver, method.problem
    state = solver.init(problem, method.start)
    counts = [0, 0, 0]
    while asks := solver.ask(problem, state):
        stage = state.memory.stage
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        if state.record.step % 21 == 0 and stage > 0:
            assert [a.block for a in asks] == [1]
        state = solver.tell(problem, state, answers)
        inner = state.memory.inner
        if inner.record.step > 0:  # of the stage
            copy = inner.responses[1].image
            counts[stage] = max(counts[stage], sum(int((z != 0).sum()) for z in copy.values()))
    assert WEIGHTS > counts[0] > counts[1] == counts[2] == 300


def test_a_point_of_too_many_nonzeros_is_refused_after_all_that(tmp_path):
    run = executed(
        "pruning", "gradual", keep=0.05, pretrain=1, epochs=1, retrain=0, baselines=False
    )
    run_folder.save(run, tmp_path)
    assert verdict(tmp_path) == []
    text = (tmp_path / "run.json").read_text()
    assert '"keep": 0.05' in text
    (tmp_path / "run.json").write_text(text.replace('"keep": 0.05', '"keep": 0.04'))
    assert any("679 nonzeros, the budget is 543" in line for line in verdict(tmp_path))


def test_the_packed_network_of_a_run_is_part_of_what_is_verified(tmp_path):
    """Missing, of another run, or with one bit changed: none of them passes for the saved point."""
    options = {"keep": 0.1, "pretrain": 1, "epochs": 2, "retrain": 1, "baselines": False}
    run = executed("pruning", "one-shot", **options)
    run_folder.save(run, tmp_path / "run")
    file = tmp_path / "run" / "network.lgpk"
    saved, content = run_folder.load(tmp_path / "run"), file.read_bytes()
    assert run_folder.verify(saved, run.instance) == []
    bad = bytearray(content)
    bad[-1] ^= 1
    for wrong in (bytes(bad), b"garbage", b""):
        file.write_bytes(wrong)
        [complaint] = run_folder.verify(saved, run.instance)
        assert "network.lgpk" in complaint
    file.unlink()
    assert "missing" in run_folder.verify(saved, run.instance)[0]
