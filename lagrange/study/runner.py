"""Cells over slots: an executor each with one cell at a time, a process of its own or a cluster's.

A cell that fails, or whose process dies, is told and marked as failed; the rest goes on. Processes end
with this one, however it ends: they watch a pipe that only it holds open.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from lagrange.study.cell import Outcome, finished, mark, run_cell
from lagrange.study.plan import Cell, Study
from lagrange.study.results import cells_folder

REFRESH = 0.5  # seconds between two looks of the display
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Slots = Callable[[], Executor]


class Watcher(Protocol):
    """Hears what happens to the grid."""

    def began(self, cell: Cell) -> None: ...
    def ended(self, cell: Cell, outcome: Outcome) -> None: ...
    def tick(self) -> None: ...


def run(study: Study, folder: Path, slots: Slots, workers: int, watcher: Watcher) -> None:
    """Runs the cells that are not finished in ``folder``, at most ``workers`` at a time."""
    folder = cells_folder(folder)
    pending = deque(cell for cell in study.cells if not finished(folder / cell.folder))
    idle = [slots() for _ in range(min(workers, len(pending)))]
    running: dict[Future[Outcome], tuple[Cell, Executor]] = {}
    try:
        while pending or running:
            while pending and idle:
                cell, slot = pending.popleft(), idle.pop()
                question = (run_cell, cell, folder / cell.folder, study.checkpoint)
                try:
                    future = slot.submit(*question)
                except BrokenExecutor:  # its process died
                    slot.shutdown(wait=False)
                    slot = slots()
                    future = slot.submit(*question)
                running[future] = (cell, slot)
                watcher.began(cell)
            done, _ = wait(running, timeout=REFRESH, return_when=FIRST_COMPLETED)
            watcher.tick()
            for future in done:
                cell, slot = running.pop(future)
                try:
                    outcome = future.result()
                except Exception as error:  # of the executor: a cell hands its own back
                    outcome = _lost(cell, folder / cell.folder, error)
                idle.append(slot)
                watcher.ended(cell, outcome)
    finally:
        for slot in [*idle, *(slot for _, slot in running.values())]:
            slot.shutdown(wait=not running)


def _lost(cell: Cell, folder: Path, error: Exception) -> Outcome:
    """Marks a cell that cannot speak for itself as failed."""
    died = isinstance(error, BrokenExecutor)
    said = "its process died: killed, or out of memory" if died else f"no answer: {error!r}"
    outcome = Outcome(said, 0.0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark(cell, folder, outcome, {})
    except OSError:  # told all the same
        return outcome
    return outcome


@contextmanager
def processes() -> Generator[Slots]:
    """Slots that are processes of this machine, each with one thread for its arithmetic."""
    context = multiprocessing.get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read when numpy is imported
    try:
        yield lambda: ProcessPoolExecutor(
            1, mp_context=context, initializer=_begin, initargs=(reader,)
        )
    finally:
        writer.close()  # ends those that still run
        reader.close()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _begin(reader: Connection) -> None:
    """In a new process: Ctrl-C is the parent's business, and so is when to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(reader,), daemon=True).start()


def _end_with(reader: Connection) -> None:
    try:
        reader.poll(None)
    finally:
        os._exit(1)


def default_workers() -> int:
    """A process for each processor."""
    return os.cpu_count() or 1


def require_workers(workers: int) -> None:
    """Refuses what is no number of processes."""
    if workers < 1:
        raise ValueError(f"--workers must be at least 1, got {workers}")
