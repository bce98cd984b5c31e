"""Residual networks: 6 n + 2 layers for CIFAR-10, 18 and 50 layers for ImageNet.

Shortcuts where the shape changes [1, §3.3]: option A subsamples and pads with zeros (no parameters),
option B projects by a 1×1 convolution with batch norm. [1, §4.2] takes A on CIFAR-10, B on ImageNet.
In ResNet-50 the stride sits in the 3×3 convolution, as in most published weights, not in the 1×1
before it; the number of parameters is the same.

Reference    [1] He, Zhang, Ren, Sun, CVPR 2016, 770–778
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from problems.networks.layers import he_values, head, named, normalized
from problems.options import require_at_least


class Padded(nn.Module):
    """Option A: every ``stride``-th position, and zeros for the channels that are new."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride, self.new = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        before = self.new // 2  # half of the zeros on either side
        return functional.pad(x, (0, 0, 0, 0, before, self.new - before))


class Residual(nn.Module):
    """ReLU(body(x) + shortcut(x)); (n, c, h, w) → (n, outputs, h / stride, w / stride)."""

    def __init__(self, body: Sequence[nn.Module], shortcut: nn.Module) -> None:
        super().__init__()
        self.body, self.shortcut = nn.Sequential(*body), shortcut

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def _shortcut(inputs: int, outputs: int, stride: int, project: bool) -> nn.Module:
    if inputs == outputs and stride == 1:
        return nn.Identity()
    if project:
        return nn.Sequential(*normalized(inputs, outputs, 1, stride))
    return Padded(inputs, outputs, stride)


def _basic(inputs: int, width: int, stride: int) -> list[nn.Module]:
    """Two 3×3 convolutions."""
    return [*normalized(inputs, width, 3, stride), nn.ReLU(), *normalized(width, width, 3)]


def _bottleneck(inputs: int, width: int, stride: int) -> list[nn.Module]:
    """1×1, 3×3 and 1×1 convolutions; the last one widens to 4 × width."""
    return [
        *normalized(inputs, width, 1),
        nn.ReLU(),
        *normalized(width, width, 3, stride),
        nn.ReLU(),
        *normalized(width, 4 * width, 1),
    ]


def _stages(
    inputs: int, widths: Sequence[int], depths: Sequence[int], *, deep: bool, project: bool
) -> dict[str, nn.Module]:
    """One stage a width, each but the first halving height and width in its first block."""
    stages: dict[str, nn.Module] = {}
    for width, depth in zip(widths, depths, strict=True):
        blocks: list[nn.Module] = []
        for i in range(depth):
            stride = 2 if stages and i == 0 else 1
            outputs = 4 * width if deep else width
            body = (_bottleneck if deep else _basic)(inputs, width, stride)
            blocks.append(Residual(body, _shortcut(inputs, outputs, stride, project)))
            inputs = outputs
        stages[f"stage{len(stages) + 1}"] = nn.Sequential(*blocks)
    return stages


def resnet_cifar(n: int, *, project: bool = False) -> nn.Module:
    """6 n + 2 layers for 3×32×32 images, widths 16, 32, 64.

    n       : blocks a stage, ≥ 1; 3 is ResNet-20, 9 is ResNet-56
    project : option B shortcuts in place of the paper's option A
    """
    require_at_least(1, n=n)
    # Convolutions: 432 + 2304·2n + (4608 + 9216(2n−1)) + (18432 + 36864(2n−1)) = 96768 n − 22608;
    # batch norms: 2(16 + 112·2n) = 448 n + 32; linear: 650; together 97216 n − 21926, which is
    # 269,722 for n = 3 and 853,018 for n = 9. Option B adds 512 + 2048 + 2(32 + 64) = 2752.
    stages = _stages(16, (16, 32, 64), (n, n, n), deep=False, project=project)
    stem = nn.Sequential(*normalized(3, 16, 3), nn.ReLU())
    return he_values(named({"stem": stem, **stages, **head(64, 10)}))


def resnet_imagenet(depths: Sequence[int], *, deep: bool) -> nn.Module:
    """Four stages for 3×224×224 images and 1000 classes.

    depths : blocks a stage; (2, 2, 2, 2) basic ones are ResNet-18, (3, 4, 6, 3) deep ones ResNet-50
    deep   : bottleneck blocks in place of basic ones
    """
    pool = nn.MaxPool2d(3, 2, 1)
    stem = nn.Sequential(*normalized(3, 64, 7, 2), nn.ReLU(), pool)  # (n, 64, 56, 56)
    stages = _stages(64, (64, 128, 256, 512), depths, deep=deep, project=True)
    return he_values(named({"stem": stem, **stages, **head(2048 if deep else 512, 1000)}))


def resnet18_cifar() -> nn.Module:
    """ResNet-18 for 3×32×32 images and 10 classes: a 3×3 stem without stride or pooling."""
    stages = _stages(64, (64, 128, 256, 512), (2, 2, 2, 2), deep=False, project=True)
    stem = nn.Sequential(*normalized(3, 64, 3), nn.ReLU())
    return he_values(named({"stem": stem, **stages, **head(512, 10)}))
