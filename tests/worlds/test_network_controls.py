"""What the decompositions of networks have to beat, and how long it is trained."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from lagrange.nn.members import Members
from lagrange.nn.training import TrainingBlock
from lagrange.queries import Quadratic
from lagrange.records import Record
from lagrange.sets import PerTensor, UniformGrid
from problems.networks import controls
from problems.networks.accuracies import accuracies
from problems.networks.compress import Task
from problems.networks.controls import Following, HeldNetwork
from problems.networks.quantized import QuantizationTask
from problems.networks.spent import spent, trainings
from tests.worlds.runs import executed
from tests.worlds.small_networks import SMALL, small


def test_a_held_network_starts_from_z_and_keeps_its_zeros():
    held = small()._held
    assert isinstance(held, HeldNetwork)
    dense = held.training.initial()
    z = small().budgets.block.nearest(dense.image).point
    query = Quadratic(1.0, {n: -t for n, t in z.items()})
    prices = {n: torch.ones_like(t) for n, t in z.items()}  # not heard
    answer = held.respond(prices, query, dense)
    for name, w in answer.image.items():
        assert torch.equal(w != 0, z[name] != 0)
        assert not torch.equal(w, z[name])
    assert torch.equal(
        dense.point.weights["fc1.weight"], small().task.dense.state_dict()["fc1.weight"]
    )
    again = held.respond(prices, query, answer)
    assert torch.equal(again.image["fc1.weight"] != 0, z["fc1.weight"] != 0)
    assert (again.point.epoch, again.point.step) == (0, 8)


def test_following_computes_with_levels_and_trains_what_is_behind(monkeypatch):
    seen = []
    original = controls._straight

    def straight(v, levels):
        out = original(v, levels)
        seen.append((v.detach().clone(), levels, out.detach().clone()))
        return out

    monkeypatch.setattr(controls, "_straight", straight)
    task = small().task
    start = task.unpulled.initial()
    z = {n: torch.sign(w) * w.abs().mean() for n, w in start.image.items()}
    query = Quadratic(1.0, {n: -t for n, t in z.items()})
    zero = {n: torch.zeros_like(t) for n, t in z.items()}
    members = QuantizationTask(task, 1, "uniform", "layer").members(1)
    answer = Following(task.unpulled, members).respond(zero, query, start)
    assert len(seen) == 4 * (4 + 1)  # tensors × (minibatches + cost)
    for v, (table, axis), out in seen:
        assert table.shape == (1, 2) and axis is None
        assert torch.equal(out, torch.where(v > 0, table[0, 1], table[0, 0]))
    for name, w in answer.image.items():
        assert len(w.unique()) > 2 and not torch.equal(w, start.image[name])


def test_straight_through_is_the_gradient_at_the_level():
    v = torch.tensor([-0.9, 0.2, 0.6, 4.0], requires_grad=True)
    levels = controls._Levels(torch.tensor([[-1.0, 0.0, 1.0]]), None)
    (controls._straight(v, levels) ** 3).sum().backward()
    assert torch.allclose(v.grad, torch.tensor([3.0, 0.0, 3.0, 3.0]))


def test_each_row_has_the_levels_of_its_own_scale_used_or_not():
    z = torch.tensor([[[1.0, -1.0, 3.0, 0.0]], [[0.0, 0.5, -0.5, 1.5]]])  # no 2 and no 1, no −3
    members = Members(("w",), PerTensor({"w": UniformGrid(3, axis=0)}))
    assert members.set.contains({"w": z})
    levels = controls._levels(members, "w", z)
    scales = torch.tensor([[1.0], [0.5]])
    assert torch.equal(levels.table, scales * torch.arange(-3.0, 4.0))
    v = torch.tensor([[[2.2, -2.6, 9.0, 0.4]], [[0.9, 0.7, -1.6, 0.1]]])
    assert controls._straight(v, levels).tolist() == [[[2, -3, 3, 0]], [[1, 0.5, -1.5, 0]]]
    turned = controls._Levels(levels.table, 1)
    assert torch.equal(
        controls._straight(v.transpose(0, 1), turned), controls._straight(v, levels).transpose(0, 1)
    )


def test_trainings_that_were_rejected_were_spent():
    task = Task("digits", "digits", dataclasses.replace(SMALL, interval=4))  # of 17 batches
    point = SimpleNamespace(epoch=1, step=3)

    def after(*records):
        trace = [Record(step=i + 1, accepted=a, stage=s) for i, (a, s) in enumerate(records)]
        return spent(task, SimpleNamespace(trace=trace, responses=(SimpleNamespace(point=point),)))

    assert len(task.feed.batches) == 17
    assert after(*[(True, 0)] * 9) == (1, 3)
    assert after(*[(True, 0)] * 9, (False, 0)) == (1, 3)  # 5 trainings of 4 minibatches
    assert after(*[(True, 0)] * 7, *[(False, 1)] * 9) == (1, 15)  # 4, and 4 after a projection


@pytest.mark.parametrize("path", ("none", "log"))
def test_trainings_are_counted_as_they_were_done(path, monkeypatch):
    done, train = [], TrainingBlock._train
    monkeypatch.setattr(
        TrainingBlock, "_train", lambda self, *a, **k: done.append(1) or train(self, *a, **k)
    )
    options = {"pretrain": 1, "epochs": 24, "retrain": 0, "baselines": False, "path": path}
    run = executed("pruning", "surrogate", **options)
    assert len({record.stage for record in run.solution.trace}) == (1 if path == "none" else 3)
    assert trainings(run.solution.trace) == len(done) >= 24


@pytest.mark.parametrize(("step", "epochs"), [(0, 2), (3, 3)])
def test_baselines_get_a_whole_epoch_for_one_that_was_begun(step, epochs):
    asked, names = [], {"start": 0.1, "hard": 0.2, "trained": 0.3}
    task = SimpleNamespace(
        origin="start",
        loaded=lambda tensors: tensors,
        require_finished=asked.append,
        test_accuracy=names.__getitem__,
    )
    answer = SimpleNamespace(point=SimpleNamespace(epoch=2, step=step))
    solution = SimpleNamespace(trace=[Record(step=1)], responses=(answer, None), point="hard")

    def baselines(most):
        asked.append(most)
        return {"accuracy_dense": 0.4}

    found = accuracies(task, solution, lambda hard: {"hard": "trained"}[hard], baselines)
    assert asked == ["hard", epochs]
    assert found == {
        "epochs": 2,
        "accuracy_start": 0.1,
        "accuracy_dense": 0.4,
        "accuracy_hard": 0.2,
        "accuracy_final": 0.3,
    }
