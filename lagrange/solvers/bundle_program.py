"""The quadratic program of a bundle: the best step by what is remembered.

Problem      max over λ ∈ Λ of   Σ_i min_k (c_ik + ⟨λ, a_ik⟩) − ⟨λ, b⟩ − ‖λ − λ̂‖²/(2t)
Dual         smooth and convex in weights y_i, one simplex a block; its gradient is the value
             r_ik = c_ik + ⟨λ, a_ik⟩ of each cut at λ = P(λ̂ + t g),  g = Σ y_ik a_ik − b
Update       block by block, twice each: weight moves from the dearest cut that has some to the
             cheapest, as far as the program falls (or to nothing). Compiled where numba is installed
Guarantee    Σ_i (⟨y_i, r_i⟩ − min_k r_ik) is by how much the optimum may be missed; it tends to 0.
             With ≤ rows the curvature t‖a − a'‖² is an upper bound and the step may be short.

Notation     y weights · a images · c costs · λ prices · λ̂ center · t step_size · P clips ≤ rows at 0
Reference    Kiwiel, SIAM J. Optim. 6 (1996) 227–249: the proximal bundle;  Platt, MSR-TR-98-14 (1998):
             pairwise steps on a simplex
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lagrange import compiled
from lagrange.solvers.cuts import BoolArray, Cuts, FloatArray, IntArray

PAIRS = 2  # pairwise steps a visit of a block
ENOUGH = 0.3  # a block is left alone below this share of its part of the slack that is wanted


class Proximal(NamedTuple):
    """The program but for the cuts: center λ̂ (n,), right-hand side b (n,), t > 0; ``signed`` marks the
    entries of ≤ rows.
    """

    center: FloatArray
    rhs: FloatArray
    step_size: float
    signed: BoolArray

    def prices(self, g: FloatArray) -> FloatArray:
        """λ = P(λ̂ + t g)."""
        free = self.center + self.step_size * g
        return np.where(self.signed, np.maximum(free, 0.0), free)

    def slope(self, g: FloatArray) -> FloatArray:
        """s = (λ − λ̂)/t, without the rounding of that difference."""
        return np.where(self.signed, np.maximum(g, -self.center / self.step_size), g)


class Effort(NamedTuple):
    """When to stop: the slack is at most share · (weighted sum − floor) or at most ``little``, or after
    so many sweeps.
    """

    share: float
    little: float
    sweeps: int


class Step(NamedTuple):
    """Where the program leads.

    prices : λ (n,);   cuts : with their weights;   residual : g of the weighted sum (n,)
    value  : of the model at λ, Σ_i min_k r_ik − ⟨λ, b⟩
    slack  : how much the weighted sum of cuts lies above it there
    """

    prices: FloatArray
    cuts: Cuts
    residual: FloatArray
    value: float
    slack: float


class Mix(NamedTuple):
    """The weights y while they move, in place; g and λ follow each move."""

    y: FloatArray
    g: FloatArray
    prices: FloatArray

    @classmethod
    def of(cls, program: Proximal, cuts: Cuts) -> "Mix":
        g = cuts.mean(len(program.center)) - program.rhs
        return cls(cuts.weights.copy(), g, program.prices(g))


def best_step(program: Proximal, cuts: Cuts, floor: float, effort: Effort) -> Step:
    """Sweeps over the blocks until the slack at λ is small; ``floor`` is the value to exceed."""
    mix = Mix.of(program, cuts)
    sweep = _compiled(program, cuts, mix) if compiled.is_available() else Rows(program, cuts, mix)
    wanted = effort.little
    for _ in range(effort.sweeps):
        seen = sweep(ENOUGH * wanted / (len(cuts.first) - 1), PAIRS)
        wanted = max(effort.share * (_value(cuts, mix) - floor), effort.little)
        if seen <= wanted and _slack(cuts, mix) <= wanted:
            break
    totals = np.add.reduceat(mix.y, cuts.first[:-1])
    cuts = cuts._replace(weights=mix.y / totals.repeat(np.diff(cuts.first)))
    mix = Mix.of(program, cuts)  # afresh, without what rounding had added up
    slack = _slack(cuts, mix)
    return Step(mix.prices, cuts, mix.g, _value(cuts, mix) - slack, slack)


def _value(cuts: Cuts, mix: Mix) -> float:
    """Of the weighted sum at λ."""
    return float(mix.y @ cuts.costs) + float(mix.prices @ mix.g)


def _slack(cuts: Cuts, mix: Mix) -> float:
    """How much of that the model does not reach."""
    r = cuts.at(mix.prices)
    return float(mix.y @ r) - float(np.minimum.reduceat(r, cuts.first[:-1]).sum())


def _compiled(program: Proximal, cuts: Cuts, mix: Mix) -> Callable[[float, int], float]:
    from lagrange.solvers import bundle_loops  # numba is an extra, and slow to import

    center, _, t, signed = program
    known = (cuts.costs, cuts.first, cuts.begin, cuts.places, cuts.values)
    return lambda enough, pairs: bundle_loops.swept(*known, center, t, signed, *mix, enough, pairs)


class Rows:
    """One sweep over the blocks at each call, a row of entries at a time."""

    def __init__(self, program: Proximal, cuts: Cuts, mix: Mix) -> None:
        self._program, self._cuts, self._mix = program, cuts, mix
        self._mark = np.zeros(len(program.center))
        owner = np.arange(len(cuts.costs)).repeat(np.diff(cuts.begin))
        self._blocks = [
            (first, last, entries, owner[entries] - first)
            for first, last in pairwise(cuts.first.tolist())
            for entries in [slice(int(cuts.begin[first]), int(cuts.begin[last]))]
        ]

    def __call__(self, enough: float, pairs: int) -> float:
        """Moves weight in blocks whose slack is more than ``enough``; the sum of the slacks found."""
        found = 0.0
        for first, last, entries, owner in self._blocks:
            places, values = self._cuts.places[entries], self._cuts.values[entries]
            costs, y = self._cuts.costs[first:last], self._mix.y[first:last]
            for pair in range(pairs):
                r = (
                    np.bincount(
                        owner, weights=values * self._mix.prices[places], minlength=last - first
                    )
                    + costs
                )
                low = int(r.argmin())
                slack = float((y * r).cumsum()[-1] - r[low])
                if pair == 0:
                    found += slack
                high = int(np.where(y > 0, r, -np.inf).argmax())
                if (
                    slack <= enough or r[high] <= r[low]
                ):  # rounding leaves slack where there is none
                    break
                self._move(first + high, first + low, float(r[high] - r[low]))
        return found

    def _move(self, high: int, low: int, fall: float) -> None:
        """Weight from one cut to another, by which the program's slope falls to 0."""
        y, g, prices = self._mix
        (from_places, from_values), (to_places, to_values) = self._image(high), self._image(low)
        mark, t = self._mark, self._program.step_size
        mark[from_places] = from_values
        ours = to_values - mark[to_places]
        mark[to_places] = 0.0
        theirs = mark[from_places]
        mark[from_places] = 0.0
        apart = np.concatenate((ours * ours, theirs * theirs)).cumsum()  # as the loops add
        curvature, most = t * float(apart[-1]) if len(apart) else 0.0, float(y[high])
        move = fall / curvature if curvature * most > fall else most
        y[low] += move
        y[high] = 0.0 if move == most else most - move
        g[to_places] += move * to_values
        g[from_places] -= move * from_values
        both = np.concatenate((to_places, from_places))
        free = self._program.center[both] + t * g[both]
        prices[both] = np.where(self._program.signed[both], np.maximum(free, 0.0), free)

    def _image(self, k: int) -> tuple[IntArray, FloatArray]:
        entries = slice(self._cuts.begin[k], self._cuts.begin[k + 1])
        return self._cuts.places[entries], self._cuts.values[entries]
