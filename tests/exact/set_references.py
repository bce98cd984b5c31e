"""Sets in small dimension with their exact squared distance by brute force, in whole numbers and
fractions, and one check of a projection against it.

Points are whole numbers (times a power of two), so the floats are exact and distances are fractions.
What a set is, is written down here once more, without the library: as a rule for which supports are
allowed, or as a search over all faces, blocks or supports on which a minimizer can lie.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import torch

from lagrange.sets import arrays
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

Ints = list[int]
Project = Callable[[Any], Any]


@dataclass(frozen=True)
class Reference:
    """``squared``: exact squared distance of a point, given as whole numbers in one row, in units of
    1/unit². ``holds``: exact membership of a row of floats (None: up to rounding, not checked here).
    ``weights``: of the metric, whole numbers. ``powers``: of two, to multiply the points with; only
    cones may have others than 0. ``rounds``: distances agree up to rounding.
    """

    name: str
    members: Any
    shapes: Mapping[str, tuple[int, ...]]
    squared: Callable[[Ints], Fraction]
    holds: Callable[[Sequence[float]], bool] | None
    weights: Sequence[int] | None = None
    powers: Sequence[int] = (0,)
    rounds: bool = False
    unit: int = 1

    def given(self, v: Mapping[str, Any]) -> Any:
        return v.get("", v)

    @property
    def size(self) -> int:
        return sum(math.prod(s) for s in self.shapes.values())


CONE = (0, 0, -40, 20)
FAR = (0, 0, 400, -400)  # squares of doubles leave their range


def make(ref: Reference, row: Ints, power: int, kind: int) -> Any:
    """The point as the set wants it; kind: numpy or torch, double or single."""
    parts: dict[str, Any] = {}
    start = 0
    scale = 2.0**power / ref.unit
    for name, shape in ref.shapes.items():
        stop = start + math.prod(shape)
        values = np.array(row[start:stop], dtype=np.float64).reshape(shape) * scale
        single = kind % 2 == 1 and abs(power) < 100
        values = values.astype(np.float32 if single else np.float64)
        parts[name] = torch.from_numpy(values) if kind // 2 % 2 else values
        start = stop
    return ref.given(parts)


def flat(v: Any) -> list[float]:
    parts = v.values() if isinstance(v, Mapping) else (v,)
    return [float(x) for part in parts for x in arrays.numbers(part).reshape(-1).tolist()]


def violations(ref: Reference, project: Project | None = None, count: int = 2000) -> Iterator[str]:
    """What a projection (the set's own if none is given) does wrong on generated points."""
    answer = project or ref.members.project
    rng = np.random.default_rng(len(ref.name))
    for case in range(count):
        reach = (3, 3, 50)[case % 3]  # small ones tie
        row = rng.integers(-reach, reach + 1, size=ref.size).tolist()
        power = ref.powers[case % len(ref.powers)]
        v = make(ref, row, power, case)
        z = answer(v)
        found = _wrong(ref, row, power, v, z)
        if found is None and not _same(answer(z), z):
            found = "a member was moved"
        if found is None and project is None:
            found = _membership(ref, v, z)
        if found is not None:
            yield f"{ref.name}: {row} · 2^{power} was projected on {flat(z)}: {found}"


def _wrong(ref: Reference, row: Ints, power: int, v: Any, z: Any) -> str | None:
    if ref.holds is not None and not ref.holds(flat(z)):
        return "no member"
    best = ref.squared(row) * Fraction(4) ** power / ref.unit**2
    reached = _reached(ref, row, power, flat(v), flat(z))
    if not ref.rounds:
        return None if reached == best else f"squared distance {reached}, the least is {best}"
    eps = Fraction(arrays.precision(v if not isinstance(v, Mapping) else next(iter(v.values()))))
    slack = 16 * eps * (1 + max(best, Fraction(1)) + sum(Fraction(a) ** 2 for a in flat(v)))
    near = abs(reached - best) <= slack
    return None if near else f"squared distance {float(reached)}, the least is {float(best)}"


def _reached(
    ref: Reference, row: Ints, power: int, v: Sequence[float], z: Sequence[float]
) -> Fraction:
    """Σ w (v − z)², exactly."""
    weights = ref.weights or [1] * len(row)
    if all(b in (0.0, a) for a, b in zip(v, z, strict=True)):  # the same in whole numbers: fast
        dropped = sum(w * x * x for w, x, b in zip(weights, row, z, strict=True) if b == 0.0)
        return dropped * Fraction(4) ** power / ref.unit**2
    terms = zip(weights, v, z, strict=True)
    return sum((w * (Fraction(a) - Fraction(b)) ** 2 for w, a, b in terms), Fraction(0))


def _membership(ref: Reference, v: Any, z: Any) -> str | None:
    if not ref.members.contains(z):
        return "contains denies it"
    if ref.holds is not None and ref.members.contains(v) != ref.holds(flat(v)):
        return "contains is wrong about the point"
    return None


def _same(a: Any, b: Any) -> bool:
    return flat(a) == flat(b)


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


def simplex_distance(row: Sequence[Fraction], total: Fraction) -> Fraction:
    """Over every face: lower its entries by one number; those that stay ≥ 0 are candidates."""
    best = None
    for many in range(1, len(row) + 1):
        for face in combinations(range(len(row)), many):
            theta = (sum(row[i] for i in face) - total) / many
            if any(row[i] < theta for i in face):
                continue
            away = many * theta**2 + sum(row[i] ** 2 for i in range(len(row)) if i not in face)
            best = away if best is None else min(best, away)
    assert best is not None
    return best


def l1_distance(row: Ints, radius: int) -> Fraction:
    sizes = [Fraction(abs(x)) for x in row]
    if sum(sizes) <= radius:
        return Fraction(0)
    return (
        simplex_distance(sizes, Fraction(radius))
        if radius
        else sum((x * x for x in sizes), Fraction(0))
    )


def l2_distance(row: Ints, radius: int) -> Fraction:
    """(‖v‖ − r)², with ‖v‖ by a whole root of 10^60 ‖v‖²."""
    norm = Fraction(math.isqrt(sum(x * x for x in row) * 10**60), 10**30)
    return max(norm - radius, Fraction(0)) ** 2


def monotone_distance(row: Ints, sign: int = 1) -> Fraction:
    """Over every cut into runs: their means, if these are in order."""
    n, best = len(row), None
    for cuts in product((False, True), repeat=n - 1):
        ends = [0, *(i + 1 for i, cut in enumerate(cuts) if cut), n]
        runs = [row[a:b] for a, b in pairwise(ends)]
        means = [Fraction(sum(run), len(run)) for run in runs]
        if all(sign * a <= sign * b for a, b in pairwise(means)):
            away = sum((x - m) ** 2 for run, m in zip(runs, means, strict=True) for x in run)
            best = away if best is None else min(best, away)
    assert best is not None
    return best


EQUATIONS = [[1, 2, 0, -1], [0, 1, 1, 1], [1, 3, 1, 0]]  # the third is the sum of the others
RIGHT = [3, -1, 2]


def affine_distance(row: Ints) -> Fraction:
    """rᵀ (A Aᵀ)⁻¹ r of the two independent equations, r = A v − b."""
    a, b = EQUATIONS[:2]
    r, s = (
        sum(c * x for c, x in zip(e, row, strict=True)) - k
        for e, k in zip((a, b), RIGHT, strict=False)
    )
    aa, ab, bb = (
        sum(p * q for p, q in zip(x, y, strict=True)) for x, y in ((a, a), (a, b), (b, b))
    )
    return Fraction(bb * r * r - 2 * ab * r * s + aa * s * s, aa * bb - ab * ab)


def rank_one_distance(row: Ints) -> Fraction:
    """Of a 2 × 3 matrix: the smaller eigenvalue of its Gram matrix, the root to 30 digits."""
    a, b = row[:3], row[3:]
    aa, ab, bb = (
        sum(p * q for p, q in zip(x, y, strict=True)) for x, y in ((a, a), (a, b), (b, b))
    )
    root = math.isqrt(((aa - bb) ** 2 + 4 * ab * ab) * 10**60)
    return (Fraction(aa + bb) - Fraction(root, 10**30)) / 2


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
