"""Sparsity with a structure: blocks, slices (rows, columns, filters, channels, kernels), tied groups.

All keep the groups of largest Euclidean norm. That is exact because the groups do not overlap; for
rows and columns at once no such rule is. Among equal norms the earlier groups are kept.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, StoredVectorSet
from lagrange.sets.config import register
from lagrange.sets.groups import keep_groups, masked, occupied, scores, spread
from lagrange.sets.selection import largest
from lagrange.sets.size import Size, index_bits, is_whole, number_bits
from lagrange.sets.sparsity import require_budget
from lagrange.vectors import Array, Vector


@register
@dataclass(frozen=True)
class BlockSparsity(StoredSet):
    """{v : at most k nonzero blocks}. ``block`` is the shape of a block on the last axes, which it must
    divide; on the axes before, a block is one index wide.
    """

    k: int
    block: tuple[int, ...]

    def __post_init__(self) -> None:
        require_budget(self.k)
        if not self.block or any(not is_whole(side) or side < 1 for side in self.block):
            raise ValueError(f"block must be whole numbers ≥ 1, one an axis, got {self.block}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        shape, kept = self._tiles(v)
        tiles = arrays.numbers(v).reshape(shape)
        mask = keep_groups(tiles, kept, self.k)
        full = np.broadcast_to(spread(mask, len(shape), kept), shape).reshape(tuple(v.shape))
        return masked(v, full)

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return self._occupied(v) <= self.k and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        shape, kept = self._tiles(v)
        count = self._occupied(v)
        values = count * math.prod(self.block) * number_bits(v.dtype)
        return Size(values, index_bits(count, math.prod(shape[axis] for axis in kept)))

    def _occupied(self, v: Array) -> int:
        shape, kept = self._tiles(v)
        return int(occupied(arrays.numbers(v).reshape(shape), kept).sum())

    def _tiles(self, v: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shape with each blocked axis split in two, and the axes that number the blocks."""
        lead = len(v.shape) - len(self.block)
        sides = tuple(v.shape)[max(lead, 0) :]
        if lead < 0 or any(n % side for n, side in zip(sides, self.block, strict=True)):
            raise ValueError(
                f"blocks of shape {self.block} must tile the last axes of an array, "
                f"got the shape {tuple(v.shape)}"
            )
        pairs = [(n // side, side) for n, side in zip(sides, self.block, strict=True)]
        shape = (*v.shape[:lead], *(number for pair in pairs for number in pair))
        return shape, (*range(lead), *range(lead, len(shape), 2))


@register
@dataclass(frozen=True)
class ChannelSparsity(StoredSet):
    """{v : at most k nonzero slices}, a slice being what the indices on ``axes`` leave.

    Of a weight (out, in, height, width): axes (1,) are input channels, (0,) filters, (0, 1) kernels.
    """

    k: int
    axes: tuple[int, ...] = (1,)

    def __post_init__(self) -> None:
        require_budget(self.k)
        if any(axis < 0 for axis in self.axes) or sorted(set(self.axes)) != list(self.axes):
            raise ValueError(f"axes must be distinct, ≥ 0 and in order, got {self.axes}")

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, f"an array on {self}")
        self._require_axes(v)
        mask = keep_groups(v, self.axes, self.k)
        return masked(v, spread(mask, len(v.shape), self.axes))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return self._occupied(v) <= self.k and arrays.is_finite(v)

    def size(self, v: Array) -> Size:
        count, slices = self._occupied(v), math.prod(v.shape[axis] for axis in self.axes)
        each = math.prod(v.shape) // max(1, slices)
        return Size(count * each * number_bits(v.dtype), index_bits(count, slices))

    def _occupied(self, v: Array) -> int:
        self._require_axes(v)
        return int(occupied(arrays.numbers(v), self.axes).sum())

    def _require_axes(self, v: Array) -> None:
        if any(axis >= len(v.shape) for axis in self.axes):
            raise ValueError(f"axes {self.axes} need more axes than the shape {tuple(v.shape)} has")


def rows(k: int) -> ChannelSparsity:
    """At most k nonzero rows of a matrix."""
    return ChannelSparsity(k, (0,))


def columns(k: int) -> ChannelSparsity:
    """At most k nonzero columns of a matrix."""
    return ChannelSparsity(k, (1,))


def filters(k: int) -> ChannelSparsity:
    """At most k nonzero filters of a weight (out, in, …)."""
    return ChannelSparsity(k, (0,))


def kernels(k: int) -> ChannelSparsity:
    """At most k nonzero kernels of a weight (out, in, …)."""
    return ChannelSparsity(k, (0, 1))


@register
@dataclass(frozen=True)
class GroupCardinality(StoredVectorSet):
    """{named arrays : at most k nonzero groups in all}, groups tied over several arrays.

    families: each maps names to an axis; group i of the family is slice i along that axis of all of its
    arrays together (a filter, its bias, and the channel of the next layer that reads it). An array
    belongs to one family at most, for groups that overlap have no exact rule; arrays of none are left
    as they are.
    """

    k: int
    families: tuple[Mapping[str, int], ...]

    def __post_init__(self) -> None:
        require_budget(self.k)
        names = [name for family in self.families for name in family]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"groups must not overlap, but {twice} stand in several families")
        if any(not family for family in self.families):
            raise ValueError("a family of groups needs at least one array, got an empty one")

    def project(self, v: Vector) -> Vector:
        arrays.require_vector(v)
        for name, array in v.items():
            arrays.require_finite(array, f"{name!r} on {self.k} groups")
        kept = self._axes(v)
        each, squared = scores({name: arrays.numbers(v[name]) for name in kept}, kept)
        together = np.add if squared else np.hypot
        totals = [together.reduce([each[name] for name in family]) for family in self.families]
        masks = largest({str(i): total for i, total in enumerate(totals)}, self.k)
        chosen = {name: masks[str(i)] for i, family in enumerate(self.families) for name in family}
        return {
            name: masked(a, spread(chosen[name], len(a.shape), kept[name]))
            if name in kept
            else arrays.copy(a)
            for name, a in v.items()
        }

    def contains(self, v: Vector) -> bool:
        arrays.require_vector(v)
        taken = sum(int(mask.sum()) for mask in self._occupied(v))
        return taken <= self.k and all(arrays.is_finite(array) for array in v.values())

    def size(self, v: Vector) -> Size:
        masks = self._occupied(v)
        families = list(zip(self.families, masks, strict=True))
        each = {name: int(mask.sum()) / max(1, mask.size) for f, mask in families for name in f}
        values = sum(
            round(each.get(name, 1.0) * math.prod(a.shape)) * number_bits(a.dtype)
            for name, a in v.items()
        )
        count, total = sum(int(m.sum()) for m in masks), sum(int(m.size) for m in masks)
        return Size(values, index_bits(count, total))

    def _occupied(self, v: Vector) -> list[Any]:
        """For each family, which of its groups hold a number that is not 0."""
        kept = self._axes(v)
        return [
            np.logical_or.reduce([occupied(arrays.numbers(v[n]), kept[n]) for n in family])
            for family in self.families
        ]

    def _axes(self, v: Vector) -> dict[str, tuple[int, ...]]:
        kept: dict[str, tuple[int, ...]] = {}
        for family in self.families:
            lengths: dict[str, int] = {}
            for name, axis in family.items():
                if name not in v or not 0 <= axis < len(v[name].shape):
                    shapes = {n: tuple(a.shape) for n, a in v.items()}
                    raise ValueError(f"groups need axis {axis} of {name!r}, got arrays {shapes}")
                lengths[name] = int(v[name].shape[axis])
                kept[name] = (axis,)
            if len(set(lengths.values())) > 1:
                raise ValueError(f"tied arrays must have as many slices each, got {lengths}")
        return kept
