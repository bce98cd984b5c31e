"""A tensor most of whose entries are −0, as in −Z for a sparse Z: the others and their places."""

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
    if tensor.count_nonzero() > SHARE * total:
        return None
    flat = tensor.contiguous().view(-1)
    kind = BITS[flat.element_size()]
    bits, zero = flat.view(kind), flat.new_full((), 0.0 if opposite else -0.0).view(kind)
    found: list[Tensor] = []
    for part in parts(flat.shape):
        found.append((bits[part] != zero).nonzero().view(-1).add_(part.start).int())
        if sum(map(len, found)) > SHARE * total:
            return None
    places = torch.cat(found)
    numbers = flat.index_select(0, places)
    return Thin(places, -numbers if opposite else numbers, tensor.shape)
