"""Sets in small dimension with their exact squared distance by brute force, in whole numbers and
fractions, and one check of a projection against it.

Points are whole numbers (times a power of two), so the floats are exact and distances are fractions.
What a set is, is written down here once more, without the library: as a rule for which supports are
allowed, or as a search over all faces, blocks or supports on which a minimizer can lie.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from lagrange.sets.affine import Affine
from lagrange.sets.convex import Box, L2Ball, Nonnegative
from lagrange.sets.lattice import IntegerLattice
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM, PatternSparsity, patterns_of
from lagrange.sets.product import PerTensor
from lagrange.sets.rank import LowRank
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.sparsity import Cardinality, GlobalCardinality
from lagrange.sets.structure import BlockSparsity, ChannelSparsity, GroupCardinality, rows
from lagrange.sets.weighted import GlobalWeightedCardinality, WeightedCardinality
from tests.exact.set_distances import (
    EQUATIONS,
    RIGHT,
    Ints,
    affine_distance,
    l1_distance,
    l2_distance,
    monotone_distance,
    rank_one_distance,
    simplex_distance,
)
from tests.exact.set_violations import CONE, FAR, Reference


def on_supports(
    name: str,
    members: Any,
    shapes: Mapping[str, tuple[int, ...]],
    allowed: Callable[[Any], bool],
    weights: Sequence[int] | None = None,
) -> Reference:
    """A set of all points whose support is allowed: ‖v‖² less the most that an allowed one keeps."""
    size = sum(math.prod(s) for s in shapes.values())
    tables = [np.array(bits) for bits in product((0, 1), repeat=size)]
    kept = np.array([bits for bits in tables if allowed(bits)])
    metric = np.array(weights or [1] * size)
    legal = {tuple(bits.tolist()) for bits in kept}

    def squared(row: Ints) -> Fraction:
        energies = metric * np.array(row) ** 2
        return Fraction(int(energies.sum() - (kept @ energies).max()))

    def holds(z: Sequence[float]) -> bool:
        return tuple(int(x != 0) for x in z) in legal

    powers = CONE + FAR
    return Reference(name, members, shapes, squared, holds, weights, powers)


def coordinatewise(name: str, members: Any, nearest: Callable[[Fraction], Fraction]) -> Reference:
    """Each entry on its own; points are quarters."""

    def squared(row: Ints) -> Fraction:
        values = [Fraction(x, 4) for x in row]
        return 16 * sum(((x - nearest(x)) ** 2 for x in values), Fraction(0))

    def holds(z: Sequence[float]) -> bool:
        return all(nearest(Fraction(x)) == Fraction(x) for x in z)

    return Reference(name, members, {"": (2, 2)}, squared, holds, unit=4)


def among(candidates: Callable[[Fraction], Sequence[Fraction]]) -> Callable[[Fraction], Fraction]:
    return lambda x: min(candidates(x), key=lambda c: abs(x - c))


def clipped(low: float, high: float) -> Callable[[Fraction], Fraction]:
    ends = [Fraction(e) for e in (low, high) if math.isfinite(e)]
    return among(lambda x: [*ends, *([x] if low <= x <= high else [])])


def whole(low: int, high: int) -> Callable[[Fraction], Fraction]:
    """The whole numbers near x, moved to an end if they lie beyond it."""
    return among(lambda x: [Fraction(min(max(math.floor(x) + i, low), high)) for i in (0, 1)])


def groups_on(z: Any, *groups: Sequence[int]) -> int:
    return sum(any(z[i] for i in group) for group in groups)


WEIGHTS = [1, 5, 0, 2, 3, 7]
TWO = {"u": (2, 2), "v": (3,)}
LAYERS = {"w": (2, 2), "b": (2,), "f": (1,)}
SQUARE = {"": (2, 4)}
SIX = {"": (6,)}
PATTERNS = patterns_of(2, (2, 2))[:4]


def references() -> list[Reference]:
    found = [
        *(
            on_supports(f"cardinality {k}", Cardinality(k), SIX, lambda z, k=k: z.sum() <= k)
            for k in (1, 3, 6)
        ),
        on_supports("global cardinality", GlobalCardinality(3), TWO, lambda z: z.sum() <= 3),
        on_supports(
            "floors",
            GlobalCardinality(4, {"u": 1, "v": 2}),
            TWO,
            lambda z: max(z[:4].sum(), 1) + max(z[4:].sum(), 2) <= 4,
        ),
        on_supports(
            "weighted",
            WeightedCardinality(2, np.array(WEIGHTS)),
            SIX,
            lambda z: z.sum() <= 2,
            WEIGHTS,
        ),
        on_supports(
            "global weighted",
            GlobalWeightedCardinality(3, {"u": np.array([[1, 4], [9, 2]]), "v": 3.0}),
            TWO,
            lambda z: z.sum() <= 3,
            [1, 4, 9, 2, 3, 3, 3],
        ),
        on_supports(
            "2:4", NM(2, 4), SQUARE, lambda z: bool((z.reshape(2, 4).sum(axis=1) <= 2).all())
        ),
        on_supports(
            "1:2 down",
            NM(1, 2, axis=0),
            SQUARE,
            lambda z: bool((z.reshape(2, 4).sum(0) <= 1).all()),
        ),
        on_supports(
            "2:3 ragged",
            NM(2, 3, ragged=True),
            {"": (8,)},
            lambda z: max(z[:3].sum(), z[3:6].sum(), z[6:].sum()) <= 2,
        ),
        on_supports(
            "blocks",
            BlockSparsity(2, (2, 1)),
            SQUARE,
            lambda z: groups_on(z, (0, 4), (1, 5), (2, 6), (3, 7)) <= 2,
        ),
        on_supports(
            "rows", rows(1), {"": (3, 2)}, lambda z: groups_on(z, (0, 1), (2, 3), (4, 5)) <= 1
        ),
        on_supports(
            "channels",
            ChannelSparsity(1),
            {"": (2, 2, 2)},
            lambda z: groups_on(z, (0, 1, 4, 5), (2, 3, 6, 7)) <= 1,
        ),
        on_supports(
            "patterns",
            PatternSparsity(PATTERNS),
            {"": (2, 2, 2)},
            lambda z: all(
                any(not (k & (1 - np.array(p).reshape(-1))).any() for p in PATTERNS)
                for k in (z[:4], z[4:])
            ),
        ),
        on_supports(
            "tied groups",
            GroupCardinality(1, ({"w": 1, "b": 0}, {"f": 0})),
            LAYERS,
            lambda z: groups_on(z, (0, 2, 4), (1, 3, 5), (6,)) <= 1,
        ),
        on_supports(
            "per tensor",
            PerTensor({"u": Cardinality(1), "v": Cardinality(2)}),
            TWO,
            lambda z: z[:4].sum() <= 1 and z[4:].sum() <= 2,
        ),
        coordinatewise("box", Box(-0.5, 2.0), clipped(-0.5, 2.0)),
        coordinatewise("half line", Box(-math.inf, 0.25), clipped(-math.inf, 0.25)),
        coordinatewise("nonnegative", Nonnegative(), clipped(0, math.inf)),
        coordinatewise("integers", IntegerLattice(), whole(-30, 30)),
        coordinatewise("bounded integers", IntegerLattice(-1, 3), whole(-1, 3)),
    ]
    return [*found, *rounding_references()]


def rounding_references() -> list[Reference]:
    def ref(
        name: str, members: Any, shape: tuple[int, ...], squared: Any, *, cone: bool
    ) -> Reference:
        powers = CONE if cone else (0,)
        return Reference(name, members, {"": shape}, squared, None, None, powers, rounds=True)

    return [
        ref(
            "simplex",
            Simplex(2.0),
            (4,),
            lambda r: simplex_distance([Fraction(x) for x in r], Fraction(2)),
            cone=False,
        ),
        ref("l1 ball", L1Ball(4.0), (2, 2), lambda r: l1_distance(r, 4), cone=False),
        ref("l1 ball of 0", L1Ball(0.0), (2, 2), lambda r: l1_distance(r, 0), cone=False),
        ref("l2 ball", L2Ball(5.0), (2, 2), lambda r: l2_distance(r, 5), cone=False),
        ref(
            "affine",
            Affine(np.array(EQUATIONS), np.array(RIGHT)),
            (4,),
            affine_distance,
            cone=False,
        ),
        ref("increasing", Monotone(), (5,), monotone_distance, cone=True),
        ref("decreasing", Monotone(False), (4,), lambda r: monotone_distance(r, -1), cone=True),
        ref("rank 1", LowRank(1), (2, 3), rank_one_distance, cone=True),
    ]
