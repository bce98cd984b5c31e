"""One budget over shards: the answer of the gathered tensors, bit for bit, from counts alone."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from lagrange.sets.sharded import ShardedCardinality
from lagrange.sets.sparsity import GlobalCardinality

LONGEST = 1 << 16  # numbers in one sum: counts, not tensors


class Exchange:
    """all_sum among threads."""

    def __init__(self, shards: int) -> None:
        self.barrier = threading.Barrier(shards, timeout=60)
        self.given: dict[int, Any] = {}
        self.longest = 0

    def of(self, shard: int) -> Callable[[Any], Any]:
        def all_sum(counts: Any) -> Any:
            self.given[shard] = counts
            self.barrier.wait()
            total = sum(self.given.values())
            self.longest = max(self.longest, counts.size)
            self.barrier.wait()
            return total

        return all_sum


def on_shards(
    pieces: list[Any], k: int, ask: Callable[[ShardedCardinality, Any], Any]
) -> list[Any]:
    """What each shard answers, or the error it ended in."""
    exchange = Exchange(len(pieces))
    answers: dict[int, Any] = {}

    def run(shard: int) -> None:
        members = ShardedCardinality(k, shard, len(pieces), exchange.of(shard))
        try:
            answers[shard] = ask(members, pieces[shard])
        except ValueError as error:
            answers[shard] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(pieces))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exchange.longest <= LONGEST
    return [answers[i] for i in range(len(pieces))]


def split(v: dict[str, Any], cuts: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Pieces along the first axis."""
    parts = {n: np.split(x, cuts[n]) for n, x in v.items()}
    return [dict(zip(parts, piece, strict=True)) for piece in zip(*parts.values(), strict=True)]


def points(dtype: Any) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    shapes = {"u": (40, 30), "v": (700,), "w": (9, 3, 3)}
    drawn = [
        {n: rng.normal(size=s) for n, s in shapes.items()},
        {n: rng.integers(-3, 4, size=s) for n, s in shapes.items()},
        {n: np.where(rng.random(s) < 0.5, -1.0, 1.0) for n, s in shapes.items()},
        {n: np.zeros(s) for n, s in shapes.items()},
    ]
    return [{n: x.astype(dtype) for n, x in v.items()} for v in drawn]


CUTS = {
    "halves": {"u": [20], "v": [350], "w": [4]},
    "a tensor each": {"u": [40], "v": [0], "w": [0]},
    "three": {"u": [0, 13], "v": [1, 699], "w": [3, 3]},
}


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("cuts", CUTS)
def test_equal_to_the_gathered_one(dtype: Any, cuts: str) -> None:
    for v in points(dtype):
        for k in (1, 100, 1000, 1980, 5000):
            wanted = GlobalCardinality(k).project(v)
            pieces = on_shards(split(v, CUTS[cuts]), k, lambda s, x: s.project(x))
            for name, array in wanted.items():
                got = np.concatenate([piece[name] for piece in pieces])
                assert got.tobytes() == array.tobytes()


def test_membership_and_distance_are_of_the_whole() -> None:
    for v in points(np.float64):
        pieces = split(v, CUTS["three"])
        assert (
            on_shards(pieces, 300, lambda s, x: s.contains(x))
            == [GlobalCardinality(300).contains(v)] * 3
        )
        wanted = GlobalCardinality(300).distance(v)
        found = on_shards(pieces, 300, lambda s, x: s.distance(x))
        assert found == pytest.approx([wanted] * 3)
        kept = on_shards(pieces, 300, lambda s, x: s.project(x))
        assert on_shards(kept, 300, lambda s, x: s.contains(x)) == [True] * 3


def test_a_bad_number_on_one_shard_is_refused_by_all() -> None:
    pieces = split(points(np.float32)[0], CUTS["halves"])
    pieces[1]["v"][5] = np.nan
    errors = on_shards(pieces, 10, lambda s, x: s.project(x))
    assert all(isinstance(e, ValueError) and "'v'" in str(e) for e in errors)
    assert on_shards(pieces, 5000, lambda s, x: s.contains(x)) == [False, False]


def over_gloo(shard: int, folder: str) -> None:
    """One of two processes; what it keeps goes to a file."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=shard, world_size=2)

    def all_sum(counts: Any) -> Any:
        assert counts.size <= LONGEST
        total = torch.from_numpy(counts)
        dist.all_reduce(total)
        return total.numpy()

    for number, v in enumerate(points(np.float32)):
        piece = split(v, CUTS["halves"])[shard]
        members = ShardedCardinality(400, shard, 2, all_sum)
        kept = members.project({n: torch.from_numpy(x) for n, x in piece.items()})
        assert members.contains(kept)
        np.savez(f"{folder}/{number}-{shard}.npz", **{n: x.numpy() for n, x in kept.items()})
    dist.destroy_process_group()


def test_two_processes_over_gloo(tmp_path: Path) -> None:
    mp.spawn(over_gloo, args=(str(tmp_path),), nprocs=2)  # pyright: ignore[reportPrivateImportUsage]
    for number, v in enumerate(points(np.float32)):
        wanted = GlobalCardinality(400).project(v)
        files = [np.load(tmp_path / f"{number}-{shard}.npz") for shard in (0, 1)]
        for name, array in wanted.items():
            assert np.concatenate([f[name] for f in files]).tobytes() == array.tobytes()
        for file in files:
            file.close()
