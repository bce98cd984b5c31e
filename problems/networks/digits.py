"""The 8×8 handwritten digits that scikit-learn ships, and a small convolutional network for them.

1,797 images of the UCI test set (Alpaydin, Kaynak 1998). Split by a fixed permutation into 1,077 for
training, 360 for validation, 360 for testing, with about equal shares of each digit.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from problems.networks.dataset import SPLIT_SEED, Dataset, Part
from problems.networks.layers import named, seeded
from problems.networks.training import accuracy

__all__ = ["accuracy", "convolutional", "load_digits", "network"]


def load_digits() -> Dataset:
    """Reads the table and splits it; pixels are divided by 16 and not normalized further."""
    try:
        from sklearn import datasets
    except ImportError:
        raise ValueError("the digits come with scikit-learn: pip install 'lagrange[nn]'") from None
    raw: Any = datasets.load_digits()
    images = torch.tensor(raw.images, dtype=torch.float32)[:, None] / 16.0
    labels = torch.tensor(raw.target, dtype=torch.int64)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(labels))
    parts = np.split(order, [1077, 1437])
    train, validation, test = (Part(images[p], labels[p]) for p in map(torch.tensor, parts))
    return Dataset("digits", train, validation, test, classes=10, mean=(0.0,), std=(1.0,))


def network(seed: int) -> nn.Module:
    """The network with initial values by the seed."""
    return seeded(convolutional, seed)


def convolutional() -> nn.Module:
    """Two convolutions and two linear layers, 13,584 weights."""
    return named(
        {
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
    )
