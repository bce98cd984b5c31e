"""Tensors as numpy arrays and back, bit for bit and in the same layout."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

UNKNOWN_TO_NUMPY = (torch.bfloat16,)  # carried as 16-bit integers


def as_array(tensor: Tensor) -> tuple[Any, str, tuple[int, ...]]:
    """Contiguous numbers, the name of the type, and the strides in entries."""
    held = tensor.detach().cpu()
    name, strides = str(held.dtype).removeprefix("torch."), held.stride()
    numbers = held.contiguous()
    if held.dtype in UNKNOWN_TO_NUMPY:
        numbers = numbers.view(torch.int16)
    return np.asarray(numbers), name, strides


def as_tensor(array: Any, name: str, strides: tuple[int, ...]) -> Tensor:
    """The tensor again, on the processor. One whose entries share memory becomes contiguous."""
    flat = torch.from_numpy(array)  # pyright: ignore[reportUnknownMemberType]
    numbers = flat.view(getattr(torch, name))
    if numbers.stride() == strides or 0 in strides:
        return numbers
    return torch.empty_strided(numbers.shape, strides, dtype=numbers.dtype).copy_(numbers)
