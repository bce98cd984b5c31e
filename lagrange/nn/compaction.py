"""A smaller network with the same answers: units without a live input or output are taken out.

    y = W x + b,  x_j = c_j whatever the input     →     W without column j,  b + W_j c_j

Exact in eval mode up to rounding. In training, BatchNorm and Dropout treat a constant channel
differently from its constant in a bias. Understood are graphs of Linear, Conv, BatchNorm, pointwise
layers, pooling, flatten, additions and concatenations of channels (``channel_flow``); what is not
understood is left as it is and listed. Channels that meet in an addition go together or not at all.

Pruned networks are often to be retrained: freeze the zeros of the smaller network, train that, which
is quicker, and put its weights back where they were (``expanded``).
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lagrange.nn.channel_flow import Channels, Layer, Mask, numbers
from lagrange.nn.channel_trace import trace
from lagrange.nn.example import answer
from lagrange.nn.targets import plain

Places = tuple[Tensor] | tuple[Tensor, Tensor]  # indices along the first one or two axes


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
    places     : by name of a tensor that got smaller, where its entries were along its first axes
    folded     : by name of a bias, what constants added to its entries
    original   : the state dict of the network as it was
    """

    module: nn.Module
    layers: tuple[Resized, ...]
    left_alone: dict[str, str]
    parameters: tuple[int, int]
    difference: float
    places: Mapping[str, Places] = field(repr=False)
    folded: Mapping[str, Tensor] = field(repr=False)
    original: Mapping[str, Tensor] = field(repr=False)

    def expanded(self) -> dict[str, Tensor]:
        """A state dict of the network as it was that answers as ``module`` does now, trained or not.

        What was taken out is as it was, and what it adds to a bias is taken from that. ValueError if a
        layer got a bias that it had not: there is no place for it.
        """
        now = self.module.state_dict()
        strangers = sorted(set(now) - set(self.original))
        if strangers:
            raise ValueError(
                f"{', '.join(strangers)}: a constant went into a layer without bias, for which the "
                "network as it was has no place; give these layers biases before pruning"
            )
        return {name: self._back(name, tensor) for name, tensor in now.items()}

    def _back(self, name: str, tensor: Tensor) -> Tensor:
        places, old = self.places.get(name), self.original[name]
        if places is None:
            return tensor.clone()
        whole, rows = old.clone(), places[0]
        if len(places) == 1:
            whole[rows] = tensor - self.folded[name] if name in self.folded else tensor
        else:
            whole[rows[:, None], places[1]] = tensor
        return whole


def compact(model: nn.Module, example: Tensor) -> Compaction:
    """A copy of the network without its dead units; ``example``: an input, (batch, channels, …).

    The names of the parameters stay; a layer without bias gets one where a constant goes into it.
    """
    model = plain(model)
    if any(parametrize.is_parametrized(module) for module in model.modules()):
        raise ValueError("the network has parametrized weights: bake it before it is compacted")
    smaller = copy.deepcopy(model)
    original = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    modes = [(module, module.training) for module in smaller.modules()]
    smaller.eval()
    flow = trace(smaller, example)
    before = _answer(smaller, example)
    needed = flow.needed()
    places, folded = dict[str, Places](), dict[str, Tensor]()
    for layer in flow.layers:
        module, bias = smaller.get_submodule(layer.name), f"{layer.name}.bias"
        shrunk, folded[bias] = _shrink_layer(module, layer, needed)
        places |= shrunk
    for name, channels in flow.passed.items():
        places |= _shrink_passed(smaller.get_submodule(name), name, needed[channels.labels])
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
        places,
        folded,
        original,
    )


def _shrink_layer(
    module: nn.Module, layer: Layer, needed: Mask
) -> tuple[Mapping[str, Places], Tensor]:
    """Keeps needed rows and columns, and says which; the constants of the columns that go are added to
    the bias, and returned.
    """
    assert isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)
    inputs, outputs = needed[layer.inputs.labels], needed[layer.outputs.labels]
    if inputs.all() and outputs.all():
        return {}, torch.zeros(())
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
    places: dict[str, Places] = {f"{layer.name}.weight": (kept_out, kept_in)}
    return {**places, f"{layer.name}.bias": (kept_out,)}, torch.tensor(added).to(module.weight)


def _shrink_passed(module: nn.Module, name: str, kept: Mask) -> Mapping[str, Places]:
    """A BatchNorm or a depthwise Conv, called ``name``."""
    if kept.all():
        return {}
    index = _index(module, kept)
    shrunk = [n for n, t in (*module.named_parameters(), *module.named_buffers()) if t.ndim]
    for own, parameter in list(module.named_parameters(recurse=False)):
        module.register_parameter(own, _like(parameter, parameter.detach()[index]))
    for own, buffer in list(module.named_buffers(recurse=False)):
        if buffer.ndim:
            module.register_buffer(own, buffer[index].clone())
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        times = module.out_channels // module.in_channels
        module.out_channels = int(kept.sum())
        module.in_channels = module.groups = module.out_channels // times
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        module.num_features = int(kept.sum())
    return {f"{name}.{own}": (index,) for own in shrunk}


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
