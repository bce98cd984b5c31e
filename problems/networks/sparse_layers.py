"""A chain of convolutions and linear layers computed with the nonzero weights only.

For training what is left of a pruned network: with one weight in several hundred, visiting nonzeros
is several times quicker than multiplying by the zeros (``python -m benchmarks.sparse_training``). The
parameters are those of the network itself; gradients of its zeros are 0 here. Float32. Needs numba
(extra ``fast``).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from lagrange.compiled import is_available


def require_sparse(net: nn.Module) -> None:
    """ValueError unless ``SparseChain`` can compute the network, and numba is there."""
    if not is_available():
        raise ValueError(
            "sparse = true needs numba, which is not installed: pip install 'lagrange[fast]', or "
            "leave sparse out"
        )
    for name, layer in _chain(net):
        if not _understood(layer):
            raise ValueError(
                "sparse = true is for chains of Linear, Conv2d with stride 1, MaxPool2d(2), ReLU and "
                f"Flatten, with biases; layer {name!r} is {layer}: leave sparse out"
            )


class SparseChain(nn.Module):
    """Images (n, channels, rows, columns) → what the network makes of them, (n, classes).

    A weight that is 0 when the chain is made stays out of it; ``follow`` is told of other places.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        require_sparse(net)
        self.layers = nn.ModuleList(_lowered([layer for _, layer in _chain(net)]))

    def forward(self, images: Tensor) -> Tensor:
        x = images.float().permute(*range(1, images.ndim), 0).contiguous()
        for layer in self.layers:
            x = layer(x)
        return x.T

    def follow(self, masks: Mapping[nn.Parameter, Tensor]) -> None:
        """From now on these weights take part, zero or not."""
        for layer in self.layers:
            if isinstance(layer, _Weighted) and layer.weight in masks:
                layer.see(masks[layer.weight])


class _Weighted(nn.Module):
    """A layer with weight and bias, and where its nonzeros are.

    places : start (outputs + 1,), then the index of each nonzero along each further axis
    flat   : the index of each nonzero in the flattened weight
    """

    def __init__(
        self,
        dense: nn.Linear | nn.Conv2d,
        compute: Callable[..., Any],
        padding: tuple[int, ...] = (),
        more: tuple[Any, ...] = (),
    ) -> None:
        super().__init__()
        self.dense = dense
        self._compute, self._padding, self._more = compute, padding, more
        self.see(self.weight.detach() != 0)

    @property
    def weight(self) -> nn.Parameter:
        """That of the network itself; a tensor where it is parametrized."""
        return cast("nn.Parameter", self.dense.weight)

    def see(self, mask: Tensor) -> None:
        """These weights take part."""
        flat = np.flatnonzero(mask.numpy())  # much quicker than torch's nonzero
        first, *others = np.unravel_index(flat, mask.shape)  # not contiguous
        counts = np.bincount(first, minlength=len(mask))
        start = np.concatenate([[0], counts.cumsum()])
        self.places = start, *(np.ascontiguousarray(axis) for axis in others)
        self.flat = torch.from_numpy(flat)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        values, kernel = weight.flatten()[self.flat], tuple(weight.shape[2:])
        if any(self._padding):
            x = functional.pad(x, self._padding)
        return self._compute(x, values, self.dense.bias, self.places, kernel, *self._more)


class _Pool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", _Pooling.apply(x))


class _Flat(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(-1, x.shape[-1])


class _Convolution(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, bias: Tensor, places: Any, kernel: Any):
        from problems.networks.sparse_kernels import convolve

        high, wide = (size - k + 1 for size, k in zip(x.shape[1:3], kernel, strict=True))
        out = x.new_empty(len(bias), high, wide, x.shape[3])
        _into(convolve, x, out, places, values, bias)
        return _remembered(ctx, x, values, places, out)

    @staticmethod
    def backward(ctx: Any, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        from problems.networks.sparse_kernels import convolve_back

        return *_gradients(ctx, grad, convolve_back), None, None


class _PooledConvolution(Function):
    """With the pooling after it, and with the ReLU where ``least`` is 0."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, values: Tensor, bias: Tensor, places: Any, kernel: Any, least: float
    ):
        from problems.networks.sparse_kernels import convolve_and_pool

        high, wide = ((size - k + 1) // 2 for size, k in zip(x.shape[1:3], kernel, strict=True))
        out = x.new_empty(len(bias), high, wide, x.shape[3])
        which = torch.empty_like(out, dtype=torch.uint8)
        marked = which.numpy(), *places
        _into(convolve_and_pool, x, out, marked, values, bias, least)
        return _remembered(ctx, x, values, marked, out)

    @staticmethod
    def backward(ctx: Any, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        from problems.networks.sparse_kernels import convolve_and_pool_back

        return *_gradients(ctx, grad, convolve_and_pool_back), None, None, None


class _Connection(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, bias: Tensor, places: Any, kernel: Any):
        from problems.networks.sparse_kernels import connect

        out = x.new_empty(len(bias), x.shape[1])
        _into(connect, x, out, places, values, bias)
        return _remembered(ctx, x, values, places, out)

    @staticmethod
    def backward(ctx: Any, grad: Tensor):  # pyright: ignore[reportIncompatibleMethodOverride]
        from problems.networks.sparse_kernels import connect_back

        return *_gradients(ctx, grad, connect_back), None, None


class _Pooling(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        from problems.networks.sparse_kernels import pool

        out = x.new_empty(x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3])
        pool(x.numpy(), out.numpy())
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        from problems.networks.sparse_kernels import pool_back

        x, out = ctx.saved_tensors
        odd = x.shape[1] % 2 or x.shape[2] % 2  # a row or column that nobody writes
        to = torch.zeros_like(x) if odd else torch.empty_like(x)
        pool_back(x.numpy(), out.numpy(), grad.contiguous().numpy(), to.numpy())
        return to


def _into(
    kernel: Callable[..., Any],
    x: Tensor,
    out: Tensor,
    places: Any,
    values: Tensor,
    bias: Tensor,
    *more: float,
) -> None:
    kernel(x.numpy(), out.numpy(), *places, values.numpy(), bias.detach().numpy(), *more)


def _remembered(ctx: Any, x: Tensor, values: Tensor, places: Any, out: Tensor) -> Tensor:
    ctx.save_for_backward(x, values)
    ctx.places = places
    return out


def _gradients(
    ctx: Any, grad: Tensor, back: Callable[..., Any]
) -> tuple[Tensor | None, Tensor, Tensor]:
    """By the input, or None where nobody asks for it, by the nonzeros, and by the bias."""
    x, values = ctx.saved_tensors
    wanted = ctx.needs_input_grad[0]
    to_x = torch.zeros_like(x) if wanted else x.new_empty((0,) * x.ndim)
    to_values, to_bias = torch.zeros_like(values), x.new_zeros(len(grad))
    given = x.numpy(), grad.contiguous().numpy(), *ctx.places, values.numpy()
    back(*given, to_x.numpy(), to_values.numpy(), to_bias.numpy())
    return to_x if wanted else None, to_values, to_bias


def _chain(net: nn.Module) -> list[tuple[str, nn.Module]]:
    """The layers by name; a network that is no sequence is one layer, which is not understood."""
    if not isinstance(net, nn.Sequential):
        return [("", net)]
    return [
        (f"{name}.{inner}" if inner else name, layer)
        for name, child in net.named_children()
        for inner, layer in _chain(child)
    ]


def _understood(layer: nn.Module) -> bool:
    """Has the layer a counterpart here?"""
    if isinstance(layer, nn.Conv2d):
        plain = layer.stride == layer.dilation == (1, 1) and layer.padding_mode == "zeros"
        whole = layer.groups == 1 and not isinstance(layer.padding, str)
        return plain and whole and layer.bias is not None
    if isinstance(layer, nn.MaxPool2d):
        pair = {2, (2, 2)}
        plain = layer.kernel_size in pair and layer.stride in pair and layer.padding in {0, (0, 0)}
        return plain and layer.dilation in {1, (1, 1)} and not layer.ceil_mode
    if isinstance(layer, nn.Flatten):
        return (layer.start_dim, layer.end_dim) == (1, -1)
    if isinstance(layer, nn.Linear):
        return layer.bias is not None
    return isinstance(layer, nn.ReLU | nn.Identity)


def _lowered(layers: Sequence[nn.Module]) -> list[nn.Module]:
    """Their counterparts; a convolution takes the pooling after it along, and a ReLU before or after
    that, which is the same.
    """
    left = [layer for layer in layers if not isinstance(layer, nn.Identity)]
    found = list[nn.Module]()
    while left:
        layer = left.pop(0)
        taken = 0
        if isinstance(layer, nn.Conv2d):
            kinds = [isinstance(n, nn.MaxPool2d) + 2 * isinstance(n, nn.ReLU) for n in left[:2]]
            taken = 2 if sorted(kinds) == [1, 2] else int(kinds[:1] == [1])
        del left[:taken]
        found.append(_sparse(layer, (None, -math.inf, 0.0)[taken]))
    return found


def _sparse(layer: nn.Module, least: float | None) -> nn.Module:
    """``least``: of a convolution with pooling."""
    if isinstance(layer, nn.Conv2d):
        high, wide = (int(pad) for pad in layer.padding)
        padding = (0, 0, wide, wide, high, high)
        if least is None:
            return _Weighted(layer, _Convolution.apply, padding)
        return _Weighted(layer, _PooledConvolution.apply, padding, (least,))
    if isinstance(layer, nn.Linear):
        return _Weighted(layer, _Connection.apply)
    if isinstance(layer, nn.MaxPool2d):
        return _Pool()
    return _Flat() if isinstance(layer, nn.Flatten) else nn.ReLU()
