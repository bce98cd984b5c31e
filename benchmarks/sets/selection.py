"""Global cardinality: linear in the size; passes, topk and memory at 25 million.

The floor: the data are read twice (threshold, answer) and the answer written once, 12 bytes an entry;
fresh memory costs a page fault every 4 KiB besides, which torch pays in its pass too (``abs()`` writes
a copy).
"""

import tracemalloc
from statistics import median
from typing import Any

import torch

from benchmarks.sets.cases import KEEP
from benchmarks.sets.timing import seconds, timed
from lagrange.sets.sparsity import GlobalCardinality

LIMIT = 4.0  # the acceptance figure: passes of global cardinality
TOPK = 5.0  # the acceptance figure: times faster than topk
MANY = 10**6  # below, one run is so short that more of them are taken


def selection(repeats: int) -> None:
    """Linear in the size; passes, topk and memory at 25 million."""
    print("entries      ms          ns/entry   passes: torch    numpy")
    draw = torch.Generator().manual_seed(0)
    for n in (10**5, 10**6, 10**7, 25 * 10**6, 10**8):
        x = torch.randn(n, generator=draw)
        members, v = GlobalCardinality(int(KEEP * n)), {"w": x}
        took, passes, numpy_passes = timed(
            lambda members=members, v=v: members.project(v),
            x,
            repeats if n >= MANY else 20 * repeats,
        )
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
