"""How fast the projections are, against one pass over the memory.

    python -m benchmarks.sets [--size 25000000] [--repeats 5] [--selection]

Printed for each set: milliseconds, nanoseconds an entry, and the ratio to one ``abs().max()`` of torch
and of numpy over the same data, one thread, single precision, the answer's memory included; medians of
processor time, and of the ratios of what was timed side by side. ``--selection``: global cardinality
alone, at sizes from 10⁵ to 10⁸, and against ``torch.topk`` of the magnitudes.

The floor of global cardinality: the data are read twice (threshold, answer) and the answer written
once, 12 bytes an entry; fresh memory costs a page fault every 4 KiB besides, which torch pays in its
pass too (``abs()`` writes a copy).
"""

import argparse
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch

from lagrange.sets.affine import Affine
from lagrange.sets.convex import Box, L2Ball, Nonnegative
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.rank import LowRank
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from lagrange.sets.structure import (
    BlockSparsity,
    ChannelSparsity,
    GroupCardinality,
    columns,
    filters,
    kernels,
    rows,
)
from lagrange.sets.weighted import GlobalWeightedCardinality

KEEP = 0.05
LIMIT = 4.0  # the acceptance figure: passes of global cardinality
TOPK = 5.0  # the acceptance figure: times faster than topk


def seconds(run: Callable[[], Any]) -> float:
    began = process_time()
    run()
    return process_time() - began


def timed(run: Callable[[], Any], x: torch.Tensor, repeats: int) -> tuple[float, float, float]:
    """Seconds, and passes of torch and of numpy, medians of runs side by side."""
    array = x.numpy()
    times: list[tuple[float, float, float]] = []
    run()
    for _ in range(repeats):
        torch_pass = seconds(lambda: x.abs().max())
        numpy_pass = seconds(lambda: np.abs(array).max())
        took = seconds(run)
        times.append((took, took / torch_pass, took / numpy_pass))
    took, passes, numpy_passes = (median(column) for column in zip(*times, strict=True))
    return took, passes, numpy_passes


def cases(n: int) -> list[tuple[str, Any, Any]]:
    """Name, set and the shape its n (or fewer) entries have."""
    side = max(24, int(n**0.5) // 24 * 24)
    matrix, conv = (side, side), (max(8, side // 64 * 16), side // 9 // 4 * 16, 3, 3)
    kept = int(KEEP * n)
    small = (768, 768)
    rng = np.random.default_rng(0)
    return [
        ("Cardinality", Cardinality(kept), matrix),
        ("GlobalCardinality, 3 tensors", GlobalCardinality(kept), [matrix, (side,), (side,)]),
        (
            "… with floors",
            GlobalCardinality(kept, {"1": side // 2}),
            [matrix, (side,), (side,)],
        ),
        ("GlobalWeightedCardinality", "weights", matrix),
        ("NM 2:4", NM(2, 4), matrix),
        ("NM 4:8", NM(4, 8), matrix),
        ("NM 2:4 down", NM(2, 4, axis=0), matrix),
        ("BlockSparsity 4 × 4", BlockSparsity(int(KEEP * side * side / 16), (4, 4)), matrix),
        ("BlockSparsity 1 × 8", BlockSparsity(int(KEEP * side * side / 8), (8,)), matrix),
        ("rows", rows(side // 2), matrix),
        ("columns", columns(side // 2), matrix),
        ("filters", filters(conv[0] // 2), conv),
        ("ChannelSparsity", ChannelSparsity(conv[1] // 2), conv),
        ("kernels", kernels(conv[0] * conv[1] // 2), conv),
        ("PatternSparsity, 56 patterns", PatternSparsity(patterns_of(4)), conv),
        (
            "GroupCardinality",
            GroupCardinality(side // 2, ({"0": 0, "1": 1},)),
            [matrix, matrix[::-1]],
        ),
        ("Box", Box(-1.0, 1.0), matrix),
        ("Nonnegative", Nonnegative(), matrix),
        ("L2Ball", L2Ball(1.0), matrix),
        ("L1Ball", L1Ball(1.0), matrix),
        ("Simplex", Simplex(1.0), matrix),
        ("IntegerLattice", IntegerLattice(-2, 2), matrix),
        ("Monotone", Monotone(), matrix),
        ("LowRank 32, 768 × 768", LowRank(32), small),
        (
            "Affine, 16 equations",
            Affine(rng.normal(size=(16, small[0])), np.ones(16)),
            small[:1],
        ),
    ]


def row(name: str, members: Any, shape: Any, repeats: int) -> None:
    draw = torch.Generator().manual_seed(0)
    shapes = shape if isinstance(shape, list) else [shape]
    total = sum(int(np.prod(s)) for s in shapes)
    flat = torch.randn(total, generator=draw)
    parts = torch.split(flat, [int(np.prod(s)) for s in shapes])
    v: Any = {str(i): p.reshape(s) for i, (p, s) in enumerate(zip(parts, shapes, strict=True))}
    if members == "weights":
        members = GlobalWeightedCardinality(int(KEEP * total), {"0": torch.rand(shapes[0])})
    elif not isinstance(shape, list):
        v = v["0"]
    took, passes, numpy_passes = timed(lambda: members.project(v), flat, repeats)
    print(
        f"{name:32s} {total:11,d} {1e3 * took:10.2f} {1e9 * took / total:8.2f} "
        f"{passes:8.2f} {numpy_passes:8.2f}",
        flush=True,
    )


def selection(repeats: int) -> None:
    """Linear in the size; passes, topk and memory at 25 million."""
    print("entries      ms          ns/entry   passes: torch    numpy")
    draw = torch.Generator().manual_seed(0)
    for n in (10**5, 10**6, 10**7, 25 * 10**6, 10**8):
        x = torch.randn(n, generator=draw)
        members, v = GlobalCardinality(int(KEEP * n)), {"w": x}
        took, passes, numpy_passes = timed(lambda: members.project(v), x, repeats)  # noqa: B023
        print(
            f"{n:11,d} {1e3 * took:9.2f} {1e9 * took / n:12.2f} {passes:15.2f} {numpy_passes:8.2f}"
        )
        if n == 25 * 10**6:
            compare(x, members, took, passes, repeats)


def compare(x: torch.Tensor, members: Any, took: float, passes: float, repeats: int) -> None:
    array = {"w": x.numpy()}
    in_numpy, _, numpy_passes = timed(lambda: members.project(array), x, repeats)
    ratios = [
        seconds(lambda: x.abs().topk(members.k, sorted=False))
        / seconds(lambda: members.project({"w": x}))
        for _ in range(3)
    ]
    tracemalloc.start()
    members.project(array)
    peak = tracemalloc.get_traced_memory()[1] / x.numpy().nbytes
    tracemalloc.stop()
    print(f"    numpy array: {1e3 * in_numpy:.1f} ms, {numpy_passes:.2f} passes of numpy")
    print(f"    passes of torch: {passes:.2f} (shall be at most {LIMIT})")
    print(f"    torch.topk takes {median(ratios):.1f} times as long (shall be at least {TOPK})")
    print(f"    peak memory, the answer included: {peak:.2f} of the data")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=25_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--selection", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.selection:
        selection(arguments.repeats)
        return
    print(f"{'set':32s} {'entries':>11s} {'ms':>10s} {'ns/entry':>8s} {'torch':>8s} {'numpy':>8s}")
    for name, members, shape in cases(arguments.size):
        row(name, members, shape, arguments.repeats)


if __name__ == "__main__":
    main()
