"""Quantized sets in small dimension, and points to project on them."""

from typing import Any

import numpy as np
import pytest

from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from tests.exact.quantized import (
    MIDRISE_2,
    POWERS_2,
    POWERS_3,
    SYMMETRIC_3,
    ZERO_FREE_2,
    shifted,
)

MANY = 2000
each_count = pytest.mark.parametrize("cases", [150, pytest.param(MANY, marks=pytest.mark.slow)])


def integers(n: int, seed: int, cases: int, most: int = 12) -> Any:
    """Integer data with many ties and zeros."""
    rng = np.random.default_rng(seed)
    small = rng.integers(-3, 4, size=(cases // 2, n))
    return np.concatenate([small, rng.integers(-most, most + 1, size=(cases - cases // 2, n))])


FREE: dict[str, tuple[Any, list[Any], int]] = {
    "uniform-2": (UniformGrid(2, axis=0), [range(-1, 2)], 5),
    "uniform-3": (UniformGrid(3, axis=0), [SYMMETRIC_3], 3),
    "asymmetric-1": (UniformGrid(1, asymmetric=True, axis=0), shifted(1), 4),
    "asymmetric-2": (UniformGrid(2, asymmetric=True, axis=0), shifted(3), 3),
    "zero-point-0": (UniformGrid(2, asymmetric=True, zero_point=0, axis=0), [range(4)], 4),
    "zero-point-2": (UniformGrid(2, asymmetric=True, zero_point=2, axis=0), [range(-2, 2)], 4),
    "zero-free-2": (ZeroFreeGrid(2, axis=0), [ZERO_FREE_2], 4),
    "midrise-2": (ZeroFreeGrid(2, midrise=True, axis=0), [MIDRISE_2], 4),
    "binary": (Binary(axis=0), [(-1, 1)], 5),
    "ternary": (Ternary(axis=0), [range(-1, 2)], 5),
    "scaled-powers-2": (ScaledPowers(2, axis=0), [POWERS_2], 4),
    "scaled-powers-3": (ScaledPowers(3, axis=0), [POWERS_3], 3),
}


def dyadic(rng: Any, shape: Any) -> Any:
    """Eighths, so that squared distances to dyadic levels are exact in floats."""
    return rng.integers(-40, 41, size=shape) / 8


FIXED: dict[str, tuple[Any, list[float]]] = {
    "uniform": (UniformGrid(3, step=0.75), [0.75 * q for q in SYMMETRIC_3]),
    "asymmetric": (
        UniformGrid(2, step=1.25, asymmetric=True, zero_point=1),
        [1.25 * q for q in range(-1, 3)],
    ),
    "zero-free": (ZeroFreeGrid(2, step=0.5), [0.5 * q for q in ZERO_FREE_2]),
    "midrise": (ZeroFreeGrid(2, step=0.5, midrise=True), [0.25 * q for q in MIDRISE_2]),
    "power-of-two": (
        PowerOfTwo(3, highest=1),
        [0.0, *(sign * 2.0**e for e in range(-1, 2) for sign in (1, -1))],
    ),
    "codebook": (Codebook((3.5, -0.125, -2.0, 0.25)), [3.5, -0.125, -2.0, 0.25]),
}
