"""Several processes that train one model: each runs its own session, and all must decide alike."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn

from lagrange.nn.pull import length


def is_spread(model: nn.Module) -> bool:
    """Is this model trained by several processes?"""
    if not (distributed.is_available() and distributed.is_initialized()):
        return False
    return isinstance(model, nn.parallel.DistributedDataParallel) or any(
        isinstance(part, nn.parallel.DistributedDataParallel) for part in model.modules()
    )


def agreed(number: float, device: torch.device) -> float:
    """The number that process 0 has: batch statistics, and so costs, may differ between processes.

    device : of the model, since not every way of talking between processes knows main memory
    """
    shared = torch.tensor([number], dtype=torch.float64, device=device)
    distributed.broadcast(shared, 0)
    return float(shared)


def require_same(weights: Mapping[str, Tensor]) -> None:
    """Refuses weights that are not the same, bit for bit, in all processes."""
    sums = [float(w.double().sum()) for w in weights.values()]
    sums += [float(length(w.double())) for w in weights.values()]
    device = next(iter(weights.values())).device
    own = torch.tensor(sums, dtype=torch.float64, device=device)
    first = own.clone()
    distributed.broadcast(first, 0)
    apart = torch.tensor([0.0 if torch.equal(own, first) else 1.0], device=device)
    cast(Any, distributed).all_reduce(
        apart
    )  # so that all of them refuse, not only the one that is apart
    if float(apart) > 0:
        raise ValueError(
            "the processes hold different weights: start them from the same ones and take the same "
            "optimizer steps in all"
        )
