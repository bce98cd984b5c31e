"""What a set is: a projection and a membership test.

``Set`` speaks of one array, ``VectorSet`` of a mapping of named arrays (one budget across tensors).
That is all a block needs. The sets of this package tell besides how far a point is from them and how
many bits a member takes (``StoredSet``, ``StoredVectorSet``).
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.size import Size
from lagrange.vectors import Array, Vector


class Set(Protocol):
    """A closed set of arrays of one shape."""

    def project(self, v: Array) -> Array:
        """A nearest member, as a fresh array; deterministic where there are several."""
        ...

    def contains(self, v: Array) -> bool:
        """Exact membership, no tolerance."""
        ...


class VectorSet(Protocol):
    """A closed set of vectors (named arrays)."""

    def project(self, v: Vector) -> Vector: ...

    def contains(self, v: Vector) -> bool: ...


class StoredSet(Set, Protocol):
    """A set of arrays that knows how its members are stored.

    Sets with a curved or slanted boundary (balls, simplex, rank, equations) have no floats exactly on
    it: they contain what is on it up to rounding in the array's precision, and say so.
    """

    def distance(self, v: Array) -> float:
        """‖v − Π(v)‖."""
        return distance_between({"": v}, {"": self.project(v)})

    def size(self, v: Array) -> Size:
        """Bits of the member v, in its own precision."""
        ...


class StoredVectorSet(VectorSet, Protocol):
    """A set of vectors that knows how its members are stored."""

    def distance(self, v: Vector) -> float:
        """‖v − Π(v)‖ over all arrays together."""
        return distance_between(v, self.project(v))

    def size(self, v: Vector) -> Size:
        """Bits of the member v, each array in its own precision."""
        ...


def same_settings(a: object, b: object) -> bool:
    """Equality of sets that hold arrays: one class, and the same numbers in every field, whichever
    library and type the arrays are of.
    """
    if type(a) is not type(b):
        return False
    fields = [field.name for field in dataclasses.fields(cast("Any", a)) if field.init]
    return all(_same(getattr(a, name), getattr(b, name)) for name in fields)


def _same(x: Any, y: Any) -> bool:
    if isinstance(x, Mapping) and isinstance(y, Mapping):
        xs, ys = cast("Mapping[str, Any]", x), cast("Mapping[str, Any]", y)
        return xs.keys() == ys.keys() and all(_same(xs[name], ys[name]) for name in xs)
    return np.array_equal(_values(x), _values(y))


def _values(x: Any) -> Any:
    return arrays.doubles(x) if np.ndim(x) else x


def distance_between(a: Vector, b: Vector, weights: Mapping[str, Any] | None = None) -> float:
    """√Σ w (a − b)², summed in doubles; huge and tiny differences neither overflow nor vanish.

    weights: numpy arrays of the same shapes, or numbers.
    """
    roots = None if weights is None else {name: np.sqrt(weights[name]) for name in a}
    plain = sum(_square(x) for x in _terms(a, b, roots, 0))
    if 1e-280 < plain < math.inf:
        return math.sqrt(plain)
    # exact powers of two bring the largest term near 1
    top = max((float(np.abs(x).max()) for x in _terms(a, b, roots, 0)), default=0.0)
    if math.isinf(top):
        return math.inf
    power = math.frexp(top)[1]
    scaled = math.sqrt(sum(_square(x) for x in _terms(a, b, roots, power)))
    with np.errstate(over="ignore"):  # a distance beyond the range of doubles is infinite
        return float(np.ldexp(scaled, power))


def _terms(a: Vector, b: Vector, roots: Mapping[str, Any] | None, power: int) -> Iterator[Any]:
    """√w (a − b) / 2^power in doubles, piece by piece; infinite where the difference is."""
    for name in a:
        left, right = arrays.flat(a[name]), arrays.flat(b[name])
        for piece in arrays.chunks(math.prod(a[name].shape)):
            x = _difference(arrays.doubles(left[piece]), arrays.doubles(right[piece]), power)
            if roots is not None:
                root = roots[name]
                x = _weighted(x, root.reshape(-1)[piece] if np.ndim(root) else root)
            yield x


def _difference(x: Any, y: Any, power: int) -> Any:
    with np.errstate(over="ignore"):
        if power > 0:  # the difference may be out of range, its parts are not
            return np.ldexp(x, -power) - np.ldexp(y, -power)
        x -= y
        return np.ldexp(x, -power, out=x) if power else x


def _weighted(x: Any, root: Any) -> Any:
    """x √w, zero where the weight is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(root == 0, 0.0, x * root)


def _square(x: Any) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(x @ x)
