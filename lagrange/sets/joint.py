"""Sparse and quantized at once: one projection, not one after the other.

    SparseQuantized(k, grid)         at most k nonzero entries, and these a member of the grid
    GlobalSparseQuantized(k, grid)   the same with one budget across named arrays

A level q gains G = v² − (v − q)² over zero. With given levels the k entries of largest gain are kept,
if their gain is positive. With levels ±q that are the same for all entries G grows with |v| whatever
the scale, so the k largest magnitudes are kept and the grid, with zero added to its levels, is fitted
to them: exact with a free scale too. A learned codebook is found by dynamic programming. ``exact`` is
False for grids that are not exact themselves and for the two cases with a local search (support and
levels in turn from the k largest magnitudes, until neither changes): an asymmetric grid with a free
step, and free scales in several arrays under one budget.

Ties keep the earlier entry, in row-major order and the order of the mapping.
"""

import math
from dataclasses import dataclass

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, StoredVectorSet
from lagrange.sets.clusters import Clusters, Sorted
from lagrange.sets.codebook import Learned
from lagrange.sets.config import register
from lagrange.sets.levels import Family, Fixed, Shifted, normalized
from lagrange.sets.nearest import PRECISIONS, Floats, Mask, Precision, nearest, precision
from lagrange.sets.powers import Powers
from lagrange.sets.quantized import Quantized
from lagrange.sets.size import Size, index_bits
from lagrange.sets.sparsity import nonzeros, require_budget
from lagrange.vectors import Array, Vector

ROUNDS = 100  # of a local search; it ends by itself, as the error falls


@register
@dataclass(frozen=True)
class SparseQuantized(StoredSet):
    """At most k nonzero entries, the nonzero ones together a member of ``grid``.

    grid : a quantized set with one row; whether zero is a level of its own does not matter
    """

    k: int
    grid: Quantized

    def __post_init__(self) -> None:
        require_budget(self.k)
        require_one_row(self.grid)

    @property
    def exact(self) -> bool:
        """Whether ``project`` gives a nearest member; otherwise one that no half-step improves."""
        return self.grid.exact and not isinstance(self.grid.family(), Shifted)

    def project(self, v: Array) -> Array:
        arrays.require_finite(v, "the array on a SparseQuantized")
        x, p = arrays.doubles(v), precision(v)
        values = sparse_values(self.grid.family(), x.ravel(), self.k, p)
        return arrays.like(v, values.reshape(x.shape))

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        if not arrays.is_finite(v) or nonzeros(v) > self.k:
            return False
        x = arrays.doubles(v)
        return self.grid.family().holds(x[x != 0], precision(v))

    def size(self, v: Array) -> Size:
        kept = v[v != 0][: self.k]
        indices = index_bits(math.prod(kept.shape), math.prod(v.shape))
        return self.grid.size(kept) + Size(0, indices)


@register
@dataclass(frozen=True)
class GlobalSparseQuantized(StoredVectorSet):
    """Named arrays with at most k nonzero entries in all, those of each array a member of ``grid``."""

    k: int
    grid: Quantized

    def __post_init__(self) -> None:
        require_budget(self.k)
        require_one_row(self.grid)

    @property
    def exact(self) -> bool:
        """True for given levels; with free ones support and levels are searched in turn."""
        return given_levels(self.grid.family(), PRECISIONS["float64"]) is not None

    def project(self, v: Vector) -> Vector:
        arrays.require_vector(v)
        for name, array in v.items():
            arrays.require_finite(array, f"{name!r} on a GlobalSparseQuantized")
        if self.contains(v):
            return {name: arrays.copy(array) for name, array in v.items()}
        family = self.grid.family()
        xs = {name: arrays.doubles(array) for name, array in v.items()}
        ps = {name: precision(array) for name, array in v.items()}
        flats = {name: x.ravel() for name, x in xs.items()}
        given = {name: given_levels(family, p) for name, p in ps.items()}
        known = {name: levels for name, levels in given.items() if levels is not None}
        levels = known if len(known) == len(v) else _searched(family, flats, ps, self.k)
        kept = _kept(flats, levels, self.k)
        return {name: arrays.like(v[name], kept[name].reshape(xs[name].shape)) for name in v}

    def contains(self, v: Vector) -> bool:
        arrays.require_vector(v)
        if not all(arrays.is_finite(array) for array in v.values()):
            return False
        if sum(nonzeros(array) for array in v.values()) > self.k:
            return False
        family, p = self.grid.family(), {name: precision(array) for name, array in v.items()}
        xs = {name: arrays.doubles(array) for name, array in v.items()}
        return all(family.holds(x[x != 0], p[name]) for name, x in xs.items())

    def size(self, v: Vector) -> Size:
        total, count, left, entries = Size(0), 0, self.k, 0
        for array in v.values():
            kept = array[array != 0][:left]
            left -= math.prod(kept.shape)
            count += math.prod(kept.shape)
            entries += math.prod(array.shape)
            total = total + self.grid.size(kept)
        return total + Size(0, index_bits(count, entries))


def require_one_row(grid: Quantized) -> None:
    """Refuses grids with an axis: the nonzero entries of an array have none."""
    if grid.rows_along() is not None:
        raise ValueError(f"a sparse grid has one row, so axis must be None; got {grid}")


def sparse_values(family: Family, x: Floats, k: int, p: Precision) -> Floats:
    """The projection of flat x (n,) on at most k nonzeros in the family."""
    if np.count_nonzero(x) <= k and family.holds(x[x != 0], p):
        return x.copy()
    given = given_levels(family, p)
    if given is not None:
        return _kept({"": x}, {"": given}, k)[""]
    if isinstance(family, Learned):
        return _kept({"": x}, {"": _learned_levels(family, x, k, p)}, k)[""]
    if isinstance(family, Shifted):
        return _kept({"": x}, _searched(family, {"": x}, {"": p}, k), k)[""]
    support = largest_entries({"": abs(x)}, k)[""]
    values = np.zeros_like(x)
    values[support] = family.with_zero().values(x[support], p)
    return values


def given_levels(family: Family, p: Precision) -> Floats | None:
    """The levels and zero, if they are given and not chosen by the projection."""
    if isinstance(family, Fixed):
        return family.with_zero().rounded(p)
    if isinstance(family, Powers) and family.highest is not None:
        return family.levels(family.highest, p)
    return None


def largest_entries(scores: dict[str, Floats], k: int) -> dict[str, Mask]:
    """Masks of the k largest scores over all arrays; ties to the earlier ones."""
    joined = np.concatenate([*scores.values(), np.zeros(0)])
    chosen = np.zeros(joined.size, bool)
    if k >= joined.size:
        chosen[:] = True
    else:
        threshold = np.partition(joined, joined.size - k)[joined.size - k]
        chosen = joined > threshold
        ties = np.flatnonzero(joined == threshold)
        chosen[ties[: k - np.count_nonzero(chosen)]] = True
    parts = np.split(chosen, np.cumsum([s.size for s in scores.values()])[:-1])
    return dict(zip(scores, parts, strict=True))


def _kept(x: dict[str, Floats], levels: dict[str, Floats], k: int) -> dict[str, Floats]:
    """The k best entries at their nearest levels, zero among the levels; the others zero."""
    values = {name: nearest(x[name], levels[name]) for name in x}
    top = max((float(abs(a).max(initial=0.0)) for a in (*x.values(), *values.values())), default=0)
    power = math.frexp(top)[
        1
    ]  # gains of squares: neither overflow nor, where it matters, underflow
    gains = dict[str, Floats]()
    for name in x:
        unit, q = np.ldexp(x[name], -power), np.ldexp(values[name], -power)
        symmetric = np.array_equal(levels[name], -levels[name][::-1]) and len(x) == 1
        # the same order, and free of rounding
        gains[name] = np.where(q != 0, abs(unit) if symmetric else q * (2 * unit - q), 0.0)
    chosen = largest_entries(gains, k)
    return {name: np.where(chosen[name], values[name], 0.0) for name in x}


def _learned_levels(family: Learned, x: Floats, k: int, p: Precision) -> Floats:
    unit, power = normalized(x)
    points = Sorted.of(unit, merged=False)  # of equal entries some may be kept
    centers = Clusters(points, family.count).centers(True, max(x.size - k, 0))
    return np.unique(p.round(np.ldexp(centers, power)))


def _searched(
    family: Family, x: dict[str, Floats], p: dict[str, Precision], k: int
) -> dict[str, Floats]:
    """Levels for each array by turns: fit the levels to the support, choose the support by gain."""
    support = largest_entries({name: abs(a) for name, a in x.items()}, k)
    best, error = dict[str, Floats](), math.inf
    top = max(float(abs(a).max(initial=0.0)) for a in x.values())
    power = math.frexp(top)[1]
    for _ in range(ROUNDS):
        levels = {n: _levels_of(family, x[n][support[n]], p[n]) for n in x}
        values = _kept(x, levels, k)
        now = math.fsum(float(np.sum(np.ldexp(x[n] - values[n], -power) ** 2)) for n in x)
        if now >= error:
            break
        best, error = levels, now
        support = {n: values[n] != 0 for n in x}
    return best


def _levels_of(family: Family, x: Floats, p: Precision) -> Floats:
    """The distinct values that the family fits to x, and zero."""
    return np.union1d(family.with_zero().values(x, p), [0.0])
