"""Sets to and from plain data that JSON can hold.

    to_config(Cardinality(3))  =  {"set": "Cardinality", "k": 3}

A set takes part by ``@register`` on its frozen dataclass. Fields that the constructor takes may be
numbers, strings, None, tuples, mappings with string keys, arrays and sets. An infinite number is
written {"float": "inf"}, an array {"array": [...], "dtype": "float32"} (read back as a numpy array,
whichever library it came from), a mapping {"map": {...}}; lists are read back as tuples.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")
REGISTRY: dict[str, type[Any]] = {}


def register(cls: type[T]) -> type[T]:
    """Makes a frozen dataclass known by its name."""
    if "__dataclass_fields__" not in getattr(cls, "__dict__", {}):
        raise TypeError(f"only dataclasses can be registered as sets, got {cls!r}")
    if REGISTRY.setdefault(cls.__name__, cls) is not cls:
        raise ValueError(
            f"a set named {cls.__name__!r} is registered already, by {REGISTRY[cls.__name__]!r}: "
            "choose another name"
        )
    return cls


def to_config(members: object) -> dict[str, Any]:
    """The name of the set's class and what its constructor was given."""
    if type(members) not in REGISTRY.values():
        raise TypeError(f"{members!r} is of no registered set class; registered are {_names()}")
    config: dict[str, Any] = {"set": type(members).__name__}
    for field in dataclasses.fields(cast("Any", members)):
        if field.init:
            config[field.name] = _plain(getattr(members, field.name), field.name)
    return config


def from_config(config: Mapping[str, Any]) -> Any:
    """The set that ``to_config`` described; refuses unknown sets and fields."""
    if "set" not in config:
        raise ValueError(f"a set's config needs the key 'set', got {dict(config)}")
    cls = REGISTRY.get(config["set"])
    if cls is None:
        raise ValueError(f"unknown set {config['set']!r}; registered are {_names()}")
    known = [field.name for field in dataclasses.fields(cls) if field.init]
    given = {name: value for name, value in config.items() if name != "set"}
    wrong = [name for name in given if name not in known]
    if wrong:
        raise ValueError(f"{config['set']} has the fields {known}, got {wrong} besides")
    needed = [f.name for f in dataclasses.fields(cls) if f.init and not _has_default(f)]
    missing = [name for name in needed if name not in given]
    if missing:
        raise ValueError(f"{config['set']} needs the fields {needed}, got {dict(config)}")
    return cls(**{name: _restored(value) for name, value in given.items()})


def _has_default(field: "dataclasses.Field[Any]") -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


def _names() -> str:
    return ", ".join(sorted(REGISTRY)) or "none"


def _plain(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, np.generic):
        return _plain(value.item(), name)
    if type(value) in REGISTRY.values():
        return to_config(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {"map": {key: _plain(entry, name) for key, entry in items}}
    if isinstance(value, Sequence):
        return [_plain(entry, name) for entry in cast("Sequence[Any]", value)]
    if hasattr(value, "tolist"):
        return {"array": value.tolist(), "dtype": str(value.dtype).removeprefix("torch.")}
    raise TypeError(f"field {name!r} holds {value!r}, which no config can hold")


def _restored(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restored(entry) for entry in cast("list[Any]", value))
    if not isinstance(value, dict):
        return value
    plain = cast("dict[str, Any]", value)
    if "set" in plain:
        return from_config(plain)
    if "float" in plain:
        return float(plain["float"])
    if "array" in plain:
        dtype = "float32" if plain["dtype"] == "bfloat16" else plain["dtype"]
        return np.array(plain["array"], dtype=dtype)
    return {key: _restored(entry) for key, entry in plain["map"].items()}
