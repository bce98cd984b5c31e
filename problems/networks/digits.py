"""The 8×8 handwritten digits that scikit-learn ships, and a small convolutional network for them.

1,797 images of the UCI test set (Alpaydin, Kaynak 1998). Split by a fixed permutation into 1,077 for
training, 360 for validation, 360 for testing, with about equal shares of each digit.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SPLIT_SEED = 0  # the split is part of the task: it does not vary with the seed of a run


@dataclass(frozen=True)
class Split:
    """Images (n, 1, 8, 8) in [0, 1] and labels (n,)."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Digits:
    """Three disjoint parts."""

    train: Split
    validation: Split
    test: Split


def load_digits() -> Digits:
    """Reads the table and splits it."""
    try:
        from sklearn import datasets
    except ImportError:
        raise ValueError("the digits come with scikit-learn: pip install 'lagrange[nn]'") from None
    raw: Any = datasets.load_digits()
    images = torch.tensor(raw.images, dtype=torch.float32)[:, None] / 16.0
    labels = torch.tensor(raw.target, dtype=torch.int64)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    parts = np.split(order, [1077, 1437])
    return Digits(*(Split(images[torch.tensor(p)], labels[torch.tensor(p)]) for p in parts))


def network(seed: int) -> nn.Module:
    """Two convolutions and two linear layers, 13,584 weights; initial values by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers: dict[str, nn.Module] = {
            "conv1": nn.Conv2d(1, 16, 3, padding=1),  # (n, 16, 8, 8)
            "relu1": nn.ReLU(),
            "pool1": nn.MaxPool2d(2),  # (n, 16, 4, 4)
            "conv2": nn.Conv2d(16, 32, 3, padding=1),  # (n, 32, 4, 4)
            "relu2": nn.ReLU(),
            "pool2": nn.MaxPool2d(2),  # (n, 32, 2, 2)
            "flat": nn.Flatten(),
            "fc1": nn.Linear(128, 64),
            "relu3": nn.ReLU(),
            "fc2": nn.Linear(64, 10),
        }
        return nn.Sequential(OrderedDict(layers))


def accuracy(net: nn.Module, split: Split) -> float:
    """Share of images classified right."""
    net.eval()
    with torch.no_grad():
        guess = net(split.images).argmax(dim=1)
    return int((guess == split.labels).sum()) / len(split.labels)
