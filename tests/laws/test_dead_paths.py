"""Dead weights: found as the paths of tiny networks say, and without them the answers are the same."""

import copy
from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lagrange.nn import dead_weights, freeze_zeros
from tests.laws.test_compaction import NETS, inputs, pruned

SMALL = st.sampled_from([-2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0])
SIZES = (2, 3, 2, 2)
GRID = torch.tensor(list(product((-3.0, -1.0, 0.0, 2.0), repeat=2)))


def mlp(numbers):
    """2-3-2-2 with ReLU and these weights and biases."""
    layers = [nn.Linear(a, b) for a, b in pairwise(SIZES)]
    net = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])
    torch.nn.utils.vector_to_parameters(torch.tensor(numbers), net.parameters())
    return net


COUNT = sum(a * b + b for a, b in pairwise(SIZES))


def by_paths(net):
    """The definition, one weight and one path at a time."""
    layers = [m for m in net if isinstance(m, nn.Linear)]
    ws = [layer.weight.tolist() for layer in layers]
    bs = [layer.bias.tolist() for layer in layers]

    def constant(level, unit):
        """The value of a unit that does not depend on the input, after its ReLU; else None."""
        if level == 0:
            return None
        total = bs[level - 1][unit]
        for source, w in enumerate(ws[level - 1][unit]):
            if w != 0:
                value = constant(level - 1, source)
                if value is None:
                    return None
                total += w * value
        return max(total, 0.0)

    def heard(level, unit):
        if level == len(layers):
            return True
        return any(
            ws[level][target][unit] != 0 and heard(level + 1, target)
            for target in range(len(ws[level]))
            if constant(level, unit) != 0
        )

    return {
        f"{2 * level}.weight": torch.tensor(
            [
                [w != 0 and (constant(level, i) == 0 or not heard(level + 1, o)) for i, w in line]
                for o, line in ((o, list(enumerate(row))) for o, row in enumerate(ws[level]))
            ]
        )
        for level in range(len(layers))
    }


def without(net, dead):
    """A copy with these entries 0."""
    clean = copy.deepcopy(net)
    with torch.no_grad():
        for name, mask in dead.items():
            clean.get_parameter(name)[mask] = 0.0
    return clean


def names_of(net):
    return [n for n, p in net.named_parameters() if p.ndim > 1]


@settings(max_examples=80, deadline=None)
@given(st.lists(SMALL, min_size=COUNT, max_size=COUNT))
def test_of_a_tiny_network_the_paths_decide_and_no_answer_changes(numbers):
    net = mlp(numbers)
    found = dead_weights(net, names_of(net), GRID[:1])
    wanted = by_paths(net)
    assert list(found) == list(wanted)
    for name, mask in wanted.items():
        assert torch.equal(found[name], mask), name
    before = net(GRID)
    assert torch.equal(without(net, found)(GRID), before)
    for left_out in names_of(net):  # of some layers only: what stays may hear what went silent
        some = dead_weights(net, [n for n in names_of(net) if n != left_out], GRID[:1])
        assert torch.equal(without(net, some)(GRID), before)


@settings(max_examples=60, deadline=None)
@given(st.lists(SMALL, min_size=COUNT, max_size=COUNT), st.booleans())
def test_a_bias_is_dead_where_no_path_of_weights_leads_to_the_output(numbers, weights_too):
    net = mlp(numbers)
    biases = [n for n, p in net.named_parameters() if p.ndim == 1]
    found = dead_weights(net, [*names_of(net), *biases] if weights_too else biases, GRID[:1])
    assert torch.equal(without(net, found)(GRID), net(GRID))
    if not weights_too:  # then silent units are heard: only paths of weights that are not 0 count
        heard = torch.ones(SIZES[-1], dtype=torch.bool)
        for level in (4, 2, 0):
            layer = net[level]
            assert torch.equal(found[f"{level}.bias"], ~heard & (layer.bias != 0))
            heard = (layer.weight[heard] != 0).any(dim=0)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(sorted(NETS)),
    st.integers(0, 1000),
    st.sampled_from([0.02, 0.1, 0.3]),
    st.sampled_from([0.0, 0.5]),
)
def test_without_dead_weights_the_answers_are_equal_and_nothing_more_is_dead(
    make, seed, keep, rows
):
    net = pruned(NETS[make], seed, keep, rows).eval()
    x = inputs(4)
    dead = dead_weights(net, names_of(net), x)
    clean = without(net, dead)
    assert torch.equal(clean(x), net(x))
    assert not any(mask.any() for mask in dead_weights(clean, names_of(net), x).values())
    every = dead_weights(net, [name for name, _ in net.named_parameters()], x)
    torch.testing.assert_close(without(net, every)(x), net(x))


def lenet(keep):
    """The digits' LeNet, the largest weights of all layers kept, and biases that are not 0."""
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(32, 20), nn.ReLU(), nn.Linear(20, 10)),
    )
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("weight"):
                p.mul_(torch.rand(p.shape) < keep)
    return net


@pytest.mark.parametrize(("keep", "some"), ((0.05, True), (0.2, True), (1.0, False)))
def test_of_a_lenet(keep, some):
    net, x = lenet(keep), torch.randn(16, 1, 8, 8)
    dead = dead_weights(net, names_of(net), x[:1])
    assert any(mask.any() for mask in dead.values()) == some
    assert torch.equal(without(net, dead)(x), net(x))
    for name, mask in dead.items():
        weight = net.get_parameter(name)
        assert mask.shape == weight.shape and mask.dtype == torch.bool
        assert not (mask & (weight == 0)).any()


def counts(net, x):
    return [int(m.sum()) for m in dead_weights(net, names_of(net), x).values()]


def chain(bias, width=3):
    """1 → 1 → 1: the first layer has no weight left, so the unit is ReLU(bias)."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, width, padding=width // 2))
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(1.0)
        net[0].weight.zero_()
        net[0].bias.fill_(bias)
    return net


def test_a_constant_unit_is_a_bias_and_a_silent_one_is_nothing():
    x = torch.ones(1, 1, 4, 4)
    assert counts(chain(-1.0), x) == [0, 9]
    assert counts(chain(0.0), x) == [0, 9]
    assert counts(chain(0.5), x) == [0, 0]
    assert counts(chain(0.5, width=1), x) == [0, 0]


def test_what_makes_a_constant_is_alive():
    """1 → ReLU(0.5) → 2 · 0.5 → out: no input counts, yet the weights make the answer."""
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(2.0)
        net[0].weight.zero_()
    assert counts(net, torch.ones(1, 1)) == [0, 0, 0]


def test_a_layer_without_any_weight_silences_all_before_it():
    net = lenet(1.0)
    with torch.no_grad():
        net[6].weight.zero_()
        net[6].bias.fill_(-1.0)
    sizes = [net[i].weight.numel() for i in (0, 3, 6, 8)]
    assert counts(net, torch.randn(1, 1, 8, 8)) == [sizes[0], sizes[1], 0, sizes[3]]


def test_norms_and_depthwise_layers_of_channels_that_nobody_hears():
    net = nn.Sequential(
        *(nn.Conv2d(1, 3, 1), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 6, 3, groups=3)),
        nn.Conv2d(6, 1, 1),
    )
    with torch.no_grad():
        net[4].weight[0, 2:4] = 0.0  # the two channels that the second one becomes
    names = ["0.weight", "1.weight", "3.weight", "4.weight"]
    dead = dead_weights(net, names, torch.randn(2, 1, 5, 5))
    assert dead["0.weight"].flatten().tolist() == [False, True, False]
    assert dead["1.weight"].tolist() == [False, True, False]
    assert dead["3.weight"].flatten(1).all(dim=1).tolist() == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert not dead["4.weight"].any()


def test_the_network_is_left_alone_and_may_be_masked():
    net = lenet(0.05).train()
    names, x = names_of(net), torch.randn(1, 1, 8, 8)
    before, wanted = copy.deepcopy(net.state_dict()), dead_weights(net, names, x)
    assert net.training and all(torch.equal(t, before[n]) for n, t in net.state_dict().items())
    freeze_zeros(net, names)
    found = dead_weights(net, names, x)
    assert all(torch.equal(found[n], mask) for n, mask in wanted.items())


@pytest.mark.parametrize("make", sorted(NETS))
def test_a_network_in_training_is_read_as_it_will_answer(make):
    net, x = pruned(NETS[make], 1, 0.1, 0.3), inputs(1)  # statistics of one image there are none
    found = [dead_weights(n, names_of(net), x) for n in (net, copy.deepcopy(net).train())]
    assert all(torch.equal(found[1][n], mask) for n, mask in found[0].items())


def test_only_what_is_named_is_asked_about():
    net = lenet(0.05)
    every, one = (
        dead_weights(net, n, torch.randn(1, 1, 8, 8)) for n in (names_of(net), ["3.weight"])
    )
    assert list(one) == ["3.weight"] and torch.equal(one["3.weight"], every["3.weight"])
    with pytest.raises(ValueError, match="no parameter of the network"):
        dead_weights(net, ["3.w"], torch.randn(1, 1, 8, 8))


def test_a_weight_that_silences_a_unit_goes_with_what_hears_it_or_stays():
    """1 → ReLU(0 x + 1) → ReLU(1 − 2 · 1) = 0 → out; without the 2 the unit would say 1."""
    net = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(1.0)
        net[0].weight.zero_()
        net[2].weight.fill_(-2.0)
    x = torch.ones(1, 1)
    assert counts(net, x) == [0, 1, 1]
    assert not dead_weights(net, ["2.weight"], x)["2.weight"].any()
    assert dead_weights(net, ["4.weight"], x)["4.weight"].all()


class Loop(nn.Module):
    """y is heard; it is added to what is made of it, and nobody hears the sum."""

    def __init__(self):
        super().__init__()
        self.first, self.back = nn.Linear(2, 2), nn.Linear(2, 2)
        self.out, self.deaf = nn.Linear(2, 1), nn.Linear(2, 1)

    def forward(self, x):
        y = torch.relu(self.first(x))
        return self.out(y) + self.deaf(torch.relu(y + self.back(y)))


def test_what_is_added_to_a_unit_that_is_heard_elsewhere_may_be_dead():
    net = Loop()
    with torch.no_grad():
        net.deaf.weight.zero_()
    assert counts(net, torch.randn(3, 2)) == [0, 4, 0, 0]
