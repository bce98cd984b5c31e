"""What the logs say: the table, and every acceptance line of the race with its verdict."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.race.cells import Log, Spec, cell_file, read_cell
from benchmarks.race.contenders import rounded_up
from lagrange.stopping import relative_gap

HEAD = (
    "instance        bound: ours     HiGHS  | sooner: HiGHS s / ours s      | gap %: ours 10 s   "
    "ours     HiGHS  HiGHS from our point | ratio"
)


class Row(NamedTuple):
    """An instance: bounds at the limit, seconds to HiGHS's bound, gaps."""

    spec: Spec
    ours_bound: float
    highs_bound: float
    ours_seconds: float
    highs_seconds: float
    ours_early: float
    ours_gap: float
    highs_gap: float
    started_gap: float

    @property
    def sooner(self) -> float:
        return self.highs_seconds / self.ours_seconds

    @property
    def ratio(self) -> float:
        """How many times smaller our gap is; 1 where both are closed."""
        if self.ours_gap == 0:
            return 1.0 if self.highs_gap == 0 else math.inf
        return self.highs_gap / self.ours_gap


def at(log: Log, seconds: float) -> tuple[float, float]:
    """Bounds known by then; ±inf where there are none."""
    known = [entry for entry in log if entry[0] <= seconds]
    return known[-1][1:] if known else (-math.inf, math.inf)


def gap_at(log: Log, seconds: float) -> float:
    """Of integer-rounded bounds; inf where one is missing."""
    lower, upper = at(log, seconds)
    gap = relative_gap(rounded_up(lower), float(round(upper)) if math.isfinite(upper) else upper)
    return math.inf if math.isnan(gap) else gap


def seconds_to(log: Log, bound: float) -> float:
    """When the integer-rounded bound got there; inf if it did not."""
    return next((t for t, lower, _ in log if rounded_up(lower) >= bound), math.inf)


def row_of(folder: Path, spec: Spec, limit: float, early: float = 10.0) -> Row | None:
    """None where a cell is missing."""
    files = [cell_file(folder, spec, name, limit) for name in ("ours", "highs", "highs-started")]
    if not all(file.exists() for file in files):
        return None
    cells = [read_cell(file) for file in files]
    ours, highs, started = (cell["log"] for cell in cells)
    if cells[0]["status"] == "WRONG":
        raise SystemExit(f"{spec}: the exact twin does not confirm our bounds")
    end = math.inf  # a step or a search that was finished a moment late is what the limit gave
    target = rounded_up(at(highs, end)[0])
    return Row(
        spec,
        at(ours, end)[0],
        target,
        seconds_to(ours, target),
        seconds_to(highs, target),
        gap_at(ours, early),
        gap_at(ours, end),
        gap_at(highs, end),
        gap_at(started, end),
    )


def line(row: Row) -> str:
    return (
        f"{row.spec!s:14} {row.ours_bound:12.0f} {row.highs_bound:9.0f}  | "
        f"{row.highs_seconds:8.1f} / {row.ours_seconds:6.2f} = {row.sooner:7.1f} × | "
        f"{100 * row.ours_early:18.3f} {100 * row.ours_gap:7.4f} {100 * row.highs_gap:9.4f} "
        f"{100 * row.started_gap:20.4f} | {row.ratio:7.1f} ×"
    )


def verdicts(rows: list[Row], proofs: dict[str, tuple[Any, Any]]) -> list[str]:
    """Every acceptance line with what was measured."""
    lines = list[str]()

    def say(text: str, measured: float, ok: Callable[[float], bool]) -> None:
        word = "not run" if math.isnan(measured) else "met" if ok(measured) else "NOT MET"
        lines.append(f"{word:8} {text}: {measured:.4g}")

    share = [row.ours_bound >= row.highs_bound for row in rows]
    say("share of instances with our bound ≥ HiGHS's (≥ 0.8)", _mean(share), lambda x: x >= 0.8)
    say("median of HiGHS's time to its bound over ours (≥ 10)",
        _median(row.sooner for row in rows), lambda x: x >= 10)  # fmt: skip
    large = [row.ratio for row in rows if row.spec.jobs == 1600 and row.spec.agents >= 40]
    say("n = 1600, m ≥ 40: smallest ratio of gaps (≥ 10)", _least(large), lambda x: x >= 10)
    say("n = 1600, m ≥ 40: median ratio of gaps", _median(large), lambda x: x >= 10)
    small = [r.ratio for r in rows if (r.spec.kind, r.spec.size) == ("D", "20x400")]
    say("D 20x400: smallest ratio of gaps (≥ 3)", _least(small), lambda x: x >= 3)
    for kind in sorted({row.spec.kind for row in rows}):
        early = [100 * row.ours_early for row in rows if row.spec.kind == kind]
        say(f"type {kind}: largest gap at 10 s, % (≤ 0.5)", max(early), lambda x: x <= 0.5)
    ratios = [_proof_ratio(*pair) for pair in proofs.values()]
    say("E 20x400: HiGHS's time to proved optimality over ours (≥ 2), median",
        _median(ratios), lambda x: x >= 2)  # fmt: skip
    return lines


def _proof_ratio(ours: Any, highs: Any) -> float:
    """A lower bound where HiGHS ran into its limit; 0 where we did."""
    if ours["status"] != "optimal":
        return 0.0
    return highs["log"][-1][0] / ours["log"][-1][0]


def _mean(values: list[bool]) -> float:
    return sum(values) / len(values) if values else math.nan


def _median(values: Iterable[float]) -> float:
    return median(values) if (values := list(values)) else math.nan


def _least(values: list[float]) -> float:
    return min(values) if values else math.nan
