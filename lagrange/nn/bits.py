"""Whole numbers as bit strings: fixed width, and unary. Most significant bit first."""

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Bits = NDArray[np.uint8]  # one bit an entry
PIECE = 1 << 16  # numbers at a time; a multiple of 8, so that pieces end where bytes do


def pack(codes: Codes, width: int) -> bytes:
    """codes (n,) in [0, 2^width) as ⌈n · width / 8⌉ bytes; width 0 … 63."""
    pieces = (codes[start : start + PIECE] for start in range(0, codes.size, PIECE))
    return b"".join(np.packbits(spread(piece, width)).tobytes() for piece in pieces)


def unpack(data: bytes, count: int, width: int) -> Codes:
    """The ``count`` numbers that ``pack`` wrote."""
    codes = np.zeros(count, np.int64)
    raw = np.frombuffer(data, np.uint8)
    for start in range(0, count if width else 0, PIECE):
        size = min(PIECE, count - start)
        bits = np.unpackbits(raw[start * width // 8 :], count=size * width)
        codes[start : start + size] = gather(bits, width)
    return codes


def spread(codes: Codes, width: int) -> Bits:
    """The bits of the numbers, (n · width,)."""
    wide = codes.astype(">u8").view(np.uint8).reshape(-1, 8)
    return np.unpackbits(wide, axis=1)[:, 64 - width :].reshape(-1)


def gather(bits: Bits, width: int) -> Codes:
    """The numbers whose bits ``spread`` gave; width ≥ 1."""
    wide = np.zeros((bits.size // width, 64), np.uint8)
    wide[:, 64 - width :] = bits.reshape(-1, width)
    return np.packbits(wide, axis=1).view(">u8").reshape(-1).astype(np.int64)


def unary(numbers: Codes) -> Bits:
    """Each number ≥ 0 as that many zeros and a one."""
    ends = np.cumsum(numbers + 1) - 1
    bits = np.zeros(int(ends[-1]) + 1 if ends.size else 0, np.uint8)
    bits[ends] = 1
    return bits


def from_unary(bits: Bits) -> Codes:
    """The numbers whose bits ``unary`` gave."""
    ends = np.flatnonzero(bits)
    return np.diff(ends, prepend=-1) - 1
