"""What a compression session costs: the time of a training step with it over a plain one, and the
memory that it holds, in multiples of the targeted weights.

    python -m benchmarks.session [steps]

LeNet-5 (the variant with 430,500 weights) and ResNet-20, batch 128, random images, SGD and Adam; the
two kinds of step alternate in one run, so that both see the same machine. Medians of processor time,
one thread.

Held are all tensors of the solver's state, of the open question and of what the session keeps to come
back to, each memory once, while the loop trains with Adam; the model, its gradients and the optimizer's
own moments are not the session's. "Spilled" is what is left in memory with ``spill=folder``.
"""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from lagrange import ADMM, SurrogateLagrangian
from lagrange.nn import Compression, choose
from lagrange.nn.rest import memory
from lagrange.sets import GlobalCardinality
from lagrange.solvers.alternating import Alternating
from lagrange.step_sizes import SurrogateContraction
from problems.networks import registry

BATCH, KEEP, UPDATES = 128, 5166, (3, 20, 70)
SOLVERS: Mapping[str, Any] = {
    "ADMM": ADMM(1e-3),
    "Alternating": Alternating(1e-3, rounds=1),
    "SurrogateLagrangian": SurrogateLagrangian(
        SurrogateContraction(50, 0.1, first_step=0.1), rho=1e-3
    ),
}
OPTIMIZERS: Mapping[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "SGD": lambda net: torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9),
    "Adam": lambda net: torch.optim.Adam(net.parameters(), lr=1e-3),
}


def held(session: Compression) -> float:
    """All tensors that a session keeps while the loop trains, over the targeted weights."""
    talk = session._talk
    kept = memory(talk.state, talk._asks, talk.problem.rhs)
    return kept / (4 * sum(session.targets.sizes.values()))


def step_of(
    net: nn.Module, optimizer: torch.optim.Optimizer, session: Compression | None
) -> Callable[[torch.Tensor, torch.Tensor], None]:
    def step(images: torch.Tensor, labels: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(images), labels)
        (loss if session is None else loss + session.penalty()).backward()
        optimizer.step()

    return step


def ratio(
    network: str, steps: int, make: Callable[[nn.Module], torch.optim.Optimizer]
) -> tuple[float, float]:
    """Median seconds of a plain step, and the median of session steps over it."""
    plain, pulled = registry.network(network), registry.network(network)
    session = Compression(pulled, choose(pulled), GlobalCardinality(KEEP), ADMM(1e-3))
    runs = step_of(plain, make(plain), None), step_of(pulled, make(pulled), session)
    shape = registry.architecture(network).shape
    images, labels = torch.randn(BATCH, *shape), torch.randint(10, (BATCH,))
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * steps + 6):
        which = number % 2
        begin = time.process_time()
        runs[which](images, labels)
        if number >= 6:  # the first ones warm up
            seconds[which].append(time.process_time() - begin)
    middle = [statistics.median(times) for times in seconds]
    return middle[0], middle[1] / middle[0]


def held_after(updates: Sequence[int], solver: Any, spill: str | None) -> list[float]:
    """After so many updates."""
    net, found = registry.network("lenet5"), list[float]()
    optimizer = OPTIMIZERS["Adam"](net)
    images, labels = torch.randn(2, 1, 28, 28), torch.randint(10, (2,))
    session = Compression(
        net,
        choose(net),
        GlobalCardinality(KEEP),
        solver,
        optimizer=optimizer,
        cost=lambda m: functional.cross_entropy(m(images), labels),
        spill=spill,
    )
    for update in range(1, max(updates) + 1):
        step_of(net, optimizer, session)(images, labels)
        with torch.no_grad():  # the support changes, as it does in training
            for target in session.targets.values():
                target.add_(0.1 * target.std() * torch.randn_like(target))
        session.update()
        if update in updates:
            found.append(held(session))
    return found


def main() -> None:
    torch.set_num_threads(1)
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    for network, (name, make) in product(("lenet5", "resnet20"), OPTIMIZERS.items()):
        seconds, more = ratio(network, steps, make)
        print(f"{network:10} {name:10} step {1e3 * seconds:7.2f} ms   with session × {more:.3f}")
    print(f"{'':20} × the targeted weights after {UPDATES} updates: in memory    spilled")
    for name, solver in SOLVERS.items():
        inside = held_after(UPDATES, solver, None)
        with TemporaryDirectory() as folder:
            spilled = held_after(UPDATES, solver, folder)
        rows = ("  ".join(f"{number:.2f}" for number in numbers) for numbers in (inside, spilled))
        print(f"{name:20} {'    '.join(rows)}")


if __name__ == "__main__":
    main()
