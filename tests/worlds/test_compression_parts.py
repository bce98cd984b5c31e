"""The parts of the compression families: feeds, rankings, controls, penalties, dense networks."""

import dataclasses

import numpy as np
import pytest
import torch

from lagrange.engine import solve
from lagrange.nn import HeldAdam, packed
from lagrange.nn.split import NETWORK, SET
from lagrange.penalties import Growing, Sweep
from lagrange.queries import Quadratic
from lagrange.stopping import StepLimit
from problems.networks import compress, finishing, registry, saved, training
from problems.networks.compress import Task
from problems.networks.digits import load_digits
from problems.networks.growth import penalty
from problems.networks.pruned import PruningTask
from problems.networks.scored import Budgets, budgets_for
from problems.networks.settings import PICKS, PRUNED, Settings, changed
from problems.pruning import arrays_of
from tests.worlds.small_networks import SMALL, small


def test_growing():
    rule = Growing(0.5, 16.0, 4)
    rho, memory = rule.init()
    found = [rho]
    for step in range(1, 7):
        rho, memory = rule.next(Sweep(step, rho, 0.0, 0.0, {}, {}, {}, {}), memory)
        found.append(rho)
    assert found == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0])
    assert penalty(Settings(rho=0.2), 9) == 0.2
    assert penalty(Settings(rho=0.2, growth=3.0), 9) == Growing(0.2, 3.0, 9)


def test_budgets_by_share_and_by_number():
    sizes = {"a": 30, "b": 70}
    assert budgets_for(0.1, "global", sizes) == Budgets({"": 10}, ("a", "b"))
    assert budgets_for(17.0, "global", sizes) == Budgets({"": 17}, ("a", "b"))
    assert budgets_for(100.0, "global", sizes) == Budgets({"": 100}, ("a", "b"))
    assert budgets_for(0.1, "layer", sizes) == Budgets({"a": 3, "b": 7}, ("a", "b"))


def test_budgets_shared_out_by_ratios_sum_to_the_whole():
    sizes = {"a": 30, "b": 70}
    # 30 · 7 and 70 · 1 of 280: 20 × 3/4 and 1/4; then 13 × 3/4 = 9.75 and 3.25
    assert budgets_for(0.2, "7:1", sizes) == Budgets({"a": 15, "b": 5}, ("a", "b"))
    assert budgets_for(13.0, "7:1", sizes) == Budgets({"a": 10, "b": 3}, ("a", "b"))
    assert budgets_for(100.0, "1:1", sizes).counts == sizes


@pytest.mark.parametrize(
    ("keep", "scope", "said"),
    [
        (0.1, "each", "global, layer, or a number > 0 for each of a, b as in 1:1, got 'each'"),
        (0.1, "1:2:3", "for each of a, b"),
        (0.1, "1:0", "for each of a, b"),
        (0.1, "1:nan", "for each of a, b"),
        (0.9, "9:1", "a keeps 71 of its 30 weights"),
        (0.02, "1:100", "a keeps 0 of its 30 weights"),
        (17.5, "1:1", "a whole number of weights from 2 to 100, got 17.5"),
    ],
)
def test_budgets_that_cannot_be_are_refused(keep, scope, said):
    with pytest.raises(ValueError, match=said):
        budgets_for(keep, scope, {"a": 30, "b": 70})


@pytest.mark.parametrize("counts", ({"": 4}, {"a": 3, "b": 2}))
def test_the_ranking_is_by_size_times_root_of_worth(counts):
    generator = torch.Generator().manual_seed(1)
    v = {n: torch.randn(s, generator=generator) for n, s in (("a", (3, 4)), ("b", (5,)))}
    w = {n: torch.rand(t.shape, generator=generator) ** 4 for n, t in v.items()}
    for worth in (None, w):
        z = Budgets(counts, ("a", "b")).ranked(worth).nearest(v).point
        score = {n: (v[n].abs() if worth is None else v[n].abs() * w[n].sqrt()) for n in v}
        for names, k in (
            [(tuple(v), counts[""])] if "" in counts else [((n,), counts[n]) for n in v]
        ):
            flat = torch.cat([score[n].ravel() for n in names])
            line = flat.sort(descending=True).values[k - 1]
            for n in names:
                assert torch.equal(z[n], v[n] * (score[n] >= line))


def driven(method, steps):
    """The asks to the set, and the state after some steps."""
    problem, solver = method.problem, method.solver
    state, asked = begun(method), []
    while state.record.step < steps:
        asks = solver.ask(problem, state)
        asked += [a for a in asks if a.block == SET]
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
    return asked, state


def test_the_worth_is_the_second_moment_of_the_last_answer():
    method = small().admm(5)
    asked, state = driven(method, 2)
    ask = asked[-1]
    worth, network = ask.query.query.worth, state.responses[NETWORK]
    names = [n for n, _ in small().task.dense.named_parameters()]
    moments = {n: network.point.optimizer["state"][names.index(n)]["exp_avg_sq"] for n in worth}
    assert set(worth) == set(small().task.sizes)
    for name, v in moments.items():
        assert torch.allclose(worth[name], v**0.5, rtol=1e-4, atol=1e-9)
    stage = method.problem.stages[ask.query.stage]
    k = stage.blocks[SET].budgets.counts[""]
    assert sum(int((z != 0).sum()) for z in state.responses[SET].point.values()) == k
    assert 1358 < k < 13_584


def test_without_training_entries_are_ranked_by_size():
    network = small()._problem(small().budgets).blocks[NETWORK]
    assert network.worth(small().task.block.initial()) is None


def test_the_budget_falls_on_its_path_and_holds():
    method = small().admm(10)
    counts = [stage.blocks[SET].budgets.counts[""] for stage in method.problem.stages]
    assert counts == sorted(counts, reverse=True) and counts[7:] == [1358] * 3
    assert counts[0] < 13_584 and counts[6] > 1358
    ratios = np.array(counts[:7]) / np.array(counts[1:8])
    assert ratios == pytest.approx(10 ** (1 / 8), rel=1e-2)


def test_an_update_is_so_many_minibatches_and_they_go_on():
    task = small().task
    assert task.updates == 5  # 17 minibatches of 64 of 1,077 images, 4 an update
    _, state = driven(small().admm(5), 5)
    point = state.responses[NETWORK].point
    assert (point.epoch, point.step) == (1, 3)


def test_the_pull_follows_the_optimizer_step():
    """Where the loss has no gradient Adam stands still: W ← (W + a C)/(1 + a), a = rate · ρ."""
    task = Task("digits", "digits", dataclasses.replace(SMALL, interval=1))
    block = dataclasses.replace(task.block, loss=lambda net, b: task.feed.loss(net, b) * 0.0)
    start = block.initial()
    targets = {n: torch.full_like(w, 0.3) for n, w in start.image.items()}
    zero = {n: torch.zeros_like(w) for n, w in targets.items()}
    query = Quadratic(5.0, {n: -t for n, t in targets.items()})
    found = block.respond(zero, query, start).image
    a = SMALL.rate * 5.0
    for name, w in start.image.items():
        assert torch.allclose(found[name], (w + a * targets[name]) / (1 + a), atol=1e-6)


def test_a_dense_network_is_trained_once_for_a_cache(tmp_path, monkeypatch):
    first = Task("digits", "digits", SMALL, cache=str(tmp_path)).dense.state_dict()
    by_momentum = dataclasses.replace(SMALL, momentum=0.9)
    _ = Task("digits", "digits", by_momentum, cache=str(tmp_path)).dense
    monkeypatch.setattr(compress, "retrain", None)
    second = Task("digits", "digits", SMALL, cache=str(tmp_path)).dense.state_dict()
    assert all(torch.equal(first[n], second[n]) for n in first)
    jpeg = dataclasses.replace(load_digits(), name="digits (JPEG)")
    task = Task("digits", "digits", SMALL, cache=str(tmp_path))
    with monkeypatch.context() as patch, pytest.raises(TypeError):
        patch.setattr(registry, "load", lambda _: jpeg)
        _ = task.dense
    for other in (
        {"seed": 1},
        {"settings": dataclasses.replace(SMALL, pretrain=2)},
        {"settings": dataclasses.replace(SMALL, momentum=0.8)},
        {"settings": dataclasses.replace(by_momentum, decay=0.1)},
        {"settings": dataclasses.replace(SMALL, whole=True, pick="last")},
    ):
        options = {"settings": SMALL, **other}
        with pytest.raises(TypeError):
            _ = Task("digits", "digits", cache=str(tmp_path), **options).dense


def test_the_whole_is_what_training_sees():
    settings = dataclasses.replace(SMALL, pick="last", batch=100, interval=5, epochs=3)
    some, every = (
        Task("digits", "digits", dataclasses.replace(settings, whole=whole))
        for whole in (False, True)
    )
    assert (len(some.feed.batches), len(every.feed.batches)) == (11, 15)
    assert (some.updates, every.updates) == (7, 9)
    rows = torch.cat([every.feed.batches.rows(0)[i] for i in range(15)]).unique()
    assert len(rows) == 1077 + 360
    assert torch.equal(every.dataset.test.labels, some.dataset.test.labels)
    assert every.validate is None and len(every.dataset.validation) == 0


def test_dense_training_by_momentum_two_steps_by_hand(monkeypatch):
    """v ← μ v + g,  w ← w − η (g + μ v),  g with decay · w where w is a weight."""
    settings = dataclasses.replace(SMALL, dense_rate=0.5, momentum=0.9, decay=0.1)
    used = []
    monkeypatch.setattr(compress, "retrain", lambda *args, **_: used.append(args[3]))
    task = Task("digits", "digits", settings)
    net = task.fresh()
    task.train(net, 1)
    task.train(net, 1, held=True)
    steps, held = used
    assert isinstance(held, HeldAdam) and held.param_groups[0]["lr"] == settings.rate
    for name, p in net.named_parameters():
        w, v, decay = p.detach().clone(), 0.0, 0.1 if p.ndim >= 2 else 0.0
        for gradient in (1.0, -3.0):
            g = gradient + decay * w
            v = 0.9 * v + g
            w = w - 0.5 * (g + 0.9 * v)
        for gradient in (1.0, -3.0):
            net.zero_grad()
            p.grad = torch.full_like(p, gradient)
            steps.step()
        torch.testing.assert_close(p.detach(), w, msg=name)


@pytest.mark.parametrize("pick", PICKS)
def test_nothing_but_the_last_measure_reads_the_test_part(pick, monkeypatch):
    settings = dataclasses.replace(SMALL, pick=pick)
    task = PruningTask(Task("digits", "digits", settings), 0.1, "global")
    read, accuracy = [], training.accuracy
    monkeypatch.setattr(training, "accuracy", lambda net, p: read.append(p) or accuracy(net, p))
    data = task.task.dataset
    _, state = driven(task.admm(2), 2)
    hard = task._hard(state.responses[NETWORK])
    task.final(hard)
    assert bool(read) == (pick == "best") and all(p is data.validation for p in read)


@pytest.mark.parametrize("scope", ("global", "layer"))
def test_the_packed_file_holds_the_saved_network(scope, tmp_path):
    task = PruningTask(Task("digits", "digits", SMALL), 0.1, scope)
    method = task.admm(3)
    solution = solve(method.problem, method.solver, stop=StepLimit(3), start=begun(method))
    final = task.final(solution.point)
    for name, content in task.files(arrays_of(final)).items():
        (tmp_path / name).write_bytes(content)
    back = packed.load(tmp_path / "network.lgpk")
    assert all(torch.equal(back.tensors[n], t) for n, t in final.items())
    assert sum(int((back.tensors[n] != 0).sum()) for n in task.task.sizes) <= 1358
    dense = task.task.dense.state_dict()
    with pytest.raises(ValueError, match="no member"):
        saved.files(arrays_of(dense), task.budgets.members, {})


def begun(method):
    return method.solver.init(method.problem, method.start)


def test_ctrl_c_ends_the_retraining_and_keeps_the_network(monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    task = PruningTask(Task("digits", "digits", SMALL), 0.1, "global")
    monkeypatch.setattr(finishing, "retrain", stop)
    hard = task.task.fresh().state_dict()
    assert all(torch.equal(tensor, hard[name]) for name, tensor in task.final(hard).items())


def test_what_is_not_given_follows_from_the_data():
    assert changed(PRUNED["digits"], {"rho": None, "batch": 5, "keep": 1}) == Settings(batch=5)
    assert PRUNED["mnist"].decoupled and not PRUNED["digits"].decoupled
    assert [PRUNED[data].pick for data in ("digits", "mnist", "cifar10")] == [
        "best",
        "last",
        "last",
    ]
    assert changed(PRUNED["mnist"], {"score": 0.0}).score == 0.0
