"""The PyTorch binding: a network as a block. Needs the extra ``lagrange[nn]``."""

from lagrange.nn.controls import Gradual, one_shot
from lagrange.nn.distillation import distillation
from lagrange.nn.schedules import budgets
from lagrange.nn.session import Compression, Finished
from lagrange.nn.snapshot import NetworkPoint
from lagrange.nn.split import Together, each_layer, over_all, split
from lagrange.nn.support_growth import SupportGrowth
from lagrange.nn.targets import Targets, choose, weights
from lagrange.nn.training import TrainingBlock
from lagrange.nn.worth import regrown, worths

__all__ = [
    "Compression",
    "Finished",
    "Gradual",
    "NetworkPoint",
    "SupportGrowth",
    "Targets",
    "Together",
    "TrainingBlock",
    "budgets",
    "choose",
    "distillation",
    "each_layer",
    "one_shot",
    "over_all",
    "regrown",
    "split",
    "weights",
    "worths",
]
