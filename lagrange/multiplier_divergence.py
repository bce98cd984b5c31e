"""Did the multipliers run away from every maximizer of the dual? A linear program tells.

A move from λ^κ along g^κ = g(x^κ), of length s^κ, comes no further from λ exactly if

    ⟨g^κ, λ − λ^κ⟩ ≥ s^κ ‖g^κ‖²/2                                                        (D)

If no λ in the box |λ| ≤ radius (λ ≥ 0 on ≤ rows) satisfies (D) for all κ, each one violates some row.
Every x in X has q(λ) ≤ L(x, λ) = L^κ + ⟨g^κ, λ − λ^κ⟩, so there q(λ) < L^κ + s^κ‖g^κ‖²/2: the largest
of these numbers is an upper bound on q over the box. That needs no optimality of x^κ.

The program is solved in floats by HiGHS, but only its multipliers u ≥ 0 are used: what they prove is
recomputed here with room for rounding, so a wrong answer can delay a detection and not fake one.

Reference    Bragin, Tucker, Sci. Rep. 12 (2022) 22417: Corollary 1 and the idea of the detection. There
             the bound is L^κ + s^κ‖g^κ‖²/γ with γ < 1, which is weaker; the ½ is derived above.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
UNIT = 2.0**-53


class Passage(NamedTuple):
    """One move: λ^κ (n,), g^κ (n,), s^κ > 0 and L^κ = L(x^κ, λ^κ) of some x^κ in X.

    scale : Σ of the magnitudes that L^κ was added up from, for the rounding
    """

    multipliers: FloatArray
    residual: FloatArray
    step: float
    lagrangian: float
    scale: float


class Box(NamedTuple):
    """lower ≤ λ ≤ upper, (n,) each and finite."""

    lower: FloatArray
    upper: FloatArray


def proved_level(passages: Sequence[Passage], box: Box) -> float | None:
    """An upper bound on q over the box, if no λ there satisfies (D) for all; None if one may.

    Raises ImportError, saying what to install, without scipy.
    """
    G = np.stack([p.residual for p in passages])  # (rows, n)
    lengths = np.array([p.step * float(p.residual @ p.residual) / 2 for p in passages])
    needed = np.array([float(p.residual @ p.multipliers) for p in passages]) + lengths
    u = _weights(G, needed, box)
    used = np.flatnonzero(u > 0)
    if not used.size or not _surely_contradict(passages, u, lengths, box):
        return None
    n = G.shape[1]
    tops = [
        passages[k].lagrangian + lengths[k] + 4 * (n + 4) * UNIT * (passages[k].scale + lengths[k])
        for k in used.tolist()
    ]
    return float(np.nextafter(max(tops), np.inf))


def _weights(G: FloatArray, needed: FloatArray, box: Box) -> FloatArray:
    """Multipliers of  max z  s.t.  G λ − z ≥ needed,  λ in the box: u ≥ 0 of sum 1, (rows,)."""
    try:
        from scipy import optimize  # pyright: ignore[reportMissingTypeStubs]
    except ModuleNotFoundError:
        raise ImportError(
            "the detection of diverging multipliers needs scipy: pip install 'lagrange[milp]'"
        ) from None
    rows, n = G.shape
    scale = np.maximum(np.abs(G).sum(axis=1), 1e-300)  # rows of like size for the solver
    A = np.hstack([-G / scale[:, None], np.ones((rows, 1))])
    ends = [*zip(box.lower.tolist(), box.upper.tolist(), strict=True), (None, None)]
    found = cast(Any, optimize).linprog(
        np.append(np.zeros(n), -1.0), A_ub=A, b_ub=-needed / scale, bounds=ends, method="highs"
    )
    if found.status != 0:
        return np.zeros(rows)
    u = np.maximum(-np.asarray(found.ineqlin.marginals, dtype=np.float64), 0.0) / scale
    return u / u.sum() if u.sum() > 0 else u


def _surely_contradict(
    passages: Sequence[Passage], u: FloatArray, lengths: FloatArray, box: Box
) -> bool:
    """Is Σ_κ u_κ (⟨g^κ, λ − λ^κ⟩ − s^κ‖g^κ‖²/2) < 0 for all λ in the box, rounding included?"""
    slope, size = np.zeros_like(box.lower), np.zeros_like(box.lower)
    fixed = loose = 0.0
    for weight, p, length in zip(u.tolist(), passages, lengths.tolist(), strict=True):
        slope += weight * p.residual
        size += weight * np.abs(p.residual)
        fixed += weight * (float(p.residual @ p.multipliers) + length)
        loose += weight * (float(np.abs(p.residual) @ np.abs(p.multipliers)) + length)
    reach = np.maximum(np.abs(box.lower), np.abs(box.upper))
    highest = float(np.maximum(slope * box.lower, slope * box.upper).sum())
    terms = loose + float(size @ reach)
    rounding = 4 * (len(passages) + slope.size + 4) * UNIT * terms
    return highest - fixed + rounding < 0
