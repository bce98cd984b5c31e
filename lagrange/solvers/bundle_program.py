"""The quadratic program of a bundle: the best step by what is remembered.

Problem      max over λ ∈ Λ of   Σ_i min_k (c_ik + ⟨λ, a_ik⟩) − ⟨λ, b⟩ − ‖λ − λ̂‖²/(2t)
Dual         smooth and convex in weights y_i, one simplex a block; its gradient is the value
             r_ik = c_ik + ⟨λ, a_ik⟩ of each cut at λ = P(λ̂ + t g),  g = Σ y_ik a_ik − b
Update       block by block, twice each: weight moves from the dearest cut that has some to the
             cheapest, as far as the program falls (or to nothing)
Guarantee    Σ_i (⟨y_i, r_i⟩ − min_k r_ik) is by how much the optimum may be missed; it tends to 0.
             With ≤ rows the curvature t‖a − a'‖² is an upper bound and the step may be short.

Notation     y weights · a images · c costs · λ prices · λ̂ center · t step_size · P clips ≤ rows at 0
Reference    Kiwiel, SIAM J. Optim. 6 (1996) 227–249: the proximal bundle;  Platt, MSR-TR-98-14 (1998):
             pairwise steps on a simplex
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lagrange.solvers.cuts import Cuts

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
PAIRS = 2  # pairwise steps a visit of a block


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
    cuts: tuple[Cuts, ...]
    residual: FloatArray
    value: float
    slack: float


def best_step(program: Proximal, cuts: Sequence[Cuts], floor: float, effort: Effort) -> Step:
    """Sweeps over the blocks until the slack at λ is small; ``floor`` is the value to exceed."""
    mix = _Mix(program, cuts)
    wanted = effort.little
    for _ in range(effort.sweeps):
        seen = sum(mix.visit(i, 0.3 * wanted / len(cuts)) for i in range(len(cuts)))
        wanted = max(effort.share * (mix.value() - floor), effort.little)
        if seen <= wanted and mix.slack() <= wanted:
            break
    return mix.step()


class _Mix:
    """The weights while they move; g and λ follow each move."""

    def __init__(self, program: Proximal, cuts: Sequence[Cuts]) -> None:
        self._program = program
        self._cuts = cuts
        self._weights = [c.weights.copy() for c in cuts]
        self._follow()

    def visit(self, i: int, enough: float) -> float:
        """Moves weight of block i, unless its slack is at most ``enough``; the slack it found."""
        cuts, y, t = self._cuts[i], self._weights[i], self._program.step_size
        found = 0.0
        for pair in range(PAIRS):
            r = cuts.costs + cuts.images @ self._prices
            low = int(r.argmin())
            slack = float(y @ r) - float(r[low])
            if pair == 0:
                found = slack
            high = int(np.where(y > 0, r, -np.inf).argmax())
            if slack <= enough or r[high] <= r[low]:  # rounding can leave slack where there is none
                break
            D = cuts.products
            curvature = t * float(D[low, low] - 2 * D[low, high] + D[high, high])
            fall, most = float(r[high] - r[low]), float(y[high])
            move = min(most, fall / curvature) if curvature > 0 else most
            y[low] += move
            y[high] = 0.0 if move == most else most - move
            self._g = self._g + move * (cuts.images[low] - cuts.images[high])
            self._prices = self._program.prices(self._g)
        return found

    def value(self) -> float:
        """Of the weighted sum at λ."""
        pairs = zip(self._weights, self._cuts, strict=True)
        return sum(float(y @ c.costs) for y, c in pairs) + float(self._prices @ self._g)

    def slack(self) -> float:
        """How much of that the model does not reach."""
        total = 0.0
        for y, cuts in zip(self._weights, self._cuts, strict=True):
            r = cuts.costs + cuts.images @ self._prices
            total += float(y @ r) - float(r.min())
        return total

    def step(self) -> Step:
        for y in self._weights:
            y /= y.sum()
        self._follow()
        slack = self.slack()
        pairs = zip(self._cuts, self._weights, strict=True)
        kept = tuple(c._replace(weights=y) for c, y in pairs)
        return Step(self._prices, kept, self._g, self.value() - slack, slack)

    def _follow(self) -> None:
        """g and λ afresh from the weights, without what rounding had added up."""
        g = -self._program.rhs
        for y, cuts in zip(self._weights, self._cuts, strict=True):
            g = g + y @ cuts.images
        self._g = g
        self._prices = self._program.prices(g)
