"""What the decompositions have to beat, as blocks: no prices, no multipliers.

    HeldNetwork    starts from the other block's Z and trains with its zeros held     (pruning)
    Following      trains V while the network computes with V on Z's levels           (quantization)

Under ``Alternating``, the set first, the former is gradual magnitude pruning with a budget that falls
(``Scheduled``), and one-shot pruning with a budget that does not.

References   Zhu, Gupta, arXiv 1710.01878 (2017); Bengio, Leonard, Courville, arXiv 1308.3432 (2013)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from lagrange.blocks import Response
from lagrange.nn import TrainingBlock
from lagrange.nn.level_codes import grid_of, tables
from lagrange.nn.members import Members
from lagrange.nn.snapshot import NetworkPoint
from lagrange.nn.training import Loss
from lagrange.queries import Quadratic
from lagrange.sets import arrays
from lagrange.vectors import Vector


@dataclass(frozen=True)
class HeldNetwork:
    """Answers a pull towards Z by training from Z on; entries that are zero there stay zero.

    training : its optimizer must hold zeros (``lagrange.nn.HeldAdam``)
    """

    training: TrainingBlock

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        begun = self.training.initial() if start is None else start
        point = cast("NetworkPoint", begun.point)
        z = {name: -query.offset[name] for name in self.training.targets}
        there = replace(begun, point=replace(point, weights={**point.weights, **z}))
        return self.training.respond({n: torch.zeros_like(a) for n, a in z.items()}, None, there)


@dataclass(frozen=True)
class Following:
    """Answers a pull towards Z by training V while the network computes with the level next to each
    entry of V, with the gradient of the identity. The answer is V.

    members : whose levels these are; those of a row of Z, used there or not, serve this row of V
    """

    training: TrainingBlock
    members: Members

    def respond(self, price: Vector, query: Quadratic, start: Response | None) -> Response:
        levels = {n: _levels(self.members, n, -query.offset[n]) for n in self.training.targets}
        zero = {n: torch.zeros_like(price[n]) for n in levels}
        following = replace(self.training, loss=_Followed(self.training.loss, levels))
        return following.respond(zero, None, start)


@dataclass(frozen=True)
class _Followed:
    """A loss with the nearest levels in place of the weights."""

    loss: Loss
    levels: Mapping[str, "_Levels"]

    def __call__(self, net: nn.Module, batch: Any) -> Tensor:
        parameters = dict(net.named_parameters())
        nearest = {n: _straight(parameters[n], levels) for n, levels in self.levels.items()}
        return self.loss(_Replaced(net, nearest), batch)


class _Replaced(nn.Module):
    """A network whose parameters of these names are other tensors for the time being."""

    def __init__(self, net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self._net, self._tensors = net, dict(tensors)

    def forward(self, x: Tensor) -> Tensor:
        return torch.func.functional_call(self._net, self._tensors, (x,))


class _Levels(NamedTuple):
    """Ascending levels (rows, count) of the rows of a tensor along an axis; None: one row."""

    table: Tensor
    axis: int | None


def _levels(members: Members, name: str, z: Tensor) -> _Levels:
    """Those of a member, row by row."""
    grid = grid_of(members.set, name)
    assert grid is not None, "straight-through is offered for sets of levels only"
    return _Levels(arrays.like(z, tables(grid.levels, z)), grid.levels.rows_along())


def _straight(v: Tensor, levels: _Levels) -> Tensor:
    """The nearest level of its row for each entry; its gradient is that of v."""
    table, axis = levels
    moved = v.detach().movedim(axis, 0) if axis is not None else v.detach()
    rows = moved.reshape(len(table), -1)
    places = torch.searchsorted((table[:, 1:] + table[:, :-1]) / 2, rows)
    nearest = table.gather(1, places).reshape(moved.shape)
    nearest = nearest if axis is None else nearest.movedim(0, axis)
    return nearest + (v - v.detach())
