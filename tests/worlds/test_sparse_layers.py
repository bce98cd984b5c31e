"""Layers that compute with nonzeros only: answers and gradients of torch's, with zeros in them."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lagrange import compiled
from lagrange.nn.members import Members
from lagrange.nn.quantized_weights import freeze_levels
from lagrange.sets import PerTensor, Ternary
from problems.networks import sparse_layers
from problems.networks.sparse_layers import SparseChain, require_sparse

needs_numba = pytest.mark.skipif(
    not compiled.is_available(), reason="numba is not installed (extra fast)"
)


def thinned(net, share, seed=0):
    """The network with most weights 0; one output of the first layer has none at all."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                layer.weight *= torch.rand(layer.weight.shape, generator=generator) < share
        net[0].weight[1] = 0
    return net


def weighted(net):
    return [layer for layer in net if isinstance(layer, nn.Linear | nn.Conv2d)]


def chains():
    torch.manual_seed(3)
    yield nn.Sequential(
        nn.Conv2d(2, 5, (3, 2)),  # (n, 5, 9, 8)
        nn.ReLU(),
        nn.MaxPool2d(2),  # an odd last row
        nn.Identity(),
        nn.Conv2d(5, 4, 3, padding=(1, 2)),  # (n, 4, 4, 6)
        nn.MaxPool2d(2, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24, 7),
        nn.ReLU(),
        nn.Linear(7, 3),
    )
    yield nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3))
    yield nn.Sequential(  # no ReLU, no pooling; pooling twice, ReLU twice; an odd last column
        nn.Conv2d(1, 3, 2),  # (n, 3, 8, 11)
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 2),  # (n, 4, 3, 4)
        nn.ReLU(),
        nn.Conv2d(4, 2, 1),
        nn.ReLU(),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 3, 1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


def cases(seed):
    generator = torch.Generator().manual_seed(seed)
    for net, shape in zip(chains(), ((2, 11, 9), (6,), (1, 9, 12)), strict=True):
        images = torch.randn(13, *shape, generator=generator)
        labels = torch.randint(0, 3, (13,), generator=generator)
        yield net, images, labels


@needs_numba
@pytest.mark.parametrize("share", (0.1, 0.5, 1.0))
@pytest.mark.parametrize("case", (0, 1, 2))
def test_answers_and_gradients_are_torchs(case, share):
    net, images, labels = list(cases(5))[case]
    thin = SparseChain(thinned(net, share))
    theirs, ours = net(images), thin(images)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    functional.cross_entropy(theirs, labels).backward()
    expected = [(layer.weight.grad, layer.bias.grad) for layer in weighted(net)]
    net.zero_grad()
    functional.cross_entropy(ours, labels).backward()
    for layer, (weight, bias) in zip(weighted(net), expected, strict=True):
        zero = layer.weight == 0
        assert (layer.weight.grad[zero] == 0).all()
        torch.testing.assert_close(layer.weight.grad[~zero], weight[~zero], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(layer.bias.grad, bias, rtol=1e-4, atol=1e-6)


@needs_numba
def test_scales_of_frozen_levels_get_torchs_gradients():
    """The weights are computed from their codes and scales in every forward pass."""
    net, images, labels = next(cases(6))
    names = tuple(name for name, p in net.named_parameters() if p.ndim > 1)
    members = Members(names, PerTensor(dict.fromkeys(names, Ternary())))
    with torch.no_grad():
        for name, values in members.set.project({n: net.get_parameter(n) for n in names}).items():
            net.get_parameter(name).copy_(values)
    numbers = freeze_levels(net, members)
    found = []
    for computed in (net, SparseChain(net)):
        net.zero_grad()
        functional.cross_entropy(computed(images), labels).backward()
        found.append([number.grad.clone() for number in numbers])
    for theirs, ours in zip(*found, strict=True):
        assert float(theirs.abs().sum()) > 0
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@needs_numba
def test_equal_largest_entries_get_the_gradient_once():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.MaxPool2d(2), nn.Flatten())
    with torch.no_grad():
        net[0].weight.fill_(2.0)
    thin = SparseChain(net)
    thin(torch.ones(1, 1, 4, 4)).sum().backward()
    assert float(net[0].weight.grad) == 4.0  # four windows, in each one entry of 1


@needs_numba
def test_places_that_it_is_told_to_follow_take_part_though_they_are_zero():
    net, images, labels = next(cases(8))
    thinned(net, 0.3)
    thin, masks = SparseChain(net), {}
    generator = torch.Generator().manual_seed(4)
    for layer in weighted(net):
        masks[layer.weight] = (layer.weight != 0) | (
            torch.rand(layer.weight.shape, generator=generator) < 0.5
        )
    functional.cross_entropy(net(images), labels).backward()
    expected = [layer.weight.grad * masks[layer.weight] for layer in weighted(net)]
    net.zero_grad()
    thin.follow(masks)
    functional.cross_entropy(thin(images), labels).backward()
    for layer, gradient in zip(weighted(net), expected, strict=True):
        assert (gradient[layer.weight == 0] != 0).any()
        torch.testing.assert_close(layer.weight.grad, gradient, rtol=1e-4, atol=1e-6)
    with torch.no_grad():
        for layer in weighted(net):
            layer.weight += 0.01 * masks[layer.weight]
    torch.testing.assert_close(thin(images), net(images), rtol=1e-5, atol=1e-6)


@needs_numba
@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (nn.Conv2d(2, 2, 3, stride=2), "layer 'thing' is Conv2d"),
        (nn.Conv2d(2, 2, 3, dilation=2), "layer 'thing' is Conv2d"),
        (nn.Conv2d(2, 2, 3, groups=2), "layer 'thing' is Conv2d"),
        (nn.Conv2d(2, 2, 3, bias=False), "layer 'thing' is Conv2d"),
        (nn.Conv2d(2, 2, 3, padding="same"), "layer 'thing' is Conv2d"),
        (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), "layer 'thing' is Conv2d"),
        (nn.MaxPool2d(3), "layer 'thing' is MaxPool2d"),
        (nn.MaxPool2d(2, stride=1), "layer 'thing' is MaxPool2d"),
        (nn.MaxPool2d(2, padding=1), "layer 'thing' is MaxPool2d"),
        (nn.MaxPool2d(2, ceil_mode=True), "layer 'thing' is MaxPool2d"),
        (nn.Flatten(2), "layer 'thing' is Flatten"),
        (nn.Linear(3, 3, bias=False), "layer 'thing' is Linear"),
        (nn.BatchNorm2d(2), "layer 'thing' is BatchNorm2d"),
    ],
)
def test_what_it_cannot_compute_is_refused(layer, said):
    net = nn.Sequential()
    net.add_module("thing", layer)
    with pytest.raises(ValueError, match=said):
        require_sparse(net)
    outer = nn.Sequential()
    outer.add_module("part", net)
    with pytest.raises(ValueError, match=said.replace("thing", "part.thing")):
        SparseChain(outer)


def test_without_numba_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sparse_layers, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"pip install 'lagrange\[fast\]'"):
        require_sparse(nn.Sequential(nn.Linear(2, 2)))
