"""An input that a network is looked at with."""

from typing import Any

import torch
from torch import Tensor, nn


def answer(model: nn.Module, example: Tensor) -> Any:
    """The network's, in the mode it is in and without gradients; refuses what it cannot take."""
    if not isinstance(example, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(
            f"the example must be an input as a tensor, got a {type(example).__name__}"
        )
    try:
        with torch.no_grad():
            return model(example.clone())
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"the network does not take the example of shape {tuple(example.shape)}, "
            f"{example.dtype} on {example.device}: {error}. Give inputs as in training, "
            "(batch, channels, …)"
        ) from error
