"""A set as a block: the projection half of a split x − z = 0, z ∈ S.

    argmin_{z ∈ S} −⟨λ, z⟩ + ρ/2 ‖−z + offset‖²  =  Π_S(offset + λ/ρ)

Cost 0, image = −z, point = z. It needs a pull: prices alone have no minimizer over most sets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lagrange.blocks import Response
from lagrange.queries import Quadratic
from lagrange.sets.base import Set, VectorSet
from lagrange.vectors import Vector, add_scaled, first_bad_row, restrict, scale


@dataclass(frozen=True)
class Each:
    """A set of vectors made of one set per row."""

    sets: Mapping[str, Set]

    def project(self, v: Vector) -> Vector:
        return {name: each.project(v[name]) for name, each in self.sets.items()}

    def contains(self, v: Vector) -> bool:
        return all(each.contains(v[name]) for name, each in self.sets.items())


@dataclass(frozen=True)
class SetBlock:
    """z ∈ ``members``, a set of vectors over ``rows``. Exact if the set's projection is."""

    members: VectorSet
    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("a set block needs at least one row, got none")

    @classmethod
    def per_row(cls, sets: Mapping[str, Set]) -> "SetBlock":
        """One set for each row, on its own."""
        return cls(Each(dict(sets)), tuple(sets))

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        v = add_scaled(
            restrict(query.offset, self.rows), 1.0 / query.rho, restrict(price, self.rows)
        )
        bad = first_bad_row(v)
        if bad is not None:
            raise ValueError(f"the prices or the pull of row {bad!r} hold a NaN or an infinity")
        return self.nearest(v)

    def nearest(self, v: Vector) -> Response:
        """The response at the projection of v: where to start from."""
        z = self.members.project(v)
        return Response(scale(-1.0, z), 0.0, -math.inf, z)
