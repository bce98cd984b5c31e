"""Masks: entries that are zero now stay zero, exactly, whatever the optimizer does."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lagrange.nn.parametrized import attach, named


class Zeros(nn.Module):
    """The parameter where ``mask`` is true, and 0 (never −0) elsewhere."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return torch.where(self.mask, weight, weight.new_zeros(()))

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The parameter itself: the object that an optimizer knows stays in use."""
        return weight


def freeze_zeros(model: nn.Module, names: Sequence[str]) -> Mapping[str, Tensor]:
    """Masks the zeros of these parameters, in place; gives back the masks, true where not zero.

    Gradients of masked entries are zero, and what momentum or weight decay do to the stored parameter
    does not show. An optimizer built before keeps training the same parameters, with its state.
    ``copy.deepcopy`` and ``state_dict`` hold masks as buffers. Undo with ``bake.thaw``. Where none of
    the parameters has a zero, that is an error: there is nothing to freeze.
    """
    parameters = named(model, names)
    masks = {name: (parameter != 0).detach() for name, parameter in parameters.items()}
    if all(bool(mask.all()) for mask in masks.values()):
        raise ValueError(
            f"freeze_zeros needs parameters with zeros in them, got none in {', '.join(masks)}: "
            "set them first, by the session's finish() or by pruning"
        )
    for name, parameter in parameters.items():
        attach(model, parameter, Zeros(masks[name]))
    return masks
