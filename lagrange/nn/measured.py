"""The loss on a fixed set of batches: what two answers are compared by."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

Cost = Callable[[nn.Module], "Tensor | float"]


def measured(cost: Cost, net: nn.Module) -> float:
    """In eval mode, without gradients; modes and random numbers are left as they were."""
    if not callable(cost):
        raise ValueError(
            f"cost must be a function, model → loss on a fixed set of batches, got {cost!r}"
        )
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng():  # pyright: ignore[reportUnknownMemberType]
            found = float(cost(net))
    finally:
        for module, training in modes:
            module.training = training
    if not math.isfinite(found):
        raise ValueError(f"cost(model) must be a finite number, got {found}")
    return found


def require_fixed(cost: Cost, net: nn.Module, before: float) -> None:
    """Refuses a cost that changes while the weights do not."""
    again = measured(cost, net)
    if again != before:
        raise ValueError(
            f"cost(model) gave {before} and then {again} for the same weights: evaluate the same "
            "batches in the same order each time, without random augmentation"
        )
