"""Selection in large arrays: exactly the k largest, the earlier of those that tie, by any road."""

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.sets import selection
from lagrange.sets.keys import magnitudes, weighted
from lagrange.sets.selection import Bracket, cut, descend, histogram, keep_largest, largest
from lagrange.sets.sparsity import GlobalCardinality
from lagrange.sets.weighted import GlobalWeightedCardinality

N = 120_000  # above what is selected at once


def by_sorting(scores: Any, k: int) -> Any:
    """The mask of the k largest, by a stable sort of all."""
    mask = np.zeros(scores.size, bool)
    mask[np.argsort(-scores, kind="stable")[:k]] = True
    return mask


def normal(rng: Any) -> Any:
    return rng.normal(size=N)


def ties(rng: Any) -> Any:
    return rng.integers(-5, 6, size=N).astype(float)


def two_levels(rng: Any) -> Any:
    return np.where(rng.random(N) < 0.5, 1.0, -2.0)


def all_equal(rng: Any) -> Any:
    return np.full(N, -3.0)


def mostly_zero(rng: Any) -> Any:
    return np.where(rng.random(N) < 0.01, rng.normal(size=N), 0.0)


def heavy_tail(rng: Any) -> Any:
    return rng.standard_cauchy(size=N)


def all_scales(rng: Any) -> Any:
    return np.ldexp(rng.normal(size=N), rng.integers(-140, 120, size=N))


def in_order(rng: Any) -> Any:
    return np.linspace(-1, 1, N)


DATA = (normal, ties, two_levels, all_equal, mostly_zero, heavy_tail, all_scales, in_order)
COUNTS = (1, 17, N // 20, N // 2, N - 1, N)


@pytest.mark.parametrize("data", DATA, ids=lambda data: data.__name__)
@pytest.mark.parametrize("dtype", (np.float32, np.float64, np.float16))
def test_agrees_with_a_full_sort(data: Any, dtype: Any) -> None:
    with np.errstate(over="ignore"):
        flat = data(np.random.default_rng(1)).astype(dtype)
    flat = np.where(np.isfinite(flat), flat, dtype(1))
    v = {"u": flat[:1000].reshape(10, 100), "empty": flat[:0], "w": flat[1000:]}
    for k in COUNTS:
        wanted = by_sorting(np.abs(flat), k)
        kept = GlobalCardinality(k).project(v)
        got = np.concatenate([kept["u"].ravel(), kept["w"]])
        assert np.array_equal(got, np.where(wanted, flat, dtype(0)))
        masks = largest({n: np.abs(x) for n, x in v.items()}, k)
        assert np.array_equal(np.concatenate([masks["u"].ravel(), masks["w"]]), wanted)


def test_torch_agrees_with_numpy_in_every_type() -> None:
    values = torch.randn(N, generator=torch.Generator().manual_seed(2))
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        v = values.to(kind)
        kept = GlobalCardinality(N // 10).project({"": v})[""]
        wanted = by_sorting(v.double().abs().numpy(), N // 10)
        assert kept.dtype == kind and torch.equal(kept, v * torch.tensor(wanted))


def test_mixed_types_are_selected_too() -> None:
    v = {
        "h": np.array([3, -7, 0, 5], np.float16),
        "f": np.array([-6.5, 4.0], np.float32),
        "d": np.ones(2),
    }
    kept = GlobalCardinality(3).project(v)
    assert {n: x.tolist() for n, x in kept.items()} == {
        "h": [0, -7, 0, 5],
        "f": [-6.5, 0.0],
        "d": [0.0, 0.0],
    }
    assert all(kept[n].dtype == v[n].dtype for n in v)
    # the bits of singles and doubles cannot be compared, their values can
    v = {"f": np.array([3.0, -1.0], np.float32), "d": np.array([2.0, -0.5])}
    assert [x.tolist() for x in GlobalCardinality(2).project(v).values()] == [[3, 0], [2, 0]]


def misled(low: int, high: int) -> Any:
    return lambda parts, k, total: (low, high)


def test_a_misleading_sample_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever bracket is guessed: too low, too high, empty, everything."""
    rng = np.random.default_rng(3)
    for flat, k in itertools.product((normal(rng), ties(rng)), (5, N // 20, N - 3)):
        v = {"": flat.astype(np.float32)}
        parts = magnitudes(v)
        right = cut(parts, k)
        top = parts[0].limit - 1
        beside = (0, right.key - 1), (right.key + 1, top)  # the k-th is the next one outside
        for low, high in (*beside, (0, 1), (top - 1, top), (0, top), (right.key, right.key)):
            monkeypatch.setattr(selection, "_guess", misled(low, high))
            assert cut(parts, k) == right
        monkeypatch.undo()


def test_the_cut_counts_its_ties() -> None:
    for data in DATA:
        flat = np.abs(data(np.random.default_rng(4)).astype(np.float32))
        for k in COUNTS:
            found = cut(magnitudes({"": flat}), k)
            key = np.int32(found.key).view(np.float32)
            assert found.equal == int((flat == key).sum())
            assert found.ties == k - int((flat > key).sum())
            assert 1 <= found.ties <= found.equal


def test_histograms_lead_to_the_same_cut() -> None:
    """The road of the sharded set: no sample, no collection."""
    for data, kind in itertools.product(DATA, (np.float32, np.float64)):
        parts = magnitudes({"": data(np.random.default_rng(5)).astype(kind)})
        for k in COUNTS:
            bracket, rounds = Bracket(0, parts[0].limit - 1, 0, N), 0
            while bracket.low < bracket.high:
                bracket = descend(bracket, histogram(parts, bracket), k)
                rounds += 1
            found = cut(parts, k)
            assert (found.key, found.equal) == (bracket.low, bracket.inside)
            assert rounds <= (2 if kind is np.float32 else 4)


def test_weighted_selection_agrees_with_a_full_sort() -> None:
    rng = np.random.default_rng(6)
    for kind in (np.float32, np.float64):
        flat = rng.integers(-9, 10, size=N).astype(kind)
        weights = rng.integers(0, 5, size=N).astype(kind)
        members = GlobalWeightedCardinality(N // 7, {"": weights})
        wanted = by_sorting(weights.astype(float) * flat.astype(float) ** 2, N // 7)
        assert np.array_equal(members.project({"": flat})[""], np.where(wanted, flat, 0))


def test_weights_at_the_ends_of_the_range_keep_the_order() -> None:
    """Squares of these would be 0 or infinite; √w |v| is not."""
    v = np.array([1e-200, -3e-200, 2e200, 1e250, -1e-300, 5e-200])
    weights = np.array([1e10, 1.0, 1e-300, 0.0, 1e300, 1e-5])
    scores = np.sqrt(weights / 1e300) * np.abs(v)
    for k in range(1, 7):
        kept = GlobalWeightedCardinality(k, {"": weights}).project({"": v})[""]
        assert np.array_equal(kept != 0, by_sorting(scores, k))
    assert all(part.roots for part in weighted({"": v}, {"": weights}))  # type: ignore[attr-defined]


def test_extra_memory_is_less_than_the_data() -> None:
    """The answer apart: buffers of a piece and what lies in the bracket."""
    for data in (normal, ties, two_levels):
        flat = np.tile(data(np.random.default_rng(7)).astype(np.float32), 10)
        peaks = []
        for v in (flat, np.stack([flat[::2], flat[1::2]], axis=1).T):
            tracemalloc.start()
            keep_largest({"": v}, v.size // 20)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert max(peaks) <= 1.4 * flat.nbytes, f"{[p / flat.nbytes for p in peaks]}"


def test_topk_is_the_road_on_other_devices() -> None:
    """The same answers from the code for devices, run on the host."""
    on_device = selection._largest_on_device  # pyright: ignore[reportPrivateUsage]
    for data in (normal, ties, mostly_zero):
        flat = np.abs(data(np.random.default_rng(8))[:5000])
        for k in (1, 250, 4999, 5000):
            scores = {"u": flat[:77], "w": flat[77:]}
            ours = largest(scores, k)
            for theirs in (
                on_device(scores, k),
                on_device({n: torch.tensor(x) for n, x in scores.items()}, k),
            ):
                assert all(np.array_equal(ours[n], np.asarray(theirs[n])) for n in scores)
