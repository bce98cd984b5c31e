"""Layers that visit their nonzero weights only, forward and backward, compiled by numba.

Images lie with the batch innermost, (channels, rows, columns, n): a nonzero of a convolution is then
one multiply–add of columns · n numbers in a row for each row of the image. All arrays are float32
and contiguous, places are int64; ``start`` (outputs + 1,) says where the nonzeros of an output begin.
"""

from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray[Any, np.dtype[np.float32]]
Places = np.ndarray[Any, np.dtype[np.int64]]
Marks = np.ndarray[Any, np.dtype[np.uint8]]
SUMS = {"reassoc", "contract", "nsz"}  # sums in any order; a NaN stays a NaN


@njit(cache=True, fastmath=SUMS)
def _filtered(
    line: Array,
    image: Array,
    o: int,
    y: int,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    bias: Array,
) -> None:
    """Row y of output o of a convolution, or its first entries, as one line."""
    _, height, width, n = image.shape
    flat = image.reshape(image.size)  # once: a reshape costs more than a short line
    line[:] = bias[o]
    for k in range(start[o], start[o + 1]):
        at = ((channel[k] * height + y + row[k]) * width + column[k]) * n
        seen = flat[at : at + line.size]
        for i in range(line.size):
            line[i] += weight[k] * seen[i]


@njit(cache=True, fastmath=SUMS)
def _filtered_back(
    line: Array,
    image: Array,
    o: int,
    y: int,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    to_image: Array,
    to_weight: Array,
    to_bias: Array,
) -> None:
    """Adds the gradients of ``_filtered`` to the three last; an empty ``to_image`` gets none."""
    _, height, width, n = image.shape
    flat, to_flat = image.reshape(image.size), to_image.reshape(to_image.size)
    total = np.float32(0.0)
    for i in range(line.size):
        total += line[i]
    to_bias[o] += total
    for k in range(start[o], start[o + 1]):
        at = ((channel[k] * height + y + row[k]) * width + column[k]) * n
        seen = flat[at : at + line.size]
        product = np.float32(0.0)
        for i in range(line.size):
            product += line[i] * seen[i]
        to_weight[k] += product
        if to_image.size:
            onto = to_flat[at : at + line.size]
            for i in range(line.size):
                onto[i] += weight[k] * line[i]


@njit(cache=True, fastmath=SUMS)
def convolve(
    image: Array,
    out: Array,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    bias: Array,
) -> None:
    """out[o] = bias[o] + Σ weight · image[channel, row + y, column + x], stride 1, no padding."""
    for o in range(out.shape[0]):
        for y in range(out.shape[1]):
            line = out[o, y].reshape(out.shape[2] * out.shape[3])
            _filtered(line, image, o, y, start, channel, row, column, weight, bias)


@njit(cache=True, fastmath=SUMS)
def convolve_back(
    image: Array,
    grad: Array,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    to_image: Array,
    to_weight: Array,
    to_bias: Array,
) -> None:
    """Adds the gradients of a convolution to the three last; an empty ``to_image`` gets none."""
    to = to_image, to_weight, to_bias
    for o in range(grad.shape[0]):
        for y in range(grad.shape[1]):
            line = grad[o, y].reshape(grad.shape[2] * grad.shape[3])
            _filtered_back(line, image, o, y, start, channel, row, column, weight, *to)


@njit(cache=True, fastmath=SUMS)
def convolve_and_pool(
    image: Array,
    out: Array,
    which: Marks,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    bias: Array,
    least: float,
) -> None:
    """The largest of each 2 × 2 of a convolution, or ``least`` if that is larger (0: ReLU), and which
    of the four it is, 4: none. The convolution itself is not kept, but for two rows at a time.
    """
    outputs, rows, columns, n = out.shape
    floor = np.float32(least)
    pair = np.empty((2, 2 * columns * n), np.float32)  # without an odd last column
    for o in range(outputs):
        for y in range(rows):
            for r in range(2):
                _filtered(pair[r], image, o, 2 * y + r, start, channel, row, column, weight, bias)
            for x in range(columns):
                best, mark = out[o, y, x], which[o, y, x]
                at = 2 * x * n
                for i in range(n):
                    upper, lower = pair[0, at + i], pair[1, at + i]
                    a, b = np.uint8(0), np.uint8(2)
                    if pair[0, at + n + i] > upper:
                        upper, a = pair[0, at + n + i], np.uint8(1)
                    if pair[1, at + n + i] > lower:
                        lower, b = pair[1, at + n + i], np.uint8(3)
                    if lower > upper:
                        upper, a = lower, b
                    if upper <= floor:
                        upper, a = floor, np.uint8(4)
                    best[i], mark[i] = upper, a


@njit(cache=True, fastmath=SUMS)
def convolve_and_pool_back(
    image: Array,
    grad: Array,
    which: Marks,
    start: Places,
    channel: Places,
    row: Places,
    column: Places,
    weight: Array,
    to_image: Array,
    to_weight: Array,
    to_bias: Array,
) -> None:
    """Adds the gradients to the three last; an empty ``to_image`` gets none."""
    outputs, rows, columns, n = grad.shape
    to = to_image, to_weight, to_bias
    line = np.empty(2 * columns * n, np.float32)
    for o in range(outputs):
        for y in range(rows):
            for r in range(2):
                for x in range(columns):
                    given, mark = grad[o, y, x], which[o, y, x]
                    for c in range(2):
                        at = (2 * x + c) * n
                        for i in range(n):
                            line[at + i] = given[i] if mark[i] == 2 * r + c else np.float32(0.0)
                _filtered_back(line, image, o, 2 * y + r, start, channel, row, column, weight, *to)


@njit(cache=True, fastmath=SUMS)
def connect(x: Array, out: Array, start: Places, entry: Places, weight: Array, bias: Array) -> None:
    """out[o] = bias[o] + Σ weight · x[entry], both (units, n)."""
    for o in range(out.shape[0]):
        line = out[o]
        line[:] = bias[o]
        for k in range(start[o], start[o + 1]):
            seen = x[entry[k]]
            for i in range(line.size):
                line[i] += weight[k] * seen[i]


@njit(cache=True, fastmath=SUMS)
def connect_back(
    x: Array,
    grad: Array,
    start: Places,
    entry: Places,
    weight: Array,
    to_x: Array,
    to_weight: Array,
    to_bias: Array,
) -> None:
    """Adds the gradients of ``connect`` to the three last; an empty ``to_x`` gets none."""
    for o in range(grad.shape[0]):
        line = grad[o]
        total = np.float32(0.0)
        for i in range(line.size):
            total += line[i]
        to_bias[o] += total
        for k in range(start[o], start[o + 1]):
            seen = x[entry[k]]
            product = np.float32(0.0)
            for i in range(line.size):
                product += line[i] * seen[i]
            to_weight[k] += product
            if to_x.size:
                onto = to_x[entry[k]]
                for i in range(line.size):
                    onto[i] += weight[k] * line[i]


@njit(cache=True)
def pool(image: Array, out: Array) -> None:
    """The largest of each 2 × 2; an odd last row or column is left out."""
    channels, rows, columns, n = out.shape
    for c in range(channels):
        for y in range(rows):
            for x in range(columns):
                a, b = image[c, 2 * y, 2 * x], image[c, 2 * y, 2 * x + 1]
                d, e = image[c, 2 * y + 1, 2 * x], image[c, 2 * y + 1, 2 * x + 1]
                best = out[c, y, x]
                for i in range(n):
                    upper = b[i] if a[i] < b[i] else a[i]
                    lower = e[i] if d[i] < e[i] else d[i]
                    best[i] = lower if upper < lower else upper


@njit(cache=True)
def pool_back(image: Array, out: Array, grad: Array, to_image: Array) -> None:
    """The gradient goes to the first of the largest; an odd last row or column is not written."""
    channels, rows, columns, n = out.shape
    for c in range(channels):
        for y in range(rows):
            for x in range(columns):
                best, left = out[c, y, x], grad[c, y, x].copy()
                for place in range(4):
                    seen = image[c, 2 * y + place // 2, 2 * x + place % 2]
                    onto = to_image[c, 2 * y + place // 2, 2 * x + place % 2]
                    for i in range(n):
                        onto[i] = left[i] if seen[i] == best[i] else np.float32(0.0)
                        left[i] -= onto[i]
