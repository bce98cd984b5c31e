"""Pruning: train a network whose weights have at most k nonzeros.

    min f(W) + indicator_S(Z)   s.t.  W − Z = 0,   S = {at most k nonzero entries}

Block 0 is the network, block 1 the set; there is one coupling row for each weight tensor. The set is
not convex: nothing is proved about loss or accuracy. What is proved is the count of the nonzeros of
the saved network: hard-projected, then trained with its zeros fixed.

Solvers: admm, surrogate, progressive; and what they have to beat at equal epochs, gradual (magnitude
pruning on a falling budget) and one-shot (the dense network cut at once, then trained).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from lagrange.certificates import Infeasible
from lagrange.instances import Instance, Number
from problems.networks import registry, saved
from problems.networks.compress import Task
from problems.networks.pruned import PruningTask
from problems.networks.settings import PRUNED

MEASURED = (
    "epochs",
    "accuracy_start",
    "accuracy_dense",
    "accuracy_one_shot",
    "accuracy_control",
    "accuracy_hard",
    "accuracy_final",
)


def pruning(
    *,
    network: str = "digits",
    data: str | None = None,
    keep: float = 0.05,
    scope: str = "global",
    clean: bool = False,
    pattern: str = "*.weight",
    rho: float | None = None,
    growth: float | None = None,
    path: str | None = None,
    score: float | None = None,
    pretrain: int | None = None,
    epochs: int | None = None,
    retrain: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    shift: int | None = None,
    whole: bool | None = None,
    half: bool | None = None,
    regrow: float | None = None,
    teach: float | None = None,
    sparse: bool | None = None,
    pick: str | None = None,
    interval: int | None = None,
    baselines: bool | None = None,
    cache: str | None = None,
    seed: int = 0,
) -> Instance:
    """A network pruned to a fraction of its weights: by default a small one on the 8×8 digits.

    The solver gets what dense training and the baselines leave of a time limit, one epoch at least.
    What is not given follows from the data set (``problems/networks/settings.py``). An option that
    does nothing with the solver is refused. A run leaves ``network.lgpk``: ``net.load_state_dict(
    lagrange.nn.packed.load(path).tensors)``.

    network  : one of ``problems/networks/registry.py``: digits, lenet5, lenet300, resnet20, ...
    data     : digits, mnist or cifar10; without it the one that the network fits
    keep     : fraction of the weights to keep, in (0, 1], or how many, a whole number above 1
    scope    : global (one budget for all tensors), layer (the same fraction of each) or fractions by
               tensor, scaled to keep in all: 20:8:0.9:7 for four tensors
    clean    : after the hard projection weights that do nothing are dropped, those into units that
               nobody hears and out of units that are always 0, for the next in the ranking
    pattern  : which weights, as a shell pattern over parameter names
    rho      : penalty (admm, surrogate, progressive)
    growth   : the last ρ over the first (admm, progressive)
    path     : how the budget falls: linear, cubic, log (admm, surrogate, gradual), none (but gradual)
    score    : how much Adam's second moment counts in the ranking, 0 … 1 (all but one-shot)
    pretrain : epochs of dense training before
    epochs   : epochs of training by the solver
    retrain  : epochs of training after the hard projection, with the zeros fixed unless regrow is given
    regrow   : share of the nonzeros that change places in the retraining at first, 0 … 1; their number
               stays (``lagrange.nn.RegrowingAdam``)
    teach    : share of the dense network's answers, at temperature 4, in the loss of the retraining
    sparse   : the retraining computes with nonzeros only, several times quicker where few are left; for
               chains of layers as LeNet-5, in float32, with numba
    pick     : the epoch of the retraining that is kept: last, or the best in validation
    batch, rate, shift : images a minibatch, learning rate, pixels by which images are moved
    whole    : train on the validation images too, where the recipe is settled; with pick = last
    half     : losses of training batches in bfloat16, twice as fast where the processor has it
    interval : minibatches between two updates of the set; an epoch where the data set says so
    baselines: train dense, one-shot and control networks for as long, too
    cache    : a folder that keeps dense networks from run to run
    seed     : of initial values and batches
    """
    options = dict(locals())  # as given
    task = Task.of(PRUNED, options)
    wanted = PruningTask(task, keep, scope, clean)
    return Instance(
        name=f"{task.name}-{scope}-{keep:g}",
        source=registry.SOURCES[task.data],
        methods=wanted.methods,
        reserve=0.7,  # the baselines train twice as long as the solver
        exact=ExactPruning(task.sizes, wanted.budgets.counts),
        point_arrays=lambda hard: arrays_of(wanted.final(hard)),
        rebuild=task.rebuild(options),
        idle=wanted.idle,
        measure=wanted.measure,
        measured=MEASURED,
        files=wanted.files,
        use=saved.use(task),
    )


def arrays_of(state: Mapping[str, Tensor]) -> Mapping[str, Any]:
    """A state dict as numpy arrays, whatever its memory format."""
    return {name: tensor.contiguous().numpy() for name, tensor in state.items()}


class ExactPruning:
    """Counts nonzeros; bounds and costs of a network are not proved."""

    integral = False
    fact_names = ("nonzeros", "weights", "compression")

    def __init__(self, sizes: Mapping[str, int], budgets: Mapping[str, int]) -> None:
        self._sizes, self._budgets = sizes, budgets

    def dual_value(self, multipliers: Mapping[str, Any]) -> None:
        """Nothing is proved: the training block solves no problem exactly."""

    def cost(self, point: Mapping[str, Any]) -> None:
        """Raises Infeasible where the budget is exceeded."""
        counts = self._counts(point)
        for name, allowed in self._budgets.items():
            used = counts[name] if name else sum(counts.values())
            if used > allowed:
                where = name or "all tensors together"
                raise Infeasible(f"{where}: {used} nonzeros, the budget is {allowed}")

    def facts(self, point: Mapping[str, Any]) -> Mapping[str, Number]:
        """Nonzeros and weights of the targets, and how many weights there are for a nonzero."""
        kept, weights = sum(self._counts(point).values()), sum(self._sizes.values())
        ratio = weights / kept if kept else None
        return {"nonzeros": kept, "weights": weights, "compression": ratio}

    def _counts(self, point: Mapping[str, Any]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for name, size in self._sizes.items():
            if name not in point or point[name].size != size:
                raise Infeasible(f"the point has no array {name!r} of {size} entries")
            if not np.isfinite(point[name]).all():
                raise Infeasible(f"{name!r} holds a NaN or an infinity")
            counts[name] = int((point[name] != 0).sum())
        return counts
