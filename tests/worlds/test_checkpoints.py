"""A run that went on from a checkpoint ends as one that was never stopped, bit for bit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from lagrange import checkpoint, families, runs
from lagrange.checkpoint import Keeper
from lagrange.records import Record
from lagrange.state import Best, State

SMALL_LASSO = {"table": "random", "rows": 30, "columns": 8}
SMALL_ASSIGNMENT = {"agents": 3, "jobs": 12}
TRAINED = {"pretrain": 1, "epochs": 4, "retrain": 1, "keep": 0.1, "baselines": False}
WHAT = [
    ("lasso", SMALL_LASSO, "admm", 60),
    ("lasso", SMALL_LASSO, "surrogate", 60),
    ("assignment", SMALL_ASSIGNMENT, "subgradient", 40),
    ("assignment", SMALL_ASSIGNMENT, "surrogate", 40),
    ("unit_commitment", {}, None, 10),
    ("pruning", {**TRAINED, "score": 0.5}, "progressive", 4),
]


@dataclass(frozen=True)
class Stranger:
    """A record of a module that is loaded."""

    kept: Any


def executed(family, options, solver, steps, **more):
    instance = families.make(family, options)
    return runs.execute(family, options, instance, solver, steps=steps, seconds=math.inf, **more)


def interrupt_at(step):
    def observe(record):
        if record.step == step:
            raise KeyboardInterrupt

    return observe


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def timeless(trace):
    return [str(record._replace(seconds=0.0)) for record in trace]


@pytest.mark.parametrize(("family", "options", "solver", "steps"), WHAT)
def test_a_run_goes_on(family, options, solver, steps, tmp_path):
    whole = executed(family, options, solver, steps)
    path, middle = tmp_path / "c.zip", len(whole.solution.trace) // 2
    first = Keeper(path, "key", every=0.0)
    part = executed(family, options, solver, steps, keeper=first, observe=interrupt_at(middle + 1))
    assert 0 < len(part.solution.trace) < len(whole.solution.trace)
    first.save()
    second = Keeper(path, "key")
    seen: list[int] = []
    rest = executed(
        family, options, solver, steps, keeper=second, observe=lambda r: seen.append(r.step)
    )
    assert seen == list(range(middle + 1, len(whole.solution.trace) + 1))
    assert second.note.startswith("went on from step ") and first.note == ""
    assert timeless(rest.solution.trace) == timeless(whole.solution.trace)
    assert same(rest.solution.multipliers, whole.solution.multipliers)
    assert rest.solution.status == whole.solution.status
    assert (rest.point is None) == (whole.point is None)
    assert whole.point is None or same(rest.point, whole.point)


def state_of(memory):
    record = Record(3, 1.5, np.float64(0.1), accepted=np.bool_(True), moves=np.int64(2))
    return State({"row": np.ones(2)}, (None,), {"row": np.zeros(2)}, 1.0, Best(), memory, record)


def through_a_file(path, memory):
    state = state_of(memory)
    checkpoint.write(path, "key", [state.record], state, 1.5)
    key, records, read, spent = checkpoint.read(path)
    assert spent == 1.5
    wanted = [float(x) for x in state.record]
    assert key == "key" and len(records) == 1
    for record in (*records, read.record):
        np.testing.assert_array_equal([float(x) for x in record], wanted)
    assert [type(x) for x in read.record] == [type(x) for x in state.record]
    return read.memory


def test_arrays_keep_their_numbers_and_their_layout(tmp_path):
    grid = np.arange(12.0).reshape(3, 4)
    arrays = {
        "columns": grid.T,
        "strided": grid[:, 1],
        "every other": grid[::2, ::3],
        "broadcast": np.broadcast_to(np.ones(1), (3,)),
        "backwards": grid[::-1],
        "empty": np.zeros((0, 3)),
        "scalar": np.array(2.5),
        "not a number": np.array([math.nan, -math.inf, -0.0]),
        "small": np.array([True]),
        "half": grid.astype(np.float16),
    }
    read = through_a_file(tmp_path / "c", arrays)
    for name, array in arrays.items():
        assert read[name].tobytes() == array.tobytes(), name
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        if name != "backwards" and array.size:
            assert read[name].strides == array.strides, name


def test_tensors_keep_their_type_and_their_layout(tmp_path):
    images = torch.arange(48.0).reshape(2, 2, 3, 4)
    tensors = {
        "channels last": images.to(memory_format=torch.channels_last),
        "brain": torch.tensor([1.5, math.nan]).bfloat16(),
        "step": torch.tensor(3.0),
        "expanded": torch.ones(1).expand(3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "whole": torch.tensor([1, 2]),
    }
    read = through_a_file(tmp_path / "c", tensors)
    for name, tensor in tensors.items():
        assert read[name].dtype == tensor.dtype and read[name].shape == tensor.shape, name
        assert torch.equal(read[name].nan_to_num(7), tensor.nan_to_num(7)), name
    assert read["channels last"].is_contiguous(memory_format=torch.channels_last)


def test_nested_values_and_shared_arrays(tmp_path):
    array = np.ones(3)
    memory = Stranger([(1, None), {2: "two", "x": array}, array, np.float32(0.1), -math.inf])
    read = through_a_file(tmp_path / "c", memory)
    assert isinstance(read, Stranger)
    pair, table, again, small, low = read.kept
    assert pair == (1, None) and table[2] == "two" and low == -math.inf
    assert table["x"] is again and type(small) is np.float32 and small == np.float32(0.1)


def fresh():
    return state_of(None)


def test_a_truncated_file_is_begun_anew(tmp_path):
    path = tmp_path / "c.zip"
    through_a_file(path, np.arange(1000.0))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        keeper, start = Keeper(path, "key"), fresh()
        assert keeper.resumed(start) is start
        assert "unreadable" in keeper.note


def test_a_changed_byte_is_seen(tmp_path):
    path = tmp_path / "c.zip"
    through_a_file(path, np.arange(1000.0))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    keeper, start = Keeper(path, "key"), fresh()
    assert keeper.resumed(start) is start and "unreadable" in keeper.note


def test_another_key_is_begun_anew(tmp_path):
    through_a_file(tmp_path / "c.zip", None)
    keeper, start = Keeper(tmp_path / "c.zip", "other"), fresh()
    assert keeper.resumed(start) is start and "another version" in keeper.note


def test_a_full_disk_leaves_the_file_and_the_run(tmp_path, monkeypatch):
    path = tmp_path / "c.zip"
    keeper = Keeper(path, "key", every=0.0)
    keeper(state_of(1))
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    keeper._due = 0.0
    assert keeper(state_of(2)._replace(record=Record(step=4))) is None
    assert "No space left" in keeper.note
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["c.zip"]


def test_a_state_without_a_form_is_said_not_saved(tmp_path):
    keeper = Keeper(tmp_path / "c.zip", "key", every=0.0)
    assert keeper(state_of({1, 2})) is None
    assert "no form for {1, 2}" in keeper.note and list(tmp_path.iterdir()) == []


def test_the_clock_goes_on_from_the_checkpoint(tmp_path, monkeypatch):
    """What lies between the last save and a kill is lost, and not counted."""
    now = [100.0]
    monkeypatch.setattr(checkpoint, "monotonic", lambda: now[0])
    for spent in (7.0, 14.0, 21.0):
        keeper = Keeper(tmp_path / "c.zip", "key", every=5.0)
        now[0] += 1.0
        keeper.resumed(fresh())
        now[0] += 6.0
        keeper(state_of(None))
        assert keeper.spent == spent
        now[0] += 2.0
    other = Keeper(tmp_path / "c.zip", "other")
    other.resumed(fresh())
    assert other.spent == 0.0


def test_saving_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(checkpoint, "monotonic", lambda: now[0])
    saves = []

    def slow(*_):
        saves.append(now[0])
        now[0] += 1.0

    monkeypatch.setattr(checkpoint, "write", slow)
    keeper = Keeper(tmp_path / "c.zip", "key", every=5.0)
    for step in range(1, 101):
        now[0] += 0.5
        keeper(state_of(None)._replace(record=Record(step=step)))
    assert saves == [5.0, 26.0, 47.0]
