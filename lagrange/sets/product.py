"""Sets of named arrays made of one set for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lagrange.sets import arrays
from lagrange.sets.base import StoredSet, StoredVectorSet
from lagrange.sets.config import register
from lagrange.sets.size import Size
from lagrange.vectors import Vector


@register
@dataclass(frozen=True)
class PerTensor(StoredVectorSet):
    """{named arrays : each in its own set}: what is projected is each array on its own."""

    sets: Mapping[str, StoredSet] = field(hash=False)

    def __post_init__(self) -> None:
        if not self.sets:
            raise ValueError("a product needs at least one named set, got none")

    def project(self, v: Vector) -> Vector:
        self._require_names(v)
        projected: Vector = {}
        for name, array in v.items():
            try:
                projected[name] = self.sets[name].project(array)
            except ValueError as error:
                raise ValueError(f"array {name!r}: {error}") from error
        return projected

    def contains(self, v: Vector) -> bool:
        self._require_names(v)
        return all(self.sets[name].contains(array) for name, array in v.items())

    def size(self, v: Vector) -> Size:
        self._require_names(v)
        return sum((self.sets[name].size(a) for name, a in v.items()), start=Size(0))

    def _require_names(self, v: Vector) -> None:
        arrays.require_vector(v)
        if set(v) != set(self.sets):
            raise ValueError(f"the sets are for {sorted(self.sets)}, the arrays are {sorted(v)}")
