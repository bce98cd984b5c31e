"""Which floats are members of a set with a free scale: exactly."""

from math import inf, nextafter
from typing import Any

import numpy as np
import pytest

from lagrange.sets.grids import UniformGrid
from lagrange.sets.levels import Scaled
from lagrange.sets.nearest import PRECISIONS


def half_scales() -> Any:
    """Every positive half-precision number, as doubles."""
    return np.arange(1, 0x7C00, dtype=np.uint16).view(np.float16).astype(np.float64)


@pytest.mark.parametrize("ladder", [np.arange(4.0), np.arange(1.0, 4.0), 2.0 ** np.arange(4)])
def test_membership_in_half_precision_is_that_over_all_scales(ladder: Any) -> None:
    """Decided by trying all 31,743 scales there are; near members, and subnormal ones."""
    p, family, rng = PRECISIONS["float16"], Scaled(ladder), np.random.default_rng(10)
    scales = half_scales()
    tables = [p.round(scales * level) for level in ladder if level]
    seen = {True: 0, False: 0}
    for _ in range(300):
        s = scales[rng.integers(scales.size // (2 if rng.random() < 0.7 else 30))]
        x = p.round(s * rng.choice(ladder, size=3)) * rng.choice([-1.0, 1.0], size=3)
        if rng.random() < 0.5:  # one unit in the last place off
            half = x.astype(np.float16)
            half[0] = np.nextafter(half[0], np.float16(rng.choice([-9.0, 9.0])))
            x = half.astype(np.float64)
        possible = np.ones(scales.size, bool)
        for m in np.abs(x):
            possible &= np.any([t == m for t in tables], axis=0) | (m == 0 and ladder[0] == 0)
        held = family.holds(x, p)
        assert held == (bool(possible.any()) or not x.any()), x
        seen[held] += 1
    assert min(seen.values()) > 30


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_members_of_every_precision_are_known(name: str, bits: int) -> None:
    """fl(s q) is a member for every scale s of the precision, and off by a unit it is not."""
    p, rng = PRECISIONS[name], np.random.default_rng(bits)
    ladder = np.arange(2.0 ** (bits - 1))
    family = Scaled(ladder)
    for _ in range(100):
        s = p.round(rng.uniform(0.5, 1.0, size=1) * 2.0 ** int(rng.integers(-12, 5)))
        q = rng.choice(np.concatenate([-ladder, ladder]), size=40)
        x = p.round(s * q)
        assert family.holds(x, p)
        assert np.array_equal(family.values(x, p), x)
    x = p.round(np.array([1.0, 2.0, 3.0]) * 0.7)
    assert not Scaled(np.arange(3.0)).holds(x, p)


def test_a_float_beside_a_member_is_none() -> None:
    grid = UniformGrid(4)
    x = 0.3 * np.arange(-7.0, 8.0)
    assert grid.contains(x)
    for i in range(x.size):
        y = x.copy()
        y[i] = nextafter(y[i], inf)
        # the zero has no neighbor that is a level; other entries may not move on their own either
        assert not grid.contains(y)
