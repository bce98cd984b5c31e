"""The pull on the weights that a query asks for, as a term of a loss or as a step of its own.

    ⟨λ, W⟩ + ρ/2 ‖W + offset‖²  =  ρ/2 ‖W − C‖² + constant,      C = −offset − λ/ρ

In the split W − Z = 0 the offset is −Z, so that C = Z − U with the scaled multipliers U = λ/ρ: the
familiar ρ/2 ‖W − Z + U‖², squared. Without a query only the linear term is left.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from lagrange.nn.formulas import read
from lagrange.queries import Quadratic
from lagrange.vectors import PIECE, Vector, first_bad_row, parts

PIECES, FEW = 16, 2  # that make a large tensor: where sums are taken, and entry by entry

length: Callable[[Tensor], Tensor] = cast(Any, torch.linalg).vector_norm  # not typed by torch


class Pull(NamedTuple):
    """rho, λ and offset by name; at rho = 0 there is no offset. They are read, never changed. An
    offset may be a formula, or thin: what can be added to a tensor.
    """

    rho: float
    price: Mapping[str, Tensor]
    offset: Mapping[str, Tensor]

    def penalty(self, weights: Mapping[str, Tensor]) -> Tensor:
        """ρ/2 ‖W − C‖², or ⟨λ, W⟩ at rho = 0: a 0-d tensor that is differentiable in W alone.

        In single precision whatever autocast says.
        """
        apply = cast(Any, _Term).apply
        return apply(self, *(weights[name] for name in self.price))

    def beyond(self, name: str, weight: Tensor, part: slice | None = None) -> Tensor:
        """W − C = W + offset + λ/ρ, fresh; of all or of a part of the first axis."""
        offset, price = self.offset[name], self.price[name]
        if part is not None:
            weight, offset, price = weight[part], offset[part], price[part]
        return read(weight + offset).add_(price, alpha=1.0 / self.rho)

    def apply(self, weights: Mapping[str, Tensor], step: float) -> None:
        """In place  W ← argmin_V ½‖V − W‖² + step · penalty(V)  = (W + a C)/(1 + a), a = step · ρ."""
        if not (math.isfinite(step) and step > 0):
            raise ValueError(f"the step of a pull must be a finite number > 0, got {step!r}")
        a = step * self.rho
        with torch.no_grad():
            for name, price in self.price.items():
                for part in _parts(weights[name], FEW):
                    if self.rho > 0:
                        move = self.beyond(name, weights[name], part).mul_(a / (1 + a))
                    else:
                        move = step * (price if part is None else price[part])
                    weight = weights[name] if part is None else weights[name][part]
                    weight.sub_(move.to(weight.dtype))


def pull_of(names: Sequence[str], price: Vector, query: Quadratic | None) -> Pull:
    """The pull of one ask; refuses prices that are no numbers."""
    bad = first_bad_row({name: price[name] for name in names})
    if bad is not None:
        raise ValueError(f"the prices of row {bad!r} hold a NaN or an infinity")
    prices = {name: price[name] for name in names}
    if query is None:
        return Pull(0.0, prices, {})
    return Pull(query.rho, prices, {name: query.offset[name] for name in names})


def _parts(weight: Tensor, pieces: int = PIECES) -> list[slice] | list[None]:
    """A small one is worked on as a whole, which is faster; of a large one no second copy is made."""
    return parts(weight.shape, pieces) if weight.numel() > pieces * PIECE else [None]


class _Term(torch.autograd.Function):
    """Written out because autograd would keep every difference until the backward pass."""

    @staticmethod
    def forward(ctx: Any, pull: Pull, *weights: Tensor) -> Tensor:
        ctx.pull = pull
        named = zip(pull.price.items(), weights, strict=True)
        if pull.rho == 0:
            return torch.stack([(w * price).sum() for (_, price), w in named]).sum()
        ctx.save_for_backward(*weights)
        squares = [length(pull.beyond(n, w, p)) ** 2 for (n, _), w in named for p in _parts(w)]
        return torch.stack(squares).sum() * (pull.rho / 2)

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> Any:
        (g,), pull = outputs, cast("Pull", ctx.pull)
        if pull.rho == 0:
            return None, *(price * g for price in pull.price.values())
        named = zip(pull.price, ctx.saved_tensors, strict=True)
        return None, *(pull.beyond(n, w).mul_(g * pull.rho).to(w.dtype) for n, w in named)
