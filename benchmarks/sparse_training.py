"""A training step of pruned LeNet-5 with its nonzeros only, against the same step with zeros in it.

    python -m benchmarks.sparse_training

Random weights of which so many are kept, random images, batches of 64, channels last, one thread, the
network without its dead units. ``dense`` is torch in float32, ``half`` in bfloat16, ``sparse`` is
``problems.networks.sparse_layers``. Milliseconds are of processor time, the median of ``REPEATS``
rounds of ``STEPS`` steps, a round of each by turns; what compiles is not timed.
"""

from collections.abc import Callable
from statistics import median
from time import process_time

import torch
from torch import Tensor, nn
from torch.nn import functional

from lagrange.nn import HeldAdam, compact
from problems.networks import registry
from problems.networks.sparse_layers import SparseChain

KEEP = (861, 1_237, 1_750, 5_187)
BATCH, STEPS, REPEATS = 64, 30, 7


def main() -> None:
    torch.set_num_threads(1)
    print("| nonzeros | ms a step: dense | half | sparse | dense / sparse | half / sparse |")
    print("|---|---|---|---|---|---|")
    for keep in KEEP:
        dense, half, sparse = timed(pruned(keep))
        print(
            f"| {keep} | {dense:.2f} | {half:.2f} | {sparse:.2f} | {dense / sparse:.1f} | "
            f"{half / sparse:.1f} |"
        )


def pruned(keep: int) -> nn.Module:
    """LeNet-5 with its largest initial weights, by layer as the square roots of their sizes."""
    net = registry.network("lenet5", 0)
    weights = [p for p in net.parameters() if p.ndim > 1]
    total = sum(w.numel() ** 0.5 for w in weights)
    with torch.no_grad():
        for weight in weights:
            count = min(weight.numel(), round(keep * weight.numel() ** 0.5 / total))
            weight[weight.abs() < weight.abs().flatten().topk(count).values[-1]] = 0.0
    smaller = compact(net, torch.zeros(1, *registry.architecture("lenet5").shape)).module
    return smaller.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def timed(net: nn.Module) -> list[float]:
    """Milliseconds a step: dense, half, sparse."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, 1, 28, 28, generator=generator)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (BATCH,), generator=generator)
    chain = SparseChain(net)

    def half(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return net(x)

    held = [p for p in net.parameters() if p.ndim > 1]
    optimizer = HeldAdam(net.parameters(), 1e-6, held, fused=True)

    def round_of(answer: Callable[[Tensor], Tensor]) -> float:
        begun = process_time()
        for _ in range(STEPS):
            optimizer.zero_grad()
            functional.cross_entropy(answer(images).float(), labels).backward()
            optimizer.step()
        return (process_time() - begun) / STEPS * 1e3

    answers = (net, half, chain)
    for answer in answers:
        round_of(answer)
    rounds = [[round_of(answer) for answer in answers] for _ in range(REPEATS)]
    return [median(column) for column in zip(*rounds, strict=True)]


if __name__ == "__main__":
    main()
