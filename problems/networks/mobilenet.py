"""MobileNetV2: depthwise convolutions between a widening and a narrowing 1×1 convolution.

Reference    Sandler, Howard, Zhu, Zhmoginov, Chen, CVPR 2018, 4510–4520, table 2
"""

from collections.abc import Sequence

from torch import Tensor, nn

from problems.networks.layers import he_values, head, named, normalized

# expansion t, channels c, repeats n, stride s of the first repeat
IMAGENET = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
CIFAR = tuple((t, c, n, 1 if c == 24 else s) for t, c, n, s in IMAGENET)


class InvertedResidual(nn.Module):
    """Widen t-fold, depthwise 3×3, narrow without ReLU; a shortcut where the shape stays the same.

    projected : the variant common for CIFAR-10, which also widens where t = 1 and projects the shortcut
             where only the number of channels changes
    """

    def __init__(self, inputs: int, outputs: int, t: int, stride: int, *, projected: bool) -> None:
        super().__init__()
        wide = t * inputs
        widen = [*normalized(inputs, wide, 1), nn.ReLU6()] if t > 1 or projected else []
        depthwise = [*normalized(wide, wide, 3, stride, groups=wide), nn.ReLU6()]
        self.body = nn.Sequential(*widen, *depthwise, *normalized(wide, outputs, 1))
        self.shortcut: nn.Module | None = None
        if stride == 1 and inputs == outputs:
            self.shortcut = nn.Identity()
        elif stride == 1 and projected:
            self.shortcut = nn.Sequential(*normalized(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return y if self.shortcut is None else y + self.shortcut(x)


def mobilenet_v2() -> nn.Module:
    """For 3×224×224 images and 1000 classes."""
    return _mobilenet(IMAGENET, stride=2, classes=1000, projected=False)


def mobilenet_v2_cifar(*, projected: bool = True) -> nn.Module:
    """For 3×32×32 images and 10 classes: the stem and the stage of 24 channels without stride.

    projected : see ``InvertedResidual``; False is the paper's block
    """
    # projected has 59,152 parameters in 32→16, 16→24, 64→96, 160→320 and 1088 in the widening 32→32
    return _mobilenet(CIFAR, stride=1, classes=10, projected=projected)


def _mobilenet(
    table: Sequence[tuple[int, int, int, int]], *, stride: int, classes: int, projected: bool
) -> nn.Module:
    layers: dict[str, nn.Module] = {
        "stem": nn.Sequential(*normalized(3, 32, 3, stride), nn.ReLU6())
    }
    inputs = 32
    for t, outputs, repeats, first in table:
        for i in range(repeats):
            stride = first if i == 0 else 1
            block = InvertedResidual(inputs, outputs, t, stride, projected=projected)
            layers[f"block{len(layers)}"] = block
            inputs = outputs
    layers["last"] = nn.Sequential(*normalized(inputs, 1280, 1), nn.ReLU6())
    return he_values(named({**layers, **head(1280, classes)}))
