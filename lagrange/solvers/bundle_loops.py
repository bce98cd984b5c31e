"""``bundle_program.Rows`` one entry at a time, compiled by numba (extra ``fast``): the same numbers."""

from typing import Any

import numpy as np
from numba import njit

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@njit(cache=True)
def swept(
    costs: FloatArray,
    first: IntArray,
    begin: IntArray,
    places: IntArray,
    values: FloatArray,
    center: FloatArray,
    t: float,
    signed: BoolArray,
    y: FloatArray,
    g: FloatArray,
    prices: FloatArray,
    enough: float,
    pairs: int,
) -> float:
    """A sweep over the blocks."""
    mark = np.zeros(len(g))
    r = np.empty(len(costs))
    found = 0.0
    for i in range(len(first) - 1):
        for pair in range(pairs):
            low, high, mean = first[i], -1, 0.0
            for k in range(first[i], first[i + 1]):
                total = 0.0
                for e in range(begin[k], begin[k + 1]):
                    total += values[e] * prices[places[e]]
                r[k] = total + costs[k]
                mean += y[k] * r[k]
                if r[k] < r[low]:
                    low = k
                if y[k] > 0 and (high < 0 or r[k] > r[high]):
                    high = k
            slack = mean - r[low]
            if pair == 0:
                found += slack
            if slack <= enough or r[high] <= r[low]:
                break
            curvature = t * _apart(begin, places, values, high, low, mark)
            most, fall = y[high], r[high] - r[low]
            move = fall / curvature if curvature * most > fall else most
            y[low] += move
            y[high] = 0.0 if move == most else most - move
            _shift(begin, places, values, g, low, move)
            _shift(begin, places, values, g, high, -move)
            for k in (low, high):
                for e in range(begin[k], begin[k + 1]):
                    j = places[e]
                    free = center[j] + t * g[j]
                    prices[j] = max(free, 0.0) if signed[j] else free
    return found


@njit(cache=True)
def _shift(
    begin: IntArray, places: IntArray, values: FloatArray, g: FloatArray, k: int, move: float
) -> None:
    for e in range(begin[k], begin[k + 1]):
        g[places[e]] += move * values[e]


@njit(cache=True)
def _apart(
    begin: IntArray, places: IntArray, values: FloatArray, high: int, low: int, mark: FloatArray
) -> float:
    """‖image_low − image_high‖²; ``mark`` is 0 before and after."""
    for e in range(begin[high], begin[high + 1]):
        mark[places[e]] = values[e]
    total = 0.0
    for e in range(begin[low], begin[low + 1]):
        ours = values[e] - mark[places[e]]
        mark[places[e]] = 0.0
        total += float(ours * ours)
    for e in range(begin[high], begin[high + 1]):
        theirs = mark[places[e]]
        mark[places[e]] = 0.0
        total += float(theirs * theirs)
    return total
