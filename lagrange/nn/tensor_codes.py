"""One tensor as four bit strings: where its nonzeros stand, what its rows share, and its values.

Raw values are the numbers as they are, in a shorter format where that holds them exactly; values of a
quantized set are codes of fixed width. Both can be stored densely (every entry) or sparsely (nonzero
entries and their places): whichever takes fewer bits. The sign of a zero is not kept.
"""

import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lagrange.nn.bits import Codes, pack, unpack
from lagrange.nn.index_codes import IndexCode, decode, encode, entropy
from lagrange.nn.level_codes import Grid, RowFormat, codes_of, described, levels, row_format
from lagrange.sets import arrays
from lagrange.sets.nearest import Floats, Mask, precision
from lagrange.sets.powers import EXPONENT_BITS
from lagrange.sets.quantized import as_rows
from lagrange.sets.size import Size, code_bits, number_bits

ALL = IndexCode("all", 0, "", 0)
SHORT = (torch.bfloat16, torch.float16, torch.float32)
BIAS = 1 << (EXPONENT_BITS - 1)  # exponents are stored with this added


@dataclass(frozen=True)
class Entry:
    """What the header of a file says of one tensor.

    count   : how many entries are stored
    index   : the code of their places
    width   : bits of a value
    numbers : bits of the numbers that rows share: scales, or with ``book`` a codebook
    whole   : bits of the whole numbers that rows share: zero points, exponents
    values  : numbers, or codes of levels, or codes of levels other than 0
    stored  : the format of numbers where it is shorter than that of the tensor
    """

    name: str
    shape: tuple[int, ...]
    count: int
    width: int
    dtype: str = "float32"
    index: IndexCode = ALL
    numbers: int = 0
    whole: int = 0
    book: bool = False
    values: str = "numbers"
    stored: str = ""

    @property
    def streams(self) -> tuple[int, int, int, int]:
        """Bits of the places, shared numbers, shared whole numbers and values, as they follow."""
        return self.index.bits, self.numbers, self.whole, self.count * self.width

    @property
    def size(self) -> Size:
        """The same bits by what they are spent on."""
        shared = (0, self.numbers) if self.book else (self.numbers, 0)
        return Size(self.count * self.width, self.index.bits, shared[0] + self.whole, shared[1])

    @property
    def padding(self) -> int:
        """Bits that fill up the last bytes of the four streams."""
        return sum(-bits % 8 for bits in self.streams)

    @property
    def entropy(self) -> float:
        """The entropy bound of the places, in bits (``index_codes.entropy``)."""
        return entropy(self.count, math.prod(self.shape))

    def plain(self) -> dict[str, Any]:
        """As JSON holds it, without what is as usual."""
        usual = {f.name: f.default for f in fields(self) if f.default is not MISSING}
        told = {n: v for n, v in vars(self).items() if n not in usual or v != usual[n]}
        return {**told, "index": list(asdict(self.index).values())} if "index" in told else told

    @classmethod
    def restored(cls, plain: dict[str, Any]) -> "Entry":
        """From what ``plain`` gave."""
        told: Any = {**plain, "shape": tuple(plain["shape"])}
        if "index" in plain:
            told["index"] = IndexCode(*plain["index"])
        return cls(**told)


def write(name: str, tensor: Tensor, grid: Grid | None) -> tuple[Entry, bytes]:
    """The entry and the four streams, each filled up to whole bytes."""
    host = tensor.detach().cpu().contiguous()
    nonzero = host.reshape(-1) != 0
    places = np.flatnonzero(nonzero.numpy())
    index, data = encode(places, tuple(host.shape))
    if grid is not None:
        return _write_levels(name, host, grid, index, data)
    short = _shortest(host)
    width = number_bits(short.dtype)
    everything = index.bits + places.size * width >= host.numel() * width
    values = short.reshape(-1) if everything else short.reshape(-1)[nonzero]
    index, data = (ALL, b"") if everything else (index, data)
    stored = "" if short.dtype == host.dtype else _dtype(short)
    shape, count = tuple(host.shape), values.numel()
    entry = Entry(name, shape, count, width, _dtype(host), index, stored=stored)
    return entry, data + _bytes(values)


def read(entry: Entry, data: bytes, grid: Grid | None) -> Tensor:
    """The tensor that ``write`` was given."""
    places, numbers, wholes, values = _split(entry, data)
    dtype: torch.dtype = getattr(torch, entry.dtype)
    flat = torch.zeros(math.prod(entry.shape), dtype=dtype)
    at = decode(entry.index, places, entry.count, entry.shape)
    if grid is None:
        found = _tensor(values, getattr(torch, entry.stored or entry.dtype)).to(dtype)
    else:
        tables = _tables(entry, grid, _tensor(numbers, dtype), wholes)
        codes = unpack(values, entry.count, entry.width)
        row = _rows_of(at, entry.shape, grid.levels.rows_along())
        found = arrays.like(flat, tables[row, codes])
    flat[torch.tensor(at)] = found
    return flat.reshape(entry.shape)


def _write_levels(
    name: str, host: Tensor, grid: Grid, index: IndexCode, data: bytes
) -> tuple[Entry, bytes]:
    x, p = arrays.doubles(host), precision(host)
    family, axis = grid.levels.family(), grid.levels.rows_along()
    rows = [row.ravel() for row in as_rows(x, axis)]
    told = [described(family, row[row != 0] if grid.sparse else row, p) for row in rows]
    form = row_format(family)
    made = [levels(family, numbers, whole, p) for numbers, whole in told]
    dense, sparse = _both(made, grid)
    flat = x.ravel()
    nonzero = flat != 0
    few = int(np.count_nonzero(nonzero))
    widths = [code_bits(tables.shape[1]) for tables in (dense, sparse)]
    everything = few * widths[1] + index.bits >= flat.size * widths[0]
    at = np.flatnonzero(nonzero | everything)
    tables, width = (dense, widths[0]) if everything else (sparse, widths[1])
    row = _rows_of(at, tuple(host.shape), axis)
    codes = _codes(flat[at], row, tables)
    index, data = (ALL, b"") if everything else (index, data)
    entry = Entry(
        *(name, tuple(host.shape), at.size, width, _dtype(host), index),
        numbers=form.numbers * len(rows) * number_bits(host.dtype),
        whole=form.whole * len(rows),
        book=form.book,
        values="levels" if everything else "nonzero levels",
    )
    shared = np.concatenate([np.zeros(0), *(numbers for numbers, _ in told)])
    wholes = np.array([whole for _, whole in told], np.int64) + _offset(form)
    streams = (_bytes(arrays.like(host, shared)), pack(wholes, form.whole), pack(codes, width))
    return entry, data + b"".join(streams)


def _both(made: list[Floats], grid: Grid) -> tuple[Floats, Floats]:
    """The levels of each row (rows, most), filled up with infinity: of all entries, of nonzero ones."""
    with_zero = [np.union1d(table, [0.0]) if grid.sparse else table for table in made]
    return _padded(with_zero), _padded([table[table != 0] for table in made])


def _padded(tables: list[Floats]) -> Floats:
    most = max(max((table.size for table in tables), default=0), 1)
    fills = [np.append(table, np.full(most - table.size, math.inf)) for table in tables]
    return np.array(fills).reshape(len(fills), most)


def _codes(values: Floats, row: Codes, tables: Floats) -> Codes:
    if tables.shape[0] == 1:
        return codes_of(values, tables[0])
    codes = np.zeros(values.size, np.int64)
    for r in range(tables.shape[0]):
        here: Mask = row == r
        codes[here] = codes_of(values[here], tables[r])
    return codes


def _tables(entry: Entry, grid: Grid, numbers: Tensor, wholes: bytes) -> Floats:
    """The levels of each row from what is stored: (rows, most)."""
    family, p, axis = grid.levels.family(), precision(numbers), grid.levels.rows_along()
    form, rows = row_format(family), 1 if axis is None else entry.shape[axis]
    scales = arrays.doubles(numbers).reshape(rows, form.numbers)
    shared = unpack(wholes, rows, form.whole) - _offset(form)
    made = [levels(family, scales[r], int(shared[r]), p) for r in range(rows)]
    dense, sparse = _both(made, grid)
    return dense if entry.values == "levels" else sparse


def _rows_of(at: Codes, shape: tuple[int, ...], axis: int | None) -> Codes:
    """The row of each flat position."""
    if axis is None:
        return np.zeros(at.size, np.int64)
    return at // math.prod(shape[axis + 1 :]) % shape[axis]


def _offset(form: RowFormat) -> int:
    """What makes the whole numbers of a row nonnegative."""
    return BIAS if form.whole == EXPONENT_BITS else 0


def _split(entry: Entry, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    ends = np.cumsum([-(-bits // 8) for bits in entry.streams])
    a, b, c, d = (int(end) for end in ends)
    return data[:a], data[a:b], data[b:c], data[c:d]


def _shortest(x: Tensor) -> Tensor:
    """The same numbers in the shortest format that holds each of them exactly."""
    if x.is_floating_point():
        for dtype in SHORT:
            short = x.to(dtype)
            if short.element_size() < x.element_size() and torch.equal(short.to(x.dtype), x):
                return short
    return x


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _bytes(values: Tensor) -> bytes:
    return values.contiguous().view(torch.uint8).numpy().tobytes() if values.numel() else b""


def _tensor(data: bytes, dtype: torch.dtype) -> Tensor:
    if not data:
        return torch.zeros(0, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype).clone()
