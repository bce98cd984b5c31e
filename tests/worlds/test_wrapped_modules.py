"""Networks inside DataParallel or torch.compile, treated by the names of the plain network."""

from functools import partial

import pytest
import torch
from torch import nn

from lagrange.nn.bake import bake
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.measures import measure


@pytest.mark.parametrize("wrapped", (nn.DataParallel, partial(torch.compile, backend="eager")))
def test_wrapped_networks_are_frozen_measured_and_baked_by_their_plain_names(wrapped):
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    with torch.no_grad():
        net[0].weight[:, ::2] = 0.0
    outer = wrapped(net)
    masks = freeze_zeros(outer, ["0.weight"])
    assert int(masks["0.weight"].sum()) == 15
    x = torch.ones(3, 6)
    outer(x).sum().backward()
    assert (net[0].weight[:, ::2] == 0).all()
    baked = bake(outer)
    assert list(baked.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert torch.equal(baked(x), outer(x))
    assert measure(outer, ["0.weight"], x).layers[0].nonzeros == 15
