"""A run that can be killed: its state in a file every so often, to go on from with the same numbers.

    keeper = Keeper(Path("checkpoint.zip"), "what is run, by which versions")
    execute(..., keeper=keeper)

The state between two steps is all that the rest of a run depends on, the clock aside. The file holds
one JSON document and the arrays, each in its layout: sums over another layout round differently.
"""

import json
import math
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, cast

import numpy as np

from lagrange.encoding import decode, encode, record_fields
from lagrange.records import Record, Trace
from lagrange.solution import Solution
from lagrange.state import State
from lagrange.status import Status
from lagrange.stopping import Stop
from lagrange.whole_files import replace_whole

SHARE = 20  # a save is at most one part in so many of the time
DOCUMENT = "state.json"
WENT_ON = "went on from step"  # how the note of a run begins that did


class Keeper(Stop):
    """A rule that never stops a run: it sees every state, and saves one from time to time.

    path  : the file; a disk that is full leaves the one before
    key   : names the run; a file with another key is not gone on from
    every : seconds between two saves, ≥ 0
    note  : where a run went on, or why it did not, or why it cannot be saved; "" of an ordinary one

    The clock of a run runs from the making of its keeper.
    """

    def __init__(self, path: Path, key: str, *, every: float = 30.0) -> None:
        if not every >= 0:
            raise ValueError(f"seconds between two checkpoints must be ≥ 0, got {every}")
        self._path, self._key, self._every = path, key, every
        self._records: list[Record] = []
        self._state: State[Any] | None = None
        self._began = monotonic()
        self._due = self._began + every
        self.note = ""

    def resumed(self, fresh: State[Any]) -> State[Any]:
        """The saved state, or the fresh one where there is none that can be used."""
        if not self._path.exists():
            return fresh
        try:
            key, records, state, spent = read(self._path)
        except Exception as error:  # a damaged file can fail in any part of its decoding
            self.note = f"the checkpoint was unreadable, begun anew ({error})"
            return fresh
        if key != self._key:
            self.note = "the checkpoint was of another version, begun anew"
            return fresh
        self._records = records
        self._began -= spent
        self.note = f"{WENT_ON} {state.record.step}"
        return state

    @property
    def spent(self) -> float:
        """Seconds so far, with those before the checkpoint that the run went on from."""
        return monotonic() - self._began

    def __call__(self, state: State[Any]) -> Status | None:
        if state.record.step > (self._records[-1].step if self._records else 0):
            self._records.append(state.record)
        self._state = state
        if monotonic() >= self._due:
            self.save()
        return None

    def save(self) -> None:
        """Writes the last state that was seen. A run does not fail because it cannot be saved."""
        began = monotonic()
        if self._state is None:
            return
        try:
            write(self._path, self._key, self._records, self._state, self.spent)
        except OSError as error:  # a full disk may have room again at the next time
            self.note = f"not saved along the way: {error}"
        except ValueError as error:  # a state with something in it that has no form
            self.note, self._every = f"not saved along the way: {error}", math.inf
        now = monotonic()
        self._due = now + max(self._every, SHARE * (now - began))

    def whole(self, solution: Solution) -> Solution:
        """With the steps before the restart in its trace."""
        trace = Trace()
        for record in self._records:
            trace(record)
        return replace(solution, trace=trace)


def write(path: Path, key: str, records: Sequence[Record], state: State[Any], spent: float) -> None:
    """Whole, or not at all."""
    arrays = _Arrays()
    kept = encode(state, arrays.stored)
    document = {"key": key, "records": records, "state": kept, "spent": spent}
    text = json.dumps(document, default=lambda scalar: scalar.item())

    def written(beside: Path) -> None:
        with zipfile.ZipFile(beside, "w") as archive:
            archive.writestr(DOCUMENT, text)
            for place, array in enumerate(arrays.numbers):
                with archive.open(f"{place}.npy", "w") as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)

    replace_whole(path, written)


def read(path: Path) -> tuple[str, list[Record], State[Any], float]:
    """What was written. Classes are this library's, or of modules that are loaded already."""
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read(DOCUMENT))
        records = [Record._make(row) for row in document["records"]]
        state = decode(document["state"], _Restored(archive).leaf, _loaded)
    return document["key"], records, state, float(document["spent"])


def _loaded(name: str) -> type | None:
    module, _, attribute = name.partition(":")
    found = vars(sys.modules[module]).get(attribute) if module in sys.modules else None
    is_record = isinstance(found, type) and record_fields(cast("type[Any]", found)) is not None
    return cast("type[Any]", found) if is_record else None


def _is_scalar(value: Any) -> bool:
    return isinstance(value, np.generic)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")  # an extra: where it was never imported there is none
    return torch is not None and isinstance(value, torch.Tensor)


class _Arrays:
    """Arrays in the order of their first appearance, each once."""

    def __init__(self) -> None:
        self.numbers: list[Any] = []
        self._entries: dict[int, Mapping[str, Any]] = {}
        self._held: list[Any] = []  # ids are of living objects

    def stored(self, value: Any) -> Mapping[str, Any] | None:
        if _is_scalar(value):
            return {"scalar": [value.dtype.str, value.item()]}
        if not _is_array(value) and not _is_tensor(value):
            return None
        if id(value) not in self._entries:
            self._held.append(value)
            self._entries[id(value)] = self._kept(value)
        return self._entries[id(value)]

    def _kept(self, value: Any) -> Mapping[str, Any]:
        if _is_array(value):
            strides = None if value.flags.c_contiguous else value.strides
            return self._entry(np.ascontiguousarray(value).reshape(value.shape), strides=strides)
        from lagrange.nn.tensor_arrays import as_array  # torch is an extra

        numbers, name, strides = as_array(value)
        return self._entry(numbers, tensor=name, strides=strides)

    def _entry(self, array: Any, **how: Any) -> Mapping[str, Any]:
        self.numbers.append(array)
        return {"array": len(self.numbers) - 1, **how}


class _Restored:
    """The way back."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._made: dict[int, Any] = {}

    def leaf(self, data: Any) -> Any:
        match data:
            case {"scalar": [str(dtype), value]}:
                return np.dtype(dtype).type(value)
            case {"array": int(place), **how}:
                if place not in self._made:
                    self._made[place] = self._read(place, how)
                return self._made[place]
            case _:
                return None

    def _read(self, place: int, how: Mapping[str, Any]) -> Any:
        with self._archive.open(f"{place}.npy") as file:
            array: Any = np.lib.format.read_array(file, allow_pickle=False)
        if "tensor" in how:
            from lagrange.nn.tensor_arrays import as_tensor

            return as_tensor(array, how["tensor"], tuple(how["strides"]))
        return array if how["strides"] is None else _laid_out(array, how["strides"])


def _laid_out(array: Any, strides: list[int]) -> Any:
    """The same numbers with these distances in memory."""
    if array.size == 0 or min(strides) < 0:
        return array
    reach = sum((n - 1) * s for n, s in zip(array.shape, strides, strict=True)) + array.itemsize
    memory: Any = np.empty(reach, np.uint8)
    laid = np.ndarray(array.shape, array.dtype, memory, 0, tuple(strides))
    laid[...] = array
    return laid
