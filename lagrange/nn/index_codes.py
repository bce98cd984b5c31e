"""Where the nonzero entries stand: the shortest of several codes for k places out of n.

    all      k = n: nothing to say
    plain    k positions of ⌈log₂ n⌉ bits
    bitmap   n bits
    gap      the gaps between places in w bits each; 2^w − 1 means "that many on, nothing there"
             (the relative index of Deep Compression [1], whose filler also stores a zero value)
    rice     a gap g as g >> w in unary and its last w bits (Golomb–Rice [2])

w is the width of the fewest bits. With ``live`` the rows (first dimension) or the columns (all other
dimensions together) or both that hold something are marked by a bit each, and the code counts through
these only. ``entropy`` is log₂ of the number of ways to choose k places out of n, which no
code beats on average over all of them; rows and columns left empty by training can be told in fewer.

References   [1] Han, Mao, Dally 2016, section 2 and figure 2; [2] Rice 1979
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.nn.bits import Bits, Codes, from_unary, gather, spread, unary
from lagrange.sets.size import code_bits

WIDEST = 32  # of the low part of a gap
LIVE = ("", "rows", "columns", "both")


@dataclass(frozen=True)
class IndexCode:
    """Which code, its width w, which lines are marked first (one of ``LIVE``), and its length."""

    kind: str
    width: int
    live: str
    bits: int


def encode(places: Codes, shape: tuple[int, ...]) -> tuple[IndexCode, bytes]:
    """places (k,): flat positions in row-major order, ascending and distinct."""
    choices = list[tuple[int, IndexCode, Codes, Bits, int]]()
    for live in LIVE:
        marks, inside, size = _live(places, shape, live)
        kind, width, length = _shortest(inside, size)
        code = IndexCode(kind, width, live, marks.size + length)
        choices.append((code.bits, code, inside, marks, size))
    _, code, inside, marks, size = min(choices, key=lambda choice: choice[0])
    bits = np.concatenate([marks, _written(inside, size, code.kind, code.width)])
    return code, np.packbits(bits).tobytes()


def decode(code: IndexCode, data: bytes, count: int, shape: tuple[int, ...]) -> Codes:
    """The places that ``encode`` wrote; count = k."""
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=code.bits)
    rows, columns = (np.arange(size) for size in _matrix(shape))
    all_columns = columns.size
    if code.live in ("rows", "both"):
        rows, bits = np.flatnonzero(bits[: rows.size]), bits[rows.size :]
    if code.live in ("columns", "both"):
        columns, bits = np.flatnonzero(bits[:all_columns]), bits[all_columns:]
    inside = _read(bits, count, rows.size * columns.size, code.kind, code.width)
    width = max(columns.size, 1)
    return rows[inside // width] * all_columns + columns[inside % width]


def entropy(count: int, total: int) -> float:
    """log₂ of the binomial coefficient: bits of a choice of ``count`` places among ``total``."""
    nats = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    return nats / math.log(2)


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns."""
    return (shape[0], math.prod(shape[1:])) if shape else (1, 1)


def _live(places: Codes, shape: tuple[int, ...], live: str) -> tuple[Bits, Codes, int]:
    """The marks, the places among what is marked, and how many places there are."""
    rows, columns = _matrix(shape)
    width = max(columns, 1)
    row, column = places // width, places % width
    marks = list[Bits]()
    if live in ("rows", "both"):
        row, rows = _ranked(row, rows, marks)
    if live in ("columns", "both"):
        column, columns = _ranked(column, columns, marks)
    return np.concatenate([*marks, np.zeros(0, np.uint8)]), row * columns + column, rows * columns


def _ranked(lines: Codes, size: int, marks: list[Bits]) -> tuple[Codes, int]:
    """Lines counted through those that occur, and how many these are; appends their marks."""
    own = np.zeros(size, np.uint8)
    own[lines] = 1
    marks.append(own)
    return np.cumsum(own, dtype=np.int64)[lines] - 1, int(own.sum())


def _shortest(places: Codes, n: int) -> tuple[str, int, int]:
    """Kind, width and bits of the shortest code; among equals the first as listed above."""
    k = places.size
    if k == n or not k:
        return "all", 0, 0
    gaps = np.diff(places, prepend=-1) - 1
    plain = code_bits(n)
    choices = [("plain", plain, k * plain), ("bitmap", 0, n)]
    widths = range(min(WIDEST, plain) + 1)
    for w in widths[1:]:
        skip = (1 << w) - 1
        choices.append(("gap", w, w * (k + int((gaps // skip).sum()))))
    choices += [("rice", w, k * (w + 1) + int((gaps >> w).sum())) for w in widths]
    return min(choices, key=lambda choice: choice[2])


def _written(places: Codes, n: int, kind: str, width: int) -> Bits:
    if kind == "plain":
        return spread(places, width)
    if kind == "bitmap":
        marks = np.zeros(n, np.uint8)
        marks[places] = 1
        return marks
    gaps = np.diff(places, prepend=-1) - 1
    if kind == "rice":
        low = spread(gaps & ((1 << width) - 1), width)
        return np.concatenate([low, unary(gaps >> width)])
    if kind == "gap":
        skip = (1 << width) - 1
        skips = gaps // skip
        symbols = np.full(int(skips.sum()) + gaps.size, skip, np.int64)
        symbols[np.cumsum(skips + 1) - 1] = gaps % skip
        return spread(symbols, width)
    return np.zeros(0, np.uint8)  # all


def _read(bits: Bits, count: int, n: int, kind: str, width: int) -> Codes:
    if kind == "plain":
        return gather(bits, width)
    if kind == "bitmap":
        return np.flatnonzero(bits)
    if kind == "rice":
        low = gather(bits[: count * width], width) if width else 0
        gaps = (from_unary(bits[count * width :]) << width) + low
        return np.cumsum(gaps + 1) - 1
    if kind == "gap":
        symbols, skip = gather(bits, width), (1 << width) - 1
        steps = symbols + (symbols < skip)  # a place is one beyond its gap
        return (np.cumsum(steps) - 1)[symbols < skip]
    return np.arange(count)  # all
