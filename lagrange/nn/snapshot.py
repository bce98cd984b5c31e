"""All that training depends on, as a point to come back to."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkPoint:
    """Everything needed to go on training.

    weights   : the state dict, parameters and buffers, as copies
    optimizer : state dict of the optimizer, None before there was one
    epoch     : whole epochs done so far;  step: optimizer steps done in the epoch that has begun
    position  : where the data order of a loop outside stands, whatever that loop says it does
    """

    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Any] | None
    epoch: int
    step: int = 0
    position: Any = None


def snapshot(
    module: nn.Module | None,
    optimizer: torch.optim.Optimizer | None,
    epoch: int = 0,
    step: int = 0,
    position: Any = None,
) -> NetworkPoint:
    """Copies of everything: what happens to the module later does not reach them. Without a module
    only the place in the data.
    """
    held = {} if module is None else module.state_dict()
    weights = {name: tensor.detach().clone() for name, tensor in held.items()}
    moments = None if optimizer is None else copy.deepcopy(optimizer.state_dict())
    return NetworkPoint(weights, moments, epoch, step, position)


def restore(
    point: NetworkPoint, module: nn.Module, optimizer: torch.optim.Optimizer | None
) -> None:
    """Module and optimizer as they were; the point stays a copy."""
    module.load_state_dict(dict(point.weights))
    if optimizer is not None and point.optimizer is not None:
        optimizer.state.clear()  # makes room
        optimizer.load_state_dict(copy.deepcopy(dict(point.optimizer)))
