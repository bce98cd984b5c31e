"""How a network is trained and compressed, by data set: the numbers behind the families' options.

The digits take seconds, with one update of the set an epoch. The recipe for MNIST and CIFAR-10 ranks
weights by |W + λ/ρ| v^(score/2), v Adam's second moment, lowers the budget on a path, pulls after the
optimizer step by a = rate · ρ that grows from update to update, and shifts the images.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lagrange.nn.schedules import PATHS
from lagrange.queries import require_rho
from problems.options import require_at_least

PATH_NAMES = ("none", *PATHS)
PICKS = ("last", "best")


@dataclass(frozen=True)
class Settings:
    """Settings of dense training, of compression, and of what follows it.

    pretrain  : epochs of dense training
    epochs    : epochs of training by the solver
    retrain   : epochs afterwards, with zeros or levels fixed
    batch     : images a minibatch
    rate      : Adam's learning rate; dense_rate: that of dense training
    momentum  : above 0 dense training is by SGD with it (Nesterov's), at 0 by Adam;  decay: of the
                weights there, times the learning rate (biases and norms do not decay)
    floor     : where the cosine of learning rates would end after the last epoch, over the first, in
                dense training and retraining; 1: constant
    half      : losses of training batches in bfloat16, steps of Adam fused
    shift     : images move by up to so many pixels, and are mirrored if ``flip``
    whole     : the validation images are trained on too, so that nothing can be picked by them
    pick      : the epoch of what follows that is kept: last, or the best in validation
    interval  : minibatches between two updates of the set; None: an epoch
    rho       : penalty;  growth: ρ at the last update over ρ at the first
    decoupled : pull after each optimizer step instead of a penalty in the loss
    path      : of the budget: none, linear, cubic or log;  falling: share of the updates it falls in
    score     : 0 ranks weights by size, 1 by the full second moment
    regrow    : share of the nonzeros that change places in the retraining at first, 0: zeros are fixed
    teach     : share of the dense network's answers in the loss of the retraining (distillation)
    sparse    : what is pruned is trained with its nonzeros only, in float32 (chains of layers, numba)
    prune     : epochs of ADMM pruning before quantization;  settle: epochs of training after that
    lean      : parameters that are no targets in bfloat16, those that do nothing dropped
    sample    : training images on which costs are measured
    baselines : train the unpriced baselines besides: a dense network, for as long as all that came
                before the hard projection, and when pruning a control for as long as the solver
    """

    pretrain: int = 20
    epochs: int = 60
    retrain: int = 10
    batch: int = 32
    rate: float = 3e-3
    dense_rate: float = 3e-3
    momentum: float = 0.0
    decay: float = 0.0
    floor: float = 1.0
    half: bool = False
    shift: int = 0
    flip: bool = False
    whole: bool = False
    pick: str = "best"
    interval: int | None = None
    rho: float = 0.1
    growth: float = 1.0
    decoupled: bool = False
    path: str = "none"
    falling: float = 0.8
    score: float = 0.0
    regrow: float = 0.0
    teach: float = 0.0
    sparse: bool = False
    prune: int = 0
    settle: int = 0
    lean: bool = False
    sample: int = 2_000
    baselines: bool = True

    def __post_init__(self) -> None:
        require_at_least(0, pretrain=self.pretrain, retrain=self.retrain, shift=self.shift)
        require_at_least(0, prune=self.prune, settle=self.settle)
        require_at_least(1, epochs=self.epochs, batch=self.batch, sample=self.sample)
        if self.interval is not None:
            require_at_least(1, interval=self.interval)
        require_rho(self.rho)
        for name in ("rate", "dense_rate", "growth"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a finite number > 0, got {value}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum}")
        if not (math.isfinite(self.decay) and self.decay >= 0):
            raise ValueError(f"decay must be a finite number >= 0, got {self.decay}")
        if self.whole and self.pick != "last":
            raise ValueError(
                "whole must be off where pick = best chooses by the images that it trains on: give "
                f"pick = last, or leave whole out, got {self.whole}"
            )
        if self.decay > 0 and self.momentum == 0:
            raise ValueError(
                "decay belongs to SGD, and momentum = 0 means Adam: give momentum, 0.9 say, or leave "
                f"decay at 0, got {self.decay}"
            )
        for name in ("floor", "falling", "score", "regrow", "teach"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {value}")
        for name, allowed in (("path", PATH_NAMES), ("pick", PICKS)):
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")

    def updates(self, images: int) -> int:
        """Updates of the set in all epochs of the solver."""
        if self.interval is None:
            return self.epochs
        return -(-self.epochs * -(-images // self.batch) // self.interval)


RECIPE = Settings(
    pretrain=15,
    epochs=20,
    retrain=30,
    batch=64,
    rate=2e-3,
    dense_rate=1e-3,
    floor=0.01,
    shift=1,
    interval=50,
    rho=0.5,
    growth=50.0,
    decoupled=True,
    path="log",
    score=0.5,
    pick="last",
    sample=500,
    baselines=False,
)
PRUNED: Mapping[str, Settings] = {
    "digits": Settings(),
    "mnist": RECIPE,
    "cifar10": dataclasses.replace(
        RECIPE,
        pretrain=60,
        epochs=40,
        batch=128,
        dense_rate=0.1,
        momentum=0.9,
        decay=5e-4,
        shift=4,
        flip=True,
    ),
}

QUANTIZED: Mapping[str, Settings] = {
    "digits": Settings(epochs=30),
    "mnist": dataclasses.replace(RECIPE, rate=1e-3),
    "cifar10": dataclasses.replace(PRUNED["cifar10"], rate=1e-3),
}


NAMES = tuple(field.name for field in dataclasses.fields(Settings))


def changed(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """Settings with those that are among a family's options in their place; None is not given."""
    given = {name: options[name] for name in NAMES if options.get(name) is not None}
    return dataclasses.replace(settings, **given)
