"""Exact selection of the k largest of many nonnegative scores, across arrays, without a sort.

On the host the threshold is searched by counting keys (``keys``): a random sample brackets it, one
pass counts the keys above the bracket and collects those inside (about 1 %), and the threshold is
found among these. If the sample misled, or if too many keys lie inside (ties), histograms of 2^16
bins narrow the bracket instead: at most two passes for single precision, four for double. The answer
does not depend on the sample; extra memory is at most an eighth of the data.

On other devices the threshold comes from ``topk`` of each array.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.keys import Keys, magnitudes
from lagrange.vectors import Array, Vector

SAMPLE = 1 << 15  # keys drawn, at most, to bracket the threshold
SHARE = 32  # one in so many is drawn: of few keys few, so that the time stays linear
SMALL = 1 << 13  # up to here all keys are collected at once
ROOM = 1 << 16  # so many keys may always be collected
BIN_BITS = 16
DEVIATIONS = 5.0  # of the sample's rank: the bracket misses once in a million


@dataclass(frozen=True)
class Bracket:
    """Keys from ``low`` to ``high``: ``inside`` of them, ``above`` keys are larger."""

    low: int
    high: int
    above: int
    inside: int


@dataclass(frozen=True)
class Cut:
    """All keys above ``key`` are selected, and the first ``ties`` of the ``equal`` that equal it."""

    key: int
    ties: int
    equal: int


def largest(scores: Vector, k: int) -> Vector:
    """Boolean masks of exactly min(k, size) entries with the largest scores ≥ 0.

    Ties at the threshold are broken by position: earlier arrays first, then row-major order.
    """
    if not all(arrays.on_host(s) for s in scores.values()):
        return _largest_on_device(scores, k)
    keys = magnitudes(scores)
    chosen = cut(keys, k)
    left = chosen.ties
    masks: dict[str, Array] = {}
    for part, (name, s) in zip(keys, scores.items(), strict=True):
        mask = arrays.empty_like(s != s)
        left = _select(part, chosen, left, None, arrays.numbers(mask).reshape(-1))
        masks[name] = mask
    return masks


def keep_largest(v: Vector, k: int, keys: Sequence[Keys] | None = None) -> Vector:
    """v with zeros in place of all but the k entries of largest magnitude (or largest key).

    Ties are broken as in ``largest``. keys: on the host only, one an array of v.
    """
    if not all(arrays.on_host(array) for array in v.values()):
        masks = _largest_on_device({name: abs(array) for name, array in v.items()}, k)
        return {name: array * masks[name] for name, array in v.items()}
    flats = {name: arrays.flat(array) for name, array in v.items()}
    parts = magnitudes(flats) if keys is None else keys
    return keep_cut(v, flats, parts, cut(parts, k))


def keep_cut(
    v: Vector, flats: Vector, parts: Sequence[Keys], chosen: Cut, ties: Sequence[int] | None = None
) -> Vector:
    """v with zeros in place of what the cut does not select.

    flats: the arrays of v, flat; where that took a copy, the copy becomes the answer.
    ties: how many to keep in each array, the first; None for the first of all.
    """
    kept: dict[str, Array] = {}
    left = chosen.ties
    for at, (part, (name, array)) in enumerate(zip(parts, v.items(), strict=True)):
        fresh = arrays.is_contiguous(array)
        answer = arrays.empty_like(array) if fresh else flats[name].reshape(array.shape)
        target = arrays.bits(arrays.flat(answer))
        before = left if ties is None else ties[at]
        left = _select(part, chosen, before, arrays.bits(flats[name]), target)
        kept[name] = answer
    return kept


def cut(parts: Sequence[Keys], k: int) -> Cut:
    """Where the k largest keys end; refuses keys of NaN and infinity."""
    total = sum(part.size for part in parts)
    if not parts or total == 0:
        return Cut(0, 0, 0)
    low, high = _guess(parts, min(k, total), total)
    cap = max(ROOM, total // 8)
    above, inside, found = _tally(parts, low, high, cap)
    k = min(k, total)
    if above >= k:
        bracket, found = Bracket(high + 1, _top(parts), 0, above), None
    elif above + inside < k:
        bracket, found = Bracket(0, low - 1, above + inside, total - above - inside), None
    else:
        bracket = Bracket(low, high, above, inside)
    while bracket.low < bracket.high:
        if found is not None:
            return _among(found, bracket.above, k)
        if bracket.inside <= cap:
            *_, found = _tally(parts, bracket.low, bracket.high, cap)
        else:
            bracket = descend(bracket, histogram(parts, bracket), k)
    return Cut(bracket.low, k - bracket.above, bracket.inside)


def histogram(parts: Sequence[Keys], bracket: Bracket) -> Any:
    """How many keys lie in each of at most 2^16 equal bins of the bracket."""
    shift = _shift(bracket)
    counts = np.zeros(((bracket.high - bracket.low) >> shift) + 1, np.int64)
    for part in parts:
        buffer = _buffer(part)
        for piece in arrays.chunks(part.size):
            keys = part.of(piece, buffer)
            inside = keys[(keys >= bracket.low) & (keys <= bracket.high)]
            if inside.size:
                counts += np.bincount((inside - bracket.low) >> shift, minlength=counts.size)
    return counts


def descend(bracket: Bracket, counts: Any, k: int) -> Bracket:
    """The bin of the bracket's histogram in which the k-th largest key lies."""
    shift = _shift(bracket)
    reached = bracket.above + np.cumsum(counts[::-1])  # keys from each bin on, the top bin first
    at = int(np.searchsorted(reached, k))
    bin_ = counts.size - 1 - at
    low = bracket.low + (bin_ << shift)
    high = min(bracket.high, low + (1 << shift) - 1)
    return Bracket(low, high, int(reached[at - 1]) if at else bracket.above, int(counts[bin_]))


def select(keys: Any, chosen: Cut, left: int, mask: Any) -> int:
    """Fills the mask of a piece; ``left``: how many ties may still be taken. Returns what remains."""
    if chosen.ties == chosen.equal:
        np.greater_equal(keys, chosen.key, out=mask)
        return left
    np.greater(keys, chosen.key, out=mask)
    if left:
        equal = np.flatnonzero(keys == chosen.key)[:left]
        mask[equal] = True
        left -= equal.size
    return left


def _select(part: Keys, chosen: Cut, left: int, bits: Any, out: Any) -> int:
    """Writes the mask of a part, or its bits where the mask holds and 0 elsewhere, into ``out``."""
    buffer, mask = _buffer(part), np.empty(min(part.size, arrays.CHUNK), bool)
    for piece in arrays.chunks(part.size):
        room = mask[: piece.stop - piece.start]
        left = select(part.of(piece, buffer), chosen, left, room)
        if bits is None:
            out[piece] = room
        else:
            np.multiply(bits[piece], room, out=out[piece])
    return left


def _guess(parts: Sequence[Keys], k: int, total: int) -> tuple[int, int]:
    """A range of keys that most likely holds the k-th largest, by a sample of fixed seed."""
    if total <= SMALL:
        return 0, _top(parts)
    draw, done, size, most = np.random.default_rng(0), 0, 0, min(SAMPLE, total // SHARE)
    drawn: list[Any] = []
    for part in parts:  # each by its share of all
        done += part.size
        count = most * done // total - size
        size += count
        if count:
            drawn.append(part.at(draw.integers(part.size, size=count)))
    sample = np.concatenate(drawn)
    share = k / total
    spread = DEVIATIONS * (math.sqrt(most * share * (1 - share)) + 1)
    first, last = math.floor(most * share - spread), math.ceil(most * share + spread)
    first, last = most - 1 - first, most - 1 - last
    sample.partition([at for at in (first, last) if 0 <= at < most])
    high = int(sample[first]) if first < most else _top(parts)
    low = int(sample[last]) if last >= 0 else 0
    return min(low, _top(parts)), min(high, _top(parts))  # a NaN may have been drawn


def _tally(parts: Sequence[Keys], low: int, high: int, cap: int) -> tuple[int, int, Any]:
    """Keys above ``high``, keys from ``low`` to ``high``, and these themselves if at most ``cap``."""
    above = inside = 0
    found: list[Any] | None = [] if low < high else None
    for part in parts:
        buffer, mask = _buffer(part), np.empty(min(part.size, arrays.CHUNK), bool)
        for piece in arrays.chunks(part.size):
            keys = part.of(piece, buffer)
            if keys.max() >= part.limit:
                raise ValueError(
                    f"cannot select the largest entries of {part.name!r}: NaN or infinity in it"
                )
            room = mask[: keys.size]
            above += int(np.count_nonzero(np.greater(keys, high, out=room)))
            # one comparison for both ends: below low the difference wraps around to a huge number
            offsets = np.subtract(keys, low, out=keys).view(f"u{keys.itemsize}")
            hits = int(np.count_nonzero(np.less_equal(offsets, high - low, out=room)))
            inside += hits
            if inside > cap:
                found = None
            if found is not None and hits:
                found.append(keys[room] + low)
    return (
        above,
        inside,
        None if found is None else np.concatenate(found or [np.zeros(0, np.int64)]),
    )


def _among(found: Any, above: int, k: int) -> Cut:
    """The cut, given all keys of the bracket that holds it."""
    at = found.size - (k - above)
    found.partition(at)
    key = found[at]
    ties = k - above - int(np.count_nonzero(found[at:] > key))
    return Cut(int(key), ties, int(np.count_nonzero(found == key)))


def _top(parts: Sequence[Keys]) -> int:
    return parts[0].limit - 1


def _shift(bracket: Bracket) -> int:
    return max(0, (bracket.high - bracket.low).bit_length() - BIN_BITS)


def _buffer(part: Keys) -> Any:
    """Room for the keys of a piece."""
    return np.empty(min(part.size, arrays.CHUNK), f"i{part.limit.bit_length() // 8 + 1}")


def _largest_on_device(scores: Vector, k: int) -> Vector:
    for name, s in scores.items():
        if bool(((s != s) | (s == math.inf)).any()):
            raise ValueError(
                f"cannot select the largest entries of {name!r}: NaN or infinity in it"
            )
    flat = [s.ravel() for s in scores.values()]
    if k >= sum(int(f.shape[0]) for f in flat):
        return {name: s == s for name, s in scores.items()}
    # an entry among the k largest of all is among the k largest of its own array
    threshold = top(joined([top(f, k) for f in flat]), k).min()
    masks = {name: s > threshold for name, s in scores.items()}
    missing = k - sum(int(mask.sum()) for mask in masks.values())
    for name, s in scores.items():
        ties = (s == threshold).ravel()
        first = ties & (ties.cumsum(0) <= missing)
        masks[name] = masks[name] | first.reshape(s.shape)
        missing -= int(first.sum())
    return masks


def top(flat: Array, k: int) -> Array:
    """The min(k, n) largest entries of a flat array (n,), in any order."""
    n = int(flat.shape[0])
    if k >= n:
        return flat
    if isinstance(flat, np.ndarray):
        part: Array = np.partition(cast("Array", flat), n - k)
        return part[n - k :]
    return flat.topk(k, sorted=False).values


def joined(flats: Sequence[Array]) -> Array:
    """Flat arrays one after the other, in the library and on the device of the first."""
    if len(flats) == 1:
        return flats[0]
    if isinstance(flats[0], np.ndarray):
        return np.concatenate(flats)
    all_ = flats[0].new_empty(sum(int(f.shape[0]) for f in flats))
    at = 0
    for f in flats:
        all_[at : at + f.shape[0]] = f
        at += int(f.shape[0])
    return all_
