"""Nested values → JSON-able values with a place for each array → nested values.

Records (named tuples, frozen dataclasses) are written by name and fields. Only those of this library,
and those that the reader knows, are made again: a file cannot bring in a class.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

PLAIN = (bool, int, float, str)
SHALLOW = "lists, tuples, dictionaries, named tuples and dataclasses of numbers, strings and arrays"
Leaf = Callable[[Any], Any]  # what stands for an array, or the other way round; None: it is none


def encode(value: Any, leaf: Leaf) -> Any:
    """Nested dictionaries and lists of numbers, strings, None, and of what ``leaf`` gives."""
    stored = leaf(value)
    if stored is not None:
        return stored
    if value is None or isinstance(value, PLAIN):
        return value
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {"dict": [[encode(key, leaf), encode(item, leaf)] for key, item in items]}
    names = record_fields(cast("type[Any]", type(value)))
    if names is not None:
        inside = {name: encode(getattr(value, name), leaf) for name in names}
        return {"type": record_name(cast("type[Any]", type(value))), "fields": inside}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [encode(item, leaf) for item in cast("list[Any]", value)]}
    raise ValueError(f"a checkpoint takes {SHALLOW}; it has no form for {value!r}")


def decode(data: Any, leaf: Leaf, known: Callable[[str], type | None]) -> Any:
    """What was encoded. ``known``: classes outside this library, by ``record_name``."""
    found = leaf(data)
    if found is not None:
        return found
    if data is None or isinstance(data, PLAIN):
        return data
    match data:
        case {"dict": items}:
            return {decode(k, leaf, known): decode(item, leaf, known) for k, item in items}
        case {"list": items}:
            return [decode(item, leaf, known) for item in items]
        case {"tuple": items}:
            return tuple(decode(item, leaf, known) for item in items)
        case {"type": str(name), "fields": inside}:
            values = {n: decode(item, leaf, known) for n, item in inside.items()}
            return (known(name) or _own_class(name))(**values)
        case _:
            raise ValueError(f"this is no checkpoint: it holds {data!r}")


def records_in(value: Any) -> Iterator[type]:
    """The classes of all records inside a value."""
    inside: list[Any] = []
    names = record_fields(cast("type[Any]", type(value)))
    if names is not None:
        yield type(value)
        inside = [getattr(value, name) for name in names]
    elif isinstance(value, Mapping):
        inside = list(cast("Mapping[Any, Any]", value).values())
    elif isinstance(value, list | tuple):
        inside = list(cast("list[Any]", value))
    for item in inside:
        yield from records_in(item)


def record_fields(kind: type[Any]) -> tuple[str, ...] | None:
    """Of a dataclass or a named tuple; None of anything else."""
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    return getattr(kind, "_fields", None)


def record_name(kind: type) -> str:
    """``module:class``."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _own_class(name: str) -> type:
    module, _, attribute = name.partition(":")
    if module.split(".")[0] == "lagrange":
        found: Any = getattr(importlib.import_module(module), attribute, None)
        if isinstance(found, type) and record_fields(cast("type[Any]", found)) is not None:
            return cast("type[Any]", found)
    raise ValueError(f"the checkpoint holds a record {name!r}, which this session does not know")
