"""Groups of entries: how much each weighs, and a copy in which the groups not chosen are zero.

Groups are what remains of an array when some axes are summed over: (groups…, entries…) in any order of
axes. Nearest, with some groups zero, are the groups of largest norm kept as they are.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.selection import largest
from lagrange.vectors import Array

GROUPS = "the groups"  # how groups of an array without a name are called in errors
SAFE = 1e140  # doubles from 1/SAFE to SAFE have squares that can be summed


def scores(
    v: Mapping[str, Any], kept: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, Any], bool]:
    """For numpy arrays and the axes that number their groups: Σ x² of each group, as doubles with
    these axes left, and True; or ‖x‖ and False if a square would leave the range of doubles, all
    divided by one power of two if a norm could.
    """
    if all(_is_safe(x) for x in v.values()):
        return {name: sums_of_squares(x, kept[name]) for name, x in v.items()}, True
    top = max(float(np.abs(x).max(initial=0.0)) for x in v.values())
    roots = (
        sum(x.size for x in v.values()).bit_length() // 2 + 1
    )  # ‖x‖ ≤ √n max |x| < 2^roots max |x|
    power = max(0, math.frexp(top)[1] + roots - 1023)
    return {name: _norms(x, kept[name], power) for name, x in v.items()}, False


def sums_of_squares(x: Any, kept: tuple[int, ...]) -> Any:
    """Σ x² over all axes but ``kept``, in doubles, a piece of the first axis at a time."""
    total = np.zeros([x.shape[axis] for axis in kept])
    if x.size == 0:
        return total
    summed = [axis for axis in range(x.ndim) if axis not in kept]
    trailing = 0  # axes at the end that are summed over: a product with ones is faster than a sum
    while trailing < x.ndim and x.ndim - 1 - trailing in summed:
        trailing += 1
    inner = x.shape[x.ndim - trailing :]
    ones = np.ones(math.prod(inner))
    others = tuple(axis for axis in summed if axis < x.ndim - trailing)
    step = max(1, arrays.CHUNK * x.shape[0] // x.size)
    for start in range(0, x.shape[0], step):
        piece = np.array(x[start : start + step], dtype=np.float64)
        piece *= piece
        if trailing == x.ndim:
            total += piece.reshape(-1) @ np.ones(piece.size)
            continue
        sums: Any = (piece.reshape(-1, ones.size) @ ones).reshape(piece.shape[: x.ndim - trailing])
        if others:
            sums = sums.sum(axis=others)
        if 0 in kept:
            total[start : start + step] = sums
        else:
            total += sums
    return total


def masked(v: Array, mask: Any) -> Array:
    """v where the mask (numpy, broadcast over v) holds, 0 elsewhere; fresh, bit for bit."""
    if not arrays.on_host(v):
        return v.detach() * (v.detach() != v.detach()).new_tensor(mask)
    answer = arrays.copy(v)
    bits = arrays.bits(arrays.flat(answer)).reshape(tuple(v.shape))
    np.multiply(bits, mask, out=bits)
    return answer


def keep_groups(v: Array, kept: tuple[int, ...], k: int) -> Any:
    """A mask over the groups of an array: the k of largest norm, ties by position."""
    each, _ = scores({GROUPS: arrays.numbers(v)}, {GROUPS: kept})
    return largest(each, k)[GROUPS]


def spread(mask: Any, ndim: int, kept: tuple[int, ...]) -> Any:
    """A mask over groups, with axes of length 1 put in so that it broadcasts over the array."""
    shape = [1] * ndim
    for axis, length in zip(kept, mask.shape, strict=True):
        shape[axis] = length
    return mask.reshape(shape)


def occupied(x: Any, kept: tuple[int, ...]) -> Any:
    """Which groups of a numpy array hold a number that is not 0."""
    return (x != 0).any(axis=tuple(axis for axis in range(x.ndim) if axis not in kept))


def _is_safe(x: Any) -> bool:
    if x.dtype.itemsize < 8:
        return True
    for row in x.reshape(-1)[None] if x.ndim < 2 else x:
        size = np.abs(row)
        if not size.max(initial=0.0) < SAFE or np.any((size < 1 / SAFE) & (size > 0)):
            return False
    return True


def _norms(x: Any, kept: tuple[int, ...], power: int) -> Any:
    """‖x‖ / 2^power of each group, by way of its largest entry."""
    summed = tuple(axis for axis in range(x.ndim) if axis not in kept)
    size = np.abs(np.array(x, dtype=np.float64))
    top = size.max(axis=summed, keepdims=True, initial=0.0)
    np.divide(size, top, out=size, where=top > 0)
    return np.ldexp(top, -power).reshape([x.shape[a] for a in kept]) * np.sqrt(
        (size * size).sum(axis=summed)
    )
