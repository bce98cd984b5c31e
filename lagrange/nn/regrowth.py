"""Adam that keeps the number of nonzeros: their places are held, or some of them move.

    HeldAdam        what is zero at the first step stays zero
    RegrowingAdam   besides, every so many steps the weights that are worth least, |w| v^(power/2) with
                    v Adam's second moment, become zero, and as many of the zeros with the largest
                    gradients take their places [1]. At step t of ``last``:

        moved = share · nonzeros · (1 + cos(π t / last)) / 2

Reference    [1] Evci, Gale, Menick, Castro, Elsen, RigL, arXiv 1911.11134 (2019), with worth by size
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, cast

import torch
from torch import Tensor, nn

from lagrange.nn.training import Batch, Loss
from lagrange.nn.worth import lifted

MOVES, TRIAL, SEEN = 150, 50, 16
Masks = Mapping[nn.Parameter, Tensor]  # True where a weight may be nonzero


class HeldAdam(torch.optim.Adam):
    """Adam that keeps at zero what is zero at its first step, in those parameters that are ``held``.

    fused : torch's quicker step, rounded otherwise
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        rate: float,
        held: Iterable[nn.Parameter],
        *,
        fused: bool = False,
    ) -> None:
        super().__init__(parameters, lr=rate, fused=fused or None)
        self._held = list(held)
        self._masks: list[Tensor] = []
        self._factors: list[Tensor] = []  # the same as numbers: quicker to multiply by

    def step(self, closure: Any = None) -> Any:
        """One step, then zeros are zeros again."""
        if not self._masks:
            self._see([(p != 0).detach() for p in self._held])
        value = cast("Any", super()).step(closure)
        with torch.no_grad():
            for parameter, factor in zip(self._held, self._factors, strict=True):
                parameter.mul_(factor)
        return value

    def _see(self, masks: list[Tensor]) -> None:
        """From now on these weights may be nonzero."""
        self._masks = masks
        self._factors = [mask.to(p.dtype) for mask, p in zip(masks, self._held, strict=True)]


@dataclass(frozen=True)
class Regrowth:
    """How many nonzeros move, and when.

    share : of the nonzeros at first, in (0, 1];  every: steps from one move to the next, ≥ 1
    last  : no move from this step on
    power : 0 ranks weights by size, 1 by the full second moment
    """

    share: float
    every: int
    last: int
    power: float = 0.5

    def __post_init__(self) -> None:
        if not (0 < self.share <= 1 and 0 <= self.power <= 1):
            raise ValueError(
                f"share must lie in (0, 1] and power in [0, 1], got {self.share} and {self.power}"
            )
        if self.every < 1:
            raise ValueError(f"every must be at least 1, got {self.every}")

    def at(self, step: int) -> float:
        """The share that moves after this step, counted from 1; 0: none."""
        if step % self.every or step >= self.last:
            return 0.0
        return self.share * (1 + math.cos(math.pi * step / self.last)) / 2


def over(steps: int, share: float, power: float = 0.5) -> Regrowth:
    """For a training of so many steps: about ``MOVES`` moves, never sooner than new weights have been
    tried for ``TRIAL`` steps, and none in the last quarter.
    """
    last = round(0.75 * steps)
    return Regrowth(share, max(TRIAL, last // MOVES), last, power)


def unseen_gradients(
    model: nn.Module,
    held: Sequence[nn.Parameter],
    loss: Loss,
    batches: Callable[[int], Iterable[Batch]],
    first: int,
) -> Callable[[], list[Tensor]]:
    """Gradients by these parameters over ``SEEN`` minibatches, each time those of another epoch from
    ``first`` on, which the training itself does not see.
    """
    later = count(first)

    def gradients() -> list[Tensor]:
        model.train()
        model.zero_grad()
        for batch in islice(batches(next(later)), SEEN):
            loss(model, batch).backward()  # pyright: ignore[reportUnknownMemberType]
        return [torch.zeros_like(p) if p.grad is None else p.grad for p in held]

    return gradients


class RegrowingAdam(HeldAdam):
    """Adam under which nonzeros move; as many stay as there were at its first step.

    gradients : of the loss by the held parameters, zeros included, in their order; None takes those of
                the step's own minibatch
    moved     : told after each move where nonzeros may be now
    apart     : each parameter keeps its own number
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        rate: float,
        held: Iterable[nn.Parameter],
        regrowth: Regrowth,
        *,
        gradients: Callable[[], Sequence[Tensor]] | None = None,
        moved: Callable[[Masks], None] | None = None,
        apart: bool = False,
        fused: bool = False,
    ) -> None:
        super().__init__(parameters, rate, held, fused=fused)
        self.regrowth = regrowth
        self._gradients, self._moved, self._apart = gradients, moved, apart
        self._steps = 0

    def step(self, closure: Any = None) -> Any:
        """One step, and where it is time the move."""
        value = super().step(closure)
        self._steps += 1
        share = self.regrowth.at(self._steps)
        if share > 0:
            self._move(share)
        return value

    def state_dict(self) -> dict[str, Any]:
        """Besides Adam's: how many steps were taken, and where nonzeros may be."""
        places = {"steps": self._steps, "masks": [mask.clone() for mask in self._masks]}
        return {**super().state_dict(), "places": places}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Goes on where ``state_dict`` was taken; the weights are for the model's to restore."""
        state = dict(state_dict)
        if "places" not in state:
            raise ValueError(
                "the state has no places of nonzeros, so those that were about to come in would be "
                f"lost: give what RegrowingAdam.state_dict() returned, got {sorted(state)}"
            )
        places = state.pop("places")
        super().load_state_dict(state)
        self._steps = int(places["steps"])
        if places["masks"]:
            self._see([m.to(p.device) for m, p in zip(places["masks"], self._held, strict=True)])

    def _move(self, share: float) -> None:
        gradients = self._own_gradients() if self._gradients is None else self._gradients()
        every = range(len(self._held))
        with torch.no_grad():
            for group in [[i] for i in every] if self._apart else [list(every)]:
                self._move_within(group, share, [gradients[i] for i in group])
            self._see(self._masks)
        if self._moved is not None:
            self._moved(dict(zip(self._held, self._masks, strict=True)))

    def _own_gradients(self) -> list[Tensor]:
        return [torch.zeros_like(p) if p.grad is None else p.grad for p in self._held]

    def _move_within(self, group: Sequence[int], share: float, gradients: Sequence[Tensor]) -> None:
        """Lets nonzeros of these parameters change places."""
        alive = torch.cat([self._masks[i].flatten() for i in group])
        worth = torch.cat([self._worth(self._held[i]).flatten() for i in group])
        pull = torch.cat([g.flatten() for g in gradients]).abs()
        nonzeros = int(alive.sum())
        movers = min(max(1, round(share * nonzeros)), nonzeros, alive.numel() - nonzeros)
        if movers == 0:
            return
        leaving = worth.masked_fill(~alive, math.inf).topk(movers, largest=False).indices
        coming = pull.masked_fill(alive, -1.0).topk(movers).indices
        alive[leaving], alive[coming] = False, True
        sizes = [self._held[i].numel() for i in group]
        for i, mask in zip(group, torch.split(alive, sizes), strict=True):
            self._replace(i, mask.view_as(self._masks[i]))

    def _worth(self, parameter: nn.Parameter) -> Tensor:
        """|w| (v + ε)^(power/2)."""
        v = self.state[parameter]["exp_avg_sq"]
        return parameter.abs() * lifted(v, float(v.mean())) ** (self.regrowth.power / 2)

    def _replace(self, i: int, mask: Tensor) -> None:
        """The new places of a parameter. New weights start from 0, without momentum and with the
        average second moment of the others.
        """
        parameter, stayed = self._held[i], mask & self._masks[i]
        moments = self.state[parameter]
        parameter.mul_(stayed)
        moments["exp_avg"].mul_(stayed)
        if stayed.any():
            moments["exp_avg_sq"][mask & ~stayed] = moments["exp_avg_sq"][stayed].mean()
        self._masks[i] = mask
