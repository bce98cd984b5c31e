"""What a bundle remembers: a bounded number of answers of each block, with weights.

An answer x of a block bounds its dual function from above at *all* prices,

    θ(λ) = min_x f(x) + ⟨λ, A x⟩  ≤  cost + ⟨λ, image⟩,

whether x was a minimizer or not. Images are kept sparse: a knapsack of m takes one job in m. Sums are
taken in the order of the entries, as the compiled loops take them. Cuts are never changed in place.
"""

from typing import Any, NamedTuple

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


class Cuts(NamedTuple):
    """K cuts of m blocks over n coupling entries, in the order of the blocks, oldest first.

    costs (K,), weights (K,) ≥ 0 that add up to 1 over each block
    first : (m + 1,) block i has the cuts first[i] ≤ k < first[i + 1]
    begin : (K + 1,) cut k has the entries begin[k] ≤ e < begin[k + 1] of
    places, values : (entries,) where its image is not 0 and what it is there
    """

    costs: FloatArray
    weights: FloatArray
    first: IntArray
    begin: IntArray
    places: IntArray
    values: FloatArray

    @classmethod
    def of(cls, images: FloatArray, costs: FloatArray) -> "Cuts":
        """The first answers, images (m, n): each has all the weight of its block."""
        m = len(costs)
        cuts = np.arange(m + 1)
        rows, places = images.nonzero()
        begin, values = rows.searchsorted(cuts), images[rows, places]
        return cls(costs, np.ones(m), cuts, begin, places.copy(), values)  # as all are: contiguous

    def at(self, prices: FloatArray) -> FloatArray:
        """r_k = cost + ⟨prices, image⟩ of each cut. (K,)"""
        cut = np.arange(len(self.costs)).repeat(np.diff(self.begin))
        return self.costs + _sums(cut, self.values * prices[self.places], len(self.costs))

    def mean(self, size: int) -> FloatArray:
        """Σ_k y_k image_k over all blocks. (n,)"""
        y = self.weights.repeat(np.diff(self.begin))
        return _sums(self.places, y * self.values, size)

    def means(self, size: int) -> FloatArray:
        """The same of each block. (m, n)"""
        m = len(self.first) - 1
        y = self.weights.repeat(np.diff(self.begin))
        owner = self.owners().repeat(np.diff(self.begin))
        total = _sums(owner * size + self.places, y * self.values, m * size)
        return total.reshape(m, size)

    def owners(self) -> IntArray:
        """The block of each cut. (K,)"""
        return np.arange(len(self.first) - 1).repeat(np.diff(self.first))

    def image(self, k: int, size: int) -> FloatArray:
        """Of cut k, all entries. (n,)"""
        part = slice(self.begin[k], self.begin[k + 1])
        dense = np.zeros(size)
        dense[self.places[part]] = self.values[part]
        return dense

    def with_answers(
        self, images: FloatArray, costs: FloatArray, prices: FloatArray, most: int
    ) -> "Cuts":
        """With one cut more a block, of weight 0, unless it is known, and never more than ``most`` ≥ 2.

        To make room the cut without weight that lies furthest above the model at ``prices`` goes; if
        all have weight, the two lightest become their mean, so that the weighted sum of cuts stays.
        """
        r = self.at(prices)
        fresh = np.flatnonzero(~self._known(images, costs, images @ prices + costs, r))
        full = fresh[np.diff(self.first)[fresh] >= most]
        cuts = self
        for i in full[[self._busy(i) for i in full.tolist()]].tolist():
            cuts = cuts._with_pair_joined(i, images.shape[1])
        return cuts._exchanged(cuts._idle(full, r), images[fresh], costs[fresh], fresh)

    def _known(
        self, images: FloatArray, costs: FloatArray, values: FloatArray, r: FloatArray
    ) -> BoolArray:
        """Is the answer of a block, no cheaper, among its cuts? (m,)"""
        owners = self.owners()
        near = (r - values[owners] <= 1e-9 * (1.0 + np.abs(r))) & (self.costs <= costs[owners])
        near &= np.diff(self.begin) == np.count_nonzero(images, axis=1)[owners]
        known = np.zeros(len(costs), dtype=np.bool_)
        for k in near.nonzero()[0].tolist():
            entries = slice(self.begin[k], self.begin[k + 1])
            image = images[owners[k], self.places[entries]]
            known[owners[k]] |= (image == self.values[entries]).all()
        return known

    def _busy(self, i: int) -> bool:
        """Have all cuts of block i some weight?"""
        return bool((self.weights[self.first[i] : self.first[i + 1]] > 0).all())

    def _idle(self, blocks: IntArray, r: FloatArray) -> IntArray:
        """Of each of these blocks the cut of weight 0 with the largest r."""
        gone = [
            low + int(np.where(self.weights[low:high] > 0, -np.inf, r[low:high]).argmax())
            for low, high in zip(self.first[blocks], self.first[blocks + 1], strict=True)
        ]
        return np.array(gone, dtype=np.int64)

    def _with_pair_joined(self, i: int, size: int) -> "Cuts":
        """The lightest cut of block i left without weight, the next as the mean of both."""
        low, high = self.first[i], self.first[i + 1]
        light, heavier = (low + np.argsort(self.weights[low:high], kind="stable")[:2]).tolist()
        share = self.weights[[light, heavier]]
        ours, theirs = share / share.sum()
        image = ours * self.image(light, size) + theirs * self.image(heavier, size)
        costs, weights = self.costs.copy(), self.weights.copy()
        costs[heavier] = ours * costs[light] + theirs * costs[heavier]
        weights[heavier], weights[light] = share.sum(), 0.0
        places = image.nonzero()[0]
        entries = slice(self.begin[heavier], self.begin[heavier + 1])
        begin = self.begin.copy()
        begin[heavier + 1 :] += len(places) - (entries.stop - entries.start)
        return Cuts(
            costs,
            weights,
            self.first,
            begin,
            np.concatenate([self.places[: entries.start], places, self.places[entries.stop :]]),
            np.concatenate(
                [self.values[: entries.start], image[places], self.values[entries.stop :]]
            ),
        )

    def _exchanged(
        self, gone: IntArray, images: FloatArray, costs: FloatArray, blocks: IntArray
    ) -> "Cuts":
        """Without the cuts ``gone``, and with new ones at the ends of these blocks."""
        rows, places = images.nonzero()
        lengths = np.append(np.diff(self.begin), np.bincount(rows, minlength=len(costs)))
        owners = np.append(self.owners(), blocks)
        kept = np.ones(len(owners), dtype=np.bool_)
        kept[gone] = False
        order = np.flatnonzero(kept)
        order = order[owners[order].argsort(kind="stable")]
        moved = lengths[order]
        begin = np.append(0, moved.cumsum())
        old = lengths.cumsum() - lengths
        entries = np.arange(len(moved)).repeat(moved)
        entries = np.arange(len(entries)) + (old[order] - begin[:-1])[entries]
        count = np.bincount(owners[order], minlength=len(self.first) - 1)
        return Cuts(
            np.append(self.costs, costs)[order],
            np.append(self.weights, np.zeros(len(costs)))[order],
            np.append(0, count.cumsum()),
            begin,
            np.append(self.places, places)[entries],
            np.append(self.values, images[rows, places])[entries],
        )


def _sums(group: IntArray, terms: FloatArray, groups: int) -> FloatArray:
    """Σ of the terms of each group, from left to right."""
    return np.bincount(group, weights=terms, minlength=groups).astype(np.float64, copy=False)
