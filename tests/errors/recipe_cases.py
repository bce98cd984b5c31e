"""Whole recipes: unknown names, numbers out of range, batches and losses that cannot be."""

import math
from typing import Any

import torch

from lagrange.nn import Recipe, prune
from tests.errors.case import Case, refused
from tests.errors.compression_after_cases import X, Y, loss, network


def pruned(
    keep: Any = 3, recipe: Any = None, batches: Any = None, bad: bool = False, example: Any = (1, 3)
) -> None:
    prune(
        network(),
        (lambda net, batch: loss(net, batch) * math.nan) if bad else loss,
        batches or (lambda _: [(X, Y)]),
        keep=keep,
        validate=lambda _: 0.0,
        example=torch.ones(*example),
        recipe=recipe or Recipe(epochs=1, retrain=1),
    )


CASES = [
    *refused("Recipe epochs", lambda v: Recipe(epochs=v), (0, 1.5), "epochs must be at least 1"),
    *refused("Recipe retrain", lambda v: Recipe(retrain=v), (-1,), "retrain must be at least 0"),
    *refused("Recipe interval", lambda v: Recipe(interval=v), (0,), "interval must be at least 1"),
    *refused("Recipe rate", lambda v: Recipe(rate=v), (0.0, math.inf), "rate must be", "> 0"),
    *refused("Recipe falling", lambda v: Recipe(falling=v), (1.5, math.nan), "in [0, 1]"),
    *refused("Recipe regrow", lambda v: Recipe(regrow=v), (-0.1, 1.5), "regrow must lie in [0, 1]"),
    *refused("Recipe floor", lambda v: Recipe(floor=v), (-0.1, 1.5), "floor must lie in [0, 1]"),
    *refused("Recipe score", lambda v: Recipe(score=v), (-0.1, 1.5), "score must lie in [0, 1]"),
    *refused("prune to", lambda v: pruned(keep=v), (0, 99, 2.5), "keep must be a whole number"),
    Case(
        "prune by an unknown recipe",
        lambda _: pruned(recipe="dense"),
        ValueError,
        ("recipe must be one of sparse or a Recipe", "got 'dense'"),
    ),
    Case(
        "prune with one input that is no batch",
        lambda _: pruned(example=(3,)),
        ValueError,
        ("example must be a batch of inputs", "got shape (3,)"),
    ),
    Case(
        "prune without batches",
        lambda _: pruned(batches=lambda epoch: []),
        ValueError,
        ("batches(0) is empty", "fresh minibatches"),
    ),
    Case(
        "prune with a loss that is NaN",
        lambda _: pruned(bad=True),
        ValueError,
        ("the training loss became nan in epoch 0", "lower the recipe's rate or rho"),
    ),
]
