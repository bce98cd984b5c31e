"""What the network families share: named layers, normalized convolutions, He's initial values.

Reference    He, Zhang, Ren, Sun, ICCV 2015, 1026–1034 (initial values, eqs. 10 and 15)
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping

import torch
from torch import nn

from problems.seeds import require_seed


def named(layers: Mapping[str, nn.Module]) -> nn.Sequential:
    """The layers one after the other; their names are those of the parameters."""
    return nn.Sequential(OrderedDict(layers))


def normalized(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution without bias and its batch norm; odd kernels keep (h, w) at stride 1."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def head(inputs: int, classes: int) -> dict[str, nn.Module]:
    """Mean over all positions, then a linear layer: (n, c, h, w) → (n, classes)."""
    return {"pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "fc": nn.Linear(inputs, classes)}


def he_values(net: nn.Module) -> nn.Module:
    """Convolutions redrawn with variance 2 / fan out; linear layers keep torch's initial values."""
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return net


def seeded(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """What ``make`` builds, on the CPU, drawing by the seed; torch's global state stays as it is."""
    require_seed(seed)
    with torch.random.fork_rng(devices=()), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed, which seeds GPUs as well
        return make()
