"""The live progress line: an observer that redraws one line on a terminal."""

import math
import sys
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from lagrange.records import Record
from lagrange.stopping import relative_gap

REFRESH = 0.1  # seconds between two drawings


class Progress:
    """``with Progress(title, sense) as progress: solve(..., observe=progress)``.

    Shows bounds, gap, residual and step size. Writes to standard error and only if that is a
    terminal, so that standard output holds results alone.
    """

    def __init__(self, title: str, sense: str = "min") -> None:
        self._title, self._sense = title, sense
        self._lower, self._upper = -math.inf, math.inf
        self._drawn = 0.0
        console = Console(stderr=True)
        self._live = Live(console=console, auto_refresh=False) if sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        if self._live is not None:
            self._live.start()
            self._live.update(Text(f"{self._title}  getting ready"), refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, record: Record) -> None:
        self._lower = max(
            self._lower, record.lower_bound
        )  # max keeps the first if the other is NaN
        self._upper = min(self._upper, record.upper_bound)
        if self._live is None or monotonic() - self._drawn < REFRESH:
            return
        self._drawn = monotonic()
        self._live.update(Text(self.line(record), no_wrap=True, overflow="ellipsis"), refresh=True)

    def line(self, record: Record) -> str:
        """The progress of a run in one line, in the family's own sense."""
        lower, upper = self._lower, self._upper
        gap = relative_gap(lower, upper)
        if self._sense == "max":
            lower, upper = -upper, -lower
        return (
            f"{self._title}  step {record.step}  {record.seconds:.0f} s  "
            f"bounds {_number(lower)} … {_number(upper)}  gap {_percent(gap)}  "
            f"residual {_number(record.residual)}  step size {_number(record.step_size)}"
        )


def _number(x: float) -> str:
    return f"{x:.6g}" if math.isfinite(x) else "–"


def _percent(x: float) -> str:
    return f"{100 * x:.3f} %" if math.isfinite(x) else "–"
