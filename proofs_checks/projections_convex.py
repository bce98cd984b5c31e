"""Projections on convex sets and on matrices of low rank.

J14  Simplex {z ≥ 0, Σ z = 1}: max(w − t, 0) with t fixed on the support by Σ z = 1.
J15  ℓ1 ball: w if it is inside, else soft threshold with t ≥ 0 fixed on the support by Σ |z| = r.
     Both are convex, so that z ∈ C is nearest iff ⟨w − z, c − z⟩ ≤ 0 for all vertices c of C: the left
     side is linear in c. No other point has to be looked at.
J16  Matrices of rank ≤ r: the truncated singular value decomposition, whose loss is Σ_{i>r} σ_i²
     (C. Eckart, G. Young, Psychometrika 1 (1936) 211–218). Checked in floats, against the eigenvalues
     of WᵀW.

The other proofs above are complete.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Rationals, difference, dot, rationals
from proofs_checks.projections import ZERO

Threshold = Callable[[Sequence[Fraction], Fraction], Fraction]


def sorted_threshold(v: Sequence[Fraction], total: Fraction) -> Fraction:
    """t with Σ max(v − t, 0) = total: the largest (Σ of the j largest − total)/j."""
    ordered = sorted(v, reverse=True)
    return max((sum(ordered[: j + 1], ZERO) - total) / (j + 1) for j in range(len(ordered)))


def one_pass_threshold(v: Sequence[Fraction], total: Fraction) -> Fraction:
    """Wrong: as if all entries stayed positive."""
    return (sum(v, ZERO) - total) / len(v)


def vertex_condition(
    w: Rationals, z: Rationals, vertices: Sequence[Rationals], inside: bool
) -> Comparison:
    """max_c ⟨w − z, c − z⟩ ≤ 0; a z outside the set fails."""
    slope = difference(w, z)
    worst = max(dot(slope, difference(c, z)) for c in vertices)
    return Comparison(worst if inside else math.inf, 0, "<=")


def units(n: int, length: Fraction) -> list[Rationals]:
    """length · e_i."""
    return [tuple(length if i == j else ZERO for j in range(n)) for i in range(n)]


def simplex(w: Rationals, threshold: Threshold = sorted_threshold) -> Comparison:
    """J14: max(w − t, 0)."""
    t = threshold(w, Fraction(1))
    z = tuple(max(v - t, ZERO) for v in w)
    inside = min(z) >= 0 and sum(z) == 1
    return vertex_condition(w, z, units(len(w), Fraction(1)), inside)


def l1_ball(w: Rationals, radius: Fraction, always: bool = False) -> Comparison:
    """J15: soft threshold where w is outside; thresholding ``always`` is wrong."""
    sizes = [abs(v) for v in w]
    outside = sum(sizes, ZERO) > radius
    t = sorted_threshold(sizes, radius) if outside or always else ZERO
    z = tuple((1 if v >= 0 else -1) * max(abs(v) - t, ZERO) for v in w)
    vertices = units(len(w), radius) + units(len(w), -radius)
    return vertex_condition(w, z, vertices, sum(map(abs, z), ZERO) <= radius)


# ------------------------------------------------------------------ J16


def truncated_svd(W: Any, r: int) -> Any:
    """Σ_{i ≤ r} σ_i u_i v_iᵀ."""  # (m, n)
    U, s, Vt = np.linalg.svd(W)
    return (U[:, :r] * s[:r]) @ Vt[:r]


def truncated_eigenvalues(W: Any, r: int) -> Any:
    """Wrong: the r eigenvalues of largest modulus."""  # (n, n)
    values, vectors = np.linalg.eig(W)
    kept = np.argsort(-np.abs(values))[:r]
    inverse = np.linalg.inv(vectors)
    return np.real((vectors[:, kept] * values[kept]) @ inverse[kept])


def rank(W: Any, r: int, project: Callable[[Any, int], Any] = truncated_svd) -> Comparison:
    """J16: ‖W − Z‖² is the sum of the smallest eigenvalues of WᵀW, n − r of them."""
    Z = project(W, r)
    squares = np.sort(np.linalg.eigvalsh(W.T @ W))[: W.shape[1] - r].clip(min=0)
    scale = float((W * W).sum())
    inside = np.linalg.matrix_rank(Z) <= r
    measured = float(((W - Z) ** 2).sum()) if inside else math.inf
    return Comparison(measured, float(squares.sum()), "==", error=1e-13 * scale)


# ------------------------------------------------------------------ mutants, pinned

_SKEW = np.array([[1.0, 4.0], [1.0, 1.0]])

CLAIMS = (
    Claim(
        "J14",
        "nearest-in-simplex",
        "max(w − t, 0) with t fixed on the support is the nearest point of the simplex",
        (),
        "derived",
        simplex,
        (
            Mutant(
                "threshold in one pass",
                lambda: simplex(rationals(2, 0, -1), one_pass_threshold),
                lambda: simplex(rationals(2, 0, -1)),
            ),
        ),
    ),
    Claim(
        "J15",
        "nearest-in-l1-ball",
        "soft threshold with Σ |z| = r is the nearest point of the ball for w outside it",
        (),
        "derived",
        l1_ball,
        (
            Mutant(
                "threshold inside, too",
                lambda: l1_ball(rationals(1, 1), Fraction(4), always=True),
                lambda: l1_ball(rationals(1, 1), Fraction(4)),
            ),
        ),
    ),
    Claim(
        "J16",
        "nearest-of-low-rank",
        "the truncated singular value decomposition is a nearest matrix of rank r",
        (),
        "C. Eckart, G. Young, Psychometrika 1 (1936) 211–218",
        rank,
        (
            Mutant(
                "eigenvalues in place of singular values",
                lambda: rank(_SKEW, 1, truncated_eigenvalues),
                lambda: rank(_SKEW, 1),
            ),
        ),
    ),
)
