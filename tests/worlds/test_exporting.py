"""Plain weights, safetensors and torch.export of a baked network give the same predictions."""

import json

import pytest
import torch
from torch import nn

from lagrange import sets as S
from lagrange.nn import packed
from lagrange.nn.bake import bake
from lagrange.nn.compaction import compact
from lagrange.nn.exporting import (
    export,
    load_safetensors,
    load_weights,
    save_safetensors,
    save_weights,
)
from lagrange.nn.masks import freeze_zeros


def lenet():
    """Shaped as LeNet-5, smaller."""
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 8, 5), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(128, 20), nn.ReLU(), nn.Linear(20, 10)),
    )


NAMES = ("0.weight", "3.weight", "8.weight", "10.weight")
IMAGES = torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def masked():
    torch.manual_seed(1)
    net = lenet()
    with torch.no_grad():
        for name in NAMES:
            p = net.get_parameter(name)
            p.copy_(S.Cardinality.fraction(0.05, p.numel()).project(p))
    freeze_zeros(net, NAMES)
    net(IMAGES)
    return net.eval()


def test_plain_weights_reload_without_trust(tmp_path):
    net = masked()
    save_weights(net, tmp_path / "net.pt")
    state = torch.load(tmp_path / "net.pt", weights_only=True)
    assert list(state) == list(lenet().state_dict())
    again = lenet()
    load_weights(again, tmp_path / "net.pt")
    assert torch.equal(again.eval()(IMAGES), net(IMAGES))


def test_a_packed_file_gives_the_same_predictions(tmp_path):
    net = masked()
    packed.save(tmp_path / "net.lg", bake(net).state_dict())
    again = lenet()
    again.load_state_dict(dict(packed.load(tmp_path / "net.lg").tensors))
    assert torch.equal(again.eval()(IMAGES), net(IMAGES))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("smaller", (False, True), ids=("baked", "compacted"))
def test_the_exported_program_agrees_on_any_batch(smaller):
    net = masked()
    plain = compact(bake(net), IMAGES).module if smaller else net
    program = export(plain, IMAGES).module()
    images = torch.randn(7, 1, 28, 28)
    with torch.no_grad():
        assert torch.allclose(program(images), net(images), rtol=1e-5, atol=1e-6)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
        self.b.weight = self.a.weight


def test_safetensors_and_json(tmp_path):
    pytest.importorskip("safetensors", reason="the extra lagrange[safetensors] is not installed")
    net = masked()
    save_safetensors(net, tmp_path / "net.safetensors", {"kept": 0.05})
    state, facts = load_safetensors(tmp_path / "net.safetensors")
    assert facts == {"kept": 0.05} and list(state) == list(lenet().state_dict())
    assert json.loads((tmp_path / "net.json").read_text())["version"] == 1
    again = lenet()
    again.load_state_dict(state)
    assert torch.equal(again.eval()(IMAGES), net(IMAGES))
    save_safetensors(Tied(), tmp_path / "tied.safetensors")
    state, _ = load_safetensors(tmp_path / "tied.safetensors")
    assert state["a.weight"] is state["b.weight"]
