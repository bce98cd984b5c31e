"""Quantizing what pruning left: a task that begins with a pruned network and keeps its zeros."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zlib import crc32

import torch
from torch import nn

from lagrange.engine import solve
from lagrange.status import Status
from lagrange.stopping import StepLimit
from problems.networks.compress import Task
from problems.networks.feed import Feed
from problems.networks.pruned import PruningTask
from problems.networks.settings import PRUNED, QUANTIZED

SHARED = (  # settings of both
    *("pretrain", "batch", "dense_rate", "momentum", "decay", "floor", "half"),
    *("shift", "flip", "whole", "sample", "sparse", "pick"),
)
REGROW = 0.15  # share of the nonzeros that change places at first, after the hard projection


@dataclass(frozen=True)
class PrunedFirst(Task):
    """Begins with the network that the pruning family's ADMM and the training after it leave.

    keep : the weights of all targets together that it keeps, as for pruning
    """

    keep: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._wanted  # noqa: B018 - refuses at the door what cannot be pruned

    @property
    def onward(self) -> Feed:
        """The training part after dense training, as pruning had it, its order and shifts again; losses
        are those of a network that is pruned already.
        """
        return replace(super().onward, sparse=self.settings.sparse)

    @cached_property
    def origin(self) -> nn.Module:
        """The pruned network; kept in the cache by what was pruned, too."""
        s, targets = self.settings, crc32(",".join(self.sizes).encode())
        how = "-sparse" * s.sparse + "-last" * (s.pick == "last")
        run = f"-pruned-{self.keep:.12g}-{s.prune}-{s.settle}{how}-{targets:08x}"
        return self.cached(run, self._pruned)

    def adam(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Adam that keeps zeros of the targets."""
        return self.held_adam(self.settings.rate)(parameters)

    def _pruned(self) -> nn.Module:
        wanted = self._wanted
        method = wanted.admm(None)
        start = method.solver.init(method.problem, method.start)
        solution = solve(method.problem, method.solver, stop=StepLimit(method.steps), start=start)
        if solution.status is Status.INTERRUPTED or solution.point is None:
            raise KeyboardInterrupt
        final = wanted.final(solution.point)
        wanted.task.require_finished(solution.point)
        return self.loaded(final)

    @cached_property
    def _wanted(self) -> PruningTask:
        """The same network and data, with the data set's settings for pruning."""
        s = self.settings
        settings = replace(
            PRUNED[self.data],
            **{name: getattr(s, name) for name in SHARED},
            epochs=s.prune,
            retrain=s.settle,
            regrow=REGROW if s.settle else 0.0,
        )
        task = Task(self.network, self.data, settings, self.seed, self.pattern, self.cache)
        return PruningTask(task, self.keep, "global", clean=True)


def quantization_task(options: Mapping[str, Any]) -> Task:
    """By the options of the quantization family; with ``prune`` it begins with a pruned network."""
    task, keep = Task.of(QUANTIZED, options), options["keep"]
    s = task.settings
    if s.prune == 0:
        if s.settle or s.sparse:
            raise ValueError(
                "settle and sparse belong to the pruning before, and prune = 0 means none: give prune, "
                "its epochs, or leave them out"
            )
        return task
    if s.sparse and s.settle == 0:
        raise ValueError(
            "sparse is how settle and what follows compute, and settle = 0 means none: give settle"
        )
    if keep is None:
        raise ValueError(
            f"prune = {s.prune} needs keep, the weights that pruning leaves: give keep"
        )
    given = (task.network, task.data, s, task.seed, task.pattern, task.cache)
    return PrunedFirst(*given, keep=keep)
