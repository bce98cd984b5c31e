"""Batches that are looked up only when they are trained on.

A batch is (rows, place): which images of the part, and epoch and number of the batch. A training that
goes on in the middle of an epoch passes over what lies before at no cost, and an image is shifted by
its place alone. ``loss`` looks the images up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from lagrange.nn.retrain import Teacher
from problems.networks import training
from problems.networks.batches import Batches
from problems.networks.sparse_layers import SparseChain

Batch = tuple[
    Tensor, Tensor
]  # rows (n,) and place (2,), int64; a place (0,) leaves images as they are


@dataclass(frozen=True)
class Feed:
    """Epoch → its batches. ``first``: which epoch of ``batches`` number 0 is.

    half   : the loss of a batch in bfloat16 where that is precise enough (autocast), never that of
             the sample; twice as fast on processors that have it
    sparse : the network of that loss is computed with its nonzero weights only (``SparseChain``)
    teacher: whose answers count in that loss beside the labels, by its share
    layout : memory format of the images; channels last is faster for convolutions on a CPU
    """

    batches: Batches
    first: int = 0
    half: bool = False
    sparse: bool = False
    teacher: Teacher | None = None
    layout: torch.memory_format = torch.channels_last

    def __call__(self, epoch: int) -> Iterable[Batch]:
        epoch += self.first
        rows = self.batches.rows(epoch)
        return ((r, torch.tensor([epoch, i])) for i, r in enumerate(rows))

    def after(self, epochs: int) -> "Feed":
        """The same from a later epoch on."""
        return replace(self, first=self.first + epochs)

    def sample(self, count: int) -> Batch:
        """The first images, as they are."""
        return torch.arange(min(count, len(self.batches.part))), torch.empty(0, dtype=torch.int64)

    def loss(self, net: nn.Module, batch: Batch) -> Tensor:
        """Mean cross entropy on a batch."""
        rows, place = batch
        part, on_sample = self.batches.part, not place.numel()
        if on_sample:
            images, labels = part.images[rows], part.labels[rows]
        else:
            epoch, number = place.tolist()
            images, labels = self.batches.of(epoch, number, rows)
        images = images.contiguous(memory_format=self.layout)
        if on_sample:
            return training.loss(net, (images, labels))
        computed = SparseChain(net) if self.sparse else net
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.half):
            if self.teacher is None:
                return training.loss(computed, (images, labels))
            logits = computed(images)
            value = functional.cross_entropy(logits, labels)
            return self.teacher.blended(value, logits.float(), images)
