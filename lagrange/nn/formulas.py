"""Rows of the coupling space that are formulas: their numbers are computed when they are read.

While a session updates, memory is short, and most of what a solver makes are sums of few tensors: −Z,
W − Z, λ + ρ(W − Z). A ``Formula`` is such a row. To whoever computes with it, it is a tensor: its sums,
differences and multiples are formulas again, everything else reads its numbers, bit for bit those that
the operations on tensors give. It has no memory of its own and is not changed in place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from lagrange.nn.thin import Filed, Shelf, Thin, thinned
from lagrange.vectors import parts

aten: Any = torch.ops.aten
LATER = {  # exactly rounded entry by entry: the same bits in whatever pieces
    aten.add.Tensor,
    aten.sub.Tensor,
    aten.mul.Tensor,
    aten.div.Tensor,
    aten.neg.default,
    aten._to_copy.default,
}
ALIGNED = 64  # bytes
FINE = 0.25  # of a piece of ``vectors`` is computed at a time
UNREAD = {"new_empty", "new_zeros", "new_ones", "new_full", "empty_like", "zeros_like", "ones_like"}


class Row:
    """Numbers in memory, or an operation on other rows and on numbers.

    given : what the operation is told by name
    like  : a tensor without entries, of the dtype and on the device
    lent  : the memory is somebody else's, who leaves it alone until ``keep``
    depth : operations one inside the other
    """

    def __init__(
        self,
        shape: torch.Size,
        like: Tensor,
        memory: Tensor | Thin | Filed | None = None,
        operation: Any = None,
        terms: Sequence[Any] = (),
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.shape, self.like, self.memory, self.lent = shape, like, memory, False
        self.operation: Any = operation
        self.terms: tuple[Any, ...] = tuple(terms)
        self.given = given or {}
        self.depth: int = 1 + max((t.depth for t in terms if isinstance(t, Row)), default=-1)

    @property
    def constant(self) -> bool:
        """One number seen in every entry, which takes no memory."""
        return isinstance(self.memory, Tensor) and not any(self.memory.stride())

    def piece(self, part: slice) -> Tensor:
        """A part of the first axis; not to be written to."""
        if self.memory is not None:
            return self.memory[part]
        inner = (t.piece(part) if isinstance(t, Row) else t for t in self.terms)
        return self.operation(*inner, **self.given)

    def read(self) -> Tensor:
        """All numbers; not to be written to."""
        if isinstance(self.memory, Tensor):
            return self.memory
        pieces = parts(self.shape, FINE)
        if len(pieces) == 1:
            return self.piece(pieces[0])
        whole = self.like.new_empty(self.shape)
        for part in pieces:
            whole[part] = self.piece(part)
        return whole

    def sources(self) -> Iterator["Row"]:
        """The rows with memory that it is made of; itself if it has memory."""
        if self.memory is not None:
            yield self
        for term in self.terms:
            if isinstance(term, Row):
                yield from term.sources()

    def compute(self) -> None:
        """From now on its numbers are in memory and what it was made of is forgotten."""
        if self.memory is None:
            self._become(self.read())

    def keep(self) -> None:
        """What was lent is copied, and what is mostly zeros made thin."""
        if self.lent and isinstance(self.memory, Tensor):
            self.memory, self.lent = self.memory.clone(), False
        elif isinstance(self.memory, Tensor) and not self.constant:
            self.memory = thinned(self.memory)

    def put_on(self, shelf: Shelf) -> None:
        """Its numbers go to the file, piece by piece, unless they take no memory."""
        if not (self.constant or isinstance(self.memory, Filed)):
            pieces = map(self.piece, parts(self.shape, FINE))
            self._become(shelf.put(pieces, self.like, self.shape))

    def _become(self, memory: Tensor | Filed) -> None:
        self.memory, self.operation, self.terms, self.depth = memory, None, (), 0


class Flat(Row):
    """All numbers of a row one after the other."""

    def __init__(self, row: Row) -> None:
        super().__init__(torch.Size([row.shape.numel()]), row.like, terms=(row,))

    def piece(self, part: slice) -> Tensor:
        return self.read()[part]

    def read(self) -> Tensor:
        return self.terms[0].read().ravel() if self.terms else super().read()


class Formula(Tensor):
    """The row as a tensor. Its strides are 0, so that nobody takes it for memory to look at."""

    row: Row
    __module__ = Tensor.__module__  # who asks which library an array is of, shall find torch
    __torch_function__ = cast(Any, torch)._C._disabled_torch_function_impl

    def __new__(cls, row: Row) -> "Formula":
        make = cast(Any, Tensor)._make_wrapper_subclass
        strides = (0,) * len(row.shape)
        made = make(cls, row.shape, strides=strides, dtype=row.like.dtype, device=row.like.device)
        made.row = row
        return made

    @classmethod
    def __torch_dispatch__(
        cls: "type[Formula]",
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given, first = dict(kwargs or {}), args[0] if args else None
        if isinstance(first, Formula):
            if func._schema.is_mutable:
                raise ValueError(
                    "a row of the coupling space is not changed in place: make a new one"
                )
            if func is aten.detach.default:
                return Formula(first.row)
            if func is aten.clone.default and first.row.memory is None:
                return first.row.read()
            if func is aten.slice.Tensor and args[1] == 0 and len(args) == 4:
                return first.row.piece(slice(args[2], args[3]))
        later = _later(func, args, given) if func in LATER else None
        if later is not None:
            return later
        memo: dict[int, Tensor] = {}
        read = _unread if func.overloadpacket.__name__ in UNREAD else _read
        return func(
            *(_inside(a, read, memo) for a in args),
            **{name: _inside(a, read, memo) for name, a in given.items()},
        )

    def ravel(self) -> Tensor:
        return Formula(Flat(self.row))

    def numpy(self, *, force: bool = False) -> Any:
        return cast(Any, self.row.read()).numpy(force=force)

    def tolist(self) -> Any:
        return cast(Any, self.row.read()).tolist()

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self.row.read().clone() if isinstance(self.row.memory, Tensor) else self.row.read()

    def __repr__(self, **_: Any) -> str:
        return f"Formula({tuple(self.shape)}, {self.dtype})"


def formula(tensor: Tensor) -> Tensor:
    """The tensor as a formula that reads it; itself if it is one or holds a single number."""
    if isinstance(tensor, Formula) or tensor.numel() <= 1:
        return tensor
    return Formula(_row(tensor))


def opposite(tensor: Tensor) -> Tensor:
    """The tensor as a formula −(−z) that reads its opposite, thin if that is possible."""
    if isinstance(tensor, Formula) or tensor.numel() <= 1:
        return tensor
    return -Formula(Row(tensor.shape, tensor.new_empty(0), thinned(tensor, opposite=True)))


def reader(*, lent: bool) -> Callable[[Tensor], Tensor]:
    """Makes formulas of tensors, one for the same memory; copies single numbers, and what begins at
    an odd place in memory, which would show in the rounding of dot products.

    lent : the tensors go on being somebody else's, who leaves them alone until ``keep``
    """
    seen: dict[Any, Formula] = {}

    def made(tensor: Tensor) -> Tensor:
        if tensor.numel() <= 1:
            return tensor.detach().clone()
        if tensor.data_ptr() % ALIGNED:
            return formula(tensor.detach().clone())
        key = (tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if key not in seen:
            seen[key] = Formula(_row(tensor.detach()))
            seen[key].row.lent = lent
        return seen[key]

    return made


def bare(tensor: Tensor) -> Tensor | Thin | Filed:
    """The memory that a formula reads if it only reads; else itself."""
    if isinstance(tensor, Formula) and tensor.row.memory is not None:
        return tensor.row.memory
    return tensor


def read(tensor: Tensor) -> Tensor:
    """The numbers of a formula; a tensor as it is. Not to be written to."""
    return tensor.row.read() if isinstance(tensor, Formula) else tensor


def _row(tensor: Tensor) -> Row:
    return Row(tensor.shape, tensor.new_empty(0), tensor)


def _read(formula: Formula, memo: dict[int, Tensor]) -> Tensor:
    row = formula.row
    if id(row) not in memo:
        memo[id(row)] = row.read()
    return memo[id(row)]


def _unread(formula: Formula, memo: dict[int, Tensor]) -> Tensor:
    """For who asks for shape and dtype only."""
    return formula.row.like.new_empty(()).expand(formula.shape)


def _inside(value: Any, read: Callable[..., Tensor], memo: dict[int, Tensor]) -> Any:
    if isinstance(value, Formula):
        return read(value, memo)
    if isinstance(value, list | tuple):
        return [_inside(item, read, memo) for item in cast("list[Any]", value)]
    return value


def _later(func: Any, args: Sequence[Any], given: Mapping[str, Any]) -> Formula | None:
    """The operation as a formula; None if it is none entry by entry."""
    shapes = {a.shape for a in args if isinstance(a, Tensor)}
    if len(shapes) != 1 or not set(given) <= {"dtype"}:
        return None
    terms = [
        a.row if isinstance(a, Formula) else _row(a) if isinstance(a, Tensor) else a for a in args
    ]
    rows = [t for t in terms if isinstance(t, Row)]
    if func is aten.mul.Tensor and len(rows) == 1 and -1.0 in terms:
        func, terms = aten.neg.default, rows
    if func is aten.neg.default and rows[0].operation is func:
        return Formula(rows[0].terms[0])
    if func is aten.add.Tensor and len(rows) == 2:
        for zero, other in (rows, rows[::-1]):
            if _adds_nothing(zero, other):
                return Formula(other)
    (shape,) = shapes
    like = func(*(t.like if isinstance(t, Row) else t for t in terms), **given)
    if all(row.constant for row in rows):
        ones = (_number(t) if isinstance(t, Row) else t for t in terms)
        return Formula(Row(shape, like, func(*ones, **given).view(()).expand(shape)))
    return Formula(Row(shape, like, None, func, terms, given))


def _adds_nothing(zero: Row, other: Row) -> bool:
    """−0 + x is x, down to the sign of a zero."""
    if not zero.constant or zero.like.dtype != other.like.dtype:
        return False
    number = _number(zero)
    return not bool(number) and bool(torch.signbit(number))


def _number(constant: Row) -> Tensor:
    """The one number, of one axis: a number without axes would count for less among dtypes."""
    return cast(Any, constant.memory)[(0,) * len(constant.shape)].view(1)
