"""Optimal clusters of numbers on a line: k-means in one dimension, exactly.

    e_j(b) = min_{a ≤ b} e_{j−1}(a) + c(a, b),    c(a, b) = Σ_{a ≤ i < b} w_i (x_i − mean)²

over sorted distinct values x_i with multiplicities w_i. The first minimizing a does not decrease with b
(c has the Monge property), so a row e_j takes one divide and conquer: the middle b looks at all a
that are left, its two halves at those on either side. All middles of one depth are done at once.

With some values set to zero (sparse codebooks) the set-aside values are an interval: the error of a
codebook, minus that of zero, is concave in the value. So the best is a prefix, an interval of at least
``zeros`` entries at zero and a suffix, over all ways to share the clusters.

Sums are those of values shifted by their mean, rounded once; so the errors compared are right to a few
units in the last place of the squared deviation from the mean.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lagrange.sets.ladders import running_sums
from lagrange.sets.nearest import Floats, Indices


@dataclass(frozen=True, eq=False)
class Sorted:
    """Ascending values (d,) with multiplicities, and running sums (d + 1,).

    counts, sums, squares : of 1, x − m, (x − m)², m being ``shift``;  from_zero : of x²
    """

    values: Floats
    shift: float
    counts: Floats
    sums: Floats
    squares: Floats
    from_zero: Floats

    @classmethod
    def of(cls, x: Floats, merged: bool = True) -> "Sorted":
        """Of all entries; ``merged``: equal ones as one value (some optimum keeps them together)."""
        if merged:
            values, repeated = np.unique(x, return_counts=True)
            weights = repeated.astype(np.float64)
        else:
            values, weights = np.sort(x), np.ones(x.size)
        shift = float(np.sum(values * weights) / x.size)
        y = values - shift
        parts = (weights, weights * y, weights * y * y, weights * values * values)
        return cls(values, shift, *(np.append(0.0, running_sums(part)) for part in parts))

    def mirrored(self) -> "Sorted":
        """The same for −x."""
        turned = (self.counts, -self.sums, self.squares, self.from_zero)
        sums = (total[-1] - total[::-1] for total in turned)
        return Sorted(-self.values[::-1], -self.shift, *sums)

    def cost(self, a: Indices, b: Indices) -> Floats:
        """The squared error of x_a … x_{b−1} to their mean; 0 where a = b."""
        n = self.counts[b] - self.counts[a]
        s = self.sums[b] - self.sums[a]
        return self.squares[b] - self.squares[a] - s * s / np.maximum(n, 1)

    def mean(self, a: int, b: int) -> float:
        """The mean of x_a … x_{b−1}, b > a."""
        s, n = self.sums[b] - self.sums[a], self.counts[b] - self.counts[a]
        return float(s / n + self.shift)


class Clusters:
    """The best clusters of every prefix: errors[j][b] for at most j clusters of x_0 … x_{b−1}."""

    def __init__(self, points: Sorted, count: int) -> None:
        d = points.values.size
        self.points = points
        self.count = min(count, d)
        ends = np.arange(d + 1)
        none = np.where(ends == 0, 0.0, np.inf)
        self.errors, self.firsts = [none], [np.zeros(d + 1, np.int32)]
        for _ in range(self.count):
            errors, firsts = next_row(points, self.errors[-1])
            self.errors.append(errors)
            self.firsts.append(firsts)

    def means(self, clusters: int, end: int) -> list[float]:
        """The means of the best clusters of x_0 … x_{end−1}, last first."""
        found = list[float]()
        while end > 0:
            first = int(self.firsts[clusters][end])
            found.append(self.points.mean(first, end))
            end, clusters = first, clusters - 1
        return found

    def centers(self, free_zero: bool = False, zeros: int = 0) -> Floats:
        """The best levels; ``free_zero``: zero is one besides, with at least ``zeros`` entries."""
        if not free_zero:
            return np.array(self.means(self.count, self.points.values.size))
        return self._around_zero(zeros)

    def _around_zero(self, zeros: int) -> Floats:
        """Prefix, interval at zero, suffix: the suffix is a prefix of the mirror image."""
        mirrored = Clusters(self.points.mirrored(), self.count)
        at_zero = self.points.from_zero
        d = self.points.values.size
        # the first end of an interval from a on that holds ``zeros`` entries
        ends = np.searchsorted(self.points.counts, self.points.counts + zeros)
        best, choice = np.inf, (0, 0, 0)
        for left in range(self.count + 1):
            tail = mirrored.errors[self.count - left][::-1] + at_zero  # (d + 1,) by the end
            after, where = running_minimum(tail)
            total = self.errors[left] - at_zero + np.append(after, np.inf)[ends]
            a = int(np.argmin(total))
            if total[a] < best:
                best, choice = total[a], (left, a, int(where[ends[a]]))
        left, a, b = choice
        suffix = mirrored.means(self.count - left, d - b)
        return np.array([*self.means(left, a), 0.0, *(-mean for mean in suffix)])


def running_minimum(x: Floats) -> tuple[Floats, Indices]:
    """For each index the least entry from there on, and where it stands first."""
    least = np.minimum.accumulate(x[::-1])[::-1]
    at = np.where(x == least, np.arange(x.size), x.size)
    return least, np.minimum.accumulate(at[::-1])[::-1]


def next_row(points: Sorted, before: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """e_j from e_{j−1}, and the first minimizing a for each b."""
    d = before.size - 1
    errors, firsts = before.copy(), np.zeros(d + 1, np.int32)
    low, high = np.array([1]), np.array([d])  # ranges of b
    least, most = np.array([0]), np.array([d - 1])  # where their a may be
    while low.size:
        middle = (low + high) // 2
        last = np.minimum(most, middle - 1)
        error, first = _first_minima(points, before, middle, least, last)
        errors[middle], firsts[middle] = error, first
        left, right = low < middle, middle < high
        low, high, least, most = (
            np.concatenate(pair)
            for pair in (
                (low[left], middle[right] + 1),
                (middle[left] - 1, high[right]),
                (least[left], first[right]),
                (first[left], most[right]),
            )
        )
    return errors, firsts


def _first_minima(
    points: Sorted, before: Floats, ends: Indices, least: Indices, last: Indices
) -> tuple[Floats, Indices]:
    """For each end b the least before[a] + c(a, b) over least ≤ a ≤ last, and the first such a."""
    lengths = last - least + 1
    starts = np.cumsum(lengths) - lengths
    a = np.arange(int(lengths.sum())) - np.repeat(starts - least, lengths)
    totals = before[a] + points.cost(a, np.repeat(ends, lengths))
    minima = np.minimum.reduceat(totals, starts)
    hits = np.flatnonzero(totals == np.repeat(minima, lengths))
    owners = np.searchsorted(starts, hits, side="right") - 1
    _, where = np.unique(owners, return_index=True)
    return minima, a[hits[where]]
