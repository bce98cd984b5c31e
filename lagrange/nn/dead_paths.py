"""Weights that do nothing: into units that nobody hears, and out of units that are always 0.

    heard     a unit with a path of nonzero weights to the output of the network
    silent    a unit whose value is 0 whatever the input: ReLU(b) with b ≤ 0 and no live input, say

A nonzero weight into a unit that is not heard, or out of a silent one, is dead, and so is the bias of a
unit that is not heard: without it the network answers the same in eval mode. A unit without live inputs
that is a constant other than 0 acts as a bias, so what comes out of it is alive. Units are followed as
for ``compact``; what is not understood there, and what comes out of silent channels of a depthwise
Conv, counts as alive.

The dead weights of a pruned network are places in the budget that others can use.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lagrange.nn.bake import bake
from lagrange.nn.channel_flow import Flow, Mask
from lagrange.nn.channel_trace import trace
from lagrange.nn.parametrized import named

ROUNDS = 20  # of dead weights out and others in; as a rule a few are enough
Weights = Mapping[str, Tensor]


def projected_alive(
    weights: Weights,
    project: Callable[[Weights], Weights],
    dead: Callable[[Weights], Mapping[str, Tensor]],
) -> Weights:
    """The projection, whose dead entries are left out of the ranking until nothing more is dead. After
    the last round, or without other candidates, places stay free.

    dead : weights on the set → the dead ones, as masks of some of the tensors (``dead_weights``)
    """
    for _ in range(ROUNDS):
        hard = project(weights)
        masks = dead(hard)
        if not any(mask.any() for mask in masks.values()):
            return hard
        weights = _without(weights, masks)
    hard = project(weights)
    return _without(hard, dead(hard))


def _without(weights: Weights, dead: Mapping[str, Tensor]) -> Weights:
    """With these entries 0."""
    return {
        **weights,
        **{name: weights[name].masked_fill(mask, 0.0) for name, mask in dead.items()},
    }


def dead_weights(model: nn.Module, names: Sequence[str], example: Tensor) -> dict[str, Tensor]:
    """For each of these parameters a boolean array of its shape: nonzero entries that do nothing.

    names   : parameters by their first names;  example : an input, (batch, channels, …)

    All of them can be 0 at once, exactly up to the rounding of constants, and then no more are dead.
    ValueError for unknown names and networks that cannot be traced.
    """
    plain = bake(model).eval()
    masks = {name: torch.zeros_like(p, dtype=torch.bool) for name, p in named(plain, names).items()}
    for name, idle in _idle(trace(plain, example), names):
        if name in masks:
            weight = plain.get_parameter(name)
            kernel = (1,) * (weight.ndim - idle.ndim)
            there = torch.tensor(idle.reshape(*idle.shape, *kernel), device=weight.device)
            masks[name] = there & (weight != 0)
    return masks


def _idle(flow: Flow, names: Sequence[str]) -> Iterator[tuple[str, Mask]]:
    """By weight: (outputs, inputs), or (outputs,) of a bias, a BatchNorm or a depthwise Conv.

    A silent unit is not heard by weights that may go, but by others: what silences it may be the
    weights into it. Constants are heard; unlike in ``compact`` nothing is folded.
    """
    roots = np.array([flow.root(label) for label in range(len(flow.parents))], np.int64)
    heard = np.zeros(roots.size, bool)  # by root
    heard[roots[list(flow.forced)]] = True
    for layer in reversed(flow.layers):  # whoever reads an output comes after it
        listened = heard[roots[layer.outputs.labels]]
        silent = layer.foldable & (layer.inputs.constants == 0)
        yield f"{layer.name}.weight", ~listened[:, None] | silent
        yield f"{layer.name}.bias", ~listened
        read = layer.used[listened].any(axis=0)
        if f"{layer.name}.weight" in names:
            read &= ~silent
        heard[roots[layer.inputs.labels[read]]] = True
    for name, channels in flow.passed.items():
        unheard = ~heard[roots[channels.labels]]
        yield f"{name}.weight", unheard
        yield f"{name}.bias", unheard
