"""The loss that networks are trained with, and their accuracy."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from problems.networks.dataset import Part

AT_ONCE = 1_000  # images, where no gradient is needed: a whole test part may not fit in memory


def loss(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Mean cross entropy."""
    images, labels = batch
    return functional.cross_entropy(net(images), labels)


def accuracy(net: nn.Module, part: Part) -> float:
    """Share of images classified right; the network is left in evaluation mode."""
    net.eval()
    pairs = zip(part.images.split(AT_ONCE), part.labels.split(AT_ONCE), strict=True)
    with torch.no_grad():
        right = sum(int((net(images).argmax(dim=1) == labels).sum()) for images, labels in pairs)
    return right / len(part)
