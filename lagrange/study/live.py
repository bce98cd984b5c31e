"""The progress of a whole grid on standard error: a bar on a terminal, and a line a cell."""

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lagrange.study.cell import Outcome
from lagrange.study.plan import Cell

SHOWN = 3  # names of running cells


class GridProgress:
    """A watcher of ``runner.run``. cells: in all;  done: finished before."""

    def __init__(self, name: str, cells: int, done: int) -> None:
        self.failed = 0
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not sys.stderr.isatty(),
        )
        self._task = self._bar.add_task(name, total=cells, completed=done)
        self._name, self._running = name, list[str]()
        self._console.print(f"{name}: {cells} cells, {done} of them finished before")

    def __enter__(self) -> "GridProgress":
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def began(self, cell: Cell) -> None:
        self._running.append(str(cell))

    def ended(self, cell: Cell, outcome: Outcome) -> None:
        self._running.remove(str(cell))
        self._bar.advance(self._task)
        if outcome.error is not None:
            self.failed += 1
            self._console.print(f"FAILED {cell}: {outcome.error}")
        else:
            note = f" ({outcome.note})" if outcome.note else ""
            self._console.print(f"{cell}: {outcome.seconds:.1f} s{note}")

    def tick(self) -> None:
        names = self._running
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        failed = f", {self.failed} failed" if self.failed else ""
        text = f"{self._name}{failed}: {'; '.join(names[:SHOWN])}{more}"
        self._bar.update(self._task, description=text)
