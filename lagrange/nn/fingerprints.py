"""What a checkpoint belongs to: settings as plain data, and weights by a digest of their bits."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from lagrange.encoding import record_name
from lagrange.nn.thin import raw
from lagrange.vectors import parts

PIECES = 16  # of a tensor, read at a time


def digest(tensor: Tensor) -> str:
    """Of dtype, shape and every bit, whatever the layout and the device. No copy is made."""
    found = hashlib.blake2b(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), digest_size=16)
    rows = tensor.detach() if tensor.ndim else tensor.detach()[None]
    for part in parts(rows.shape, PIECES):
        found.update(raw(rows[part].cpu()))
    return found.hexdigest()


def digests(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """By name."""
    return {name: digest(tensor) for name, tensor in tensors.items()}


def described(settings: Any) -> Any:
    """Frozen settings as JSON-able values, equal where the settings are: arrays by their digest,
    functions and objects of unknown make by their names.
    """
    if isinstance(settings, np.generic):
        return described(settings.item())
    if isinstance(settings, bool | int | float | str) or settings is None:
        return repr(settings)  # so that NaN equals NaN
    if isinstance(settings, Tensor):
        return f"a tensor with the digest {digest(settings)}"
    if isinstance(settings, np.ndarray):
        return described(torch.tensor(settings))
    if isinstance(settings, Mapping):
        items = cast("Mapping[Any, Any]", settings).items()
        return {str(key): described(item) for key, item in items}
    if isinstance(settings, list | tuple):
        items = cast("list[Any]", settings)
        return {str(place): described(item) for place, item in enumerate(items)}
    kind = cast("type[Any]", type(settings))
    if is_dataclass(kind):
        own = {f.name: described(getattr(settings, f.name)) for f in fields(kind) if f.init}
        return {"class": record_name(kind), **own}
    named = settings if isinstance(settings, type) or callable(settings) else kind
    return f"{named.__module__}:{getattr(named, '__qualname__', kind.__qualname__)}"


def first_difference(saved: Any, own: Any, path: str) -> str | None:
    """Where two descriptions part, in words; None if they do not."""
    if isinstance(saved, Mapping) and isinstance(own, Mapping):
        a, b = cast("Mapping[str, Any]", saved), cast("Mapping[str, Any]", own)
        for key in dict.fromkeys([*a, *b]):
            found = first_difference(a.get(key, "none"), b.get(key, "none"), f"{path}.{key}")
            if found is not None:
                return found
        return None
    return None if saved == own else f"{path} was {_short(saved)} and is {_short(own)} now"


def _short(described: Any) -> str:
    if isinstance(described, Mapping):
        return str(cast("Mapping[str, Any]", described).get("class", "a collection"))
    return str(described)
