"""What a decomposition has to beat: the plain methods, on the same targets and sets.

    one_shot   W ← Π_S(W), once; with a budget as S, the k weights of largest magnitude are kept
    Gradual    the same again and again on sets that shrink, zeros held in between [1]

The control for quantization is ``quantized_weights.follow_sets``: the network computes with Π_S(W)
throughout and gradients pass straight to W. All train with the plain loss: no pull, no multipliers.

Reference    [1] Zhu, Gupta, arXiv 1710.01878 (2017)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lagrange.nn.split import Sets, image_of, members_of
from lagrange.nn.targets import Targets


def one_shot(targets: Targets, sets: Sets) -> None:
    """The weights in place onto the set."""
    projected = members_of(targets, sets).project(image_of(targets))
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(projected[name])


class Gradual:
    """Gradual pruning: ``update`` every so many steps, ``hold`` after every optimizer step.

    sets : one for each update, for instance of ``schedules.budgets("cubic", …)``. A zero stays a zero
           from the update on that made it: a held weight gets no say in the next.
    """

    def __init__(self, targets: Targets, sets: Sequence[Sets]) -> None:
        if not sets:
            raise ValueError("gradual pruning needs at least one set, got none")
        self.targets = targets
        self._members = [members_of(targets, stage) for stage in sets]
        self._done = 0
        self._masks: dict[str, Tensor] = {}

    @property
    def active(self) -> bool:
        """Is there a set left to go to?"""
        return self._done < len(self._members)

    def update(self) -> None:
        """Onto the next set."""
        if not self.active:
            raise ValueError(f"all {self._done} sets are done: test active before update")
        one_shot(self.targets, self._members[self._done])
        self._masks = {name: target.detach() != 0 for name, target in self.targets.items()}
        self._done += 1

    def hold(self) -> None:
        """Zeros the weights that the optimizer moved away from zero."""
        with torch.no_grad():
            for name, mask in self._masks.items():
                self.targets[name].mul_(mask)

    def state_dict(self) -> dict[str, Any]:
        """How many updates are done, and the masks."""
        return {"done": self._done, "masks": dict(self._masks)}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Goes on from there."""
        self._done, self._masks = saved["done"], dict(saved["masks"])
