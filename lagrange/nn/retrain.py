"""Training what is left after the compression, with the best epoch on validation data kept.

    lr_e = lr · (floor + (1 − floor) (1 + cos(π e / epochs)) / 2)         epochs e = 0, 1, …
    loss = (1 − share) loss + share T² KL(softmax(teacher / T) ‖ softmax(student / T))

It knows nothing of masks: freeze zeros or levels first, bake afterwards.

References   cosine: Loshchilov, Hutter 2017; distillation: Hinton, Vinyals, Dean 2015
"""

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lagrange.nn.distillation import distillation
from lagrange.nn.training import Batch, Loss


@dataclass(frozen=True)
class Teacher:
    """A network that maps a batch's inputs to logits, as the student does; used in eval mode.

    share       : of the teacher in the loss, 0 … 1
    temperature : T > 0
    """

    module: nn.Module
    share: float = 0.5
    temperature: float = 4.0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie in [0, 1], got {self.share}")


@dataclass(frozen=True)
class Retrained:
    """The kept epoch (0: as it was before), its score, and the score before and after each epoch."""

    epoch: int
    score: float
    scores: tuple[float, ...]


def retrain(
    model: nn.Module,
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    validate: Callable[[nn.Module], float],
    floor: float = 0.0,
    teacher: Teacher | None = None,
) -> Retrained:
    """Trains in place and leaves the network as it was in its best epoch.

    batches   : epoch 0, 1, … → its batches
    optimizer : of the network's parameters; its learning rates are the first ones of the cosine
    validate  : the network in eval mode → a score, larger is better, on data that is used neither for
                training nor for the final test; of equals the earlier is kept
    floor     : the last learning rate over the first, 0 … 1
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor must lie in [0, 1], got {floor}")
    _require_its_parameters(model, optimizer)
    first = [group["lr"] for group in optimizer.param_groups]
    scores = [_score(model, validate, 0)]
    best, kept = 0, copy.deepcopy(model.state_dict())
    for epoch in range(epochs):
        share = floor + (1 - floor) * (1 + math.cos(math.pi * epoch / epochs)) / 2
        for group, rate in zip(optimizer.param_groups, first, strict=True):
            group["lr"] = rate * share
        _train(model, loss, batches(epoch), optimizer, teacher, epoch)
        scores.append(_score(model, validate, epoch + 1))
        if scores[-1] > scores[best]:
            best, kept = epoch + 1, copy.deepcopy(model.state_dict())
    for group, rate in zip(optimizer.param_groups, first, strict=True):
        group["lr"] = rate
    model.load_state_dict(kept)
    return Retrained(best, scores[best], tuple(scores))


def _require_its_parameters(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    own = {id(parameter) for parameter in model.parameters()}
    strangers = sum(id(p) not in own for group in optimizer.param_groups for p in group["params"])
    if strangers:
        raise ValueError(
            f"{strangers} parameters of the optimizer are not the network's: build the optimizer from "
            "model.parameters() of this very network"
        )


def _score(model: nn.Module, validate: Callable[[nn.Module], float], epoch: int) -> float:
    model.eval()
    with torch.no_grad():
        score = float(validate(model))
    if math.isnan(score):
        raise ValueError(f"validate gave NaN after {epoch} epochs: a score must be a number")
    return score


def _train(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Batch],
    optimizer: torch.optim.Optimizer,
    teacher: Teacher | None,
    epoch: int,
) -> None:
    model.train()
    outputs = list[Tensor]()

    def keep(_: nn.Module, inputs: object, output: Tensor) -> None:
        outputs.append(output)

    hook = model.register_forward_hook(keep)  # the logits of the loss's own forward pass
    try:
        number = -1
        for number, batch in enumerate(batches):
            optimizer.zero_grad()
            outputs.clear()
            value = loss(model, batch)
            if teacher is not None:
                value = _distilled(value, outputs, batch, teacher)
            if not math.isfinite(float(value.detach())):
                raise ValueError(
                    f"the training loss became {float(value.detach())} in batch {number} of epoch "
                    f"{epoch}: lower the learning rate"
                )
            value.backward()  # pyright: ignore[reportUnknownMemberType]
            optimizer.step()
    finally:
        hook.remove()
    if number < 0:
        raise ValueError(f"epoch {epoch} has no batches: batches(epoch) must make fresh ones")


def _distilled(value: Tensor, outputs: list[Tensor], batch: Batch, teacher: Teacher) -> Tensor:
    if len(outputs) != 1:
        raise ValueError(
            f"with a teacher the loss must call the network once a batch, it did {len(outputs)} times"
        )
    teacher.module.eval()
    with torch.no_grad():
        aim = teacher.module(batch[0])
    divergence = distillation(outputs[0], aim, teacher.temperature)
    return (1 - teacher.share) * value + teacher.share * divergence
