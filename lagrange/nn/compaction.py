"""A smaller network with the same answers: units without a live input or output are taken out.

    y = W x + b,  x_j = c_j whatever the input     →     W without column j,  b + W_j c_j

Exact in eval mode up to rounding. In training, BatchNorm and Dropout treat a constant channel
differently from its constant in a bias. Understood are graphs of Linear, Conv, BatchNorm, pointwise
layers, pooling, flatten, additions and concatenations of channels (``channel_flow``); what is not
understood is left as it is and listed. Channels that meet in an addition go together or not at all.

Pruned networks are often to be retrained: freeze the zeros of the smaller network and train that.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lagrange.nn.channel_flow import Channels, Layer, Mask, numbers
from lagrange.nn.channel_trace import trace
from lagrange.nn.example import answer
from lagrange.nn.targets import plain


@dataclass(frozen=True)
class Resized:
    """Input and output channels of a layer, before and after."""

    name: str
    inputs: tuple[int, int]
    outputs: tuple[int, int]


@dataclass(frozen=True)
class Compaction:
    """The smaller network and what was done.

    layers     : every layer that was looked at
    left_alone : graph node or layer → why its channels had to stay
    parameters : how many numbers, before and after
    difference : of the answers to the example, the largest, over the largest answer
    """

    module: nn.Module
    layers: tuple[Resized, ...]
    left_alone: dict[str, str]
    parameters: tuple[int, int]
    difference: float


def compact(model: nn.Module, example: Tensor) -> Compaction:
    """A copy of the network without its dead units; ``example``: an input, (batch, channels, …).

    The names of the parameters stay; a layer without bias gets one where a constant goes into it.
    """
    model = plain(model)
    if any(parametrize.is_parametrized(module) for module in model.modules()):
        raise ValueError("the network has parametrized weights: bake it before it is compacted")
    smaller = copy.deepcopy(model)
    modes = [(module, module.training) for module in smaller.modules()]
    smaller.eval()
    flow = trace(smaller, example)
    before = _answer(smaller, example)
    needed = flow.needed()
    for layer in flow.layers:
        _shrink_layer(smaller.get_submodule(layer.name), layer, needed)
    for name, channels in flow.passed.items():
        _shrink_passed(smaller.get_submodule(name), needed[channels.labels])
    after = _answer(smaller, example)
    for module, mode in modes:
        module.training = mode
    return Compaction(
        smaller,
        tuple(
            Resized(layer.name, _count(layer.inputs, needed), _count(layer.outputs, needed))
            for layer in flow.layers
        ),
        flow.left_alone,
        (_parameters(model), _parameters(smaller)),
        float((after - before).abs().max() / before.abs().max().clamp(min=1e-300)),
    )


def _shrink_layer(module: nn.Module, layer: Layer, needed: Mask) -> None:
    """Keeps needed rows and columns; the constants of the columns that go are added to the bias."""
    assert isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
    inputs, outputs = needed[layer.inputs.labels], needed[layer.outputs.labels]
    if inputs.all() and outputs.all():
        return
    folded = np.where(layer.foldable & ~inputs, layer.inputs.constants, 0.0)
    added = (layer.sums @ folded)[outputs]
    kept_out, kept_in = _index(module, outputs), _index(module, inputs)
    weight, bias = module.weight, module.bias
    module.weight = _like(weight, weight.detach()[kept_out][:, kept_in])
    if bias is not None or added.any():
        old = 0.0 if bias is None else numbers(bias)[outputs]
        module.bias = _like(weight if bias is None else bias, torch.tensor(old + added))
    if isinstance(module, nn.Linear):
        module.in_features, module.out_features = int(inputs.sum()), int(outputs.sum())
    else:
        module.in_channels, module.out_channels = int(inputs.sum()), int(outputs.sum())


def _shrink_passed(module: nn.Module, kept: Mask) -> None:
    """A BatchNorm or a depthwise Conv."""
    if kept.all():
        return
    index = _index(module, kept)
    for name, parameter in list(module.named_parameters(recurse=False)):
        module.register_parameter(name, _like(parameter, parameter.detach()[index]))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.ndim:
            module.register_buffer(name, buffer[index].clone())
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        times = module.out_channels // module.in_channels
        module.out_channels = int(kept.sum())
        module.in_channels = module.groups = module.out_channels // times
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        module.num_features = int(kept.sum())


def _index(module: nn.Module, kept: Mask) -> Tensor:
    device = next(module.parameters()).device
    return torch.tensor(np.flatnonzero(kept), device=device)


def _like(old: Tensor, values: Tensor) -> nn.Parameter:
    fresh = values.to(device=old.device, dtype=old.dtype).clone()
    return nn.Parameter(fresh, requires_grad=old.requires_grad)


def _answer(model: nn.Module, example: Tensor) -> Tensor:
    return answer(model, example).double()


def _count(channels: Channels, needed: Mask) -> tuple[int, int]:
    return channels.labels.size, int(needed[channels.labels].sum())


def _parameters(model: nn.Module) -> int:
    return sum(math.prod(parameter.shape) for parameter in model.parameters())
