"""A state at rest: between two updates it keeps each number once.

A solver's state says many things twice: −Z and Z, the residual W − Z, rows of zeros. In a session its
rows are formulas. A row whose formula holds on to numbers that the state itself has let go of, such as
the old λ in λ + ρ(W − Z), is computed; the others stay formulas and take no memory.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from lagrange.nn.formulas import Formula, Row, aten, bare, formula, read, reader
from lagrange.nn.thin import BITS, Filed, Shelf, Thin
from lagrange.vectors import parts

T = TypeVar("T")
OPERATIONS: Mapping[str, Any] = {
    "add": aten.add.Tensor,
    "sub": aten.sub.Tensor,
    "mul": aten.mul.Tensor,
    "div": aten.div.Tensor,
    "neg": aten.neg.default,
}
DEEPEST = 12  # operations one inside the other that are put off; more take too long to repeat


def settle(*values: Any) -> None:
    """Computes the rows that would hold on to more than the state has. Row by row the old numbers go
    as the new ones come, if nobody else holds the old state.
    """
    own = [row for value in values for row in rows(value)]
    kept = {id(row) for row in own if row.memory is not None}
    for row in own:
        let_go = (s for s in row.sources() if not (id(s) in kept or _is_cheap(s)))
        if row.depth > DEEPEST or any(True for _ in let_go):
            row.compute()
            kept.add(id(row))


def rest(*values: Any) -> None:
    """Settles, copies what is lent, and makes thin what is mostly zeros: nothing is shared."""
    settle(*values)
    sources = {id(s): s for value in values for row in rows(value) for s in row.sources()}
    for lent in (False, True):  # first what makes room
        for source in sources.values():
            if source.lent == lent:
                source.keep()


def put_away(shelf: Shelf, asked: Any, *values: Any) -> None:
    """Settles; all numbers but those that a question asks with go on the shelf, and so do sums that
    hold on to an older one. Sums of what is on a shelf that the question asks with are computed.
    """
    settle(*values)
    wanted, own = list(rows(asked)), [row for value in values for row in rows(value)]
    kept, there = {id(row) for row in wanted}, {id(row) for row in own if row.memory is not None}
    for row in own:
        if id(row) not in kept and any(id(s) not in there for s in row.sources() if _is_filed(s)):
            row.put_on(shelf)
            there.add(id(row))
    for source in {id(s): s for row in own for s in row.sources()}.values():
        if id(source) not in kept:
            source.put_on(shelf)
    for row in wanted:
        if any(map(_is_filed, row.sources())):
            row.compute()


def rows(value: Any) -> Iterator[Row]:
    """The rows of all formulas in a nest of records, mappings and sequences."""
    if isinstance(value, Formula):
        yield value.row
    elif isinstance(value, Mapping):
        for item in cast("Mapping[Any, Any]", value).values():
            yield from rows(item)
    elif isinstance(value, list | tuple):
        for item in cast("tuple[Any, ...]", value):
            yield from rows(item)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from rows(getattr(value, field.name))


def memory(*values: Any) -> int:
    """Bytes that the tensors in a nest take, each counted once."""
    sources = {id(s): s for value in values for row in rows(value) for s in row.sources()}
    tensors: list[Tensor] = []
    for source in sources.values():
        held = source.memory
        tensors += held.tensors() if isinstance(held, Thin | Filed) else [cast(Tensor, held)]
    storages = [tensor.untyped_storage() for tensor in tensors]
    return sum({s.data_ptr(): s.nbytes() for s in storages}.values())


def taken(value: T) -> T:
    """The nest with its tensors as formulas, equal and opposite ones of the same memory."""
    known: list[Formula] = []

    def take(tensor: Tensor) -> Tensor:
        if isinstance(tensor, Formula):
            return tensor
        for other in known:
            if tensor is bare(other) or _same_bits(tensor, other):
                return other
            if tensor.is_floating_point() and _same_bits(tensor, -other):
                return -other
        made = formula(tensor)
        if isinstance(made, Formula):
            known.append(made)
        return made

    return mapped(value, Tensor, take)


def opened(value: T) -> T:
    """The nest with plain tensors for formulas; those in memory are not copied."""
    return mapped(value, Formula, read)


class Made(NamedTuple):
    """A formula in a checkpoint: the operation's name, and what it is applied to."""

    operation: str
    terms: tuple[Any, ...]


def recorded(value: T) -> T:
    """The nest with ``Made`` for formulas, and each memory as one tensor: for a checkpoint."""
    seen: dict[int, Any] = {}

    def record(term: Any) -> Any:
        if not isinstance(term, Row):
            return term
        if id(term) not in seen:
            names = [name for name, known in OPERATIONS.items() if known is term.operation]
            inside = tuple(record(inner) for inner in term.terms)
            seen[id(term)] = Made(names[0], inside) if names else term.read()
        return seen[id(term)]

    return mapped(value, Formula, lambda formula: record(formula.row))


def recalled(value: T) -> T:
    """The nest that was recorded."""
    read = reader(lent=False)

    def recall(item: Any) -> Any:
        if not isinstance(item, Made):
            return read(item) if isinstance(item, Tensor) else item
        if item.operation not in OPERATIONS:
            raise ValueError(
                f"the checkpoint has a row made by {item.operation!r}, which is none of "
                f"{list(OPERATIONS)}"
            )
        return OPERATIONS[item.operation](*(recall(term) for term in item.terms))

    return mapped(value, (Made, Tensor), recall)


def mapped(
    value: Any, kind: type[Any] | tuple[type[Any], ...], change: Callable[[Any], Any]
) -> Any:
    """The same nest of records, mappings and sequences with all that is of the kind changed."""

    def inside(item: Any) -> Any:
        return mapped(item, kind, change)

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


def _is_cheap(source: Row) -> bool:
    return source.constant or isinstance(source.memory, Thin | Filed)


def _is_filed(source: Row) -> bool:
    return isinstance(source.memory, Filed)


def _same_bits(a: Tensor, b: Tensor) -> bool:
    """Equal down to the sign of zero."""
    if (a.shape, a.dtype, a.device) != (b.shape, b.dtype, b.device) or not a.shape:
        return False
    kind = BITS[a.element_size()]
    return all(
        torch.equal(a[p].contiguous().view(kind), b[p].contiguous().view(kind))
        for p in parts(a.shape)
    )
