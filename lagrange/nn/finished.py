"""The end of a session: the weights onto the set, and what the session ended with."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lagrange.nn.formulas import formula
from lagrange.nn.members import Members
from lagrange.nn.split import image_of
from lagrange.records import Trace
from lagrange.sets.base import VectorSet
from lagrange.vectors import Vector, norm, subtract


@dataclass(frozen=True)
class Finished:
    """What a session ended with.

    weights     : the targets after the hard projection, as copies; the model holds the same
    distance    : ‖W − Π(W)‖ / ‖W‖ just before it; large where the pull never took hold
    cost        : of the model as it is now, NaN without a cost function
    members     : the set and the names of its tensors, for what comes after: freeze, save, measure
    multipliers : the last λ;  trace: the records of all steps
    """

    weights: Mapping[str, Tensor]
    distance: float
    cost: float
    members: Members
    multipliers: Vector
    trace: Trace


def project_weights(targets: Mapping[str, Tensor], members: VectorSet) -> float:
    """W ← Π(W), in the model; returns ‖W − Π(W)‖ / ‖W‖."""
    before = image_of(targets, formula)
    projected = members.project(before)
    length, distance = norm(before), norm(subtract(before, projected))
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(projected[name])
    return distance / length if length > 0 else 0.0
