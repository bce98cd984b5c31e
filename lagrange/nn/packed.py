"""One file for the tensors of a compressed network, as small as its report says.

    magic (4) · version (2) · length of the header (4) · length of the payload (8) · sha256 (32)
    header: JSON, deflated with ``WORDS`` known: the members' sets and an ``Entry`` for each tensor
    payload: the streams of each tensor, one after the other

Whole numbers are big-endian; the numbers of a tensor have the byte order of the machine,
which is told. What is read is checked: the length, the sum over header and payload, and every array
against its set.
"""

import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from lagrange.nn.level_codes import Grid, grid_of
from lagrange.nn.members import Members, Sets, as_members, require_members
from lagrange.nn.tensor_codes import Entry, read, write
from lagrange.sets import from_config, to_config
from lagrange.sets.size import Size
from lagrange.whole_files import put

MAGIC, VERSION = b"LGPK", 2
BYTE_ORDER = sys.byteorder
FRONT = struct.Struct(">4sHIQ32s")
WORDS = (  # what headers are made of, what is frequent last; part of the format
    b'"float16""float64""zero_point":"asymmetric":"step":"axis":"proof":"book":true"stored":"values":'
    b'"levels""plain""gap""all""bitmap""dtype":"ties":{"facts":{"byte_order":"little","entries":['
    b'{"set":"PerTensor","sets":{"set":"Binary"},{"set":"Ternary","axis":null},{"set":"UniformGrid",'
    b'"bits":3,"step":null,"asymmetric":false,"zero_point":null,"axis":null,"proof":false}'
    b'{"set":"GlobalSparseQuantized","k":"grid":{"set":"Cardinality","k":"order":["members":["set":'
    b'"network":"data":"cifar10""mnist","pattern":"*.weight","seed":0,"bits":"grid":"uniform","scope":'
    b'"layer","keep":"lenet5","resnet20","conv1.weight","conv1.bias","conv2.weight","conv2.bias",'
    b'"fc1.weight","fc1.bias","fc2.weight","fc2.bias"],"facts":{"name":"fc1.bias","shape":[500],'
    b'"count":,"width":32,"index":["bitmap",0,"",],"stored":"bfloat16"},{"name":"conv2.weight",'
    b'"shape":[50,20,5,5],"count":,"width":3,"index":["rice",2,"both",],"numbers":32,"values":'
    b'"nonzero levels"},{"name":"'
)


@dataclass(frozen=True)
class Report:
    """What the bytes of a file are spent on.

    entries    : one for each stored tensor
    header     : bytes of everything before the payload
    file_bytes : the length of the file = header + (size.total + padding) / 8
    """

    entries: tuple[Entry, ...]
    header: int

    @property
    def size(self) -> Size:
        """The bits of the payload by what they are spent on."""
        return sum((entry.size for entry in self.entries), start=Size(0))

    @property
    def padding(self) -> int:
        """Bits lost where streams are filled up to whole bytes, at most 28 for a tensor."""
        return sum(entry.padding for entry in self.entries)

    @property
    def file_bytes(self) -> int:
        return self.header + (self.size.total + self.padding) // 8

    @property
    def entropy(self) -> float:
        """The entropy bound of all places, to compare ``size.indices`` with."""
        return sum(entry.entropy for entry in self.entries)


@dataclass(frozen=True)
class Packed:
    """What a file holds. ``tensors`` in the order in which they were saved."""

    tensors: Mapping[str, Tensor]
    members: Members | None
    report: Report
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def save(
    path: Path | str,
    tensors: Mapping[str, Tensor],
    sets: Sets | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
) -> Report:
    """Writes tensors to one file, those of quantized sets as codes; gives back its report.

    tensors : by name, as of ``model.state_dict()``; tied ones are stored once
    sets    : which of them are members of what; each must be one, exactly
    facts   : whatever else JSON can hold: settings, accuracy
    """
    data, report = encoded(tensors, sets, facts=facts)
    put(Path(path), data)
    return report


def encoded(
    tensors: Mapping[str, Tensor],
    sets: Sets | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
) -> tuple[bytes, Report]:
    """The bytes that ``save`` writes."""
    _require_plain(tensors)
    members = None if sets is None else as_members(sets)
    if members is not None:
        require_members(members, tensors, "project them first, only members can be packed")
    entries, ties, blobs = list[Entry](), dict[str, str](), list[bytes]()
    seen = dict[tuple[int, ...], str]()
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), *tensor.shape, *tensor.stride())
        if tensor.numel() and place in seen:
            ties[name] = seen[place]
            continue
        seen[place] = name
        entry, data = write(name, tensor, _grid(members, name))
        entries.append(entry)
        blobs.append(data)
    if members is not None:
        _require_first_names(members, ties)
    header: dict[str, Any] = {
        "byte_order": BYTE_ORDER,
        "entries": [entry.plain() for entry in entries],
        "facts": dict(facts or {}),
    }
    if ties:
        header |= {"ties": ties, "order": list(tensors)}
    if members is not None:
        header |= {"members": list(members.names), "set": to_config(members.set)}
    said = _deflated(json_of(header, separators=(",", ":")).encode())
    payload = b"".join(blobs)
    check = hashlib.sha256(said + payload).digest()
    front = FRONT.pack(MAGIC, VERSION, len(said), len(payload), check)
    return front + said + payload, Report(tuple(entries), len(front) + len(said))


def load(path: Path | str) -> Packed:
    """Reads what ``save`` wrote; refuses what is damaged, and arrays outside of their sets."""
    said, payload = _checked(Path(path))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=WORDS)
    header: dict[str, Any] = json.loads(inflate.decompress(said) + inflate.flush())
    if header["byte_order"] != BYTE_ORDER:
        raise ValueError(
            f"{path} is {header['byte_order']}-endian, this machine {BYTE_ORDER}-endian"
        )
    members = None
    if "set" in header:
        members = Members(tuple(header["members"]), from_config(header["set"]))
    entries = tuple(Entry.restored(plain) for plain in header["entries"])
    found, start = dict[str, Tensor](), 0
    for entry in entries:
        end = start + (entry.size.total + entry.padding) // 8
        found[entry.name] = read(entry, payload[start:end], _grid(members, entry.name))
        start = end
    for name, same in header.get("ties", {}).items():
        found[name] = found[same]
    tensors = {name: found[name] for name in header.get("order", found)}
    if members is not None:
        require_members(members, tensors, f"{path} was not written by this library")
    report = Report(entries, FRONT.size + len(said))
    return Packed(tensors, members, report, header["facts"])


def _deflated(text: bytes) -> bytes:
    small = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=WORDS)
    return small.compress(text) + small.flush()


def json_of(value: Mapping[str, Any], **layout: Any) -> str:
    """As text; refuses facts that JSON has no form for."""
    try:
        return json.dumps(value, **layout)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"facts must be what JSON can hold, got {value.get('facts')!r}: {error}. Make numbers of "
            "tensors by float(…) or .tolist()"
        ) from error


def _require_plain(tensors: Any) -> None:
    """Refuses a network in place of its tensors, and one whose weights are still computed."""
    if not isinstance(tensors, Mapping):
        raise ValueError(
            f"tensors by name are needed, got a {type(tensors).__name__}: for a network give "
            "bake(model).state_dict()"
        )
    for name, tensor in cast("Mapping[str, Any]", tensors).items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"{name!r} is no tensor, got a {type(tensor).__name__}")
        if "parametrizations." in name:
            raise ValueError(
                f"{name!r} is part of a parametrization, a mask for instance: give "
                "bake(model).state_dict()"
            )


def _require_first_names(members: Members, ties: Mapping[str, str]) -> None:
    for name in members.names:
        if name in ties:
            raise ValueError(f"{name!r} is tied to {ties[name]!r}: give its set under that name")


def _grid(members: Members | None, name: str) -> Grid | None:
    if members is None or name not in members.names:
        return None
    return grid_of(members.set, name)


def _checked(path: Path) -> tuple[bytes, bytes]:
    """Header and payload of an undamaged file."""
    data = path.read_bytes()
    if data[:4] != MAGIC:
        raise ValueError(f"{path} is no packed file: it begins with {data[:4]!r}, not {MAGIC!r}")
    if len(data) < FRONT.size:
        raise ValueError(
            f"{path} is truncated: {len(data)} bytes, less than the first {FRONT.size}"
        )
    _, version, header, payload, check = FRONT.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"{path} has version {version}, this library reads version {VERSION}")
    if len(data) != FRONT.size + header + payload:
        raise ValueError(
            f"{path} is truncated or was appended to: {len(data)} bytes, but it speaks of "
            f"{FRONT.size + header + payload}"
        )
    if hashlib.sha256(data[FRONT.size :]).digest() != check:
        raise ValueError(f"{path} is damaged: its contents do not have the sum that it states")
    return data[FRONT.size : FRONT.size + header], data[FRONT.size + header :]
