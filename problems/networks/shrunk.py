"""Training a pruned network without its dead units, and putting it back: the same, but quicker."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lagrange.nn import compact

BIASED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
WITHOUT_PARAMETERS = (nn.Sequential, nn.ReLU, nn.Identity, nn.Flatten, nn.MaxPool2d)


def trained_without_dead_units(
    net: nn.Module, example: Tensor, train: Callable[[nn.Module], None]
) -> None:
    """Calls ``train`` on the network without its dead units and takes over what it made of them.

    example : an input, (1, channels, …)

    Weights into units that nobody hears, and out of units that are constant, stay as they are. Where
    dead units take part in training (statistics of batches), or constants have no bias to go to, it is
    the network itself that is trained.
    """
    if not all(_simple(module) for module in net.modules()):
        train(net)
        return
    smaller = compact(net, example)
    smaller.module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    train(smaller.module)
    net.load_state_dict(smaller.expanded())


def _simple(module: nn.Module) -> bool:
    """In training a constant channel is as good as its constant in a bias."""
    if isinstance(module, BIASED):
        return module.bias is not None
    return isinstance(module, WITHOUT_PARAMETERS)
