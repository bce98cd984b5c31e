"""A network as a block: it answers prices and a pull by training.

    min_W  loss(W) + ⟨λ, W⟩ + ρ/2 ‖W + offset‖²        by some steps of a torch optimizer

The answer is inexact and proves no bound. What makes it a lawful block all the same:
the user's module is only a template and is never changed; everything that training depends on
(parameters, buffers, optimizer moments, place in the data) is in ``Response.point``, and the random
numbers of a step depend on the seed, the epoch and the step alone. So the same question gets the same
answer, and an answer that the solver rejects leaves no trace.
"""

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from lagrange.blocks import Response
from lagrange.nn.pull import Pull, length, pull_of
from lagrange.nn.snapshot import NetworkPoint, restore, snapshot
from lagrange.queries import Quadratic
from lagrange.vectors import Vector

Batch = tuple[Tensor, Tensor]
Loss = Callable[[nn.Module, Batch], Tensor]


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
    steps     : how many optimizer steps instead, across epochs if need be; None: whole epochs
    tolerance : an answer ends sooner when the gradient of all that is minimized has at most this norm
                over all parameters, on the batch at hand; 0 never ends it sooner
    decoupled : the learning rate a of a pull after each optimizer step, W ← (W + aρ C)/(1 + aρ), in
                place of a penalty in the loss, which an adaptive optimizer rescales; None: a penalty
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
    steps: int | None = None
    tolerance: float = 0.0
    decoupled: float | None = None

    def __post_init__(self) -> None:
        known = dict(self.module.named_parameters())
        missing = sorted(set(self.targets) - set(known))
        if missing or not self.targets:
            raise ValueError(
                f"targets {missing or '()'} name no parameter of the network: {sorted(known)}"
            )
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, got {self.epochs}")
        if self.steps is not None and (self.steps < 1 or self.epochs != 1):
            raise ValueError(
                f"steps must be at least 1 and stands in place of epochs, got steps={self.steps} and "
                f"epochs={self.epochs}"
            )
        if not 0 <= self.tolerance < math.inf:
            raise ValueError(f"tolerance must be a finite number ≥ 0, got {self.tolerance}")
        if self.decoupled is not None and not 0 < self.decoupled < math.inf:
            raise ValueError(f"decoupled must be a finite number > 0, got {self.decoupled}")
        if self.decoupled is not None and self.tolerance > 0:
            raise ValueError(
                "a tolerance is on the gradient with the pull in it: leave decoupled or tolerance out"
            )

    def initial(self) -> Response:
        """The response at the template's own weights, untrained: where to start from."""
        return self._response(copy.deepcopy(self.module), snapshot(self.module, None))

    def respond(self, price: Vector, query: Quadratic | None, start: Response | None) -> Response:
        pull = pull_of(self.targets, price, query)
        net = copy.deepcopy(self.module)
        optimizer = self.optimizer(net.parameters())
        epoch = step = 0
        if start is not None:
            point = cast("NetworkPoint", start.point)
            restore(point, net, optimizer)
            epoch, step = point.epoch, point.step
        with torch.random.fork_rng():  # pyright: ignore[reportUnknownMemberType]
            epoch, step = self._train(net, optimizer, pull, epoch, step)
        return self._response(net, snapshot(net, optimizer, epoch, step))

    def _train(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        pull: Pull,
        epoch: int,
        step: int,
    ) -> tuple[int, int]:
        """In place, from a place in the data on; returns the place where it ended."""
        net.train()
        last, left = epoch + self.epochs, self.steps
        while epoch < last if left is None else left > 0:
            for batch in self._from(epoch, step):
                steep = self._step(net, optimizer, pull, batch, epoch)
                step, left = step + 1, None if left is None else left - 1
                if left == 0 or steep <= self.tolerance:
                    return epoch, step
            if step == 0:
                raise ValueError(f"batches({epoch}) is empty: there is nothing to train on")
            epoch, step = epoch + 1, 0
        return epoch, step

    def _from(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch from one on. Random numbers start anew at each, whether those
        before it were trained on or only passed over.
        """
        self._seed(epoch, 0)
        batches = iter(self.batches(epoch))
        step = 0
        while True:
            self._seed(epoch, step)
            batch = next(batches, None)
            if batch is None:
                return
            if step >= first:
                yield batch
            step += 1

    def _seed(self, epoch: int, step: int) -> None:
        """Of the generators there are. ``torch.manual_seed`` also puts down a stack trace for each
        kind of device that is not in use, a tenth of a step of LeNet-5 every time.
        """
        seed = self.seed + 1_000_003 * epoch + step
        torch.default_generator.manual_seed(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed_all(seed)

    def _step(
        self,
        net: nn.Module,
        optimizer: torch.optim.Optimizer,
        pull: Pull,
        batch: Batch,
        epoch: int,
    ) -> float:
        """One optimizer step; the norm of the gradient if a tolerance waits for it, else inf."""
        weights = dict(net.named_parameters())
        optimizer.zero_grad()
        loss = self.loss(net, batch)
        require_finite(loss, f"epoch {epoch}", "the learning rate or rho")
        if self.decoupled is None:
            loss = loss + pull.penalty(weights)
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        steep = _gradient_norm(weights.values()) if self.tolerance > 0 else math.inf
        optimizer.step()
        if self.decoupled is not None:
            pull.apply(weights, self.decoupled)
        return steep

    def _response(self, net: nn.Module, point: NetworkPoint) -> Response:
        net.eval()
        with torch.no_grad():
            cost = float(self.loss(net, self.sample))
        image = {name: point.weights[name].clone() for name in self.targets}
        return Response(image, cost, -math.inf, point)


def require_finite(loss: Tensor, where: str, lower: str) -> None:
    """Refuses to train on: where it happened, and what is too large."""
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ValueError(f"the training loss became {value} in {where}: lower {lower}")


def _gradient_norm(parameters: Iterable[nn.Parameter]) -> float:
    """Of all gradients together."""
    norms = [length(p.grad) for p in parameters if p.grad is not None]
    return float(length(torch.stack(norms)))
