"""Compression of nine networks at batch 2 on random data: peak memory, seconds of an update, size.

    python -m benchmarks.networks [--networks lenet5,resnet20] [--keep 0.1] [--penalty]

Each row is three processes, one at a time: a training loop without a session, with one that follows
ADMM, and with one that follows SLR. The loop is one that people write: two steps of Adam (fused: it
needs no memory of its own), then the session; three times a step, the decoupled pull (or the penalty in
the loss), ``zero_grad()``, ``update()``; and a last step. The peak is that of the resident set over the
whole loop, above what the imports took. It is set against

    bound  = model + gradients + Adam's moments + 3 × the targeted weights
    plain  = the peak of the loop without a session: with activations and the scratch of the layers
    SLR compares costs, may reject an answer, and keeps the model and the moments to come back to: these
    are a column of their own ("kept") and not in the ratios; "taken" is how many of the answers of both
    blocks it took

Size: the targets as values and indices after the update's projection, in MB; dense they take 4 bytes a
weight. Seconds, of processor time: a plain step, and the longest of the updates. The weights are
random: this is about resources, nothing is learned.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn

from lagrange.nn import Compression, weights
from lagrange.nn.split import SET
from lagrange.sets import GlobalCardinality
from lagrange.solvers.admm import ADMM
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import SurrogateContraction
from problems.networks import registry, training

SMALL = ("lenet300", "lenet5", "resnet20", "resnet56")
LARGE = ("resnet18", "resnet50", "mobilenet_v2", "alexnet", "vgg16")
SOLVERS: Mapping[str, Any] = {
    "ADMM": ADMM(1e-3),
    "SLR": SurrogateLagrangian(SurrogateContraction(300, 0.1, first_step=1e-4), rho=1e-3),
}
BATCH, BEFORE, ROUNDS, RATE = 2, 2, 3, 1e-4
MB = 1e6
HEADER = (
    "network | parameters | targeted | nonzeros | size, MB | seconds: plain step | ADMM | SLR "
    "| SLR: taken | MB: bound | plain | ADMM | SLR | of it kept "
    "| ADMM / bound | / (plain + 3 × targets) | SLR less kept / bound | / (plain + 3 × targets)"
)
Row = dict[str, float]
Batch = tuple[Tensor, Tensor]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(SMALL + LARGE))
    parser.add_argument("--keep", type=float, default=0.1)
    parser.add_argument("--penalty", action="store_true", help="in the loss, no decoupled pull")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a row's process: plain, ADMM or SLR
    arguments = parser.parse_args()
    if arguments.one is not None:
        found = measured(arguments.networks, arguments.one, arguments.keep, arguments.penalty)
        print(json.dumps(found))
        return
    print(f"| {HEADER} |\n|{'---|' * (HEADER.count(' | ') + 1)}")
    for name in arguments.networks.split(","):
        registry.architecture(name)
        runs = [
            in_process(name, one, arguments.keep, arguments.penalty) for one in ("plain", *SOLVERS)
        ]
        print(f"| {name} | {cells(*runs)} |", flush=True)


def measured(name: str, one: str, keep: float, penalty: bool) -> Row:
    """In a process of its own: the loop, plain or under a solver."""
    shape = registry.architecture(name).shape
    return watched(lambda: registry.network(name), shape, one, keep, penalty)


def watched(
    make: Callable[[], nn.Module], shape: Sequence[int], one: str, keep: float, penalty: bool
) -> Row:
    """The same with any network that takes inputs of this shape."""
    torch.set_num_threads(1)
    _warm_up(one, keep, penalty)
    before = resident("VmRSS")
    net = make()
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(BATCH, *shape, generator=generator)
    row = sizes(net)
    row |= _loop(net, (inputs, torch.arange(BATCH)), SOLVERS.get(one), keep, penalty)
    return {**row, "peak": resident("VmHWM") - before}


def _warm_up(one: str, keep: float, penalty: bool) -> None:
    """What is imported and set up at its first use is no part of a row."""
    net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.Flatten(), nn.Linear(512, 400))
    batch = torch.randn(BATCH, 1, 8, 8), torch.arange(BATCH)
    _loop(net, batch, SOLVERS.get(one), keep, penalty)
    del net
    ctypes.CDLL(None).malloc_trim(0)  # glibc: gives back what is free
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here


def resident(line: str) -> int:
    """VmRSS, or its peak VmHWM, of this process in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise SystemExit(f"peaks of memory are read from {status}: run this on Linux")
    (row,) = (row for row in status.read_text().splitlines() if row.startswith(line))
    return 1024 * int(row.split()[1])


def sizes(net: nn.Module) -> Row:
    """Numbers of parameters and of targeted weights, and bytes."""
    model = sum(tensor.nbytes for tensor in net.state_dict().values())
    parameters = sum(p.numel() for p in net.parameters())
    targeted = sum(w.numel() for w in weights(net, "*").values())
    bound = model + 4 * (3 * parameters + 3 * targeted)  # gradients, two moments; 3 × targets
    kept = model + 4 * 2 * parameters
    return {"parameters": parameters, "targeted": targeted, "bound": bound, "kept": kept}


def _loop(net: nn.Module, batch: Batch, solver: Any, keep: float, penalty: bool) -> Row:
    """Steps, and updates between them if there is a solver."""
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    session, seconds = None, {"step": 0.0, "update": 0.0}
    for number in range(BEFORE + ROUNDS + 1):
        if number == BEFORE and solver is not None:
            session = _session(net, batch, optimizer, solver, keep)
        began = process_time()
        loss = training.loss(net, batch)
        (loss + session.penalty() if session and penalty else loss).backward()
        del loss
        optimizer.step()
        if session and not penalty:
            session.pull(RATE)
        optimizer.zero_grad()
        seconds["step"] = process_time() - began
        if session and number < BEFORE + ROUNDS:
            began = process_time()
            session.update()
            seconds["update"] = max(seconds["update"], process_time() - began)
    return seconds if session is None else {**seconds, **_found(session, keep)}


def _session(
    net: nn.Module, batch: Batch, optimizer: torch.optim.Optimizer, solver: Any, keep: float
) -> Compression:
    """ADMM takes every answer; SLR compares costs and may have to put the model back."""

    def cost(module: nn.Module) -> Tensor:
        return training.loss(module, batch)

    targets = weights(net, "*")
    budget = GlobalCardinality.fraction(keep, targets.sizes)
    if isinstance(solver, ADMM):
        return Compression(net, targets, budget, solver)
    return Compression(net, targets, budget, solver, optimizer=optimizer, cost=cost)


def _found(session: Compression, keep: float) -> Row:
    """Of the set's last answer, read row by row so that the peak is that of the loop."""
    budget = GlobalCardinality.fraction(keep, session.targets.sizes)
    z = session._talk.state.responses[SET].point
    kept = sum(int(torch.count_nonzero(tensor)) for tensor in z.values())
    taken = sum(record.accepted for record in session.trace)
    return {
        "nonzeros": kept,
        "bits": budget.size(z).total,
        "taken": taken,
        "steps": len(session.trace),
    }


def in_process(name: str, one: str, keep: float, penalty: bool) -> Row:
    """A row's process."""
    command = ["-m", "benchmarks.networks", "--networks", name, "--one", one, "--keep", str(keep)]
    return in_python([*command, *["--penalty"] * penalty], registry.architecture(name).weights)


def in_python(command: Sequence[str], weights: int) -> Row:
    """What a command of Python prints. There memory for more than a hundredth of the weights is given
    back at once (glibc), so that the peak is that of live tensors.
    """
    freed = max(1 << 16, 4 * weights // 100)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": str(freed)}
    command = [sys.executable, *command]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def ratios(plain: Row, run: Row, kept: float = 0.0) -> tuple[float, float]:
    """The peak less what is kept, of the bound and of plain + 3 × the targets."""
    peak = run["peak"] - kept
    return peak / run["bound"], peak / (plain["peak"] + 4 * 3 * plain["targeted"])


def cells(plain: Row, admm: Row, slr: Row) -> str:
    """A row of the table."""
    megabytes = (admm["bound"], *(run["peak"] for run in (plain, admm, slr)), slr["kept"])
    found = [
        f"{admm['parameters']:,}",
        f"{admm['targeted']:,}",
        f"{admm['nonzeros']:,}",
        f"{admm['bits'] / 8 / MB:.2f}",
        *(f"{seconds:.2f}" for seconds in (plain["step"], admm["update"], slr["update"])),
        f"{slr['taken']} of {slr['steps']}",
        *(f"{size / MB:,.0f}" for size in megabytes),
        *(f"{r:.2f}" for r in (*ratios(plain, admm), *ratios(plain, slr, slr["kept"]))),
    ]
    return " | ".join(found)


if __name__ == "__main__":
    main()
