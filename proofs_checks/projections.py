"""Euclidean projections on sets of sparse vectors, against brute force, in rationals.

    z ∈ Proj_C(w)  ⇔  z ∈ C and ‖w − z‖² = min_{c ∈ C} ‖w − c‖²

A projection on a set that is not convex need not be unique: points are compared by their distance. The
brute force goes through all supports; on a support the nearest point is known entry by entry.

If the entries of C are bound together only by the support, the loss of a support S is
Σ_{i ∈ S} dist²(w_i, C_i) + Σ_{i ∉ S} w_i²: one keeps the entries of largest *gain*
w_i² − dist²(w_i, C_i).

J1   At most k nonzeros: the gain is w_i²; keep the k largest |w_i|.
J2   At most k nonzeros in several layers together, distance Σ d_i (w_i − z_i)²: the gain is d_i w_i².
J3   N of every M consecutive entries of a row: the groups are disjoint, each on its own.
J4   N of every M entries in every row *and* column of an M × M block: a transportation problem whose
     vertices are 0/1; row by row and then column by column is not it.
J5   At most k nonzero blocks: the gain is the sum of squares of a block.

Values and supports together are in ``projections_joint``, sets of values and convex sets in
``projections_values``. The proofs above are complete.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import chain, combinations, permutations, product

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import Rationals, difference, rationals, squared
from proofs_checks.rational_programs import minimize

Grid = tuple[Rationals, ...]
ZERO = Fraction(0)


def nearest(w: Rationals, z: Rationals, members: Iterable[Rationals], inside: bool) -> Comparison:
    """‖w − z‖² is the least over the candidates; a z outside the set is infinitely far."""
    least = min(squared(difference(w, c)) for c in members)
    return Comparison(squared(difference(w, z)) if inside else math.inf, least, "==")


def keep(w: Rationals, kept: Iterable[int]) -> Rationals:
    """w on the kept positions, zero elsewhere."""
    kept = set(kept)
    return tuple(v if i in kept else ZERO for i, v in enumerate(w))


def largest(scores: Sequence[Fraction], k: int) -> list[int]:
    """Positions of the k largest scores, the first of equal ones."""
    return sorted(range(len(scores)), key=lambda i: -scores[i])[:k]


def nonzeros(z: Iterable[Fraction]) -> int:
    """How many entries are not zero."""
    return sum(v != 0 for v in z)


def supports(n: int, k: int) -> Iterable[tuple[int, ...]]:
    """All sets of min(k, n) positions."""
    return combinations(range(n), min(k, n))


# ------------------------------------------------------------------ J1, J2

Scores = Callable[[Rationals], Sequence[Fraction]]


def by_magnitude(w: Rationals) -> Sequence[Fraction]:
    """w_i²."""
    return [v * v for v in w]


def by_value(w: Rationals) -> Sequence[Fraction]:
    """Wrong: w_i with its sign."""
    return w


def cardinality(w: Rationals, k: int, scores: Scores = by_magnitude) -> Comparison:
    """J1: the k entries of largest score are a nearest point."""
    z = keep(w, largest(scores(w), k))
    return nearest(w, z, (keep(w, s) for s in supports(len(w), k)), nonzeros(z) <= k)


def weighted(w: Rationals, weights: Rationals) -> Sequence[Fraction]:
    """d_i w_i²."""
    return [d * v * v for d, v in zip(weights, w, strict=True)]


def unweighted(w: Rationals, weights: Rationals) -> Sequence[Fraction]:
    """Wrong: w_i²."""
    return by_magnitude(w)


def global_cardinality(
    layers: Sequence[Rationals],
    weights: Sequence[Rationals],
    k: int,
    scores: Callable[[Rationals, Rationals], Sequence[Fraction]] = weighted,
    per_layer: bool = False,
) -> Comparison:
    """J2: one budget over all layers, in the weighted distance; a budget ``per_layer`` is wrong."""
    w = tuple(v for layer in layers for v in layer)
    d = tuple(v for layer in weights for v in layer)
    if per_layer:
        share, kept, at = k // len(layers), list[int](), 0
        for layer, own in zip(layers, weights, strict=True):
            kept += [at + i for i in largest(scores(layer, own), share)]
            at += len(layer)
    else:
        kept = largest(scores(w, d), k)

    def loss(chosen: Iterable[int]) -> Fraction:
        return sum(weighted(difference(w, keep(w, chosen)), d), ZERO)

    return Comparison(loss(kept), min(loss(s) for s in supports(len(w), k)), "==")


# ------------------------------------------------------------------ J3, J4, J5


def group_rows(rows: Grid, n: int, m: int) -> Grid:
    """The n largest of every m consecutive entries of a row."""
    found: list[Rationals] = []
    for row in rows:
        groups = [row[i : i + m] for i in range(0, len(row), m)]
        found.append(tuple(v for g in groups for v in keep(g, largest(by_magnitude(g), n))))
    return tuple(found)


def group_columns(rows: Grid, n: int, m: int) -> Grid:
    """Wrong: groups along the columns."""
    columns = group_rows(tuple(zip(*rows, strict=True)), n, m)
    return tuple(zip(*columns, strict=True))


def n_of_m(
    rows: Grid, n: int, m: int, project: Callable[[Grid, int, int], Grid] = group_rows
) -> Comparison:
    """J3: the projection group by group, against all patterns of a row."""
    z, width = project(rows, n, m), len(rows[0])
    if width % m:
        raise HypothesisFails(f"a row of {width} entries does not fall into groups of {m}")
    starts = range(0, width, m)
    inside = all(nonzeros(row[i : i + m]) <= n for row in z for i in starts)
    per_group = [[[i + j for j in s] for s in supports(m, n)] for i in starts]
    patterns = [list(chain(*chosen)) for chosen in product(*per_group)]
    least = sum(min(squared(difference(row, keep(row, p))) for p in patterns) for row in rows)
    total = sum(squared(difference(a, b)) for a, b in zip(rows, z, strict=True))
    return Comparison(total if inside else math.inf, least, "==")


def by_transport(block: Grid) -> Grid:
    """One entry in every row and column, by the linear program over doubly stochastic matrices."""
    m = len(block)
    cost = [-v * v for row in block for v in row]
    rows = [[int(k // m == i) for k in range(m * m)] for i in range(m)]
    rows += [[int(k % m == j) for k in range(m * m)] for j in range(m)]
    mask = minimize(cost, rows, [1] * (2 * m)).x
    if not all(v in (0, 1) for v in mask):
        raise HypothesisFails(f"the vertex {mask} is not integral")
    flat = [v * u for v, u in zip((v for row in block for v in row), mask, strict=True)]
    return tuple(tuple(flat[i * m : (i + 1) * m]) for i in range(m))


def rows_then_columns(block: Grid) -> Grid:
    """Wrong: the largest of every row, then of every column."""
    by_row = group_rows(block, 1, len(block))
    return group_columns(by_row, 1, len(block))


def transposable(block: Grid, project: Callable[[Grid], Grid] = by_transport) -> Comparison:
    """J4: one of every row and column of a square block, against all permutations."""
    z, m = project(block), len(block)
    lines = [*z, *zip(*z, strict=True)]
    kept = max(sum(block[i][p[i]] ** 2 for i in range(m)) for p in permutations(range(m)))
    total = sum(squared(row) for row in block)
    distance = sum(squared(difference(a, b)) for a, b in zip(block, z, strict=True))
    inside = all(nonzeros(line) <= 1 for line in lines)
    return Comparison(distance if inside else math.inf, total - kept, "==")


def sum_of_squares(block: Rationals) -> Fraction:
    """The gain of a block."""
    return squared(block)


def mean_magnitude(block: Rationals) -> Fraction:
    """Wrong: the mean of |w_i|."""
    return sum(map(abs, block), ZERO) / len(block)


def blocks(
    parts: Sequence[Rationals], k: int, score: Callable[[Rationals], Fraction] = sum_of_squares
) -> Comparison:
    """J5: the k blocks of largest score."""
    kept = set(largest([score(part) for part in parts], k))
    distance = sum((squared(p) for i, p in enumerate(parts) if i not in kept), ZERO)
    least = min(
        sum((squared(p) for i, p in enumerate(parts) if i not in s), ZERO)
        for s in supports(len(parts), k)
    )
    return Comparison(distance, least, "==")


# ------------------------------------------------------------------ mutants, pinned

_SIGNED = rationals(-3, 2, 1)
_LAYERS = (rationals(3, 4), rationals(1, 2))
_WEIGHTS = (rationals(1, 1), rationals(20, 5))
_ROWS = (rationals(4, 3, 2, 1), rationals(1, 2, 3, 4))
_BLOCK = (rationals(5, 4, 0), rationals(4, 1, 0), rationals(0, 0, 1))
_PARTS = (rationals(3), rationals(2, 2, 2), rationals(1, 1))

CLAIMS = (
    Claim(
        "J1",
        "nearest-sparse",
        "keeping the k entries of largest |w_i| is a nearest point with at most k nonzeros",
        (),
        "derived",
        cardinality,
        (
            Mutant(
                "largest by sign",
                lambda: cardinality(_SIGNED, 1, by_value),
                lambda: cardinality(_SIGNED, 1),
            ),
        ),
    ),
    Claim(
        "J2",
        "nearest-sparse-weighted",
        "in the distance Σ d_i (w_i − z_i)² keep the entries of largest d_i w_i² over all layers",
        ("d_i > 0",),
        "derived",
        global_cardinality,
        (
            Mutant(
                "weights left out",
                lambda: global_cardinality(_LAYERS, _WEIGHTS, 2, unweighted),
                lambda: global_cardinality(_LAYERS, _WEIGHTS, 2),
            ),
            Mutant(
                "a budget for each layer",
                lambda: global_cardinality(_LAYERS, _WEIGHTS, 2, per_layer=True),
                lambda: global_cardinality(_LAYERS, _WEIGHTS, 2),
            ),
        ),
    ),
    Claim(
        "J3",
        "nearest-n-of-m",
        "the n largest of every group of m are a nearest point",
        ("groups of m consecutive entries of a row", "m divides the length of a row"),
        "derived",
        n_of_m,
        (
            Mutant(
                "groups along the other axis",
                lambda: n_of_m(_ROWS, 1, 2, group_columns),
                lambda: n_of_m(_ROWS, 1, 2),
            ),
        ),
    ),
    Claim(
        "J4",
        "nearest-transposable",
        "the transportation problem gives a nearest point with one entry in each row and column",
        ("square blocks",),
        "derived; vertices of the transportation polytope are integral",
        transposable,
        (
            Mutant(
                "rows, then columns",
                lambda: transposable(_BLOCK, rows_then_columns),
                lambda: transposable(_BLOCK),
            ),
        ),
    ),
    Claim(
        "J5",
        "nearest-blocks",
        "keeping the k blocks of largest sum of squares is a nearest point",
        ("the blocks are disjoint",),
        "derived",
        blocks,
        (
            Mutant(
                "mean magnitude of a block",
                lambda: blocks(_PARTS, 1, mean_magnitude),
                lambda: blocks(_PARTS, 1),
            ),
        ),
    ),
)
