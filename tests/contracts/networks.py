"""A tiny network as a block, and questions for it."""

import torch

from lagrange.nn import TrainingBlock
from lagrange.queries import Quadratic
from lagrange.testing import Question


def network(*, optimizer: str = "adam", epochs: int = 1, seed: int = 0) -> TrainingBlock:
    """A tiny network with everything that likes to leave traces: dropout, batch statistics,
    optimizer moments.
    """
    make = torch.Generator().manual_seed(8)
    inputs = torch.randn(24, 3, generator=make)
    labels = (inputs.sum(dim=1) > 0).long()
    with torch.random.fork_rng():
        torch.manual_seed(9)
        module = torch.nn.Sequential(
            torch.nn.Linear(3, 6),
            torch.nn.BatchNorm1d(6),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.4),
            torch.nn.Linear(6, 2),
        )

    def batches(epoch: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        order = torch.randperm(24, generator=torch.Generator().manual_seed(epoch))
        return [(inputs[part], labels[part]) for part in order.split(8)]

    def loss(net: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(net(batch[0]), batch[1])

    optimizers = {
        "adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
        "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    }
    return TrainingBlock(
        module,
        loss,
        batches,
        (inputs, labels),
        ("0.weight", "4.weight"),
        optimizers[optimizer],
        epochs=epochs,
        seed=seed,
    )


def network_rows() -> dict[str, torch.Tensor]:
    return {"0.weight": torch.zeros(6, 3), "4.weight": torch.zeros(2, 6)}


def network_questions(block: TrainingBlock) -> list[Question]:
    make = torch.Generator().manual_seed(10)
    rows = network_rows()
    price, offset = (
        {n: 0.1 * torch.randn(z.shape, generator=make) for n, z in rows.items()} for _ in range(2)
    )
    pull = Quadratic(0.5, offset)
    return [
        Question(rows),
        Question(price, pull),
        Question(price, pull, block.initial()),
        Question(price, None, block.respond(rows, None, None)),
    ]
