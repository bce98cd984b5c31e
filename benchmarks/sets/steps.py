"""The best step against a plain search over 10,000 equally spaced steps, each tried on all entries.

Steps of the search end at the largest useful one, max |v| over the first level above zero. It is also
run where a user would look: at 10,000 steps up to max |v| over the last level (near). Errors over those
of both, less 1; the time is that of one. A free zero point it takes in the middle: to try each of the
2ᵇ at every step, as we do, would take it 2ᵇ times as long, which is not counted. From 10⁶ entries on
one step in 250 is tried and the time multiplied.

The time is that of the search (magnitudes sorted, the step found), then that of the whole projection.
A step without a proof (``exact`` is False) is marked with ~.
"""

from collections.abc import Callable, Sequence
from itertools import product
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from lagrange.sets.grids import WIDEST_SHIFTED, UniformGrid, ZeroFreeGrid
from lagrange.sets.levels import Scaled, Shifted, normalized
from lagrange.sets.steps import best_shifted, best_step

STEPS = 10_000
BITS = (2, 4, 6, 8, 9, 10, 11, 12)
THINNED = 1_000_000  # from this size on

KINDS: dict[str, Callable[[int], Any]] = {
    "symmetric": lambda b: UniformGrid(b),
    "zero-free": lambda b: ZeroFreeGrid(b),
    "midrise": lambda b: ZeroFreeGrid(b, midrise=True),
    "asymmetric, given zero": lambda b: UniformGrid(b, asymmetric=True, zero_point=2 ** (b - 1)),
    "asymmetric, free zero": lambda b: UniformGrid(b, asymmetric=True),
}
DATA: dict[str, Callable[[Any, int], Any]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.uniform(-1, 1, size=n),
    "heavy tails": lambda rng, n: rng.standard_t(3, size=n),
    "ties": lambda rng, n: 0.7 * np.rint(50 * rng.normal(size=n)) / 50,
}


def search(v: Any, levels: Any, most: float, thinned: int) -> tuple[float, float]:
    """The least squared error over equally spaced steps up to ``most``, and the seconds it takes."""
    a, least = v, float(v @ v)
    low, high, odd = levels[0], levels[-1], 0 not in levels
    offset = 0.5 if odd and levels.size % 2 == 0 and levels[levels.size // 2] == 0.5 else 0.0
    began = process_time()
    steps = np.linspace(0.0, most, STEPS + 1)[1:][::-thinned]
    for s in steps:
        q = (np.rint(a / s - offset) + offset).clip(low, high)
        if odd and not offset:
            q = np.where(q == 0, np.where(a < 0, -1.0, 1.0), q)
        rest = a - s * q
        least = min(least, float(rest @ rest))
    return least, (process_time() - began) * STEPS / steps.size


def levels_of(grid: Any) -> Any:
    """Levels over the step, ascending; a free zero point is put in the middle."""
    family = grid.family()
    if isinstance(family, Shifted):
        zero = (family.top + 1) // 2 if family.zero_point is None else family.zero_point
        return np.arange(-zero, family.top - zero + 1.0)
    halves = isinstance(grid, ZeroFreeGrid) and grid.midrise
    return family.signed() / (2 if halves else 1)


def found(grid: Any, v: Any) -> Any:
    """What the projection does to find its step."""
    family = grid.family()
    if isinstance(family, Scaled):
        return best_step(normalized(abs(v))[0], family.ladder, family.budget)
    return best_shifted(normalized(v)[0], family.top, family.zero_point, family.budget)


def time_of(call: Callable[[], Any], repeats: int) -> float:
    call()
    times = list[float]()
    for _ in range(repeats):
        began = process_time()
        call()
        times.append(process_time() - began)
    return median(times)


def compared(grid: Any, v: Any, repeats: int) -> tuple[float, float, float, float]:
    """Our error over that of both searches, less 1; times faster: the search, the projection."""
    levels, top = levels_of(grid), float(abs(v).max())
    thinned = 250 if v.size >= THINNED else 1
    first = float(levels[levels > 0][0])
    wide, slow = search(v, levels, top / first, thinned)
    near, _ = search(v, levels, top / float(levels[-1]), thinned)
    step = time_of(lambda: found(grid, v), repeats)
    whole = time_of(lambda: grid.project(v), repeats)
    error = grid.distance(v) ** 2
    return error / wide - 1, error / near - 1, slow / step, slow / whole


def steps(sizes: Sequence[int], repeats: int, bits: Sequence[int] = BITS) -> None:
    print("| grid | bits | entries | data | error, less 1 | near | × faster | projected |")
    print("|---|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    for size in sizes:
        data = {name: draw(rng, size) for name, draw in DATA.items()}
        for (kind, make), b in product(KINDS.items(), bits):
            if b > WIDEST_SHIFTED and kind.endswith("free zero"):
                continue
            grid = make(b)
            mark = "" if grid.exact else " ~"
            for name, v in data.items():
                wide, near, step, whole = compared(grid, v, repeats)
                cells = f"{wide:.1e} | {near:.1e} | {step:.0f} | {whole:.0f}"
                print(f"| {kind} | {b}{mark} | {size} | {name} | {cells} |", flush=True)
