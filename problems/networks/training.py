"""How the small networks are trained: batches, loss, optimizer, and the plain loop for baselines."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from problems.networks.dataset import Part

BATCH = 32
LEARNING_RATE = 3e-3
AT_ONCE = 1_000  # images, where no gradient is needed: a whole test part may not fit in memory


def batches(
    split: Part, seed: int, first: int = 0
) -> Callable[[int], Iterable[tuple[Tensor, Tensor]]]:
    """Epoch number → its batches, shuffled by seed and epoch alone; counting starts at ``first``."""

    def of_epoch(epoch: int) -> Iterable[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + first + epoch)
        order = torch.randperm(len(split.labels), generator=generator)
        return ((split.images[i], split.labels[i]) for i in order.split(BATCH))

    return of_epoch


def loss(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Mean cross entropy."""
    images, labels = batch
    return functional.cross_entropy(net(images), labels)


def loss_of(net: nn.Module, split: Part) -> Tensor:
    """The loss on a whole part, without dropout."""
    net.eval()
    with torch.no_grad():
        return loss(net, (split.images, split.labels))


def accuracy(net: nn.Module, part: Part) -> float:
    """Share of images classified right; the network is left in evaluation mode."""
    net.eval()
    pairs = zip(part.images.split(AT_ONCE), part.labels.split(AT_ONCE), strict=True)
    with torch.no_grad():
        right = sum(int((net(images).argmax(dim=1) == labels).sum()) for images, labels in pairs)
    return right / len(part)


def optimizer(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam."""
    return torch.optim.Adam(parameters, lr=LEARNING_RATE)


def train(
    net: nn.Module,
    split: Part,
    epochs: int,
    seed: int,
    *,
    masks: Mapping[str, Tensor] | None = None,
    first: int = 0,
) -> None:
    """Trains in place; entries outside ``masks`` (name → boolean) stay zero."""
    steps = optimizer(net.parameters())
    parameters = dict(net.named_parameters())
    of_epoch = batches(split, seed, first)
    net.train()
    for epoch in range(epochs):
        for batch in of_epoch(epoch):
            steps.zero_grad()
            loss(net, batch).backward()
            steps.step()
            with torch.no_grad():
                for name, mask in (masks or {}).items():
                    parameters[name].mul_(mask)
