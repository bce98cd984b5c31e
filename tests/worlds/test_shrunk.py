"""A pruned network is trained without its dead units: to the same weights, by less work."""

import copy

import pytest
import torch
from torch.nn import functional

from problems.networks import registry
from problems.networks.digits import network
from problems.networks.shrunk import trained_without_dead_units

IMAGE = torch.zeros(1, 1, 8, 8)


def sparse(seed, keep=0.02):
    """A network in double precision of which ``keep`` of the weights are left, with its masks."""
    net = network(seed).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim > 1:
                p *= torch.rand(p.shape, generator=generator) < keep
    return net


def train(net, seed=0, steps=5):
    """Gradient steps on noise, zeros held."""
    generator = torch.Generator().manual_seed(seed)
    masks = [p != 0 if p.ndim > 1 else None for p in net.parameters()]
    for _ in range(steps):
        x = torch.randn(16, 1, 8, 8, generator=generator, dtype=torch.float64)
        y = torch.randint(10, (16,), generator=generator)
        net.zero_grad()
        functional.cross_entropy(net(x), y).backward()
        with torch.no_grad():
            for p, mask in zip(net.parameters(), masks, strict=True):
                p -= 0.1 * p.grad if mask is None else 0.1 * p.grad * mask


@pytest.mark.parametrize("seed", range(4))
def test_it_ends_where_training_the_whole_network_ends(seed):
    """Dead units are silent here: constants other than 0 would be trained as biases instead."""
    net = sparse(seed)
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("bias"):
                p.clamp_(max=-1e-9)
    whole, sizes = copy.deepcopy(net), []

    def trained(smaller):
        sizes.append(sum(p.numel() for p in smaller.parameters()))
        train(smaller)

    trained_without_dead_units(net, IMAGE.double(), trained)
    train(whole)
    assert sizes[0] < 0.5 * sum(p.numel() for p in net.parameters())
    for (name, ours), theirs in zip(net.named_parameters(), whole.parameters(), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12), name
    assert not torch.equal(whole.fc2.weight, sparse(seed).fc2.weight)


def test_with_statistics_of_batches_it_is_the_network_itself():
    net, seen = registry.network("resnet20", 0), []
    trained_without_dead_units(net, torch.zeros(1, 3, 32, 32), seen.append)
    assert seen == [net]
