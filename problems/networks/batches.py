"""Seeded minibatches: what batch i of epoch e holds depends on the seed, e and i alone.

So a run that stopped goes on at any batch, ``of(epoch, i, rows(epoch)[i])``, with the same images in
the same order, shifted and flipped in the same way; torch's own random numbers are neither read nor
moved.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from problems.networks.dataset import Part
from problems.options import require_at_least
from problems.seeds import require_seed

Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Batches:
    """Epoch number → its batches of images (size, c, h, w) and labels (size,).

    part    : what to draw from, each image once an epoch
    size    : images a batch, ≥ 1; the last batch is smaller where it does not divide
    seed    : ≥ 0
    augment : (images, generator) → images, fresh ones; None leaves them as they are
    """

    part: Part
    size: int
    seed: int = 0
    augment: Augment | None = None

    def __post_init__(self) -> None:
        require_at_least(1, size=self.size)
        require_seed(self.seed)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.part) // self.size)

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of an epoch; epochs count from 0."""
        require_at_least(0, epoch=epoch)
        return (self.of(epoch, i, rows) for i, rows in enumerate(self.rows(epoch)))

    def rows(self, epoch: int) -> Sequence[Tensor]:
        """Which images of the part each batch of an epoch holds."""
        order = torch.randperm(len(self.part), generator=_generator(self.seed, epoch))
        return order.split(self.size)

    def of(self, epoch: int, number: int, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels of these rows, as a batch of that epoch and number has them."""
        images, labels = self.part.images[rows], self.part.labels[rows]
        if self.augment is not None:
            images = self.augment(images, _generator(self.seed, epoch, number))
        return images, labels


@dataclass(frozen=True)
class Shift:
    """Each image moved by up to ``most`` pixels in height and in width, and perhaps mirrored.

    most  : ≥ 0; all (2 most + 1)² shifts are equally likely
    fill  : by channel, what moves in at the border
    flip  : mirror left and right with probability ½
    """

    most: int
    fill: Sequence[float]
    flip: bool = False

    def __post_init__(self) -> None:
        require_at_least(0, most=self.most)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        n, channels, height, width = images.shape
        if len(self.fill) != channels:  # one value would be taken for all channels silently
            raise ValueError(f"fill has {len(self.fill)} channels, the images have {channels}")
        down, right = torch.randint(2 * self.most + 1, (2, n), generator=generator)
        m = self.most
        border = images.new_tensor(self.fill)[:, None, None]
        wide = border.repeat(n, 1, height + 2 * m, width + 2 * m)
        wide[:, :, m : m + height, m : m + width] = images
        windows = wide.unfold(2, height, 1).unfold(3, width, 1)  # (n, c, 2m+1, 2m+1, h, w), a view
        moved = windows[torch.arange(n), :, down, right]  # (n, c, h, w)
        if not self.flip:
            return moved
        mirrored = (torch.rand(n, generator=generator) < 0.5).to(images.device)
        return torch.where(mirrored[:, None, None, None], moved.flip(3), moved)


def _generator(seed: int, *key: int) -> torch.Generator:
    """One for each seed and key, unrelated to each other."""
    state = np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0]))
