"""Training what is left after the compression, with the last epoch kept or the best on validation data.

    lr_e = lr · (floor + (1 − floor) (1 + cos(π e / epochs)) / 2)         epochs e = 0, 1, …
    loss = (1 − share) loss + share T² KL(softmax(teacher / T) ‖ softmax(student / T))

A validation score is a sample: on a cosine that falls to a small rate the best of many epochs is often
an early one that was lucky, and the last is then the better choice.

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
from lagrange.nn.training import Batch, Loss, require_finite


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

    def blended(self, value: Tensor, student: Tensor, inputs: Tensor) -> Tensor:
        """The loss with the teacher's part. value: the plain loss; student: logits for these inputs."""
        self.module.eval()
        with torch.no_grad():
            aim = self.module(inputs).to(student.dtype)
        divergence = distillation(student, aim, self.temperature)
        return (1 - self.share) * value + self.share * divergence


@dataclass(frozen=True)
class Retrained:
    """How the training went.

    epoch   : the one kept, 0: as it was before;  score: its score, NaN where nothing was validated
    scores  : before and after each epoch; empty where nothing was validated
    revived : weights in tensors of two or more axes that were 0 before and are not in the kept epoch.
              0 where the zeros were frozen; a number above it says that the network is less sparse now,
              unless as many others became 0 (``RegrowingAdam``)
    """

    epoch: int
    score: float
    scores: tuple[float, ...]
    revived: int = 0


def retrain(
    model: nn.Module,
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    validate: Callable[[nn.Module], float] | None,
    floor: float = 0.0,
    teacher: Teacher | None = None,
) -> Retrained:
    """Trains in place and leaves the network as it was in its best epoch or in the last, in eval mode.

    Zeros that are not frozen (``freeze_zeros``) are trained as any weight: ``revived`` counts them.

    batches   : epoch 0, 1, … → its batches
    optimizer : of the network's parameters; its learning rates are the first ones of the cosine
    validate  : the network in eval mode → a score, larger is better, on data that is used neither for
                training nor for the final test; of equals the earlier is kept. None: the last epoch is
    floor     : where the cosine would end after the last epoch, over the first rate, 0 … 1
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor must lie in [0, 1], got {floor}")
    _require_its_parameters(model, optimizer)
    first = [group["lr"] for group in optimizer.param_groups]
    scores = list[float]() if validate is None else [_score(model, validate, 0)]
    zeros = {name: weight == 0 for name, weight in _plain_weights(model).items()}
    best, kept = (epochs, None) if validate is None else (0, copy.deepcopy(model.state_dict()))
    for epoch in range(epochs):
        share = floor + (1 - floor) * (1 + math.cos(math.pi * epoch / epochs)) / 2
        for group, rate in zip(optimizer.param_groups, first, strict=True):
            group["lr"] = rate * share
        _train(model, loss, batches(epoch), optimizer, teacher, epoch)
        if validate is not None:
            scores.append(_score(model, validate, epoch + 1))
            if scores[-1] > scores[best]:
                best, kept = epoch + 1, copy.deepcopy(model.state_dict())
    for group, rate in zip(optimizer.param_groups, first, strict=True):
        group["lr"] = rate
    model.eval()
    if kept is not None:
        model.load_state_dict(kept)
    now = _plain_weights(model)
    revived = sum(int((now[name][zero] != 0).sum()) for name, zero in zeros.items())
    score = math.nan if validate is None else scores[best]
    return Retrained(best, score, tuple(scores), revived)


def _plain_weights(model: nn.Module) -> dict[str, Tensor]:
    """Those of two or more axes; masked ones and others that are computed are not among them."""
    found = model.named_parameters()
    return {n: p.detach() for n, p in found if p.ndim >= 2 and "parametrizations." not in n}


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
            require_finite(value, f"batch {number} of epoch {epoch}", "the learning rate")
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
    return teacher.blended(value, outputs[0], batch[0])
