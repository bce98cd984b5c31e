"""Choosing targets, giving them sets, and the plain methods on the same footing."""

import io

import pytest
import torch
from torch import nn
from torch.nn import functional

from lagrange import ADMM
from lagrange.nn import (
    Compression,
    Gradual,
    Together,
    budgets,
    choose,
    distillation,
    each_layer,
    one_shot,
    over_all,
    regrown,
    worths,
)
from lagrange.nn.split import members_of
from lagrange.nn.targets import plain
from lagrange.sets import Cardinality, GlobalCardinality, GlobalWeightedCardinality, UniformGrid


def net():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5), nn.Linear(5, 2)
        )  # fmt: skip


ALL = ["0.weight", "3.weight", "4.weight"]


@pytest.mark.parametrize(
    ("arguments", "options", "names"),
    [
        ((), {}, ALL),
        (("*.weight",), {}, ALL),
        (("4*", "0.weight"), {}, ["0.weight", "4.weight"]),
        ((), {"types": [nn.Linear]}, ["3.weight", "4.weight"]),
        (("0*", "3*"), {"types": (nn.Conv2d, nn.Linear)}, ["0.weight", "3.weight"]),
        ((), {"ignore": ["4.*"]}, ["0.weight", "3.weight"]),
        ((), {"types": [nn.Linear], "ignore": ["0*", "3.weight"]}, ["4.weight"]),
        (("0.*",), {"dimensions": 1}, ["0.weight", "0.bias"]),
        ((), {"types": [nn.BatchNorm2d], "dimensions": 1}, ["1.weight", "1.bias"]),
    ],
)
def test_choose(arguments, options, names):
    model = net()
    targets = choose(model, *arguments, **options)
    assert list(targets) == names
    own = dict(model.named_parameters())
    assert all(targets[name] is own[name] for name in names)
    assert targets.sizes == {name: own[name].numel() for name in names}
    assert targets.tied == {}


def test_wrappers_do_not_change_names():
    model = net()
    wrapped = nn.DataParallel(model)
    assert plain(wrapped) is model and plain(model) is model
    assert list(choose(wrapped)) == ALL


def test_budgets_over_all_and_for_each_layer():
    targets = choose(net())  # 27, 60 and 10 entries
    assert over_all(targets, 0.1) == GlobalCardinality(9)
    floored = over_all(targets, 0.2, floor=0.1)
    assert floored == GlobalCardinality(19, {"0.weight": 2, "3.weight": 6, "4.weight": 1})
    assert each_layer(targets, 0.1) == {
        n: Cardinality(k) for n, k in zip(ALL, (2, 6, 1), strict=True)
    }
    keep = {"0.weight": 1.0, "3.weight": 0.05, "4.weight": 0.5}
    assert [s.k for s in each_layer(targets, keep).values()] == [27, 3, 5]


def test_rules_give_each_target_its_set():
    targets = choose(net())
    members = members_of(targets, {"0*": UniformGrid(2), "[34]*": Together(GlobalCardinality(7))})
    v = {name: t.detach() for name, t in targets.items()}
    z = members.project(v)
    assert list(z) == ALL
    assert torch.equal(z["0.weight"], UniformGrid(2).project(v["0.weight"]))
    both = GlobalCardinality(7).project({n: v[n] for n in ALL[1:]})
    assert all(torch.equal(z[n], both[n]) for n in ALL[1:])
    assert members.contains(z) and not members.contains(v)
    assert not members.contains({**z, "4.weight": v["4.weight"]})


def images():
    make = torch.Generator().manual_seed(4)
    x = torch.randn(40, 1, 4, 4, generator=make)
    return x, (x.mean(dim=(1, 2, 3)) > 0).long()


def step(model, optimizer):
    x, y = images()
    optimizer.zero_grad()
    functional.cross_entropy(model(x), y).backward()
    optimizer.step()


def test_one_shot_keeps_the_largest():
    model = net()
    targets = choose(model)
    before = {n: t.detach().clone() for n, t in targets.items()}
    one_shot(targets, GlobalCardinality(11))
    cut = sorted(torch.cat([b.abs().ravel() for b in before.values()]).tolist())[-11]
    for name, target in targets.items():
        assert torch.equal(target.detach(), before[name] * (before[name].abs() >= cut))


def test_gradual_pruning_follows_its_budgets_and_holds_zeros():
    model = net()
    targets = choose(model)
    path = budgets("cubic", 97, 10, 4)
    control = Gradual(targets, [GlobalCardinality(k) for k in path])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    dead = {name: torch.zeros_like(t, dtype=torch.bool) for name, t in targets.items()}
    for k in path:
        assert control.active
        control.update()
        for _ in range(3):
            step(model, optimizer)
            moved = sum(int(t.count_nonzero()) for t in targets.values())
            control.hold()
            assert sum(int(t.count_nonzero()) for t in targets.values()) == k < moved
        for name, target in targets.items():
            assert not bool((dead[name] & (target != 0)).any()), "a zero came back"
            dead[name] = target.detach() == 0
    assert not control.active
    again = Gradual(targets, [GlobalCardinality(k) for k in path])
    again.load_state_dict(torch.load(file_of(control.state_dict()), weights_only=True))
    assert not again.active
    step(model, optimizer)
    again.hold()
    assert sum(int(t.count_nonzero()) for t in targets.values()) == path[-1]


def file_of(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


def test_worths_are_roots_of_second_moments():
    model = net()
    targets = choose(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    step(model, optimizer)
    for power in (0.0, 0.5, 1.0):
        found = worths(optimizer, targets, power)
        for name, target in targets.items():
            v = optimizer.state[target]["exp_avg_sq"]
            assert torch.allclose(found[name], v**power, rtol=1e-4, atol=1e-9)
    weighted = GlobalWeightedCardinality(12, worths(optimizer, targets))
    session = Compression(model, targets, GlobalCardinality(12), ADMM(0.1))
    session.pull(0.1)
    before = session.state.responses[1].point
    session.change_sets(weighted)
    session.update()
    after = session.state.responses[1].point
    v = {n: t.detach() for n, t in targets.items()}  # the first multipliers are zero
    assert all(torch.equal(after[n], weighted.project(v)[n]) for n in v)
    assert not all(torch.equal(after[n] != 0, before[n] != 0) for n in v)


def test_regrown_wakes_the_dead_with_the_largest_gradients():
    masks = {"a": torch.tensor([True, False, False]), "b": torch.tensor([False, True])}
    scores = {"a": torch.tensor([9.0, -3.0, 0.0]), "b": torch.tensor([2.0, 8.0])}
    assert regrown(masks, scores, 2)["a"].tolist() == [True, True, False]
    assert regrown(masks, scores, 2)["b"].tolist() == [True, True]
    assert regrown(masks, scores, 3)["a"].tolist() == [True, True, True]
    assert masks["a"].tolist() == [True, False, False], "the given masks stay"


@pytest.mark.parametrize("temperature", (1.0, 4.0))
def test_distillation_by_hand(temperature):
    make = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 3, 5, generator=make, dtype=torch.float64)
    p = (teacher / temperature).softmax(dim=1)
    q = (student / temperature).softmax(dim=1)
    by_hand = temperature**2 * float((p * (p / q).log()).sum()) / 3
    assert float(distillation(student, teacher, temperature)) == pytest.approx(by_hand, rel=1e-12)
    assert float(distillation(teacher, teacher)) == pytest.approx(0.0, abs=1e-12)
    student.requires_grad_()
    teacher.requires_grad_()
    distillation(student, teacher).backward()
    assert teacher.grad is None and student.grad is not None
