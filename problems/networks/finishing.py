"""The training after the hard projection: zeros are held, or change places with what is worth least."""

from dataclasses import replace

import torch
from torch import nn

from lagrange.nn import HeldAdam, RegrowingAdam
from lagrange.nn.regrowth import over, unseen_gradients
from lagrange.nn.retrain import Teacher, retrain
from problems.networks.compress import Task
from problems.networks.feed import Feed
from problems.networks.sparse_layers import SparseChain


def finish(task: Task, net: nn.Module, *, apart: bool) -> None:
    """Trains a pruned network in place.

    apart : nonzeros move within their tensor only
    """
    s = task.settings
    feed = replace(task.onward.after(s.epochs), teacher=_teacher(task))
    chain = SparseChain(net) if s.sparse else None
    computed, validate = net if chain is None else chain, task.validate
    retrain(
        net,
        lambda _, batch: feed.loss(computed, batch),
        feed,
        _optimizer(task, net, feed, chain, apart),
        epochs=s.retrain,
        validate=None if validate is None else lambda _: validate(computed),
        floor=s.floor,
    )


def _teacher(task: Task) -> Teacher | None:
    share = task.settings.teach
    return Teacher(task.loaded(task.dense.state_dict()), share) if share > 0 else None


def _optimizer(
    task: Task, net: nn.Module, feed: Feed, chain: SparseChain | None, apart: bool
) -> torch.optim.Optimizer:
    s = task.settings
    parameters = list(net.parameters())
    held = task.held(parameters)
    if s.regrow == 0:
        return HeldAdam(parameters, s.rate, held, fused=s.sparse or s.half)
    return RegrowingAdam(
        parameters,
        s.rate,
        held,
        over(s.retrain * len(feed.batches), s.regrow, s.score),
        gradients=unseen_gradients(net, held, feed.loss, feed, s.retrain),
        moved=None if chain is None else chain.follow,
        apart=apart,
        fused=s.sparse or s.half,
    )
