"""The PyTorch binding: a network as a block. Needs the extra ``lagrange[nn]``."""

from lagrange.nn.bake import bake, thaw
from lagrange.nn.compaction import compact
from lagrange.nn.controls import Gradual, one_shot
from lagrange.nn.dead_paths import dead_weights
from lagrange.nn.diagnosis import diagnose
from lagrange.nn.distillation import distillation
from lagrange.nn.exporting import (
    export,
    load_safetensors,
    load_weights,
    save_safetensors,
    save_weights,
)
from lagrange.nn.masks import freeze_zeros
from lagrange.nn.measures import hard_projected, measure
from lagrange.nn.quantized_weights import follow_sets, freeze_levels
from lagrange.nn.readings import Readings
from lagrange.nn.recipes import RECIPES, Pruned, Recipe, prune
from lagrange.nn.regrowth import HeldAdam, RegrowingAdam, Regrowth
from lagrange.nn.retrain import Teacher, retrain
from lagrange.nn.schedules import budgets
from lagrange.nn.session import Compression, Finished
from lagrange.nn.snapshot import NetworkPoint
from lagrange.nn.split import Together, each_layer, over_all, split
from lagrange.nn.support_growth import SupportGrowth
from lagrange.nn.targets import Targets, choose, weights
from lagrange.nn.training import TrainingBlock
from lagrange.nn.worth import regrown, worths

__all__ = [
    "RECIPES",
    "Compression",
    "Finished",
    "Gradual",
    "HeldAdam",
    "NetworkPoint",
    "Pruned",
    "Readings",
    "Recipe",
    "RegrowingAdam",
    "Regrowth",
    "SupportGrowth",
    "Targets",
    "Teacher",
    "Together",
    "TrainingBlock",
    "bake",
    "budgets",
    "choose",
    "compact",
    "dead_weights",
    "diagnose",
    "distillation",
    "each_layer",
    "export",
    "follow_sets",
    "freeze_levels",
    "freeze_zeros",
    "hard_projected",
    "load_safetensors",
    "load_weights",
    "measure",
    "one_shot",
    "over_all",
    "prune",
    "regrown",
    "retrain",
    "save_safetensors",
    "save_weights",
    "split",
    "thaw",
    "weights",
    "worths",
]
