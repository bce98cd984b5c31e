"""State → tensors and JSON-able values → state: what ``torch.load(weights_only=True)`` can read."""

from collections.abc import Collection, Iterator
from typing import Any

from torch import Tensor

from lagrange import encoding


def encode(value: Any) -> Any:
    """Nested dictionaries and lists of tensors, numbers, strings and None."""
    return encoding.encode(value, _tensor)


def decode(data: Any, known: Collection[type] = ()) -> Any:
    """What was encoded. ``known``: classes outside this library that may be made."""
    return encoding.decode(data, _tensor, {encoding.record_name(k): k for k in known}.get)


def classes_in(value: Any) -> Iterator[type]:
    """The classes of all records inside a value."""
    return encoding.records_in(value)


def _tensor(value: Any) -> Tensor | None:
    return value.detach() if isinstance(value, Tensor) else None
