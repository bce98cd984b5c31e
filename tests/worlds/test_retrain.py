"""The masked retrain: schedule, best epoch, teacher; and on a compacted network."""

import copy
import math
from itertools import count

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lagrange import sets as S
from lagrange.nn.bake import bake
from lagrange.nn.compaction import compact
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.retrain import Teacher, retrain

MAKE = torch.Generator().manual_seed(3)
X = torch.randn(40, 4, generator=MAKE)
Y = (X @ torch.randn(4, 3, generator=MAKE)).argmax(1)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def loss(net, batch):
    return F.cross_entropy(net(batch[0]), batch[1])


def batches(epoch):
    order = torch.randperm(30, generator=torch.Generator().manual_seed(epoch))
    return [(X[part], Y[part]) for part in order.split(10)]


def validate(net):
    assert not net.training
    return float((net(X[30:]).argmax(1) == Y[30:]).float().mean())


def prune(net):
    with torch.no_grad():
        for name in ("0.weight", "3.weight"):
            net.get_parameter(name).copy_(S.Cardinality(10).project(net.get_parameter(name)))


def test_the_rates_follow_the_cosine_and_return():
    net, seen = network(), []
    optimizer = torch.optim.SGD(
        [{"params": net[0].parameters()}, {"params": net[3].parameters(), "lr": 0.5}], lr=0.1
    )

    def watched(epoch):
        seen.append([group["lr"] for group in optimizer.param_groups])
        return batches(epoch)

    retrain(net, loss, watched, optimizer, epochs=4, validate=validate, floor=0.2)
    shares = [0.2 + 0.8 * (1 + math.cos(math.pi * e / 4)) / 2 for e in range(4)]
    assert seen == [pytest.approx([0.1 * s, 0.5 * s]) for s in shares]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]


@pytest.mark.parametrize(
    ("scores", "best"), (((1, 0, 3, 3), 2), ((5, 1, 2, 4), 0), ((0, 1, 2, 9), 3))
)
def test_the_best_epoch_on_validation_is_kept(scores, best):
    net, states, left = network(), [], list(scores)

    def scored(module):
        states.append(copy.deepcopy(module.state_dict()))
        return left.pop(0)

    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    done = retrain(net, loss, batches, optimizer, epochs=3, validate=scored)
    assert (done.epoch, done.score, done.scores) == (best, scores[best], scores)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, states[best][name]), name
    assert not torch.equal(states[0]["0.weight"], states[1]["0.weight"])


def test_without_validation_the_last_epoch_is_kept():
    kept, scored, left = network(), network(), count()
    for net, validate in ((kept, None), (scored, lambda _: next(left))):
        optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
        done = retrain(net, loss, batches, optimizer, epochs=3, validate=validate)
        assert done.epoch == 3 and not net.training
        assert (done.scores, math.isnan(done.score)) == (
            ((), True) if net is kept else ((0, 1, 2, 3), False)
        )
    for name, tensor in kept.state_dict().items():
        assert torch.equal(tensor, scored.state_dict()[name]), name


def test_a_masked_network_learns_and_its_zeros_stay():
    net = network()
    prune(net)
    masks = freeze_zeros(net, ("0.weight", "3.weight"))
    before = float(loss(net.eval(), (X[:30], Y[:30])).detach())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03, weight_decay=0.01)
    retrain(
        net,
        loss,
        batches,
        optimizer,
        epochs=30,
        validate=lambda m: -float(loss(m, (X[:30], Y[:30]))),
    )
    plain = bake(net)
    assert float(loss(plain, (X[:30], Y[:30])).detach()) < 0.8 * before
    for name, mask in masks.items():
        assert torch.equal(plain.get_parameter(name) != 0, mask)


def test_a_compacted_network_is_retrained_in_its_place():
    """Fewer units, the same answers before, and the same names to mask and to train."""
    net = network()
    prune(net)
    with torch.no_grad():
        net[0].weight[:3] = 0
    small = compact(net.eval(), X).module
    assert small[0].out_features <= 5
    masks = freeze_zeros(small, ("0.weight", "3.weight"))
    optimizer = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    retrain(small, loss, batches, optimizer, epochs=2, validate=validate)
    for name, mask in masks.items():
        assert torch.equal(bake(small).get_parameter(name) != 0, mask)


def test_the_loss_of_a_teacher_by_hand():
    """One step of SGD on (1 − a) CE + a T² KL, the gradient by autograd on the formula."""
    teacher = nn.Sequential(nn.Dropout(0.9), nn.Linear(4, 3))
    net = nn.Linear(4, 3)
    batch, a, T = (X[:5], Y[:5]), 0.3, 2.0
    twin = copy.deepcopy(net)
    p = torch.softmax(teacher[1](X[:5]).detach() / T, 1)
    student = twin(X[:5])
    q = torch.softmax(student / T, 1)
    value = (1 - a) * F.cross_entropy(student, Y[:5]) + a * T * T * (p * (p / q).log()).sum(
        1
    ).mean()
    value.backward()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    steps = iter(range(9))
    retrain(
        *(net, loss, lambda _: [batch], optimizer),
        epochs=1,
        validate=lambda _: next(steps),
        teacher=Teacher(teacher, share=a, temperature=T),
    )
    assert torch.allclose(net.weight, twin.weight - 0.1 * twin.weight.grad, atol=1e-6)
    assert all(p.grad is None for p in teacher.parameters())
    assert not net._forward_hooks
