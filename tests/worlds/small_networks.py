"""The digits network with few epochs, to be pruned."""

import dataclasses
from functools import cache

from problems.networks.compress import Task
from problems.networks.pruned import PruningTask
from problems.networks.settings import RECIPE

SMALL = dataclasses.replace(RECIPE, pretrain=1, epochs=1, retrain=1, batch=64, interval=4)


@cache
def small() -> PruningTask:
    return PruningTask(Task("digits", "digits", SMALL), 0.1, "global")
