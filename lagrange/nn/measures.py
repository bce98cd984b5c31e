"""What a compression achieved: counts, bits, multiplications; and how far a run has come.

compression        weights of the targets / their nonzeros, as the papers have it
compression_all    parameters of the network / those that are not zero
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from lagrange.nn import packed
from lagrange.nn.bake import bake
from lagrange.nn.diagnosis import Reading
from lagrange.nn.example import answer
from lagrange.nn.members import Sets, as_members
from lagrange.nn.parametrized import named
from lagrange.sets.size import Size
from lagrange.vectors import Vector, norm, subtract

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class Macs:
    """Multiplications and additions for one example, all weights and nonzero ones only."""

    dense: int
    sparse: int


@dataclass(frozen=True)
class LayerMeasures:
    """One target. ``size``: bits as a packed file stores it, places of nonzeros included."""

    name: str
    shape: tuple[int, ...]
    weights: int
    nonzeros: int
    size: Size
    macs: Macs


@dataclass(frozen=True)
class Measures:
    """A compressed network.

    layers     : the targets
    parameters : of the network, all of them; tied ones once
    nonzeros   : of these, not zero
    size       : bits of the whole state dict in a packed file
    file_bytes : of this file, header and padding included
    macs       : of all layers, targets or not
    """

    layers: tuple[LayerMeasures, ...]
    parameters: int
    nonzeros: int
    size: Size
    file_bytes: int
    macs: Macs

    @property
    def compression(self) -> float:
        """Weights of the targets over their nonzeros; infinite if there are none."""
        return _ratio(sum(a.weights for a in self.layers), sum(a.nonzeros for a in self.layers))

    @property
    def compression_all(self) -> float:
        """Parameters of the network over those that are not zero."""
        return _ratio(self.parameters, self.nonzeros)

    def table(self) -> str:
        """One line a target and one for all of them."""
        lines = [_line("layer", "weights", "nonzeros", "kept %", "bits", "index", "macs", "sparse")]
        for a in self.layers:
            lines.append(_row(a.name, a.weights, a.nonzeros, a.size, a.macs))
        total = sum((a.size for a in self.layers), start=Size(0))
        macs = Macs(sum(a.macs.dense for a in self.layers), sum(a.macs.sparse for a in self.layers))
        weights, nonzeros = (
            sum(a.weights for a in self.layers),
            sum(a.nonzeros for a in self.layers),
        )
        return "\n".join([*lines, _row("targets", weights, nonzeros, total, macs)])


def measure(
    model: nn.Module, names: Sequence[str], example: Tensor, sets: Sets | None = None
) -> Measures:
    """Measures a network, masked or baked.

    names   : the targets, by their first names
    example : an input, (batch, …); multiplications are counted for one of the batch
    sets    : of which targets are members; quantized ones are counted as codes
    """
    plain = bake(model)
    parameters = named(plain, names)
    each = multiplications(plain, example)
    _, report = packed.encoded(plain.state_dict(), sets)
    stored = {entry.name: entry for entry in report.entries}
    first = {id(p): name for name, p in plain.named_parameters()}  # which ties are stored under
    layers = tuple(
        LayerMeasures(
            name,
            tuple(p.shape),
            p.numel(),
            int(p.count_nonzero()),
            stored[first[id(p)]].size,
            each.get(name, Macs(0, 0)),
        )
        for name, p in parameters.items()
    )
    every = list(plain.parameters())
    return Measures(
        layers,
        sum(p.numel() for p in every),
        sum(int(p.count_nonzero()) for p in every),
        report.size,
        report.file_bytes,
        Macs(sum(m.dense for m in each.values()), sum(m.sparse for m in each.values())),
    )


def multiplications(model: nn.Module, example: Tensor) -> dict[str, Macs]:
    """By the name of the weight, for every Linear and Conv that a forward pass calls.

    Every weight counts once for each place it is applied to, zeros of the padding included.
    """
    if example.ndim < 1 or example.shape[0] < 1:
        raise ValueError(f"the example needs a batch, got the shape {tuple(example.shape)}")
    found = dict[str, Macs]()
    hooks = list[torch.utils.hooks.RemovableHandle]()
    for path, module in cast("Iterator[tuple[str, nn.Module]]", model.named_modules()):
        if isinstance(module, (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)):
            name = f"{path}.weight".lstrip(".")

            def count(
                layer: nn.Module, given: tuple[Tensor], made: Tensor, name: str = name
            ) -> None:
                places = _places(layer, given[0], made) // example.shape[0]
                weight = layer.get_parameter("weight")
                old = found.get(name, Macs(0, 0))
                sparse = old.sparse + places * int(weight.count_nonzero())
                found[name] = Macs(old.dense + places * weight.numel(), sparse)

            hooks.append(module.register_forward_hook(count))
    modes = [(module, module.training) for module in model.modules()]
    try:
        answer(model.eval(), example)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes:
            module.training = mode
    return found


def residual(weights: Vector, projected: Vector) -> float:
    """‖W − Z‖ / ‖W‖ over all tensors; 0 where they are the same."""
    return _ratio(norm(subtract(weights, projected)), norm(weights))


def support_changes(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> int:
    """How many entries became zero or ceased to be."""
    if set(before) != set(after):
        raise ValueError(f"the tensors before are {list(before)}, those after {list(after)}")
    return sum(int(((before[name] != 0) != (after[name] != 0)).sum()) for name in before)


def hard_projected(model: nn.Module, sets: Sets) -> nn.Module:
    """A copy of the network with its targets projected on their sets."""
    members = as_members(sets)
    hard = bake(model)
    parameters = named(hard, members.names)
    projected = members.set.project({name: p.detach() for name, p in parameters.items()})
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(projected[name])
    return hard


def reading(
    step: int,
    weights: Vector,
    projected: Vector,
    before: Vector,
    *,
    loss: float,
    rho: float = math.nan,
    multipliers: Vector | None = None,
    accuracy: float = math.nan,
) -> Reading:
    """One update as ``diagnosis.diagnose`` reads it.

    weights, projected : W and Z after the update;  before : Z of the update before
    accuracy           : of ``hard_projected``, by the user's own function
    """
    moved = rho * norm(subtract(projected, before))
    dual = math.nan if multipliers is None else _ratio(moved, norm(multipliers))
    support = sum(int((z != 0).sum()) for z in projected.values())
    changes = support_changes(before, projected) / max(support, 1)
    return Reading(step, residual(weights, projected), loss, changes, dual, accuracy)


def _places(layer: nn.Module, given: Tensor, made: Tensor) -> int:
    """How many times each weight is applied: positions of the output, of the input if transposed."""
    if isinstance(layer, nn.Linear):
        return made.numel() // layer.out_features
    if isinstance(layer, TRANSPOSED):
        return given.numel() // layer.in_channels
    assert isinstance(layer, CONVOLUTIONS)
    return made.numel() // layer.out_channels


def _ratio(top: float, bottom: float) -> float:
    if bottom == 0:
        return 0.0 if top == 0 else math.inf
    return top / bottom


def _row(name: str, weights: int, nonzeros: int, size: Size, macs: Macs) -> str:
    kept = f"{100 * _ratio(nonzeros, weights):.2f}"
    return _line(name, weights, nonzeros, kept, size.total, size.indices, macs.dense, macs.sparse)


def _line(name: str, *cells: object) -> str:
    return f"{name:<32}" + "".join(f"{cell!s:>12}" for cell in cells)
