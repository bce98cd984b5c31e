"""What a projection on a quantized set costs, and the best step against a search over 10,000 steps.

    python -m benchmarks.quantization_sets [--size 1000000] [--repeats 5] [--search-size 20000]

First table: CPU time per entry and ratio to one memory pass (an array of doubles read and written
once), medians of several. Second table: the error of the best step relative to the least error that
the search met, less one (never above 0), and how many times faster it is found.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import SparseQuantized
from lagrange.sets.powers import PowerOfTwo, ScaledPowers

STEPS = 10_000
MEMORY = 2**24  # more than caches hold
KMEANS = 100_000  # entries for the learned codebook, whose time grows faster than the others'


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """The median of several runs, after one that is not counted."""
    times = list[float]()
    for _ in range(repeats + 1):
        began = process_time()
        call()
        times.append(process_time() - began)
    return median(times[1:])


def rows(size: int) -> dict[str, Any]:
    return {
        "UniformGrid(8, step)": UniformGrid(8, step=0.03),
        "UniformGrid(4)": UniformGrid(4),
        "UniformGrid(8)": UniformGrid(8),
        "UniformGrid(12)": UniformGrid(12),
        "UniformGrid(8), 256 rows": UniformGrid(8, axis=0),
        "UniformGrid(4, asymmetric)": UniformGrid(4, asymmetric=True),
        "UniformGrid(8, asymmetric)": UniformGrid(8, asymmetric=True),
        "ZeroFreeGrid(4)": ZeroFreeGrid(4),
        "Binary()": Binary(),
        "Ternary()": Ternary(),
        "PowerOfTwo(4)": PowerOfTwo(4),
        "PowerOfTwo(4, highest)": PowerOfTwo(4, highest=1),
        "ScaledPowers(4)": ScaledPowers(4),
        "Codebook of 16": Codebook(tuple(np.linspace(-3.0, 3.0, 16).tolist())),
        "LearnedCodebook(16)": LearnedCodebook(16),
        "SparseQuantized(5 %, ZeroFreeGrid(4))": SparseQuantized(size // 20, ZeroFreeGrid(4)),
        "SparseQuantized(5 %, given steps)": SparseQuantized(size // 20, ZeroFreeGrid(4, step=0.3)),
    }


def search(v: Any, levels: Any) -> float:
    """The least squared error over equally spaced steps, each tried on all entries."""
    a, last = np.abs(v), float(levels[-1])
    best = float(a @ a)
    for s in np.linspace(0.0, a.max() / max(levels[0], 1.0), STEPS + 1)[1:]:
        if levels.size == last + 1:
            q = np.rint(a / s).clip(0.0, last)
        else:
            q = (np.rint(a / s - 0.5) + 0.5).clip(0.5, last / 2)
        rest = a - s * q
        best = min(best, float(rest @ rest))
    return best


def compare(size: int, repeats: int) -> None:
    print("| grid, data | error over the search's, less 1 | times faster |")
    print("|---|---|---|")
    rng = np.random.default_rng(1)
    data = {"normal": rng.normal(size=size), "heavy tails": rng.standard_t(3, size=size)}
    for bits in (2, 3, 4, 6, 8, 12):
        levels = np.arange(2.0 ** (bits - 1))
        for name, v in data.items():
            began = process_time()
            least = search(v, levels)
            slow = process_time() - began
            grid = UniformGrid(bits)
            fast = seconds(lambda grid=grid, v=v: grid.project(v), repeats)
            worse = grid.distance(v) ** 2 / least - 1
            print(f"| UniformGrid({bits}), {name} | {worse:.1e} | {slow / fast:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--search-size", type=int, default=20_000)
    arguments = parser.parse_args()
    v = np.random.default_rng(0).normal(size=arguments.size)
    far, out = np.ones(MEMORY), np.empty(MEMORY)
    memory = seconds(lambda: np.multiply(far, 1.5, out=out), 3 * arguments.repeats) / MEMORY
    print(f"one memory pass over {MEMORY} doubles: {1e9 * memory:.2f} ns an entry")
    print("| set | ns an entry | memory passes |")
    print("|---|---|---|")
    for name, members in rows(arguments.size).items():
        x = v[:KMEANS] if isinstance(members, LearnedCodebook) else v
        if "rows" in name:
            x = x[: x.size // 256 * 256].reshape(256, -1)
        each = seconds(lambda m=members, x=x: m.project(x), arguments.repeats) / x.size
        print(f"| {name}, {x.size} entries | {1e9 * each:.1f} | {each / memory:.0f} |", flush=True)
    print()
    compare(arguments.search_size, arguments.repeats)


if __name__ == "__main__":
    main()
