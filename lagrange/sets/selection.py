"""Exact selection of the k largest of many nonnegative scores, across arrays, without a full sort."""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np

from lagrange.vectors import Array, Vector


def largest(scores: Vector, k: int) -> Vector:
    """Boolean masks of exactly min(k, size) entries with the largest scores.

    Ties at the threshold are broken by position: earlier arrays first, then row-major order.
    """
    for name, s in scores.items():
        if bool(((s != s) | (s == math.inf)).any()):
            raise ValueError(
                f"cannot select the largest entries of {name!r}: NaN or infinity in it"
            )
    flat = [s.ravel() for s in scores.values()]
    if k >= sum(int(f.shape[0]) for f in flat):
        return {name: s == s for name, s in scores.items()}
    # an entry among the k largest of all is among the k largest of its own array
    threshold = top(joined([top(f, k) for f in flat]), k).min()
    masks = {name: s > threshold for name, s in scores.items()}
    missing = k - sum(int(mask.sum()) for mask in masks.values())
    for name, s in scores.items():
        ties = (s == threshold).ravel()
        first = ties & (ties.cumsum(0) <= missing)
        masks[name] = masks[name] | first.reshape(s.shape)
        missing -= int(first.sum())
    return masks


def top(flat: Array, k: int) -> Array:
    """The min(k, n) largest entries of a flat array (n,), in any order."""
    n = int(flat.shape[0])
    if k >= n:
        return flat
    if isinstance(flat, np.ndarray):
        part: Array = np.partition(cast("Array", flat), n - k)
        return part[n - k :]
    return flat.topk(k, sorted=False).values


def joined(flats: Sequence[Array]) -> Array:
    """Flat arrays one after the other, in the library and on the device of the first."""
    if len(flats) == 1:
        return flats[0]
    if isinstance(flats[0], np.ndarray):
        return np.concatenate(flats)
    all_ = flats[0].new_empty(sum(int(f.shape[0]) for f in flats))
    at = 0
    for f in flats:
        all_[at : at + f.shape[0]] = f
        at += int(f.shape[0])
    return all_
