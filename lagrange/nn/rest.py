"""A state at rest: between two updates it keeps each number once.

A solver's state says many things twice: −Z and Z, the residual W − Z, rows of zeros. While the loop
trains, and memory is short, only tensors that are no copy, negative or sum of others are kept. What is
left out is checked to come back bit for bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

ZERO = -1
BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes


class Made(NamedTuple):
    """A tensor made of kept ones: the sum of terms (which, sign); ``ZERO`` stands for zeros.

    like : a tensor without entries, of the dtype and the device
    """

    terms: tuple[tuple[int, int], ...]
    like: Tensor
    shape: torch.Size


class Resting(NamedTuple):
    """The state with every tensor replaced by ``Made``, and the tensors that are kept."""

    outline: Any
    kept: tuple[Tensor, ...]


def rest(state: Any) -> Resting:
    """Keeps the fewest tensors that it finds to do."""
    kept: list[Tensor] = []

    def put(tensor: Tensor) -> Made:
        like = tensor.new_empty(0)
        for terms in _guesses(kept, tensor):
            made = Made(terms, like, tensor.shape)
            if _same_bits(tensor, _make(made, kept)):
                return made
        kept.append(tensor)
        return Made(((len(kept) - 1, 1),), like, tensor.shape)

    outline = _mapped(state, Tensor, put)
    return Resting(outline, tuple(kept))


def wake(resting: Resting) -> Any:
    """The state as it was."""
    return _mapped(resting.outline, Made, lambda made: _make(made, resting.kept))


def _guesses(kept: list[Tensor], tensor: Tensor) -> list[tuple[tuple[int, int], ...]]:
    near = [ZERO, *_near(kept, tensor)]
    if not tensor.is_floating_point():  # masks and counters have no negatives
        return [((i, 1),) for i in near]
    singles = [((i, sign),) for i in near for sign in (1, -1)]
    pairs = [(i, j) for i in near[1:] for j in near[1:]]
    sums = [((i, 1), (j, 1)) for i, j in pairs if i < j]
    return [*singles, *sums, *(((i, 1), (j, -1)) for i, j in pairs if i != j)]


def _near(kept: list[Tensor], tensor: Tensor) -> list[int]:
    """Kept tensors of the same shape and kind."""
    alike = (tensor.shape, tensor.dtype, tensor.device)
    return [i for i, t in enumerate(kept) if (t.shape, t.dtype, t.device) == alike]


def _make(made: Made, kept: Any) -> Tensor:
    parts = [
        made.like.new_zeros(made.shape) if which == ZERO else kept[which] for which, _ in made.terms
    ]
    signed = [p if sign > 0 else -p for p, (_, sign) in zip(parts, made.terms, strict=True)]
    return signed[0] if len(signed) == 1 else signed[0] + signed[1]


def _same_bits(a: Tensor, b: Tensor) -> bool:
    """Equal down to the sign of zero."""
    kind = BITS[a.element_size()]
    return a is b or torch.equal(a.contiguous().view(kind), b.contiguous().view(kind))


def _mapped(value: Any, kind: type[Any], change: Callable[[Any], Any]) -> Any:
    """The same nest of records, mappings and sequences with all that is of the kind changed."""

    def inside(item: Any) -> Any:
        return _mapped(item, kind, change)

    if isinstance(value, kind):
        return change(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value).items()
        return {key: inside(item) for key, item in pairs}
    if isinstance(value, list):
        return [inside(item) for item in cast("list[Any]", value)]
    if isinstance(value, tuple):
        items = tuple(inside(item) for item in cast("tuple[Any, ...]", value))
        named = cast(Any, value)  # a named tuple, unless it has no names
        return items if type(named) is tuple else named._make(items)
    if is_dataclass(value) and not isinstance(value, type):
        old = {field.name: getattr(value, field.name) for field in fields(value)}
        new = {name: inside(item) for name, item in old.items()}
        changed = {name: item for name, item in new.items() if item is not old[name]}
        return replace(value, **changed) if changed else value
    return value
