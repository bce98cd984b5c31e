"""How fast the projections are, against one pass over the memory.

    python -m benchmarks.sets [--size 25000000] [--repeats 5] [--only NAME]
    python -m benchmarks.sets --selection
    python -m benchmarks.sets --steps 100 10000

Printed for each set: milliseconds, nanoseconds an entry, and the ratio to one ``abs().max()`` of torch
and of numpy over the same data, one thread, single precision, the answer's memory included; medians of
processor time, and of the ratios of what was timed side by side. ``--selection``: global cardinality
alone, at sizes from 10⁵ to 10⁸, and against ``torch.topk`` of the magnitudes. ``--steps``: the search
for the best step of N entries against one over 10,000 steps.
"""

import argparse
from typing import Any

import numpy as np
import torch

from benchmarks.sets.cases import cases
from benchmarks.sets.selection import selection
from benchmarks.sets.steps import steps
from benchmarks.sets.timing import timed


def row(name: str, members: Any, shape: Any, repeats: int) -> None:
    draw = torch.Generator().manual_seed(0)
    shapes = shape if isinstance(shape, list) else [shape]
    total = sum(int(np.prod(s)) for s in shapes)
    flat = torch.randn(total, generator=draw)
    parts = torch.split(flat, [int(np.prod(s)) for s in shapes])
    v: Any = {str(i): p.reshape(s) for i, (p, s) in enumerate(zip(parts, shapes, strict=True))}
    if not isinstance(shape, list):
        v = v["0"]
    took, passes, numpy_passes = timed(lambda: members.project(v), flat, repeats)
    print(
        f"{name:32s} {total:11,d} {1e3 * took:10.2f} {1e9 * took / total:8.2f} "
        f"{passes:8.2f} {numpy_passes:8.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=25_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="sets with this in their name")
    parser.add_argument("--selection", action="store_true")
    parser.add_argument("--steps", type=int, nargs="+", metavar="N", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.selection:
        return selection(arguments.repeats)
    if arguments.steps:
        return steps(arguments.steps, arguments.repeats)
    print(f"{'set':32s} {'entries':>11s} {'ms':>10s} {'ns/entry':>8s} {'torch':>8s} {'numpy':>8s}")
    for name, members, shape in cases(arguments.size):
        if arguments.only in name:
            row(name, members, shape, arguments.repeats)


if __name__ == "__main__":
    main()
