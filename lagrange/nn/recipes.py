"""Whole recipes by name: from a trained network to a sparse one that is saved as it stands.

    done = prune(net, loss, batches, keep=861, validate=accuracy, example=images[:1])

"sparse" is for one budget far below a hundredth of the weights. It was chosen by trial on LeNet-5 and
MNIST, where others come as close (README of the full study lenet5_pruning): many short ADMM updates, a
budget that falls in the logarithm, ranks |W + λ/ρ| v^(score/2) with v Adam's second moment, a pull
outside of Adam that stiffens until the hard projection is nearly free. Then weights that do nothing
give their places to others, and what is left is trained long, at a cosine rate, while what is worth
least changes places (``RegrowingAdam``): of all that was tried there, this alone clearly lowered the
training loss.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lagrange.nn.dead_paths import dead_weights, projected_alive
from lagrange.nn.members import Members
from lagrange.nn.regrowth import HeldAdam, RegrowingAdam, over, unseen_gradients
from lagrange.nn.retrain import Retrained, retrain
from lagrange.nn.schedules import budgets
from lagrange.nn.session import Compression
from lagrange.nn.targets import Targets, choose
from lagrange.nn.training import Batch, Loss, require_finite
from lagrange.nn.worth import worths
from lagrange.penalties import Growing
from lagrange.sets.sparsity import GlobalCardinality
from lagrange.sets.weighted import GlobalWeightedCardinality
from lagrange.solvers.admm import ADMM


@dataclass(frozen=True)
class Recipe:
    """Numbers of a recipe.

    epochs   : of training under the pull;  retrain: on the final budget
    regrow   : share of the nonzeros that changes places at first in the retraining, 0: zeros are fixed
    interval : minibatches between two updates of the set
    rate     : Adam's learning rate;  floor: where the retraining's cosine would end after the
               last epoch, over its first
    rho      : of the first update;  growth: the last over the first
    path     : of the budget, see ``budgets``;  falling: share of the updates in which it falls
    score    : 0 ranks weights by size, 1 by the full second moment
    clean    : dead weights give their places to others after the hard projection
    """

    epochs: int = 20
    retrain: int = 100
    regrow: float = 0.15
    interval: int = 50
    rate: float = 2e-3
    floor: float = 0.01
    rho: float = 0.5
    growth: float = 50.0
    path: str = "log"
    falling: float = 0.8
    score: float = 0.5
    clean: bool = True

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("retrain", 0), ("interval", 1)):
            value = getattr(self, name)
            if value < least or value % 1:
                raise ValueError(f"{name} must be at least {least} and whole, got {value}")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate must be a finite number > 0, got {self.rate}")
        for name in ("falling", "regrow", "floor", "score"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")


RECIPES: Mapping[str, Recipe] = {"sparse": Recipe()}


@dataclass(frozen=True)
class Pruned:
    """distance: of the weights before the hard projection, over their length; retrained: how the
    training after it went, None without; members: for ``measure`` and ``packed.save``.
    """

    distance: float
    retrained: Retrained | None
    members: Members


def prune(
    model: nn.Module,
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    *,
    keep: int,
    validate: Callable[[nn.Module], float],
    example: Tensor,
    recipe: str | Recipe = "sparse",
    targets: str = "*.weight",
) -> Pruned:
    """Prunes a trained network in place to ``keep`` of its weights; it is a plain network afterwards.

    loss     : (model, batch) → mean loss;  batches: epoch 0, 1, … → fresh minibatches
    keep     : how many of the targets' weights may be nonzero, all tensors together
    validate : the network in eval mode → a score, larger is better, on data of its own: the epoch of
               the retraining with the largest is kept, so the score itself is a little too good
    example  : an input, (batch, channels, …): what is dead is found by following units
    recipe   : a name of ``RECIPES`` or numbers of one's own; "sparse" trains for 20 + 100 epochs
    targets  : which parameters, a pattern over their names

    ``packed.save(path, model.state_dict(), done.members)`` stores what it returns as ``done``.
    """
    if example.ndim < 2:
        raise ValueError(
            f"example must be a batch of inputs, (batch, channels, …), got shape {tuple(example.shape)}"
        )
    if isinstance(recipe, str) and recipe not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)} or a Recipe, got {recipe!r}")
    numbers = RECIPES[recipe] if isinstance(recipe, str) else recipe
    chosen = choose(model, targets)
    if numbers.clean:  # what cannot be followed is refused before the training, not after it
        dead_weights(model, tuple(chosen), example)
    optimizer = torch.optim.Adam(model.parameters(), lr=numbers.rate)
    session = _trained(model, chosen, loss, batches, keep, numbers, optimizer)
    worth = worths(optimizer, chosen, numbers.score)
    session.change_sets(GlobalWeightedCardinality(keep, worth))
    before = {name: weight.detach().clone() for name, weight in chosen.items()}
    distance = session.finish().distance
    if numbers.clean:
        _clean(model, chosen, before, GlobalWeightedCardinality(keep, worth), example)
    members = Members(tuple(chosen), GlobalCardinality(keep))
    if numbers.retrain == 0:
        return Pruned(distance, None, members)
    retrained = retrain(
        model,
        loss,
        lambda epoch: batches(numbers.epochs + epoch),
        _held(model, chosen, loss, batches, numbers),
        epochs=numbers.retrain,
        validate=validate,
        floor=numbers.floor,
    )
    return Pruned(distance, retrained, members)


def _held(
    model: nn.Module,
    chosen: Targets,
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    numbers: Recipe,
) -> HeldAdam:
    """Adam on the budget."""
    held = list(chosen.values())
    if numbers.regrow == 0:
        return HeldAdam(model.parameters(), numbers.rate, held)
    moves = over(numbers.retrain * sum(1 for _ in batches(0)), numbers.regrow, numbers.score)
    seen = unseen_gradients(model, held, loss, batches, numbers.epochs + numbers.retrain)
    return RegrowingAdam(model.parameters(), numbers.rate, held, moves, gradients=seen)


def _trained(
    model: nn.Module,
    chosen: Targets,
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    keep: int,
    numbers: Recipe,
    optimizer: torch.optim.Optimizer,
) -> Compression:
    """The session after its last update."""
    total = numbers.epochs * sum(1 for _ in batches(0))
    if total == 0:
        raise ValueError("batches(0) is empty: batches(epoch) must make fresh minibatches")
    updates = -(-total // numbers.interval)
    hold = min(updates - 1, round((1 - numbers.falling) * updates))
    path = budgets(numbers.path, sum(chosen.sizes.values()), keep, updates, hold)
    solver = ADMM(Growing(numbers.rho, numbers.growth, updates))
    session = Compression(model, chosen, GlobalCardinality(path[0]), solver)
    model.train()
    done = 0
    for epoch in range(numbers.epochs):
        for batch in batches(epoch):
            optimizer.zero_grad()
            value = loss(model, batch)
            require_finite(value, f"epoch {epoch}", "the recipe's rate or rho")
            value.backward()  # pyright: ignore[reportUnknownMemberType]
            optimizer.step()
            session.pull(step=numbers.rate)
            done += 1
            if done % numbers.interval == 0 or done == total:
                worth = worths(optimizer, chosen, numbers.score)
                session.change_sets(
                    GlobalWeightedCardinality(path[(done - 1) // numbers.interval], worth)
                )
                session.update(position=epoch)
    return session


def _clean(
    model: nn.Module,
    chosen: Targets,
    before: Mapping[str, Tensor],
    members: GlobalWeightedCardinality,
    example: Tensor,
) -> None:
    """Gives the places of what is dead to others, in the model."""

    def dead(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        put(weights)
        return dead_weights(model, tuple(chosen), example)

    def put(weights: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in chosen.items():
                weight.copy_(weights[name])

    put(projected_alive(before, members.project, dead))
