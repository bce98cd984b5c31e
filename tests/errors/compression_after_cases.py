"""After the compression: masks, levels, retraining, compaction, files and measures misused."""

import json
import sys
import types
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from lagrange import sets as S
from lagrange.nn import choose, dead_weights, one_shot, packed
from lagrange.nn.compaction import compact
from lagrange.nn.diagnosis import Reading, diagnose
from lagrange.nn.exporting import export, load_safetensors, save_safetensors
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.measures import measure, multiplications, support_changes
from lagrange.nn.members import Members
from lagrange.nn.quantized_weights import follow_sets, freeze_levels
from lagrange.nn.retrain import Teacher, retrain
from tests.errors.case import Case, Place

X, Y = torch.ones(4, 3), torch.zeros(4, dtype=torch.long)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def constant_into_no_bias() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        net[0].weight[1] = 0
    return net


def masked() -> nn.Sequential:
    net = network()
    with torch.no_grad():
        net[0].weight[0] = 0
    freeze_zeros(net, ["0.weight"])
    return net


class Branching(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.sum() > 0 else -x


def loss(net: nn.Module, batch: Any) -> torch.Tensor:
    return F.cross_entropy(net(batch[0]), batch[1])


def retrained(
    *,
    net: nn.Module | None = None,
    loss: Any = loss,
    batches: Any = lambda _: [(X, Y)],
    validate: Any = lambda _: 0.0,
    other: bool = False,
    **settings: Any,
) -> None:
    net = network() if net is None else net
    trained = network() if other else net
    optimizer = torch.optim.SGD(trained.parameters(), lr=0.1)
    retrain(net, loss, batches, optimizer, validate=validate, **{"epochs": 1, **settings})


def used_up() -> Any:
    once = iter([(X, Y)])
    return lambda _: once


def ignoring(net: nn.Module, batch: Any) -> torch.Tensor:
    return next(net.parameters()).sum()


def written(place: Place) -> Any:
    path = place.folder / "net"
    value = S.Binary().project(torch.tensor([[0.5, -1.0, 2.0]]))
    packed.save(path, {"w": value}, {"w": S.Binary()})
    return path


def cut(place: Place, length: int) -> None:
    path = written(place)
    path.write_bytes(path.read_bytes()[:length])
    packed.load(path)


def changed(place: Place, at: int) -> None:
    path = written(place)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))
    packed.load(path)


def forged(place: Place) -> None:
    """A file with a right checksum over an array that is no member."""
    with torch.no_grad():
        place.patch.setattr(packed, "require_members", lambda *_: None)
        path = place.folder / "net"
        packed.save(path, {"w": torch.ones(3)}, {"w": S.Cardinality(2)})
        place.patch.undo()
    packed.load(path)


def foreign(place: Place) -> None:
    path = written(place)
    place.patch.setattr(packed, "BYTE_ORDER", "big")
    packed.load(path)


def without_safetensors(place: Place) -> None:
    place.patch.setitem(sys.modules, "safetensors", None)
    place.patch.setitem(sys.modules, "safetensors.torch", None)
    save_safetensors(network(), place.folder / "net.safetensors")


def other_checksum(place: Place) -> None:
    """With as much of safetensors as is asked before the checksum is."""
    place.patch.setitem(sys.modules, "safetensors", types.ModuleType("safetensors"))
    place.patch.setitem(sys.modules, "safetensors.torch", types.ModuleType("safetensors.torch"))
    (place.folder / "net.safetensors").write_bytes(b"tensors")
    (place.folder / "net.json").write_text(json.dumps({"sha256": "0"}))
    load_safetensors(place.folder / "net.safetensors")


def case(name: str, call: Any, *says: str) -> Case:
    return Case(f"after: {name}", lambda _: call(), ValueError, says)


def place_case(name: str, call: Any, *says: str, error: Any = ValueError) -> Case:
    return Case(f"after: {name}", call, error, says)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(3, 3), nn.Linear(3, 3)
        self.decoder.weight = self.encoder.weight


def tied_by_its_second_name() -> None:
    net = Tied()
    one_shot(choose(net), {"*": S.Binary()})
    packed.encoded(net.state_dict(), {"decoder.weight": S.Binary()})


def plain_safetensors(place: Place) -> None:
    place.patch.setitem(sys.modules, "safetensors", types.ModuleType("safetensors"))
    place.patch.setitem(sys.modules, "safetensors.torch", types.ModuleType("safetensors.torch"))
    load_safetensors(place.folder / "net.safetensors")


WIDE = torch.ones(4, 5)
READINGS = [Reading(k, 0.5, 1.0, 0.1) for k in range(9)]

CASES = [
    # masks and levels
    case(
        "no names to mask", lambda: freeze_zeros(network(), []), "no parameter is named", "0.weight"
    ),
    case(
        "mask unknown",
        lambda: freeze_zeros(network(), ["conv"]),
        "'conv' is no parameter",
        "0.weight",
    ),
    case(
        "nothing to mask",
        lambda: freeze_zeros(network(), ["0.weight"]),
        "got none in 0.weight",
        "finish()",
    ),
    case("mask twice", lambda: freeze_zeros(masked(), ["0.weight"]), "'0.weight'", "thaw(model)"),
    case(
        "levels of no members",
        lambda: freeze_levels(network(), {"0.weight": S.Binary()}),
        "['0.weight'] are no member",
        "project them first",
    ),
    case(
        "levels without a scale",
        lambda: freeze_levels(nn.Linear(2, 2, bias=False), {"weight": S.Cardinality(4)}),
        "'weight' has no scale",
        "follow_sets",
    ),
    case("levels of an unknown tensor", lambda: freeze_levels(network(), {"x": S.Binary()}), "'x'"),
    case("follow nothing", lambda: follow_sets(network(), {}), "no parameter is named"),
    # retraining
    case("no epochs", lambda: retrained(epochs=0), "epochs must be at least 1", "got 0"),
    case("floor", lambda: retrained(floor=1.5), "floor must lie in [0, 1]", "got 1.5"),
    case(
        "someone else's optimizer",
        lambda: retrained(other=True),
        "4 parameters",
        "model.parameters()",
    ),
    case("NaN score", lambda: retrained(validate=lambda _: float("nan")), "NaN after 0 epochs"),
    case(
        "NaN loss",
        lambda: retrained(loss=lambda net, batch: loss(net, batch) * float("nan")),
        "became nan in batch 0 of epoch 0",
        "lower the learning rate",
    ),
    case("no batches", lambda: retrained(batches=lambda _: []), "epoch 0 has no batches"),
    case(
        "a generator of batches",
        lambda: retrained(batches=used_up(), epochs=2),
        "epoch 1 has no batches",
        "fresh",
    ),
    case("share", lambda: Teacher(network(), share=2), "share must lie in [0, 1]", "got 2"),
    case(
        "temperature",
        lambda: retrained(teacher=Teacher(network(), temperature=0)),
        "temperature must be a finite number > 0",
        "got 0",
    ),
    case(
        "a loss without a forward pass",
        lambda: retrained(loss=ignoring, teacher=Teacher(network())),
        "once a batch",
        "did 0 times",
    ),
    # compaction and export
    case("compact a masked network", lambda: compact(masked(), X), "parametrized", "bake"),
    case("compact a branch", lambda: compact(Branching(), X), "Branching", "torch.fx"),
    case(
        "compact another shape",
        lambda: compact(network(), WIDE),
        "not take",
        "(4, 5)",
        "in training",
    ),
    case(
        "expand what has no place",
        lambda: compact(constant_into_no_bias(), torch.ones(2, 2)).expanded(),
        "1.bias",
        "without bias",
        "give these layers biases before pruning",
    ),
    case("measure another shape", lambda: measure(network(), ["0.weight"], WIDE), "shape (4, 5)"),
    case("export another shape", lambda: export(network(), WIDE), "shape (4, 5)"),
    case("dead of another shape", lambda: dead_weights(network(), ["0.weight"], WIDE), "(4, 5)"),
    case("compact a shape", lambda: compact(network(), (4, 3)), "as a tensor, got a tuple"),
    case("compact a state dict", lambda: compact(network().state_dict(), X), "got a OrderedDict"),
    place_case(
        "plain safetensors",
        plain_safetensors,
        "no net.json beside it",
        "safetensors.torch.load_file",
    ),
    case("export a batch of one", lambda: export(network(), X[:1]), "at least 2", "(1, 3)"),
    place_case(
        "no safetensors", without_safetensors, "pip install", "packed.save", error=ImportError
    ),
    place_case("another's checksum", other_checksum, "net.safetensors", "net.json"),
    # packed files
    case(
        "pack no member",
        lambda: packed.encoded({"w": torch.tensor([1.0, 2.0])}, {"w": S.Binary()}),
        "['w'] are no member",
        "project them first",
    ),
    case(
        "pack no joint member",
        lambda: packed.encoded({"w": torch.ones(3)}, Members(("w",), S.GlobalCardinality(2))),
        "['w'] are no member",
    ),
    case(
        "pack a set without a tensor",
        lambda: packed.encoded({"w": torch.ones(3)}, {"v": S.Binary()}),
        "sets for ['v']",
        "['w']",
    ),
    case("pack a network", lambda: packed.encoded(network()), "got a Sequential", "bake(model)"),
    case("pack masks", lambda: packed.encoded(masked().state_dict()), "a mask", "bake(model)"),
    case("pack a number", lambda: packed.encoded({"w": 1.0}), "'w' is no tensor, got a float"),
    case("pack a tensor as a fact", lambda: packed.encoded({"w": X}, facts={"a": X}), "float(…)"),
    case(
        "pack a tied tensor",
        tied_by_its_second_name,
        "'decoder.weight' is tied to 'encoder.weight'",
    ),
    place_case("cut at the front", lambda p: cut(p, 20), "truncated", "20 bytes"),
    place_case("cut in the payload", lambda p: cut(p, -1), "truncated or was appended to"),
    place_case("empty file", lambda p: cut(p, 0), "no packed file"),
    place_case("other magic", lambda p: changed(p, 0), "no packed file", "LGPK"),
    place_case("other version", lambda p: changed(p, 5), "version 3", "version 2"),
    place_case("flipped bit", lambda p: changed(p, -1), "damaged"),
    place_case("flipped bit of the checksum", lambda p: changed(p, 30), "damaged"),
    place_case("forged", forged, "['w'] are no member", "not written by this library"),
    place_case("other byte order", foreign, "little-endian", "big-endian"),
    # measures
    case("measure no target", lambda: measure(network(), [], X), "no parameter is named"),
    case("measure unknown", lambda: measure(network(), ["9.weight"], X), "'9.weight'"),
    case("no batch", lambda: multiplications(network(), torch.ones(0, 3)), "batch", "(0, 3)"),
    case(
        "support of other tensors",
        lambda: support_changes({"a": X}, {"b": X}),
        "['a']",
        "['b']",
    ),
    case("steps that go back", lambda: diagnose(READINGS[::-1]), "ascend", "got 7 after 8"),
    case(
        "a reading of NaN",
        lambda: diagnose([*READINGS, Reading(9, float("nan"), 1.0, 0.0)]),
        "must be finite",
        "step=9",
    ),
]
