"""Proved lower bounds out of float numbers: what rounding may have hidden is taken off.

Notation     u = 2⁻⁵³, half the distance from 1 to the next float
Reference    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), ch. 3
"""

import math
from typing import Any

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
UNIT = 2.0**-53
SMALLEST = 2.0**-1022


def surely_below(value: float, magnitude: float, operations: int, loss: float = 0.0) -> float:
    """A float that is surely at most (what ``value`` stands for) − loss.

    value      : a sum computed in floats
    magnitude  : Σ |terms| of that sum, where a term is counted with the sizes of its own parts
    operations : how many roundings at most lie between the inputs and ``value``, per term
    loss       : a nonnegative amount to take off besides, itself rounded upwards

    −inf where a number is not finite.
    """
    error = 1.01 * (operations + 4) * UNIT * magnitude + operations * SMALLEST
    error += 4 * UNIT * (abs(value) + loss)
    lower = math.nextafter(value - error - loss, -math.inf)
    return lower if math.isfinite(lower) else -math.inf


def tangent_loss(
    slope: FloatArray, error: FloatArray, x: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """By how much a convex function may fall below its value at x within [low, high], entry by
    entry: its derivative there is ``slope`` up to ``error``, and it lies above its tangent.
    """
    down, up = x - low, high - x
    # an end at infinity costs nothing where the slope surely points the other way
    falls_left = np.where(slope + error > 0, slope + error, 0.0)
    falls_right = np.where(slope - error < 0, error - slope, 0.0)
    left = np.where(falls_left > 0, falls_left * np.where(falls_left > 0, down, 0.0), 0.0)
    right = np.where(falls_right > 0, falls_right * np.where(falls_right > 0, up, 0.0), 0.0)
    return np.maximum(left, right)
