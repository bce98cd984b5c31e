"""A network as a block: it answers prices and a pull by training.

    min_W  loss(W) + ⟨λ, W⟩ + ρ/2 ‖W + offset‖²        by some epochs of a torch optimizer

The answer is inexact and proves no bound. What makes it a lawful block all the same:
the user's module is only a template and is never changed; everything that training depends on
(parameters, buffers, optimizer moments, epoch number) is in ``Response.point``, and the random
numbers of an epoch depend on the seed and the epoch number alone. So the same question gets the same
answer, and an answer that the solver rejects leaves no trace.
"""

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from lagrange.blocks import Response
from lagrange.queries import Quadratic
from lagrange.vectors import Vector, first_bad_row

Batch = tuple[Tensor, Tensor]
Loss = Callable[[nn.Module, Batch], Tensor]


@dataclass(frozen=True)
class NetworkPoint:
    """Everything needed to go on training: state dict, optimizer state, epochs done so far."""

    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Any] | None
    epoch: int


@dataclass(frozen=True)
class TrainingBlock:
    """Settings.

    module    : the template, with the weights to start from where no ``start`` is given
    loss      : (module, batch) → mean loss, a 0-d tensor
    batches   : epoch number → the batches of that epoch; must depend on nothing else
    sample    : the fixed batch on which ``Response.cost`` is measured, in eval mode
    targets   : names of the parameters that the coupling rows speak of; image = {name: W}
    optimizer : parameters → a torch optimizer
    epochs    : how many epochs one answer takes, ≥ 1
    seed      : of dropout and whatever else draws random numbers in training
    """

    module: nn.Module
    loss: Loss
    batches: Callable[[int], Iterable[Batch]]
    sample: Batch
    targets: tuple[str, ...]
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
    epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        known = dict(self.module.named_parameters())
        missing = sorted(set(self.targets) - set(known))
        if missing or not self.targets:
            raise ValueError(
                f"targets {missing or '()'} name no parameter of the network: {sorted(known)}"
            )
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")

    def initial(self) -> Response:
        """The response at the template's own weights, untrained: where to start from."""
        return self._response(self.module, None, 0)

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        bad = first_bad_row({name: price[name] for name in self.targets})
        if bad is not None:
            raise ValueError(f"the prices of row {bad!r} hold a NaN or an infinity")
        net = copy.deepcopy(self.module)
        optimizer = self.optimizer(net.parameters())
        epoch = 0
        if start is not None:
            point = cast("NetworkPoint", start.point)
            net.load_state_dict(dict(point.weights))
            if point.optimizer is not None:
                optimizer.load_state_dict(copy.deepcopy(dict(point.optimizer)))
            epoch = point.epoch
        with torch.random.fork_rng():  # pyright: ignore[reportUnknownMemberType]
            for e in range(epoch, epoch + self.epochs):
                torch.manual_seed(  # pyright: ignore[reportUnknownMemberType]
                    self.seed + 1_000_003 * e
                )
                self._train_epoch(net, optimizer, e, price, query)
        return self._response(net, optimizer, epoch + self.epochs)

    def _train_epoch(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        epoch: int,
        price: Vector,
        query: Quadratic | None,
    ) -> None:
        net.train()
        parameters = dict(net.named_parameters())
        for batch in self.batches(epoch):
            optimizer.zero_grad()
            loss = self.loss(net, batch)
            if not math.isfinite(float(loss.detach())):
                raise ValueError(
                    f"the training loss became {float(loss.detach())} in epoch {epoch}: "
                    "lower the learning rate or rho"
                )
            loss.backward()  # pyright: ignore[reportUnknownMemberType]
            with torch.no_grad():
                for name in self.targets:
                    _add_pull(parameters[name], price[name], name, query)
            optimizer.step()

    def _response(
        self, net: nn.Module, optimizer: torch.optim.Optimizer | None, epoch: int
    ) -> Response:
        net = net if optimizer is not None else copy.deepcopy(net)
        net.eval()
        with torch.no_grad():
            cost = float(self.loss(net, self.sample))
        state = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}
        moments = None if optimizer is None else copy.deepcopy(optimizer.state_dict())
        image = {name: state[name].clone() for name in self.targets}
        return Response(image, cost, -math.inf, NetworkPoint(state, moments, epoch))


def _add_pull(weight: nn.Parameter, price: Tensor, name: str, query: Quadratic | None) -> None:
    """∇ of ⟨price, W⟩ + ρ/2 ‖W + offset‖² added to the gradient of the loss."""
    gradient = price if query is None else price + query.rho * (weight + query.offset[name])
    weight.grad = gradient if weight.grad is None else weight.grad + gradient
