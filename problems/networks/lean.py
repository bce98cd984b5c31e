"""What is not compressed, in few bytes: biases that nobody hears are dropped, the others rounded."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from lagrange.nn import dead_weights


def make_lean(net: nn.Module, targets: Collection[str], example: Tensor) -> None:
    """In place, for all parameters but the targets: 0 where they do nothing, else to bfloat16.

    example : an input, (1, channels, …)
    """
    rest = {name: p for name, p in net.named_parameters() if name not in targets}
    dead = dead_weights(net, list(rest), example)
    with torch.no_grad():
        for name, parameter in rest.items():
            parameter[dead[name]] = 0.0
            parameter.copy_(parameter.bfloat16())
