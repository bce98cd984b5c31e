"""Certificates of nearness for arrays too large to enumerate: the optimality conditions of each set."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.sets.convex import Box
from lagrange.sets.monotone import Monotone
from lagrange.sets.patterns import NM
from lagrange.sets.rank import LowRank
from lagrange.sets.simplex import L1Ball, Simplex
from lagrange.sets.sparsity import Cardinality
from lagrange.sets.structure import rows

EPS = 1e-12


@dataclass(frozen=True)
class Certified:
    """``check`` says what is wrong with a projection of a point (doubles), or None."""

    name: str
    project: Callable[[Any], Any]
    check: Callable[[Any, Any], str | None]
    mutants: Sequence[Callable[[Any], Any]]
    shape: tuple[int, ...] = field(default=(30, 40))

    def points(self) -> Iterator[Any]:
        rng = np.random.default_rng(8)
        yield rng.normal(size=self.shape)
        yield 10 * rng.standard_t(2, size=self.shape)
        yield rng.integers(-3, 4, size=self.shape).astype(float)
        yield 1e-3 * rng.normal(size=self.shape)


def largest_are_kept(k: int) -> Callable[[Any, Any], str | None]:
    """min kept |v| ≥ max dropped |v|, kept values unchanged, as many as may be."""

    def check(v: Any, z: Any) -> str | None:
        kept = z != 0
        if int(kept.sum()) != min(k, int((v != 0).sum())):
            return "the count is off"
        if not np.array_equal(z[kept], v[kept]):
            return "kept values changed"
        dropped = np.abs(v[~kept]).max(initial=0.0)
        return (
            None if np.abs(v[kept]).min(initial=np.inf) >= dropped else "a larger one was dropped"
        )

    return check


def in_groups(m: int, check: Callable[[Any, Any], str | None]) -> Callable[[Any, Any], str | None]:
    def groups(v: Any, z: Any) -> str | None:
        pairs = zip(v.reshape(-1, m), z.reshape(-1, m), strict=True)
        return next((wrong for a, b in pairs if (wrong := check(a, b)) is not None), None)

    return groups


def rows_of_largest_norm(k: int) -> Callable[[Any, Any], str | None]:
    def check(v: Any, z: Any) -> str | None:
        kept = (z != 0).any(axis=1)
        if kept.sum() > k or not np.array_equal(z[kept], v[kept]):
            return "too many rows, or changed ones"
        norms = (v**2).sum(axis=1)
        least = norms[kept].min(initial=np.inf)
        return (
            None if least >= norms[~kept].max(initial=0.0) - EPS * norms.max() else "a longer row"
        )

    return check


def variational(vertices: Callable[[Any], Iterator[Any]]) -> Callable[[Any, Any], str | None]:
    """⟨v − z, w − z⟩ ≤ 0 at all vertices w of a convex set: it is linear in w."""

    def check(v: Any, z: Any) -> str | None:
        scale = 1 + float(np.abs(v).max()) * float(np.abs(z).sum() + 1)
        for w in vertices(v - z):
            if float(((v - z) * (w - z)).sum()) > EPS * v.size * scale:
                return "an angle with a member is acute"
        return None

    return check


def box_corner(low: float, high: float) -> Callable[[Any], Iterator[Any]]:
    """The corner farthest in a direction: no other can violate if it does not."""

    def vertices(direction: Any) -> Iterator[Any]:
        yield np.where(direction > 0, high, low)

    return vertices


def soft_threshold(v: Any, z: Any, total: float) -> str | None:
    """One θ ≥ 0: |v| − |z| = θ where z ≠ 0, |v| ≤ θ elsewhere, Σ|z| = total; or z = v inside."""
    if np.abs(v).sum() <= total:
        return None if np.array_equal(v, z) else "a member was moved"
    on = z != 0
    if (z * v < 0).any() or abs(np.abs(z).sum() - total) > EPS * v.size * (1 + total):
        return "a sign or the sum is wrong"
    theta = np.abs(v[on]) - np.abs(z[on])
    scale = EPS * (1 + np.abs(v).max())
    if np.ptp(theta) > scale or theta.min() < -scale:
        return "entries were not lowered alike"
    return None if np.abs(v[~on]).max(initial=0.0) <= theta.max() + scale else "a large one is zero"


def on_simplex(total: float) -> Callable[[Any, Any], str | None]:
    def check(v: Any, z: Any) -> str | None:
        on = z > 0
        if (z < 0).any() or abs(z.sum() - total) > EPS * v.size * (1 + total):
            return "no member"
        theta, scale = v[on] - z[on], EPS * (1 + np.abs(v).max())
        if np.ptp(theta) > scale:
            return "entries were not lowered alike"
        return None if v[~on].max(initial=-np.inf) <= theta.max() + scale else "a large one is zero"

    return check


def truncated(r: int) -> Callable[[Any, Any], str | None]:
    """Eckart and Young: (v − z)ᵀz = 0, zᵀ(v − z) = 0, ‖v − z‖ ≤ σ_r(z), ‖v − z‖² = Σ_{i>r} σ_i²."""

    def check(v: Any, z: Any) -> str | None:
        rest = v - z
        scale = 1e-10 * (1 + np.abs(v).max() ** 2) * v.size
        if np.abs(rest.T @ z).max() > scale or np.abs(rest @ z.T).max() > scale:
            return "what is left is not orthogonal"
        sigma = np.linalg.svd(z, compute_uv=False)
        if sigma[r] > scale or np.linalg.norm(rest, 2) > sigma[r - 1] + scale:
            return "no member, or a larger singular value was dropped"
        tail = (np.linalg.svd(v, compute_uv=False)[r:] ** 2).sum()
        return None if abs((rest**2).sum() - tail) <= scale else "the distance is off"

    return check


def in_order(v: Any, z: Any) -> str | None:
    """z nondecreasing; on each of its constant runs the mean of v, and no head of the run below it."""
    for x, y in zip(v, z, strict=True):
        if (np.diff(y) < 0).any():
            return "not in order"
        ends = np.flatnonzero(np.diff(y) > 0) + 1
        for run, level in zip(np.split(x, ends), (r[0] for r in np.split(y, ends)), strict=True):
            sums = np.cumsum(run - level)
            if abs(sums[-1]) > 1e-9 * (1 + np.abs(x).max()) or sums.min() < -1e-9 * (
                1 + np.abs(x).max()
            ):
                return "a run is not at its mean, or could be split"
    return None


def signed_top(v: Any) -> Any:
    mask = np.zeros(v.size, bool)
    mask[np.argsort(-v.reshape(-1))[:100]] = True
    return np.where(mask.reshape(v.shape), v, 0.0)


def random_third(v: Any) -> Any:
    return np.where(np.arange(v.size).reshape(v.shape) % 3 == 0, v, 0.0)


def longest_rows_by_l1(v: Any) -> Any:
    order = np.argsort(-np.abs(v).sum(axis=1))[:5]
    return np.where(np.isin(np.arange(len(v)), order)[:, None], v, 0.0)


def wrong_axis(v: Any) -> Any:
    return NM(2, 5, axis=0).project(v)


def one_pass_simplex(v: Any) -> Any:
    return np.maximum(v - (v.sum() - 3.0) / v.size, 0.0)


def scaled_l1(v: Any) -> Any:
    return v * (3.0 / np.abs(v).sum())


def rank_off_by_one(v: Any) -> Any:
    return LowRank(4).project(v)


def rank_shrunk(v: Any) -> Any:
    left, sigma, right = np.linalg.svd(v, full_matrices=False)
    return (left[:, :3] * (sigma[:3] - sigma[3])) @ right[:3]


def running_maximum(v: Any) -> Any:
    return np.maximum.accumulate(v, axis=1)


def clipped_too_far(v: Any) -> Any:
    return np.clip(v, -0.5, 0.9)


CERTIFIED = [
    Certified("cardinality", Cardinality(100).project, largest_are_kept(100), (signed_top,)),
    Certified(
        "2:5", NM(2, 5).project, in_groups(5, largest_are_kept(2)), (wrong_axis, random_third)
    ),
    Certified("rows", rows(5).project, rows_of_largest_norm(5), (longest_rows_by_l1,)),
    Certified(
        "box", Box(-0.5, 1.0).project, variational(box_corner(-0.5, 1.0)), (clipped_too_far,)
    ),
    Certified("simplex", Simplex(3.0).project, on_simplex(3.0), (one_pass_simplex,)),
    Certified("l1 ball", L1Ball(3.0).project, lambda v, z: soft_threshold(v, z, 3.0), (scaled_l1,)),
    Certified("rank 3", LowRank(3).project, truncated(3), (rank_off_by_one, rank_shrunk)),
    Certified("monotone", Monotone().project, in_order, (running_maximum,)),
]
