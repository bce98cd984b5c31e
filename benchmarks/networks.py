"""Compression of nine networks at batch 2 on random data: peak memory, size, seconds.

    python -m benchmarks.networks [--networks lenet5,resnet20] [--keep 0.1] [--penalty] [--in-memory]

Each network takes three processes, one at a time: a training loop without a session, with one that
follows ADMM, and with one that follows SLR. The loop is one that people write: two steps of Adam
(fused: it needs no memory of its own), then the session; three times a step, the decoupled pull (or the
penalty in the loss), ``zero_grad()``, ``update()``; and a last step. Sessions spill to the folder for
temporary files, which should be on a disk; with ``--in-memory`` they do not.

A peak is that of the resident set above what the process took before it made the network, after one
run through the same loop. Nothing is taken off it. Two peaks, two limits:

    update()   bound = model + optimizer + 3 × targets: the state dict, Adam's moments, 4 bytes a weight
    the loop   the peak of the loop without a session, with its gradients, activations and the scratch
               of its layers, + 3 × targets

Size: the network with the weights that ``finish()`` projected, as one packed file; bits are those of
the targets, places included. Seconds are of processor time. The data and the weights are random: this
is about resources, nothing is learned.
"""

import argparse
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, gettempdir
from time import process_time
from typing import Any

import torch
from torch import Tensor, nn

from lagrange.nn import Compression, packed, weights
from lagrange.sets import GlobalCardinality
from lagrange.solvers.admm import ADMM
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.step_sizes import SurrogateContraction
from problems.networks import registry, training

NETWORKS = (
    *("lenet300", "lenet5", "resnet20", "resnet56"),
    *("resnet18", "resnet50", "mobilenet_v2", "alexnet", "vgg16"),
)
SOLVERS: Mapping[str, Any] = {
    "ADMM": ADMM(1e-3),
    "SLR": SurrogateLagrangian(SurrogateContraction(300, 0.1, first_step=1e-4), rho=1e-3),
}
BATCH, BEFORE, ROUNDS, RATE, MIB = 2, 2, 3, 1e-4, 2**20
Row = dict[str, float]
Batch = tuple[Tensor, Tensor]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--keep", type=float, default=0.1)
    parser.add_argument("--penalty", action="store_true", help="in the loss, no decoupled pull")
    parser.add_argument("--in-memory", action="store_true", help="nothing is spilled")
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a row's process: plain, ADMM or SLR
    arguments = parser.parse_args()
    names = arguments.networks.split(",")
    for name in names:
        registry.architecture(name)
    if arguments.one is not None:
        print(json.dumps(measured(names[0], arguments.one, arguments)))
        return
    flags = ["--keep", str(arguments.keep)]
    flags += ["--penalty"] * arguments.penalty + ["--in-memory"] * arguments.in_memory
    for table in tables({name: in_processes(name, flags) for name in names}):
        print(table)


def measured(name: str, one: str, settings: argparse.Namespace) -> Row:
    """In a process of its own: the loop, plain or under a solver."""
    shape = registry.architecture(name).shape
    return watched(lambda: registry.network(name), shape, one, settings)


def watched(
    make: Callable[[], nn.Module], shape: Sequence[int], one: str, settings: argparse.Namespace
) -> Row:
    """The same with any network that takes inputs of this shape."""
    torch.set_num_threads(1)
    inputs = torch.randn(BATCH, *shape, generator=torch.Generator().manual_seed(0))
    for _ in range(2):  # what is imported and set up at its first use is no part of a row
        row = _loop(make, (inputs, torch.arange(BATCH)), SOLVERS.get(one), settings)
    return row


class Peaks:
    """Of the resident set, in bytes above what it was at first; by what happened meanwhile."""

    def __init__(self) -> None:
        _trim()
        self._before, self.found = resident("VmRSS"), Row()

    def of(self, name: str, call: Callable[[], Any]) -> float:
        """Calls; seconds of processor time."""
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
        began = process_time()
        call()
        seconds = process_time() - began
        self.found[name] = max(self.found.get(name, 0), resident("VmHWM") - self._before)
        return seconds


def _trim() -> None:
    """What is free goes back to the system (glibc)."""
    ctypes.CDLL(None).malloc_trim(0)


def resident(line: str) -> int:
    """VmRSS, or its peak VmHWM, of this process in bytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise SystemExit(f"peaks of memory are read from {status}: run this on Linux")
    (row,) = (row for row in status.read_text().splitlines() if row.startswith(line))
    return 1024 * int(row.split()[1])


def _loop(
    make: Callable[[], nn.Module], batch: Batch, solver: Any, settings: argparse.Namespace
) -> Row:
    """Steps, and updates between them if there is a solver."""
    peaks = Peaks()
    net = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    session: Compression | None = None
    seconds = {"step": 0.0, "update": 0.0}

    def step() -> None:
        loss = training.loss(net, batch)
        (loss + session.penalty() if session and settings.penalty else loss).backward()
        del loss
        optimizer.step()
        if session and not settings.penalty:
            session.pull(RATE)
        optimizer.zero_grad()

    for number in range(BEFORE + ROUNDS + 1):
        if number == BEFORE and solver is not None:
            session = _session(net, batch, optimizer, solver, settings)
        seconds["step"] = peaks.of("loop", step)
        if session and number < BEFORE + ROUNDS:
            _trim()
            taken = peaks.of("update", session.update)
            seconds["update"] = max(seconds["update"], taken)
    row = sizes(net, optimizer) | peaks.found | {f"{n} seconds": s for n, s in seconds.items()}
    return row if session is None else row | _found(session, net)


def _session(
    net: nn.Module,
    batch: Batch,
    optimizer: torch.optim.Optimizer,
    solver: Any,
    settings: argparse.Namespace,
) -> Compression:
    """ADMM takes every answer; SLR compares costs and may have to put the model back."""

    def cost(module: nn.Module) -> Tensor:
        return training.loss(module, batch)

    targets = weights(net, "*")
    budget = GlobalCardinality.fraction(settings.keep, targets.sizes)
    folder = None if settings.in_memory else Path(gettempdir())
    if isinstance(solver, ADMM):
        return Compression(net, targets, budget, solver, spill=folder)
    return Compression(net, targets, budget, solver, optimizer=optimizer, cost=cost, spill=folder)


def sizes(net: nn.Module, optimizer: torch.optim.Optimizer) -> Row:
    """Numbers of parameters and of targeted weights, and bytes."""
    kept = [t for each in optimizer.state.values() for t in each.values()]
    model = sum(tensor.nbytes for tensor in net.state_dict().values())
    moments = sum(tensor.nbytes for tensor in kept)
    targeted = sum(w.numel() for w in weights(net, "*").values())
    return {
        "parameters": sum(p.numel() for p in net.parameters()),
        "targeted": targeted,
        "model": model,
        "optimizer": moments,
        "bound": model + moments + 3 * 4 * targeted,
    }


def _found(session: Compression, net: nn.Module) -> Row:
    """Of the network with the projected weights, as one packed file."""
    taken, steps = sum(record.accepted for record in session.trace), len(session.trace)
    names = set(session.finish().weights)
    with NamedTemporaryFile() as file:
        report = packed.save(file.name, net.state_dict())
        length = Path(file.name).stat().st_size
    nonzeros = sum(int(p.count_nonzero()) for n, p in net.named_parameters() if n in names)
    bits = sum(entry.size.total for entry in report.entries if entry.name in names)
    indices = sum(entry.size.indices for entry in report.entries if entry.name in names)
    return {
        "nonzeros": nonzeros,
        "bits": bits,
        "indices": indices,
        "file": length,
        "taken": taken,
        "steps": steps,
    }


def in_processes(name: str, flags: Sequence[str]) -> dict[str, Row]:
    """The loops on a network."""
    print(f"{name} ...", file=sys.stderr)
    command = ["-m", "benchmarks.networks", "--networks", name, *flags, "--one"]
    return {one: in_python([*command, one]) for one in ("plain", *SOLVERS)}


def in_python(command: Sequence[str]) -> Row:
    """What a command of Python prints. There memory for a page or more is given back at once (glibc),
    so that the peak is that of live tensors.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "4096"}
    command = [sys.executable, *command]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def tables(found: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Markdown: memory of an update, memory of the loop, size."""
    memory = [
        "network | parameters | targeted | MiB: model | optimizer | targets | bound "
        "| update by ADMM | by SLR | ADMM / bound | SLR / bound"
    ]
    loop = [
        "network | MiB: plain loop | with ADMM | with SLR | ADMM / (plain + 3 × targets) | SLR / same "
        "| seconds: plain step | update by ADMM | by SLR | SLR: taken"
    ]
    size = [
        "network | nonzeros | compression | bits a targeted weight | of it places | MiB: targets "
        "| packed file of all | dense"
    ]
    for name, rows in found.items():
        plain, admm, slr = rows["plain"], rows["ADMM"], rows["SLR"]
        weights, bound = admm["targeted"], admm["bound"]
        peaks = [max(row["loop"], row.get("update", 0)) for row in (plain, admm, slr)]
        limit = peaks[0] + 3 * 4 * weights
        memory.append(
            f"{name} | {admm['parameters']:,} | {weights:,} | "
            + _mib(admm["model"], admm["optimizer"], 4 * weights, bound)
            + f" | {_mib(admm['update'], slr['update'])} "
            + f"| {admm['update'] / bound:.2f} | {slr['update'] / bound:.2f}"
        )
        loop.append(
            f"{name} | {_mib(*peaks)} | {peaks[1] / limit:.2f} | {peaks[2] / limit:.2f} "
            f"| {plain['step seconds']:.2f} "
            f"| {admm['update seconds']:.2f} | {slr['update seconds']:.2f} "
            f"| {slr['taken']} of {slr['steps']}"
        )
        size.append(
            f"{name} | {admm['nonzeros']:,} | {weights / admm['nonzeros']:.1f} "
            f"| {admm['bits'] / weights:.2f} | {admm['indices'] / weights:.2f} "
            f"| {_mib(admm['bits'] / 8, admm['file'], admm['model'], digits=2)}"
        )
    return [_markdown(lines) for lines in (memory, loop, size)]


def _mib(*numbers: float, digits: int = 1) -> str:
    return " | ".join(f"{number / MIB:,.{digits}f}" for number in numbers)


def _markdown(lines: Sequence[str]) -> str:
    head, *rest = (f"| {line} |" for line in lines)
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rest, ""])


if __name__ == "__main__":
    main()
