"""State → tensors and JSON-able values → state: what ``torch.load(weights_only=True)`` can read.

Records (named tuples, frozen dataclasses) are written by name and fields. Only those of this library,
and those that the reader already holds, are made again: a file cannot bring in a class.
"""

import importlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

from torch import Tensor

PLAIN = (bool, int, float, str, Tensor)
SHALLOW = (
    "lists, tuples, dictionaries, named tuples and dataclasses of numbers, strings and tensors"
)


def encode(value: Any) -> Any:
    """Nested dictionaries and lists of tensors, numbers, strings and None."""
    if value is None or isinstance(value, PLAIN):
        return value.detach() if isinstance(value, Tensor) else value
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {"dict": [[encode(key), encode(item)] for key, item in items]}
    names = _fields(cast("type[Any]", type(value)))
    if names is not None:
        stored = {name: encode(getattr(value, name)) for name in names}
        return {"type": _name(cast("type[Any]", type(value))), "fields": stored}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [encode(item) for item in cast("list[Any]", value)]}
    raise ValueError(f"a checkpoint takes {SHALLOW}; it has no form for {value!r}")


def decode(data: Any, known: Collection[type] = ()) -> Any:
    """What was encoded. ``known``: classes outside this library that may be made."""
    if data is None or isinstance(data, PLAIN):
        return data
    match data:
        case {"dict": items}:
            return {decode(key, known): decode(item, known) for key, item in items}
        case {"list": items}:
            return [decode(item, known) for item in items]
        case {"tuple": items}:
            return tuple(decode(item, known) for item in items)
        case {"type": str(name), "fields": stored}:
            return _class(name, known)(**{n: decode(item, known) for n, item in stored.items()})
        case _:
            raise ValueError(f"this is no checkpoint of a session: it holds {data!r}")


def classes_in(value: Any) -> Iterator[type]:
    """The classes of all records inside a value."""
    inside: list[Any] = []
    names = _fields(cast("type[Any]", type(value)))
    if names is not None:
        yield type(value)
        inside = [getattr(value, name) for name in names]
    elif isinstance(value, Mapping):
        inside = list(cast("Mapping[Any, Any]", value).values())
    elif isinstance(value, list | tuple):
        inside = list(cast("list[Any]", value))
    for item in inside:
        yield from classes_in(item)


def _fields(kind: type[Any]) -> tuple[str, ...] | None:
    """Of a dataclass or a named tuple; None of anything else."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return getattr(kind, "_fields", None)


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str, known: Collection[type]) -> type:
    for kind in known:
        if _name(kind) == name:
            return kind
    module, _, attribute = name.partition(":")
    if module.split(".")[0] == "lagrange":
        found: Any = getattr(importlib.import_module(module), attribute, None)
        if isinstance(found, type) and _fields(cast("type[Any]", found)) is not None:
            return cast("type[Any]", found)
    raise ValueError(f"the checkpoint holds a record {name!r}, which this session does not know")
