"""One ADMM and one SLR update of nine networks at batch 2 on random data: seconds, memory, size.

    python -m benchmarks.networks [--networks lenet5,resnet20] [--keep 0.1]

Each row is three processes, one at a time: a plain step of Adam, an update of both blocks by ADMM, and
one by SLR. Memory is the peak of the resident set above what the imports took, in units of

    bound = model + gradients + Adam's moments + 3 × the targeted weights
    plain = the peak of the plain step, activations and all, + 3 × the targeted weights

Size: the targets as values and indices after the update's projection, in MB; dense they take 4 bytes a
weight. The weights are random: this is about resources, nothing is learned.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from lagrange.nn import TrainingBlock, weights
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Problem
from lagrange.sets import GlobalCardinality
from lagrange.solvers.admm import ADMM
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.state import Start
from lagrange.step_sizes import SurrogateContraction
from problems.networks import registry, training

SMALL = ("lenet300", "lenet5", "resnet20", "resnet56")
LARGE = ("resnet18", "resnet50", "mobilenet_v2", "alexnet", "vgg16")
SOLVERS: Mapping[str, Any] = {
    "ADMM": ADMM(1e-3),
    "SLR": SurrogateLagrangian(SurrogateContraction(300, 0.1, first_step=1e-4), rho=1e-3),
}
BATCH = 2
MB = 1e6
HEADER = (
    "network | parameters | targeted | nonzeros | size, MB "
    "| seconds: plain | ADMM | SLR | peak, MB: plain | ADMM | SLR "
    "| ADMM: of bound | of plain | SLR: of bound | of plain"
)
Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(SMALL + LARGE))
    parser.add_argument("--keep", type=float, default=0.1)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a row's process: plain, ADMM or SLR
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(measured(arguments.networks, arguments.one, arguments.keep)))
        return
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count('|') + 1)}")
    for name in arguments.networks.split(","):
        registry.architecture(name)
        runs = [_in_process(name, one, arguments.keep) for one in ("plain", *SOLVERS)]
        print(f"| {name} | {_cells(*runs)} |", flush=True)


def measured(name: str, one: str, keep: float) -> Row:
    """In a process of its own: one plain step, or one update of both blocks by a solver."""
    torch.set_num_threads(1)
    _warm_up(one, keep)
    before = resident("VmRSS")
    net = registry.network(name)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(BATCH, *registry.architecture(name).shape, generator=generator)
    batch = images, torch.arange(BATCH)
    row = _sizes(net)
    update = _plain(net, batch) if one == "plain" else _update(net, batch, SOLVERS[one], keep)
    began = perf_counter()
    row |= update()
    return {**row, "seconds": perf_counter() - began, "peak": resident("VmHWM") - before}


def _warm_up(one: str, keep: float) -> None:
    """The same on a tiny network: what is imported and set up at its first use is no part of a row."""
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.Flatten(), nn.Linear(512, BATCH))
    batch = torch.zeros(BATCH, 1, 8, 8), torch.arange(BATCH)
    (_plain(net, batch) if one == "plain" else _update(net, batch, SOLVERS[one], keep))()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here


def resident(line: str) -> int:
    """VmRSS, or its peak VmHWM, of this process in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise SystemExit(f"peaks of memory are read from {status}: run this on Linux")
    (row,) = (row for row in status.read_text().splitlines() if row.startswith(line))
    return 1024 * int(row.split()[1])


def _sizes(net: nn.Module) -> Row:
    model = sum(tensor.nbytes for tensor in net.state_dict().values())
    parameters = sum(p.numel() for p in net.parameters())
    targeted = sum(w.numel() for w in weights(net, "*").values())
    bound = model + 4 * (3 * parameters + 3 * targeted)  # gradients, two moments; 3 × targets
    return {"parameters": parameters, "targeted": targeted, "bound": bound}


def _plain(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Callable[[], Row]:
    def step() -> Row:
        optimizer = _adam(net.parameters())
        training.loss(net, batch).backward()
        optimizer.step()
        return {}

    return step


def _update(
    net: nn.Module, batch: tuple[Tensor, Tensor], solver: Any, keep: float
) -> Callable[[], Row]:
    """Both half-updates, from the network's values and their projection."""
    targets = weights(net, "*")
    names = tuple(targets)
    block = TrainingBlock(net, training.loss, lambda epoch: [batch], batch, names, _adam)
    budget = GlobalCardinality.fraction(keep, {n: w.numel() for n, w in targets.items()})
    members = SetBlock(budget, names)
    problem: Any = Problem((block, members), {n: torch.zeros_like(w) for n, w in targets.items()})

    def update() -> Row:
        dense = block.initial()
        state = solver.init(problem, Start(None, (dense, members.nearest(dense.image))))
        del dense
        for _ in problem.blocks:  # each answers once
            asks = solver.ask(problem, state)
            answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
            state = solver.tell(problem, state, answers)
        z = state.responses[1].point
        kept = sum(int(torch.count_nonzero(tensor)) for tensor in z.values())
        return {"nonzeros": kept, "bits": budget.size(z).total}

    return update


def _adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=1e-4)


def _in_process(name: str, one: str, keep: float) -> Row:
    """Freed memory is given back at once (glibc), so that the peak is that of live tensors."""
    command = [sys.executable, "-m", "benchmarks.networks", "--networks", name, "--one", one]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(
        [*command, "--keep", str(keep)], env=environment, stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


def _cells(plain: Row, admm: Row, slr: Row) -> str:
    limit = plain["peak"] + 4 * 3 * plain["targeted"]
    ratios = [f"{run['peak'] / of:.2f}" for run in (admm, slr) for of in (run["bound"], limit)]
    cells = [
        f"{admm['parameters']:,}",
        f"{admm['targeted']:,}",
        f"{admm['nonzeros']:,}",
        f"{admm['bits'] / 8 / MB:.2f}",
        *(f"{run['seconds']:.2f}" for run in (plain, admm, slr)),
        *(f"{run['peak'] / MB:,.0f}" for run in (plain, admm, slr)),
        *ratios,
    ]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
