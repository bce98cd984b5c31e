"""What a bundle remembers of one block: a bounded number of its answers, with weights.

An answer x of a block bounds its dual function from above at *all* prices,

    θ(λ) = min_x f(x) + ⟨λ, A x⟩  ≤  cost + ⟨λ, image⟩,

whether x was a minimizer or not. Cuts are never changed in place.
"""

from typing import Any, NamedTuple

import numpy as np

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class Cuts(NamedTuple):
    """k cuts over n coupling entries.

    images (k, n), costs (k,), weights (k,) ≥ 0 that add up to 1, products = images imagesᵀ (k, k)
    """

    images: FloatArray
    costs: FloatArray
    weights: FloatArray
    products: FloatArray

    @classmethod
    def of(cls, image: FloatArray, cost: float) -> "Cuts":
        """The first cut has all the weight."""
        images = image[None, :]
        return cls(images, np.array([cost]), np.ones(1), images @ images.T)

    def with_cut(self, image: FloatArray, cost: float, prices: FloatArray, most: int) -> "Cuts":
        """With one cut more, of weight 0, and never more than ``most`` ≥ 2; itself if it is known.

        To make room a cut without weight goes, the one furthest above the model at ``prices``; if all
        have weight, the two lightest become their mean, so that the weighted sum of cuts stays.
        """
        if self._knows(image, cost):
            return self
        cuts = self if len(self.costs) < most else self._with_room(prices)
        across = cuts.images @ image
        k = len(cuts.costs)
        products = np.empty((k + 1, k + 1))
        products[:k, :k], products[:k, k], products[k, :k] = cuts.products, across, across
        products[k, k] = image @ image
        return Cuts(
            np.concatenate([cuts.images, image[None, :]]),
            np.append(cuts.costs, cost),
            np.append(cuts.weights, 0.0),
            products,
        )

    def _knows(self, image: FloatArray, cost: float) -> bool:
        far = self.products.diagonal() - 2 * (self.images @ image) + image @ image
        near = np.flatnonzero(far <= 1e-9 * (image @ image + 1.0))
        return any(self.costs[k] <= cost and (self.images[k] == image).all() for k in near)

    def _with_room(self, prices: FloatArray) -> "Cuts":
        idle = np.flatnonzero(self.weights == 0)
        if idle.size:
            values = self.costs[idle] + self.images[idle] @ prices
            return self._without(int(idle[values.argmax()]))
        light, next_light = np.argsort(self.weights, kind="stable")[:2].tolist()
        share = self.weights[[light, next_light]]
        mean = share / share.sum()
        images, costs, weights = self.images.copy(), self.costs.copy(), self.weights.copy()
        images[next_light] = mean @ images[[light, next_light]]
        costs[next_light] = mean @ costs[[light, next_light]]
        weights[next_light] = share.sum()
        products = self.products.copy()
        products[next_light] = products[:, next_light] = images @ images[next_light]
        return Cuts(images, costs, weights, products)._without(light)

    def _without(self, gone: int) -> "Cuts":
        kept = np.arange(len(self.costs)) != gone
        return Cuts(
            self.images[kept],
            self.costs[kept],
            self.weights[kept],
            self.products[np.ix_(kept, kept)],
        )
