"""What a projection does wrong on generated points, in exact arithmetic, given the exact distances."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from lagrange.sets import arrays
from tests.exact.set_distances import Ints

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
