"""Masks and frozen levels under real optimizers, and out of them into a plain module."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lagrange import sets as S
from lagrange.nn.bake import bake, thaw
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.quantized_weights import follow_sets, freeze_levels

NAMES = ("0.weight", "2.weight")
MAKERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, momentum=0.5, centered=True),
}


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), nn.BatchNorm1d(3))


def data():
    make = torch.Generator().manual_seed(1)
    return torch.randn(16, 4, generator=make), torch.randint(3, (16,), generator=make)


def train(net, optimizer, steps=5, check=lambda: None):
    x, y = data()
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
        check()


def prune(net, keep=0.4):
    with torch.no_grad():
        for name in NAMES:
            p = net.get_parameter(name)
            p.copy_(S.Cardinality.fraction(keep, p.numel()).project(p))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_zeros_stay_zero_with_an_optimizer_that_has_a_past(make):
    net = network()
    optimizer = make(net.parameters())
    train(net, optimizer)  # momentum that would carry the weights away from zero
    known = list(net.parameters())
    state = {p: copy.deepcopy(optimizer.state[p]) for p in known}
    prune(net)
    masks = freeze_zeros(net, NAMES)
    assert set(map(id, net.parameters())) == set(map(id, known))
    for p in known:  # the moments are as they were
        for key, value in state[p].items():
            assert optimizer.state[p][key] is value or torch.equal(
                torch.as_tensor(optimizer.state[p][key]), torch.as_tensor(value)
            )
    before = net[0].weight.detach().clone()

    def check():
        for name, mask in masks.items():
            weight = net.get_submodule(name.partition(".")[0]).weight
            assert (weight[~mask] == 0).all() and not torch.signbit(weight[~mask]).any()

    train(net, optimizer, check=check)
    mask = masks["0.weight"]
    assert 0 < int(mask.sum()) < mask.numel()
    moved = (net[0].weight != before)[mask].float().mean()
    assert moved > 0.5, "what is kept is trained"


def test_a_masked_network_trains_as_one_with_masked_gradients():
    """The same moments on the kept entries as by hand: gradient masked, zeros put back."""
    a, b = network(), network()
    for net in (a, b):
        prune(net)
    masks = freeze_zeros(a, NAMES)
    first = torch.optim.Adam(a.parameters(), lr=0.02, weight_decay=0.1)
    second = torch.optim.Adam(b.parameters(), lr=0.02, weight_decay=0.1)
    x, y = data()
    for _ in range(4):
        train(a, first, 1)
        second.zero_grad()
        F.cross_entropy(b(x), y).backward()
        for name, mask in masks.items():
            b.get_parameter(name).grad *= mask
        second.step()
    for one, two in zip(bake(a).parameters(), b.parameters(), strict=True):
        assert torch.equal(one, two)


def test_copies_and_state_dicts():
    net = network()
    prune(net)
    freeze_zeros(net, NAMES)
    x, _ = data()
    twin = copy.deepcopy(net)
    assert torch.equal(twin.eval()(x), net.eval()(x))
    optimizer = torch.optim.Adam(net.train().parameters(), lr=0.1)
    train(net, optimizer)
    assert not torch.equal(twin(x), net.eval()(x)), "a copy has its own weights"
    other = network(3)
    prune(other)
    freeze_zeros(other, NAMES)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other.eval()(x), net(x))


def test_baking_restores_keys_order_and_predictions():
    net = network()
    keys, kind = list(net.state_dict()), type(net[0])
    prune(net)
    freeze_zeros(net, NAMES)
    train(net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9))
    net.eval()
    x, _ = data()
    plain = bake(net)
    assert list(plain.state_dict()) == keys and type(plain[0]) is kind
    assert all(type(p) is nn.Parameter and p.grad is None for p in plain.parameters())
    assert torch.equal(plain(x), net(x))
    assert list(net.state_dict()) != keys, "the masked network is as it was"
    network().load_state_dict(plain.state_dict())


def test_thawing_keeps_the_parameters_of_the_optimizer():
    net = network()
    known, keys = list(net.parameters()), list(net.state_dict())
    prune(net)
    freeze_zeros(net, NAMES)
    train(net, torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1))
    baked = bake(net)
    thaw(net)
    assert [id(p) for p in net.parameters()] == [id(p) for p in known]
    assert list(net.state_dict()) == keys
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), baked.parameters(), strict=True))
    freeze_zeros(net, ["2.weight"])  # and again, for the next stage


def test_both_parameters_of_a_module_return_to_their_places():
    net = network()
    keys = list(net.state_dict())
    with torch.no_grad():
        net[0].bias[0] = net[0].weight[0, 0] = 0
    freeze_zeros(net, ["0.bias"])
    freeze_zeros(net, ["0.weight"])
    assert list(bake(net).state_dict()) == keys
    assert (bake(net)[0].bias == 0).tolist() == [True] + 5 * [False]


def test_copies_do_not_feel_what_is_done_to_the_network():
    """torch gives copies the very class of the network, with the properties that compute weights."""
    net = network()
    prune(net)
    freeze_zeros(net, ["0.weight"])
    with torch.no_grad():
        net[0].bias[0] = 0
    twin = copy.deepcopy(net)
    freeze_zeros(net, ["0.bias"])
    x, _ = data()
    assert torch.equal(twin.eval()(x), net.eval()(x))
    thaw(net)
    assert torch.equal(twin(x), net(x))
    bake(twin)
    assert torch.equal(twin(x), net(x)) and list(twin.state_dict()) != list(net.state_dict())


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


@pytest.mark.parametrize("quantized", (False, True))
def test_tied_weights_stay_tied(quantized):
    torch.manual_seed(0)
    net = Tied()
    keys = list(net.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    with torch.no_grad():
        net.a.weight.copy_(S.Ternary().project(net.a.weight))
    zeros = net.a.weight == 0
    if quantized:
        optimizer = torch.optim.Adam(freeze_levels(net, {"a.weight": S.Ternary()}), lr=0.1)
    else:
        freeze_zeros(net, ["a.weight"])
    before = net.b.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()
    assert torch.equal(net.a.weight, net.b.weight) and not torch.equal(net.b.weight, before)
    assert torch.equal(net.b.weight == 0, zeros)
    plain = bake(net)
    assert plain.a.weight is plain.b.weight and list(plain.state_dict()) == keys
    assert torch.equal(plain(torch.ones(2, 3)), net(torch.ones(2, 3)))


LEVELS = {
    "binary": S.Binary(),
    "ternary rows": S.Ternary(axis=0),
    "columns": S.UniformGrid(3, axis=1),
    "asymmetric": S.UniformGrid(3, asymmetric=True),
    "midrise": S.ZeroFreeGrid(2, midrise=True),
    "scaled powers": S.ScaledPowers(2),
    "learned": S.LearnedCodebook(3),
    "learned rows": S.LearnedCodebook(2, axis=0),
    "sparse": S.SparseQuantized(9, S.ZeroFreeGrid(2)),
    "sparse learned": S.SparseQuantized(9, S.LearnedCodebook(3)),
    "sparse asymmetric": S.SparseQuantized(9, S.UniformGrid(3, asymmetric=True)),
}


@pytest.mark.parametrize("dtype", (torch.float32, torch.float64, torch.bfloat16), ids=str)
@pytest.mark.parametrize("members", LEVELS.values(), ids=LEVELS)
def test_levels_move_and_weights_stay_members(members, dtype):
    net = network().to(dtype)
    with torch.no_grad():
        net[0].weight.copy_(members.project(net[0].weight))
    start = net[0].weight.detach().clone()
    numbers = freeze_levels(net, {"0.weight": members})
    assert torch.equal(net[0].weight, start), "freezing changes nothing"
    optimizer = torch.optim.Adam(numbers, lr=0.05, weight_decay=0.1)
    x, y = data()
    for _ in range(6):
        optimizer.zero_grad()
        F.cross_entropy(net(x.to(dtype)), y).backward()
        optimizer.step()
        assert members.contains(net[0].weight.detach())
    assert torch.equal(net[0].weight == 0, start == 0) and not torch.equal(net[0].weight, start)
    plain = bake(net)
    assert members.contains(plain[0].weight.detach()) and plain[0].weight.requires_grad
    assert torch.equal(plain[0].weight, net[0].weight)


def test_the_gradient_of_a_scale_by_hand():
    """w = s q with q = ±1: ∂/∂s Σ g w = Σ g q."""
    net = nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[0.5, -0.5, 0.5]]))
    (scale,) = freeze_levels(net, {"weight": S.Binary()})
    net(torch.tensor([[1.0, 2.0, 4.0]])).sum().backward()
    assert scale.tolist() == [[0.5]] and scale.grad.tolist() == [[1 - 2 + 4]]


@pytest.mark.parametrize(
    "members",
    (
        S.PowerOfTwo(3),
        S.Codebook((-0.5, 0.0, 0.25)),
        S.SparseQuantized(5, S.UniformGrid(3)),
        S.NM(1, 2),
    ),
    ids=lambda s: type(s).__name__,
)
def test_followed_sets_hold_at_every_step(members):
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
    follow_sets(net, {"0.weight": members})
    start = net[0].weight.detach().clone()

    def check():
        assert members.contains(net[0].weight.detach())

    train(net, optimizer, 8, check)
    assert not torch.equal(net[0].weight, start)
    plain = bake(copy.deepcopy(net))
    assert members.contains(plain[0].weight.detach())
    assert torch.equal(plain.eval()(data()[0]), net.eval()(data()[0]))


def test_the_gradient_passes_straight_through():
    net = nn.Linear(2, 1, bias=False)
    follow_sets(net, {"weight": S.Cardinality(1)})
    net(torch.tensor([[3.0, 5.0]])).sum().backward()
    assert net.parametrizations["weight"].original.grad.tolist() == [[3, 5]]
