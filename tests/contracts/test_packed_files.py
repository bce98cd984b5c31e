"""Packed files: bit-equal tensors, members of their sets, and a length that the report states."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from lagrange import sets as S
from lagrange.nn import packed
from lagrange.nn.members import Members
from lagrange.nn.tensor_codes import Entry, read, write

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
SETS = {
    "cardinality": S.Cardinality(30),
    "binary": S.Binary(),
    "binary rows": S.Binary(axis=1),
    "ternary rows": S.Ternary(axis=0),
    "grid": S.UniformGrid(3),
    "wide grid": S.UniformGrid(9),
    "given grid": S.UniformGrid(4, step=0.25),
    "asymmetric": S.UniformGrid(4, asymmetric=True),
    "asymmetric rows": S.UniformGrid(2, asymmetric=True, axis=0),
    "zero point": S.UniformGrid(3, asymmetric=True, zero_point=2),
    "zero free": S.ZeroFreeGrid(2),
    "midrise": S.ZeroFreeGrid(3, midrise=True),
    "powers": S.PowerOfTwo(3),
    "power rows": S.PowerOfTwo(3, axis=1),
    "given powers": S.PowerOfTwo(3, highest=0),
    "scaled powers": S.ScaledPowers(2),
    "codebook": S.Codebook((0.0, 0.5, -1.0)),
    "learned": S.LearnedCodebook(5),
    "learned rows": S.LearnedCodebook(3, axis=0),
    "sparse zero free": S.SparseQuantized(40, S.ZeroFreeGrid(2)),
    "sparse learned": S.SparseQuantized(40, S.LearnedCodebook(5)),
    "sparse powers": S.SparseQuantized(40, S.PowerOfTwo(3)),
    "sparse asymmetric": S.SparseQuantized(40, S.UniformGrid(4, asymmetric=True)),
    "sparse codebook": S.SparseQuantized(40, S.Codebook((0.25, -0.5))),
    "nearly full": S.SparseQuantized(310, S.Binary()),
    "filters": S.filters(2),
    "pattern": S.NM(2, 4),
}


def random(*shape, dtype=torch.float32, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("members", SETS.values(), ids=SETS)
def test_members_come_back(tmp_path, members, dtype):
    value = members.project(random(8, 40, dtype=dtype))
    tensors = {"w": value, "bias": random(3, dtype=dtype), "seen": torch.tensor(7)}
    report = packed.save(tmp_path / "net", tensors, {"w": members}, facts={"accuracy": 0.5})
    found = packed.load(tmp_path / "net")
    assert list(found.tensors) == list(tensors) and found.facts == {"accuracy": 0.5}
    for name, tensor in tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)
    assert members.contains(found.tensors["w"])
    assert found.report == report
    assert (tmp_path / "net").stat().st_size == report.file_bytes


@pytest.mark.parametrize("members", SETS.values(), ids=SETS)
def test_the_report_is_no_larger_than_the_set_says(members):
    value = members.project(random(8, 40))
    stated, entry = members.size(value), write("w", value, packed.grid_of(members, "w"))[0]
    slack = 8 if members == S.filters(2) else 0  # a mark for each filter, the set counts 2 · 3 bits
    assert entry.size.total <= stated.total + slack
    bits = entry.streams
    assert sum(bits) == entry.size.total and 0 <= entry.padding < 32
    assert len(write("w", value, packed.grid_of(members, "w"))[1]) * 8 == sum(bits) + entry.padding


def test_bits_of_a_sparse_binary_tensor_by_hand():
    value = torch.zeros(4, 8)
    value[1, 2], value[3, 3] = 0.5, -0.5
    grid = packed.grid_of(S.SparseQuantized(2, S.Binary()), "w")
    entry, data = write("w", value, grid)
    # two places of 5 bits; as gaps 10 and 16 Rice would take 2 · 3 + 2 + 3 = 11 with w = 3
    assert entry.size == S.Size(values=2, indices=10, scales=32)
    assert entry.index.kind == "plain"
    assert torch.equal(read(entry, data, grid), value)


@pytest.mark.parametrize(
    "value",
    (
        torch.zeros(3, 4),
        torch.ones(3, 4),
        torch.zeros(0, 3),
        torch.tensor(2.5),
        torch.tensor(0.0),
        torch.tensor([math.inf, 0, 0, 0, 0, 0, 0, 0, 0, -1e-45]),
        torch.tensor([True, False, True]),
        torch.arange(5),
        random(5, 7).T,
    ),
    ids=lambda v: f"{v.dtype} {tuple(v.shape)}",
)
def test_any_tensor_without_a_set(tmp_path, value):
    report = packed.save(tmp_path / "net", {"x": value})
    assert torch.equal(packed.load(tmp_path / "net").tensors["x"], value)
    assert report.file_bytes == (tmp_path / "net").stat().st_size


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (random(9).bfloat16().float(), 16),
        (random(9).half().double(), 16),
        (torch.tensor([2.0**100, 1.0]), 16),  # beyond float16
        (torch.tensor([1.0 + 2.0**-10, 1.0]), 16),  # too fine for bfloat16
        (random(9).double(), 32),
        (random(9).half(), 16),
        (torch.tensor([1.0, math.inf, -2.0]), 16),
        (torch.tensor([1.0, math.nan]), 32),  # equal to nothing
        (random(9) + 2.0**-20, 32),
        (torch.tensor([2.0**-140, 1.0]), 32),  # 0 in both short formats
        (torch.tensor([1, 2]), 64),
    ],
    ids=str,
)
def test_numbers_take_the_shortest_format_that_holds_them_exactly(value, bits):
    entry, data = write("x", value, None)
    assert entry.width == bits and len(data) * 8 == bits * value.numel()
    found = read(Entry.restored(json.loads(json.dumps(entry.plain()))), data, None)
    assert found.dtype == value.dtype
    assert torch.equal(torch.nan_to_num(found), torch.nan_to_num(value))


def test_what_is_usual_is_not_told():
    entry, _ = write("x", random(2, 3), None)
    assert entry.plain() == {"name": "x", "shape": (2, 3), "count": 6, "width": 32}


@pytest.mark.parametrize("members", (S.Binary(), S.SparseQuantized(2, S.UniformGrid(3))))
def test_zero_members(members):
    for shape in ((3, 4), (1,)):
        grid = packed.grid_of(members, "w")
        assert torch.equal(read(*write("w", torch.zeros(shape), grid), grid), torch.zeros(shape))


def test_one_budget_across_tensors(tmp_path):
    members = Members(("a", "b"), S.GlobalSparseQuantized(12, S.UniformGrid(3)))
    values = members.set.project({"a": random(5, 6), "b": 3 * random(4, 4, seed=1)})
    packed.save(tmp_path / "net", {**values, "bias": torch.ones(2)}, members)
    found = packed.load(tmp_path / "net")
    assert found.members == members
    assert members.set.contains({name: found.tensors[name] for name in members.names})


def test_tied_tensors_are_stored_once(tmp_path):
    weight = random(30, 30)
    once = packed.save(tmp_path / "once", {"a": weight})
    twice = packed.save(tmp_path / "twice", {"a": weight, "b": weight})
    found = packed.load(tmp_path / "twice").tensors
    assert twice.size == once.size and found["b"] is found["a"]


def test_the_header_is_part_of_what_is_counted(tmp_path):
    report = packed.save(tmp_path / "net", {"a": random(9)})
    data = (tmp_path / "net").read_bytes()
    assert data[report.header :] == random(9).numpy().tobytes()
    assert report.file_bytes == report.header + 9 * 4


def test_every_changed_byte_is_noticed(tmp_path):
    path = tmp_path / "net"
    packed.save(path, {"w": S.Binary().project(random(4, 5))}, {"w": S.Binary()})
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ValueError, match=r"damaged|truncated|no packed file|version"):
            packed.load(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"truncated|no packed file"):
            packed.load(path)


def test_a_pruned_network_is_as_small_as_its_numbers(tmp_path):
    """LeNet-5's shapes with 1.2 % of the weights kept: 32 bits a value and about 7.5 an index."""
    shapes = {"c1": (20, 1, 5, 5), "c2": (50, 20, 5, 5), "f1": (500, 800), "f2": (10, 500)}
    names, k = tuple(shapes), 5166
    members = Members(names, S.GlobalCardinality(k))
    tensors = members.set.project({n: random(*s, seed=len(n)) for n, s in shapes.items()})
    report = packed.save(tmp_path / "net", tensors, members)
    assert sum(entry.count for entry in report.entries) == k
    assert report.size.values == 32 * k
    assert report.entropy < report.size.indices < 1.02 * report.entropy
    assert report.file_bytes < (report.size.total + 32 * 4) / 8 + 600


def test_predictions_of_a_reloaded_network_are_the_same(tmp_path):
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )
    sets = {"0.weight": S.UniformGrid(3), "4.weight": S.SparseQuantized(40, S.ZeroFreeGrid(2))}
    with torch.no_grad():
        for name, members in sets.items():
            net.get_parameter(name).copy_(members.project(net.get_parameter(name)))
    images = random(5, 1, 8, 8)
    net(images)
    packed.save(tmp_path / "net", net.state_dict(), sets)
    again = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )
    again.load_state_dict(dict(packed.load(tmp_path / "net").tensors))
    assert torch.equal(net.eval()(images), again.eval()(images))
    assert np.isfinite(net(images).detach().numpy()).all()


def test_the_shorter_of_dense_and_sparse():
    """One zero among 32 halves: its place (32 bits) costs more than it saves (16)."""
    value = torch.ones(32, dtype=torch.float16)
    value[5] = 0
    assert write("w", value, None)[0].size == S.Size(32 * 16)
    value[6:24] = 0
    assert write("w", value, None)[0].size.total < 32 * 16


def test_the_scale_fits_a_given_zero_point():
    """2 and 4 are multiples of 1 too, but with z = 5 only two levels are above zero."""
    grid = packed.grid_of(S.UniformGrid(3, asymmetric=True, zero_point=5), "w")
    value = torch.tensor([2.0, 4.0, 0.0])
    assert torch.equal(read(*write("w", value, grid), grid), value)


def test_a_disk_that_is_full_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "net.lgpk"
    packed.save(path, {"w": torch.ones(3)})

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        packed.save(path, {"w": torch.zeros(3)})
    assert torch.equal(packed.load(path).tensors["w"], torch.ones(3))
    assert [file.name for file in tmp_path.iterdir()] == ["net.lgpk"]
