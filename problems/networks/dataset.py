"""Images and labels in three disjoint parts, and how raw bytes become them.

Pixels are divided by 255 and normalized, channel by channel, by mean and standard deviation of the
training part. Both come from exact counts of the 256 byte values, so they do not depend on the machine:

    MNIST             mean 0.1307               deviation 0.3081
    CIFAR-10 (JPEG)   mean 0.491 0.482 0.447    deviation 0.245 0.243 0.260
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
SPLIT_SEED = 0  # the split is part of the task: it does not vary with the seed of a run
VALIDATION = 5_000  # training images set aside for choices, so that the test part is read once


@dataclass(frozen=True)
class Part:
    """Images (n, channels, height, width), float32, and labels (n,), int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Three disjoint parts; choices are made on ``validation``, ``test`` is read once, at the end.

    name      : to print beside every number, with its variant
    classes   : labels are 0 … classes − 1
    mean, std : by channel, of pixels in [0, 1]; images hold (pixel − mean) / std
    """

    name: str
    train: Part
    validation: Part
    test: Part
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def whole(self) -> "Dataset":
        """With the validation part trained on too, for recipes in which nothing is left to choose."""
        train, held = self.train, self.validation
        images, labels = (train.images, held.images), (train.labels, held.labels)
        none = Part(held.images[:0], held.labels[:0])
        return replace(self, train=Part(torch.cat(images), torch.cat(labels)), validation=none)

    @property
    def slug(self) -> str:
        """The name in a file's: cifar-10-jpeg."""
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width of one image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    @property
    def black(self) -> tuple[float, ...]:
        """What pixel 0 became, by channel: the background that a shifted image leaves."""
        return tuple(-m / s for m, s in zip(self.mean, self.std, strict=True))


@dataclass(frozen=True)
class Raw:
    """Images (n, channels, height, width) and labels (n,) as bytes, checked against each other."""

    images: Bytes
    labels: Bytes
    classes: int = 10

    def __post_init__(self) -> None:
        if len(self.images) != len(self.labels) or not len(self.labels):
            raise ValueError(f"there are {len(self.images)} images and {len(self.labels)} labels")
        if self.labels.max() >= self.classes:
            raise ValueError(
                f"labels must be 0 … {self.classes - 1}, one of them is {self.labels.max()}"
            )


def prepared(name: str, train: Raw, test: Raw, validation: int = VALIDATION) -> Dataset:
    """Splits by a fixed permutation and normalizes all by the training part.

    validation : how many of the training images are set aside, 1 … n − 1
    """
    n = len(train.labels)
    if not 0 < validation < n:
        raise ValueError(f"validation must lie in 1 … {n - 1} of {n} images, got {validation}")
    order = np.random.default_rng(SPLIT_SEED).permutation(n)
    inner, held = order[validation:], order[:validation]
    mean, std = _moments(train.images[inner])
    if 0.0 in std:
        raise ValueError(f"{name}: channel {std.index(0.0)} is constant, it cannot be normalized")

    def part(raw: Raw, rows: Any) -> Part:
        labels = torch.from_numpy(raw.labels[rows].astype(np.int64))
        return Part(_normalized(raw.images[rows], mean, std), labels)

    parts = part(train, inner), part(train, held), part(test, slice(None))
    return Dataset(name, *parts, train.classes, mean, std)


def _moments(images: Bytes) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation by channel of pixels in [0, 1], from whole numbers."""
    means, deviations = [], []
    for channel in range(images.shape[1]):
        counts = np.bincount(images[:, channel].ravel(), minlength=256).tolist()
        n = sum(counts)
        first = sum(c * v for v, c in enumerate(counts))
        second = sum(c * v * v for v, c in enumerate(counts))
        means.append(first / (255 * n))
        deviations.append(math.sqrt(n * second - first * first) / (255 * n))
    return tuple(means), tuple(deviations)


def _normalized(images: Bytes, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """As float32, by a table of 256 values a channel: no intermediate array is larger."""
    out = np.empty(images.shape, dtype=np.float32)
    for channel, (m, s) in enumerate(zip(mean, std, strict=True)):
        table = ((np.arange(256) / 255 - m) / s).astype(np.float32)
        out[:, channel] = table[images[:, channel]]
    return torch.from_numpy(out)
