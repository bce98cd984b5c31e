"""How channels run through a network: which layers share them, which are constant, which are needed.

A channel is an index of dimension 1. Every value of the traced graph has for each channel a *label*
and, in eval mode, a *constant* if it has the same known value whatever the input (NaN: it has not).

    label      new in the outputs of Linear and Conv, handed on by pointwise layers, BatchNorm, pooling,
               depthwise Conv and flatten; an addition makes the labels of its terms one
    constant   a layer's output whose inputs with nonzero weight are constant; and what comes of it.
               A constant other than 0 is none for a Conv that pads with zeros: the border differs.
    needed     a label is needed if a needed output of some layer has a nonzero weight on it and it is
               no constant there; or if something else reads it, as the network's output does; or if
               its constant, which is read, comes from a needed label: training may change that one

What is not needed can be removed, its constants going to biases. It is the least such choice: needs
start from the network's output and spread backwards until nothing changes.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, fx, nn
from torch.nn import functional as F

Labels = NDArray[np.int64]
Values = NDArray[np.float64]
Mask = NDArray[np.bool_]
Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d
Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


@dataclass(frozen=True)
class Channels:
    """Label and constant (NaN: none) of each channel of a value."""

    labels: Labels
    constants: Values


@dataclass(frozen=True)
class Layer:
    """A Linear or Conv with its input and output channels.

    used     : (outputs, inputs) where a weight is not zero
    sums     : (outputs, inputs) weights summed over the kernel
    foldable : inputs that are constant at this layer, borders included
    """

    name: str
    inputs: Channels
    outputs: Channels
    used: Mask
    sums: Values
    foldable: Mask


@dataclass
class Flow:
    """What ``trace`` finds; ``parents`` join labels that an addition has made one."""

    layers: list[Layer] = field(default_factory=list[Layer])
    passed: dict[str, Channels] = field(default_factory=dict[str, Channels])
    left_alone: dict[str, str] = field(default_factory=dict[str, str])
    parents: list[int] = field(default_factory=list[int])
    forced: set[int] = field(default_factory=set[int])

    def fresh(self, count: int, constants: Values | None = None) -> Channels:
        """New labels."""
        first = len(self.parents)
        self.parents.extend(range(first, first + count))
        known = np.full(count, math.nan) if constants is None else constants
        return Channels(np.arange(first, first + count), known)

    def force(self, channels: Channels | None) -> None:
        """Marks channels as needed whatever happens."""
        if channels is not None:
            self.forced.update(int(label) for label in channels.labels)

    def join(self, a: Labels, b: Labels) -> None:
        """Makes labels one."""
        for x, y in zip(a, b, strict=True):
            self.parents[self.root(int(x))] = self.root(int(y))

    def root(self, label: int) -> int:
        """The one label that stands for all that were made one with it."""
        while self.parents[label] != label:
            self.parents[label] = self.parents[self.parents[label]]
            label = self.parents[label]
        return label

    def needed(self) -> Mask:
        """For every label whether it must stay; every layer keeps at least one output."""
        roots = np.array([self.root(label) for label in range(len(self.parents))], np.int64)
        needed = np.zeros(roots.size, bool)
        read = np.zeros(roots.size, bool)
        needed[roots[list(self.forced)]] = True
        while True:
            before = int(needed.sum())
            for layer in reversed(self.layers):
                outputs, inputs = roots[layer.outputs.labels], roots[layer.inputs.labels]
                from_needed = (layer.used & needed[inputs]).any(axis=1)
                from_needed &= np.isfinite(layer.outputs.constants)
                needed[outputs[from_needed & read[outputs]]] = True
                heard = layer.used[needed[outputs]].any(axis=0)
                read[inputs[heard]] = True
                needed[inputs[heard & ~layer.foldable]] = True
            if int(needed.sum()) > before:
                continue
            empty = [a for a in self.layers if not needed[roots[a.outputs.labels]].any()]
            if not empty:
                return needed[roots]
            needed[roots[empty[0].outputs.labels[0]]] = True


POINTWISE = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh, nn.Softplus),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Mish, nn.Dropout, nn.Dropout2d, nn.Identity),
)
POINTWISE_FUNCTIONS: tuple[Any, ...] = (
    *(F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.softplus, F.hardswish, F.hardtanh),
    *(torch.relu, torch.tanh, torch.sigmoid, F.tanh, F.sigmoid),
    *("relu", "relu_", "tanh", "sigmoid", "contiguous", "clone"),
)
POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
)
POOL_FUNCTIONS: tuple[Any, ...] = (F.max_pool2d, F.adaptive_avg_pool2d, torch.max_pool2d)
ADD_IN_PLACE: Any = vars(operator)["iadd"]
SUMS: tuple[Any, ...] = (operator.add, ADD_IN_PLACE, torch.add, "add", "add_")
FLATTENS: tuple[Any, ...] = (torch.flatten, "flatten")
VIEWS: tuple[Any, ...] = ("view", "reshape", torch.reshape)
IN_PLACE: tuple[Any, ...] = (ADD_IN_PLACE, "relu_", "add_")
ALIASES = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d)  # in eval mode
ALIAS_FUNCTIONS: tuple[Any, ...] = (*FLATTENS, *VIEWS, F.dropout, "contiguous")
MEANS: tuple[Any, ...] = (torch.mean, "mean")


def on_constants(channels: Channels, function: Callable[[Tensor], Tensor]) -> Channels:
    """A pointwise function of the channels."""
    with torch.no_grad():
        after = function(torch.tensor(channels.constants)).numpy()
    return Channels(channels.labels, np.where(np.isnan(channels.constants), math.nan, after))


def shape_of(node: fx.Node) -> tuple[int, ...] | None:
    """The shape of a traced value; None: no tensor."""
    shape = getattr(node.meta.get("tensor_meta"), "shape", None)
    return tuple(shape) if isinstance(shape, torch.Size) else None


def read_layer(flow: Flow, name: str, module: nn.Linear | Conv, given: Channels) -> Layer:
    """A Linear, or a Conv of one group, with new output labels."""
    weight = module.weight.detach().double().cpu().numpy()
    flat = weight.reshape(*weight.shape[:2], -1)
    used, sums = (flat != 0).any(axis=2), flat.sum(axis=2)
    foldable = foldable_inputs(module, given)
    bias = np.zeros(len(sums)) if module.bias is None else numbers(module.bias)
    constants = bias + sums @ np.where(foldable, given.constants, 0.0)
    constants = np.where((used & ~foldable).any(axis=1), math.nan, constants)
    return Layer(name, given, flow.fresh(len(sums), constants), used, sums, foldable)


def read_depthwise(module: Conv, given: Channels) -> Channels:
    """A Conv whose every input channel makes its own outputs."""
    times = module.out_channels // module.in_channels
    weight = numbers(module.weight).reshape(module.out_channels, -1)
    constants = np.repeat(given.constants, times)
    foldable = np.repeat(foldable_inputs(module, given), times) | ~weight.any(axis=1)
    bias = np.zeros(len(weight)) if module.bias is None else numbers(module.bias)
    made = bias + weight.sum(axis=1) * np.where(np.isnan(constants), 0.0, constants)
    return Channels(np.repeat(given.labels, times), np.where(foldable, made, math.nan))


def read_norm(module: Norm, given: Channels) -> Channels:
    """BatchNorm in eval mode with its running statistics."""
    assert module.running_mean is not None and module.running_var is not None
    mean, spread = numbers(module.running_mean), np.sqrt(numbers(module.running_var) + module.eps)
    own = dict(module.named_parameters(recurse=False))  # none without affine=True
    gain = numbers(own["weight"]) if "weight" in own else np.ones(mean.size)
    shift = numbers(own["bias"]) if "bias" in own else np.zeros(mean.size)
    after = (given.constants - mean) / spread * gain + shift
    return Channels(given.labels, np.where(gain == 0, shift, after))


def foldable_inputs(module: nn.Linear | Conv, given: Channels) -> Mask:
    """Inputs that are constant wherever the layer reads them, its zero padding included."""
    known = np.isfinite(given.constants)
    if isinstance(module, nn.Linear) or module.padding_mode != "zeros":
        return known
    padded = module.padding != "valid" and (isinstance(module.padding, str) or any(module.padding))
    return known & (given.constants == 0) if padded else known


def numbers(tensor: Tensor) -> Values:
    """As doubles."""
    return tensor.detach().double().cpu().numpy()
