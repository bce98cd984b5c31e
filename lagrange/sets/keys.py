"""Scores as integers: the larger the score, the larger the key; computed a piece at a time.

The bits of a nonnegative float, read as a signed integer, have the order of the floats. So the k
largest magnitudes are the k largest keys, and a threshold can be searched by counting.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lagrange.sets import arrays
from lagrange.vectors import Array, Vector

SAFE = 1e100  # doubles from 1/SAFE to SAFE, times the square of another: no overflow, no underflow


class Keys(Protocol):
    """Keys of one flat array. ``limit`` is the key of infinity: valid keys are below."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def limit(self) -> int: ...
    def of(self, piece: slice, out: Any) -> Any:
        """The keys of a piece, in memory that is overwritten next time (``out`` or part of it)."""
        ...

    def at(self, positions: Any) -> Any:
        """The keys at some positions, as a fresh array."""
        ...


@dataclass(frozen=True)
class Magnitudes:
    """|v| by the bits of v in its own precision."""

    name: str
    bits: Any  # signed integers (n,)
    limit: int

    @property
    def size(self) -> int:
        return self.bits.size

    def of(self, piece: slice, out: Any) -> Any:
        bits = self.bits[piece]
        return np.bitwise_and(bits, np.iinfo(bits.dtype).max, out=out[: bits.size])

    def at(self, positions: Any) -> Any:
        chosen = self.bits[positions]
        return chosen & np.iinfo(chosen.dtype).max


@dataclass(frozen=True)
class Doubles:
    """w v² (or √w |v| where the squares could leave the range of doubles), in doubles.

    weight: a flat array (n,) or one number; None gives |v|.
    """

    name: str
    values: Array  # (n,), on the host
    weight: Any
    roots: bool = False
    largest_weight: float = 1.0  # roots are taken of w / largest_weight ≤ 1
    limit: int = arrays.infinity_bits(np.zeros(0))

    @property
    def size(self) -> int:
        return math.prod(self.values.shape)

    def of(self, piece: slice, out: Any) -> Any:
        values = self.values[piece]
        scores = out[: math.prod(values.shape)].view(np.float64)
        scores[...] = arrays.numbers(values)
        return self._scored(
            scores, self.weight if np.ndim(self.weight) == 0 else self.weight[piece]
        )

    def at(self, positions: Any) -> Any:
        scores = arrays.doubles(self.values[positions])
        whole = np.ndim(self.weight) == 0
        return self._scored(scores, self.weight if whole else self.weight[positions])

    def _scored(self, scores: Any, weight: Any) -> Any:
        if self.weight is None or self.roots:
            np.absolute(scores, out=scores)
        else:
            np.multiply(scores, scores, out=scores)
        if self.weight is not None:
            np.multiply(
                scores, np.sqrt(weight / self.largest_weight) if self.roots else weight, out=scores
            )
        return scores.view(np.int64)


def magnitudes(v: Vector) -> list[Keys]:
    """Keys of |v| that can be compared across the arrays of v, all of them on the host."""
    flats = {name: arrays.flat(array) for name, array in v.items()}
    kinds = {str(flat.dtype) for flat in flats.values()}
    if len(kinds) == 1 and all(arrays.is_float(flat) for flat in flats.values()):
        return [
            Magnitudes(name, arrays.bits(flat), arrays.infinity_bits(flat))
            for name, flat in flats.items()
        ]
    return [Doubles(name, flat, None) for name, flat in flats.items()]


def weighted(v: Vector, weights: Mapping[str, Any]) -> list[Keys]:
    """Keys of w v², with weights ≥ 0 as numpy arrays of v's shapes or as numbers."""
    flats = {name: arrays.flat(array) for name, array in v.items()}
    given = {name: weights[name] for name in v}
    spread = {n: w if np.ndim(w) == 0 else w.reshape(-1) for n, w in given.items()}
    moderate = all(_is_moderate([flats[name], spread[name]]) for name in v)
    if moderate:
        return [Doubles(name, flats[name], spread[name]) for name in v]
    top = max((float(np.max(w, initial=0.0)) for w in spread.values()), default=1.0) or 1.0
    return [Doubles(name, flats[name], spread[name], True, top) for name in v]


def _is_moderate(values: Sequence[Any]) -> bool:
    """Whether all nonzero magnitudes are far enough from the ends of the range of doubles."""
    return all(_in_range(x) for x in values)


def _in_range(x: Any) -> bool:
    if np.ndim(x) == 0:
        return x == 0 or 1 / SAFE < abs(x) < SAFE
    if x.dtype.itemsize < 8 or not arrays.is_float(x):
        return True
    for piece in arrays.chunks(x.shape[0]):
        size = np.abs(arrays.numbers(x[piece]))
        if not size.max() < SAFE or np.any((size <= 1 / SAFE) & (size > 0)):
            return False
    return True
