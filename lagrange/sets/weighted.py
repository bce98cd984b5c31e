"""Cardinality in a diagonal metric: the entries with the largest w v² are kept.

    argmin_z  Σ w (v − z)²   over z with at most k nonzero entries

The weights say what an entry is worth: mean squared gradients (Fisher), the second moment of Adam, a
scale a layer. Where a weight is 0 any value is equally near and 0 is taken unless places are left.
Ties are broken by position, as in ``sparsity``.

Order: w v² in doubles, exact for single precision but for one rounding; where squares of doubles could
leave their range, √w |v|.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, StoredVectorSet, distance_between, same_settings
from lagrange.sets.config import register
from lagrange.sets.keys import weighted
from lagrange.sets.selection import keep_largest, largest
from lagrange.sets.size import Size
from lagrange.sets.sparsity import NAME, GlobalCardinality, nonzeros, require_budget
from lagrange.vectors import Array, Vector


@register
@dataclass(frozen=True, eq=False)
class WeightedCardinality(StoredSet):
    """{v : at most k nonzero entries} in the metric of ``weight`` ≥ 0, of v's shape."""

    k: int
    weight: Array

    def __post_init__(self) -> None:
        require_budget(self.k)
        _require_weight(self.weight, NAME)

    def __eq__(self, other: object) -> bool:
        return same_settings(self, other)

    def __hash__(self) -> int:
        return hash((type(self), self.k))

    def project(self, v: Array) -> Array:
        arrays.require_floats(v, f"an array on {self.k} weighted entries")
        return self._named().project({NAME: v})[NAME]

    def contains(self, v: Array) -> bool:
        arrays.require_floats(v)
        return nonzeros(v) <= self.k and arrays.is_finite(v)

    def distance(self, v: Array) -> float:
        """√Σ w (v − Π(v))²."""
        return self._named().distance({NAME: v})

    def size(self, v: Array) -> Size:
        return self._named().size({NAME: v})

    def _named(self) -> "GlobalWeightedCardinality":
        return GlobalWeightedCardinality(self.k, {NAME: self.weight})


@register
@dataclass(frozen=True, eq=False)
class GlobalWeightedCardinality(StoredVectorSet):
    """{named arrays : at most k nonzero entries in all} in a diagonal metric.

    weights: for each name an array of that shape, or one number for all of its entries.
    """

    k: int
    weights: Mapping[str, Array | float]

    def __post_init__(self) -> None:
        require_budget(self.k)
        for name, weight in self.weights.items():
            _require_weight(weight, name)

    def __eq__(self, other: object) -> bool:
        return same_settings(self, other)

    def __hash__(self) -> int:
        return hash((type(self), self.k))

    def project(self, v: Vector) -> Vector:
        arrays.require_vector(v)
        weights = self._weights(v)
        for name, array in v.items():
            arrays.require_finite(array, f"{name!r} on {self.k} weighted entries")
        if all(arrays.on_host(array) for array in v.values()):
            return keep_largest(v, self.k, weighted(v, weights))
        scores = {n: a.double() ** 2 * a.double().new_tensor(weights[n]) for n, a in v.items()}
        masks = largest(scores, self.k)
        return {name: array * masks[name] for name, array in v.items()}

    def contains(self, v: Vector) -> bool:
        return GlobalCardinality(self.k).contains(v)

    def distance(self, v: Vector) -> float:
        """√Σ w (v − Π(v))² over all arrays together."""
        return distance_between(v, self.project(v), self._weights(v))

    def size(self, v: Vector) -> Size:
        return GlobalCardinality(self.k).size(v)

    def _weights(self, v: Vector) -> dict[str, Any]:
        """Of the arrays of v, as numpy arrays or numbers."""
        found: dict[str, Any] = {}
        for name, array in v.items():
            if name not in self.weights:
                raise ValueError(f"there is no weight for {name!r}, only for {list(self.weights)}")
            weight = _plain(self.weights[name])
            if np.ndim(weight) and tuple(weight.shape) != tuple(array.shape):
                raise ValueError(
                    f"the weight of {name!r} has shape {tuple(weight.shape)}, the array "
                    f"{tuple(array.shape)}: they must agree"
                )
            found[name] = weight
        return found


def _plain(weight: Array | float) -> Any:
    return arrays.numbers(weight) if hasattr(weight, "shape") else float(cast("float", weight))


def _require_weight(weight: Array | float, name: str) -> None:
    plain = np.asarray(_plain(weight))
    if plain.size and not (np.isfinite(plain).all() and (plain >= 0).all()):
        raise ValueError(f"the weights of {name!r} must be finite and ≥ 0, got {plain.min()}")
