"""Out of training and into a plain module."""

import copy

from torch import nn

from lagrange.nn.masks import Zeros
from lagrange.nn.parametrized import attached, detach
from lagrange.nn.quantized_weights import Follow, Levels
from lagrange.nn.targets import plain

OURS = (Zeros, Levels, Follow)


def thaw(model: nn.Module) -> None:
    """Removes masks, frozen levels and followed sets, in place: plain parameters of the same values.

    They are the same objects as before, so that an optimizer goes on with them.
    """
    for module, attribute, piece in attached(model):
        if all(isinstance(part, OURS) for part in piece.children()):
            _free(module, attribute)


def bake(model: nn.Module) -> nn.Module:
    """A copy of the network without any wrapper and parametrization, with the first keys in their first
    order.

    Its parameters have the values that were computed, so its predictions are the same, bit for bit.
    """
    copied = copy.deepcopy(plain(model))
    for module, attribute, _ in attached(copied):
        _free(module, attribute)
    copied.zero_grad(set_to_none=True)
    return copied


def _free(module: nn.Module, attribute: str) -> None:
    pieces = module.get_submodule(f"parametrizations.{attribute}")
    levels = any(isinstance(part, Levels) for part in pieces.children())
    detach(module, attribute)
    if levels:  # it had no gradient while the levels were trained in its place
        module.get_parameter(attribute).requires_grad_(True)
