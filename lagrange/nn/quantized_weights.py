"""Training on a quantized set: every weight a member of its set at every step.

    freeze_levels   w = |s| q with the codes q as they are; the scales s are trained (of a learned
                    codebook: its numbers). Zeros of sparse sets stay zeros.
    follow_sets     w = Π(v); v is trained, with the gradient of w (straight-through [1])

The first moves few numbers and needs an optimizer for them. The second serves every set, of given
levels too; it projects in every forward pass.

References   [1] Bengio, Leonard, Courville 2013
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lagrange.nn.level_codes import Grid, codes_of, described, grid_of, levels
from lagrange.nn.members import Sets, as_members, require_members
from lagrange.nn.parametrized import attach, named
from lagrange.sets import StoredSet, arrays
from lagrange.sets.codebook import Learned
from lagrange.sets.levels import Family, Scaled, Shifted
from lagrange.sets.nearest import Floats, precision
from lagrange.sets.quantized import as_rows


class Levels(nn.Module):
    """Entries made of codes and of trained numbers, ``numbers`` (rows, count).

    codes : of the parameter's shape; multiples q of the row's scale, or with ``book`` places in
            ``numbers`` counted through all rows, −1 for zero
    """

    codes: Tensor
    rows: Tensor

    def __init__(self, codes: Tensor, rows: Tensor, numbers: Tensor, book: bool) -> None:
        super().__init__()
        self.register_buffer("codes", codes)
        self.register_buffer("rows", rows)
        self.numbers = nn.Parameter(numbers)
        self.book = book

    def forward(self, weight: Tensor) -> Tensor:
        flat = self.numbers.reshape(-1)
        if self.book:
            return torch.where(self.codes < 0, flat.new_zeros(()), flat[self.codes.clamp(min=0)])
        # a product of singles, rounded once to a half format, is what the sets mean by fl(s q)
        wide = torch.promote_types(flat.dtype, torch.float32)
        return (flat.abs().to(wide)[self.rows] * self.codes.to(wide)).to(flat.dtype)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The parameter itself, not used until it is thawed."""
        return weight


class Follow(nn.Module):
    """The projection of the parameter, with the gradient of the identity."""

    def __init__(self, members: StoredSet) -> None:
        super().__init__()
        self.members = members

    def forward(self, weight: Tensor) -> Tensor:
        passed: Any = _StraightThrough
        return passed.apply(weight, self.members)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The parameter itself."""
        return weight


def freeze_levels(model: nn.Module, sets: Sets) -> tuple[nn.Parameter, ...]:
    """Fixes the codes of these parameters, in place; gives back the numbers to train, by tensor.

    The parameters must be members of their sets already, and the sets must have a scale or a codebook
    to train. They get no gradient themselves until ``bake.thaw``: give the answer to an optimizer.
    """
    members = as_members(sets)
    parameters = named(model, members.names)
    require_members(members, parameters, "project them first")
    made = dict[str, Levels]()
    for name, parameter in parameters.items():
        grid = grid_of(members.set, name)
        family = None if grid is None else grid.levels.family()
        if grid is None or not isinstance(family, Scaled | Shifted | Learned):
            raise ValueError(
                f"the set of {name!r} has no scale and no codebook to train, so with its codes fixed "
                f"nothing can move: use follow_sets; got {members.set}"
            )
        made[name] = _levels(parameter, grid, family)
    for name, parameter in parameters.items():
        attach(model, parameter, made[name])
        parameter.requires_grad_(False)
        parameter.grad = None
    return tuple(piece.numbers for piece in made.values())


def follow_sets(model: nn.Module, sets: Mapping[str, StoredSet]) -> None:
    """Lets each of these parameters act through its projection, in place; undo with ``bake.thaw``."""
    for name, parameter in named(model, tuple(sets)).items():
        attach(model, parameter, Follow(sets[name]))


def _levels(parameter: Tensor, grid: Grid, family: Family) -> Levels:
    x, p, axis = arrays.doubles(parameter), precision(parameter), grid.levels.rows_along()
    codes, rows = np.zeros(x.shape), np.zeros(x.shape)
    numbers = list[Floats]()
    book = isinstance(family, Learned)
    for r, row in enumerate(as_rows(x, axis)):
        kept = row[row != 0] if grid.sparse else row.ravel()
        told, whole = described(family, kept, p)
        made = _multiples(family, whole) if not book else np.arange(told.size) + r * told.size
        found = made[codes_of(row.ravel(), levels(family, told, whole, p)).clip(max=made.size - 1)]
        zero = (row.ravel() == 0) & grid.sparse
        as_rows(codes, axis)[r] = np.where(zero, -1 if book else 0, found).reshape(row.shape)
        as_rows(rows, axis)[r] = r
        numbers.append(told)
    like = parameter.detach()
    return Levels(
        torch.tensor(codes, dtype=torch.int64, device=like.device),
        torch.tensor(rows, dtype=torch.int64, device=like.device),
        arrays.like(like, np.array(numbers)),
        book,
    )


def _multiples(family: Family, whole: int) -> Any:
    """The multiples of the scale that the codes stand for."""
    if isinstance(family, Shifted):
        return np.arange(-whole, family.top - whole + 1)
    assert isinstance(family, Scaled)
    return family.signed().astype(np.int64)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, members: StoredSet) -> Tensor:
        return members.project(weight.detach())

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0], None
