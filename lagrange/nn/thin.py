"""Tensors in little memory, read by parts of the first axis.

Thin    most entries are −0, as in −Z for a sparse Z: the others and their places
Filed   the numbers wait in a file
"""

from collections.abc import Iterable
from io import SEEK_END, BufferedRandom
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, cast
from weakref import finalize

import torch
from torch import Tensor

from lagrange.vectors import parts

SMALLEST = 1 << 12  # numbers in a tensor that it is worth it for
SHARE = 0.25  # of the entries that may be something else
BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes


class Thin:
    """places (k,) ascending in row-major order, numbers (k,); everywhere else −0."""

    def __init__(self, places: Tensor, numbers: Tensor, shape: torch.Size) -> None:
        self.places, self.numbers, self.shape = places, numbers, shape

    def __getitem__(self, part: slice) -> Tensor:
        """The part of the first axis, fresh."""
        first, last, _ = part.indices(self.shape[0])
        piece = self.numbers.new_full((last - first, *self.shape[1:]), -0.0)
        each = self.shape[1:].numel()  # numbers to one entry of the first axis
        ends = self.places.new_tensor([first * each, last * each])
        begin, end = (int(at) for at in torch.searchsorted(self.places, ends))
        where = self.places[begin:end].long().sub_(first * each)
        piece.view(-1).index_copy_(0, where, self.numbers[begin:end])
        return piece

    def __radd__(self, other: Tensor) -> Tensor:
        """other + self, fresh; the dtype of ``other`` is no wider. −0 + x is x, bit for bit."""
        total = other.to(self.numbers.dtype, copy=True, memory_format=torch.contiguous_format)
        total.view(-1).index_add_(0, self.places, self.numbers)
        return total

    def tensors(self) -> tuple[Tensor, ...]:
        """What it takes in memory."""
        return self.places, self.numbers


def thinned(tensor: Tensor, *, opposite: bool = False) -> Tensor | Thin:
    """The same numbers (or the opposite ones), to the sign of each zero, in less memory where few are
    not −0; else the tensor (or its opposite).
    """
    made = _thinned(tensor, opposite)
    if made is not None:
        return made
    return -tensor if opposite else tensor


def _thinned(tensor: Tensor, opposite: bool) -> Thin | None:
    total = tensor.numel()
    if not SMALLEST <= total < 2**31 or not tensor.is_floating_point():
        return None
    flat = tensor.contiguous().view(-1)
    kind, pieces = BITS[flat.element_size()], parts(flat.shape, SHARE)
    bits, zero = flat.view(kind), flat.new_full((), 0.0 if opposite else -0.0).view(kind)
    if sum(int((bits[part] != zero).count_nonzero()) for part in pieces) > SHARE * total:
        return None
    found = [(bits[p] != zero).nonzero().view(-1).add_(p.start).int() for p in pieces]
    places = torch.cat(found)
    numbers = flat.index_select(0, places)
    return Thin(places, -numbers if opposite else numbers, tensor.shape)


class Shelf:
    """A file without a name. It goes with the last ``Filed`` that is in it."""

    def __init__(self, folder: Path) -> None:
        file: Any = TemporaryFile(dir=folder)  # noqa: SIM115 – it is closed with its last reader
        self._file: BufferedRandom = file
        finalize(self, file.close)

    def put(self, pieces: Iterable[Tensor], like: Tensor, shape: torch.Size) -> "Filed":
        """The numbers of a tensor in pieces of its first axis, written at the end."""
        begin = end = self._file.seek(0, SEEK_END)
        for piece in pieces:  # which may be read from here
            self._file.seek(end)
            end += self._file.write(raw(piece.cpu()))
        self._file.flush()  # a disk that is full says so here
        return Filed(self, begin, like, shape)

    def read(self, begin: int, into: Tensor) -> None:
        """``into`` is in row-major order, on the CPU."""
        self._file.seek(begin)
        self._file.readinto(raw(into))


class Filed:
    """Numbers in row-major order on a shelf, from byte ``begin`` on.

    like : a tensor without entries, of the dtype and on the device
    """

    def __init__(self, shelf: Shelf, begin: int, like: Tensor, shape: torch.Size) -> None:
        self.shelf, self.begin, self.like, self.shape = shelf, begin, like, shape

    def __getitem__(self, part: slice) -> Tensor:
        """The part of the first axis, fresh."""
        first, last, _ = part.indices(self.shape[0])
        piece = torch.empty((last - first, *self.shape[1:]), dtype=self.like.dtype)
        each = self.shape[1:].numel() * self.like.element_size()
        self.shelf.read(self.begin + first * each, piece)
        return piece.to(self.like.device)

    def tensors(self) -> tuple[Tensor, ...]:
        """What it takes in memory."""
        return ()


def raw(tensor: Tensor) -> memoryview:
    """The bytes: of a tensor in row-major order its memory, else a copy."""
    return memoryview(cast(Any, tensor.contiguous().view(-1).view(torch.uint8)).numpy())
