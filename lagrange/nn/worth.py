"""What a weight is worth beyond its size, and which zeros deserve another try.

    worths    Adam's second moment v as a diagonal Fisher matrix:  keep the largest √w |W + U|,
              w = v^power, so that power ½ scores |W + U| v^¼ [1]
    regrown   the dead entries with the largest gradients, back into the masks [2]

References   [1] Lee et al., ELSA: second moments as weights of the projection, as in its released code
             [2] Evci et al., RigL, arXiv 1911.11134 (2019): regrowth by gradient
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lagrange.nn.targets import Targets
from lagrange.sets.sparsity import GlobalCardinality

FLOOR = 1e-12  # of v over its mean


def worths(
    optimizer: torch.optim.Optimizer, targets: Targets, power: float = 0.5, floor: float = FLOOR
) -> dict[str, Tensor]:
    """Weights for ``GlobalWeightedCardinality``: (v + floor·mean v)^power by name, as copies.

    power : 0 ignores the gradients, 1 is the full Fisher weight;  floor: > 0 keeps weights of layers
            that have stopped learning comparable
    """
    if not (0 <= power <= 1 and floor > 0):
        raise ValueError(f"power must lie in [0, 1] and floor be > 0, got {power} and {floor}")
    found: dict[str, Tensor] = {}
    for name, target in targets.items():
        moments = optimizer.state.get(target, {}).get("exp_avg_sq")
        if moments is None:
            raise ValueError(
                f"{type(optimizer).__name__} has no second moments of {name!r}: use Adam or AdamW, "
                "after its first step"
            )
        found[name] = moments.detach()
    mean = sum(float(v.sum()) for v in found.values()) / sum(targets.sizes.values())
    return {name: lifted(v, mean, floor) ** power for name, v in found.items()}


def lifted(v: Tensor, mean: float, floor: float = FLOOR) -> Tensor:
    """Second moments, none of them 0: v + floor · mean, or v + floor where all are 0."""
    return v + (floor * mean or floor)


def regrown(
    masks: Mapping[str, Tensor], scores: Mapping[str, Tensor], count: int
) -> dict[str, Tensor]:
    """The boolean masks with the ``count`` dead entries of largest |score| alive again."""
    dead = sum(int((~mask).sum()) for mask in masks.values())
    if not 1 <= count <= dead:
        raise ValueError(f"count must lie in 1 … {dead}, the number of zeros, got {count}")
    # shifted by one, so that an entry without a gradient counts before a living one
    open_ = {name: (scores[name].abs() + 1) * ~mask for name, mask in masks.items()}
    chosen = GlobalCardinality(count).project(open_)
    return {name: mask | (chosen[name] != 0) for name, mask in masks.items()}
