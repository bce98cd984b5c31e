"""A small network in a loop of the user's own, and the same training as a block of the engine."""

import copy
from dataclasses import replace
from typing import Any

import torch

from lagrange import solve
from lagrange.nn import Compression, TrainingBlock, choose, split
from lagrange.nn.split import set_of
from lagrange.sets import GlobalCardinality
from lagrange.state import Start
from lagrange.stopping import StepLimit
from tests.contracts.networks import network

KEEP = 8  # of 30 weights


def block_of(**changes: Any) -> TrainingBlock:
    """Dropout, batch statistics and moments included; one epoch of three batches an answer."""
    return replace(network(), **changes)


def pulled(block: TrainingBlock, sets: Any, solver: Any, steps: int) -> Any:
    """The engine's solution from the block's weights and their projection."""
    problem = split(block, choose(block.module), sets)
    first = block.initial()
    start = Start(None, (first, set_of(problem, first=True).nearest(first.image)))
    return solve(problem, solver, stop=StepLimit(steps), start=solver.init(problem, start))


class Loop:
    """The block's training, written out as a user would."""

    def __init__(
        self, block: TrainingBlock, solver: Any, sets: Any = None, session: type = Compression
    ) -> None:
        self.block = block
        self.model = copy.deepcopy(block.module)
        self.optimizer = block.optimizer(self.model.parameters())
        self.session = session(
            self.model,
            choose(self.model),
            sets or GlobalCardinality(KEEP),
            solver,
            optimizer=self.optimizer,
            cost=lambda net: block.loss(net, block.sample),
        )
        self.model.train()

    def epoch(self) -> None:
        """Training on the epoch that is due, then an update."""
        epoch = self.session.position or 0
        for step, batch in enumerate(self.block.batches(epoch)):
            torch.manual_seed(self.block.seed + 1_000_003 * epoch + step)
            self.optimizer.zero_grad()
            loss = self.block.loss(self.model, batch)
            if self.block.decoupled is None:
                loss = loss + self.session.penalty()
            loss.backward()
            self.optimizer.step()
            if self.block.decoupled is not None:
                self.session.pull(self.block.decoupled)
        self.session.update(epoch + 1)

    def run(self, updates: int) -> "Loop":
        for _ in range(updates):
            if self.session.active:
                self.epoch()
        return self

    def checkpoint(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "session": self.session.state_dict(),
        }

    def restore(self, saved: dict[str, Any]) -> "Loop":
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.session.load_state_dict(saved["session"])
        return self


def timeless(records: Any) -> list[Any]:
    """All of the records but the clock, as text: NaN equals NaN, every bit of a float shows."""
    return [repr(record._replace(seconds=0.0)) for record in records]
