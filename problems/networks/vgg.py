"""VGG-16: thirteen 3×3 convolutions (configuration D), pooled after every stage.

The CIFAR-10 variant of the pruning papers has batch norm after each convolution, as the original
does not, and one linear layer in place of three.

Reference    Simonyan, Zisserman, ICLR 2015
"""

from torch import nn

from problems.networks.layers import he_values, named

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16() -> nn.Module:
    """For 3×224×224 images and 1000 classes."""
    classifier = {
        "flat": nn.Flatten(),
        "fc6": nn.Linear(512 * 7 * 7, 4096),
        "relu6": nn.ReLU(),
        "drop6": nn.Dropout(),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "drop7": nn.Dropout(),
        "fc8": nn.Linear(4096, 1000),
    }
    return he_values(named({**_convolutions(norm=False), **classifier}))


def vgg16_cifar() -> nn.Module:
    """For 3×32×32 images and 10 classes."""
    # convolutions 14,714,688 with their biases, batch norms 2 · 4224, linear 5130
    classifier = {"flat": nn.Flatten(), "fc": nn.Linear(512, 10)}
    return he_values(named({**_convolutions(norm=True), **classifier}))


def _convolutions(*, norm: bool) -> dict[str, nn.Module]:
    layers: dict[str, nn.Module] = {}
    inputs = 3
    for i, stage in enumerate(STAGES, 1):
        for j, width in enumerate(stage, 1):
            layers[f"conv{i}_{j}"] = nn.Conv2d(inputs, width, 3, padding=1)
            if norm:
                layers[f"norm{i}_{j}"] = nn.BatchNorm2d(width)
            layers[f"relu{i}_{j}"] = nn.ReLU()
            inputs = width
        layers[f"pool{i}"] = nn.MaxPool2d(2)
    return layers  # (n, 3, h, w) → (n, 512, h / 32, w / 32)
