"""Projections on sets that bind supports and values together, against brute force, in rationals.

If the entries of C are bound together only by the support, the loss of a support S is
Σ_{i ∈ S} dist²(w_i, C_i) + Σ_{i ∉ S} w_i²: one keeps the entries of largest *gain*
w_i² − dist²(w_i, C_i).

J6   At most k nonzeros with values from Q_i ∋ 0: the gain is max_{q ∈ Q_i} (2 w_i q − q²). Choosing by
     |w_i| first is right if all Q_i are equal and symmetric (the gain is then even, convex and the same
     for all), and wrong in general.
J7   At most k nonzeros in a box l ≤ 0 ≤ u: the gain is w_i² − (w_i − clip(w_i))².
J8   For sets bound together otherwise nothing composes: projecting on one and then on the other can
     end in the intersection and still not at a nearest point. Here: one nonzero in every row *and*
     column.

The proofs above are complete.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import permutations, product

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison, HypothesisFails
from proofs_checks.finite import Rationals, rationals
from proofs_checks.projections import (
    Grid,
    by_magnitude,
    by_transport,
    keep,
    largest,
    nearest,
    nonzeros,
    rows_then_columns,
    supports,
)

# ------------------------------------------------------------------ J6


def closest_value(v: Fraction, values: Sequence[Fraction]) -> Fraction:
    """A nearest of the values."""
    return min(values, key=lambda q: abs(v - q))


def gains(w: Rationals, values: Sequence[Rationals]) -> Sequence[Fraction]:
    """max_q (2 w_i q − q²)."""
    pairs = zip(w, values, strict=True)
    return [max(2 * v * q - q * q for q in own) for v, own in pairs]


def magnitudes(w: Rationals, values: Sequence[Rationals]) -> Sequence[Fraction]:
    """Wrong unless all Q_i are equal and symmetric: w_i²."""
    return by_magnitude(w)


def sparse_on_grid(
    w: Rationals,
    values: Sequence[Rationals],
    k: int,
    scores: Callable[[Rationals, Sequence[Rationals]], Sequence[Fraction]] = gains,
) -> Comparison:
    """J6: the k entries of largest gain, each at a nearest value."""
    if not all(0 in own for own in values):
        raise HypothesisFails(f"0 must be among the values of every entry: {values}")
    rounded = tuple(closest_value(v, own) for v, own in zip(w, values, strict=True))
    z = keep(rounded, largest(scores(w, values), k))
    members = (c for c in product(*values) if nonzeros(c) <= k)
    return nearest(w, z, members, nonzeros(z) <= k)


# ------------------------------------------------------------------ J7

Box = tuple[Fraction, Fraction]


def clipped(w: Rationals, box: Box) -> Rationals:
    """w moved into the box."""
    low, high = box
    return tuple(min(max(v, low), high) for v in w)


def box_gains(w: Rationals, box: Box) -> Sequence[Fraction]:
    """w_i² − (w_i − clip(w_i))²."""
    return [v * v - (v - c) ** 2 for v, c in zip(w, clipped(w, box), strict=True)]


def box_magnitudes(w: Rationals, box: Box) -> Sequence[Fraction]:
    """Wrong: w_i², clipping afterwards."""
    return by_magnitude(w)


def sparse_in_box(
    w: Rationals,
    box: Box,
    k: int,
    scores: Callable[[Rationals, Box], Sequence[Fraction]] = box_gains,
) -> Comparison:
    """J7: the k entries of largest gain, clipped."""
    if not box[0] <= 0 <= box[1]:
        raise HypothesisFails(f"the box {box} must contain 0")
    z = keep(clipped(w, box), largest(scores(w, box), k))
    return nearest(w, z, (keep(clipped(w, box), s) for s in supports(len(w), k)), nonzeros(z) <= k)


# ------------------------------------------------------------------ J8


def assignments(block: Grid) -> list[Rationals]:
    """All ways to keep one entry in every row and column, flattened."""
    m = len(block)
    flat = tuple(v for row in block for v in row)
    return [keep(flat, (i * m + p[i] for i in range(m))) for p in permutations(range(m))]


def composition(block: Grid, project: Callable[[Grid], Grid] = rows_then_columns) -> Comparison:
    """J8: projecting on rows and then on columns is farther away than a nearest point by 1 or more."""
    flat = tuple(v for row in block for v in row)
    z = tuple(v for row in project(block) for v in row)
    lines = [*project(block), *zip(*project(block), strict=True)]
    if not all(nonzeros(line) <= 1 for line in lines):
        raise HypothesisFails("the composition does not end in the intersection")
    found = nearest(flat, z, assignments(block), True)
    return Comparison(Fraction(found.predicted) + 1, found.measured, "<=")


# ------------------------------------------------------------------ mutants, pinned

_SKEW = (rationals(-1, 0, 1, 2, 3),) * 2
_WIDE = rationals(Fraction(-1, 2), 2)
_BLOCK = (rationals(5, 4, 0), rationals(4, 1, 0), rationals(0, 0, 1))

CLAIMS = (
    Claim(
        "J6",
        "nearest-sparse-on-grid",
        "keep the entries of largest max_q (2 w_i q − q²), each at a nearest value",
        ("0 is among the values",),
        "derived",
        sparse_on_grid,
        (
            Mutant(
                "|w| first on an asymmetric grid",
                lambda: sparse_on_grid(rationals(3, -4), _SKEW, 1, magnitudes),
                lambda: sparse_on_grid(rationals(3, -4), _SKEW, 1),
            ),
        ),
    ),
    Claim(
        "J7",
        "nearest-sparse-in-box",
        "keep the entries of largest w_i² − (w_i − clip(w_i))², clipped",
        ("0 is in the box",),
        "derived",
        sparse_in_box,
        (
            Mutant(
                "largest |w|, then clip",
                lambda: sparse_in_box(rationals(-3, 2), (_WIDE[0], _WIDE[1]), 1, box_magnitudes),
                lambda: sparse_in_box(rationals(-3, 2), (_WIDE[0], _WIDE[1]), 1),
            ),
        ),
    ),
    Claim(
        "J8",
        "composition-is-no-projection",
        "projecting on two sets in turn need not end at a nearest point of their intersection",
        (),
        "derived (an instance)",
        composition,
        (
            Mutant(
                "the projection itself",
                lambda: composition(_BLOCK, by_transport),
                lambda: composition(_BLOCK),
            ),
        ),
    ),
)
