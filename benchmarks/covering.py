"""Certified bounds and feasible points on the OR-Library's set covering and location files.

    LAGRANGE_DATA=DIR python -m benchmarks.covering [--seconds 20] [--plot gaps.png] [NAME ...]

One run a file, by the family's default solver, saved, read back and verified in exact arithmetic. The
columns: what the relaxation can give at most (the linear relaxation of covering, the strong one of
location, by HiGHS: its optimum, and the seconds HiGHS took), our proved bound (rounded up where costs
are whole, so that it may lie above) and what it lacks of that, the feasible point, the known optimum,
by how much the point exceeds it, seconds. A relaxation more than 2 % below the optimum is weak: no
multipliers can close that gap. The plot shows the certified gap against time, one line a file.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from lagrange import run_folder, runs
from problems.covering import covering
from problems.covering_data import best_known_covers, read_covering
from problems.data import data_path
from problems.location import location
from problems.location_data import best_known_locations, read_location
from problems.reference_models import covering_model, location_model

WEAK = 0.02
PRINTED = 5e-4  # the optima of cap/BEST.tsv are printed to three decimals


@dataclass(frozen=True)
class Line:
    """What one file gave. ``curve``: (seconds, certified gap) whenever a bound improved."""

    name: str
    relaxed: float
    highs_seconds: float
    lower: float
    upper: float
    optimum: float
    status: str
    seconds: float
    wrong: list[str]
    curve: list[tuple[float, float]]

    @property
    def missed(self) -> float:
        """What the proved bound lacks of the relaxation's, a share of it; < 0 if it is higher."""
        return 1.0 - self.lower / self.relaxed

    @property
    def excess(self) -> float:
        return self.upper / self.optimum - 1.0

    @property
    def weakness(self) -> float:
        return 1.0 - self.relaxed / self.optimum

    @property
    def is_honest(self) -> bool:
        return self.lower <= self.optimum + PRINTED and self.upper >= self.optimum - PRINTED

    def __str__(self) -> str:
        weak = f"relaxation weak: {100 * self.weakness:.1f} % below the optimum"
        remarks = [weak] if self.weakness > WEAK else []
        remarks += ["WRONG"] if not self.is_honest or self.wrong else []
        return (
            f"{self.name:7} {self.relaxed:13.3f} {self.highs_seconds:6.2f} {self.lower:13.3f} "
            f"{100 * self.missed:8.4f} % {self.upper:13.3f} {self.optimum:13.3f} "
            f"{100 * self.excess:6.2f} % {self.seconds:6.2f} "
            f"{self.status:11} {', '.join(remarks)}"
        )


HEADER = (
    f"{'file':7} {'relaxation':>13} {'HiGHS':>6} {'bound':>13} {'lacks':>10} "
    f"{'point':>13} {'optimum':>13} {'above':>8} {'s':>6}"
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="beginnings of file names; all without")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--plot", type=Path, help="a picture of gap against time")
    chosen = parser.parse_args()
    print(HEADER, flush=True)
    lines: list[Line] = []
    for family, name, optimum in files():
        if not chosen.names or name.startswith(tuple(chosen.names)):
            lines.append(measured(family, name, optimum, chosen.seconds))
            print(lines[-1], flush=True)
    for group in ("scp4", "scp5", "scp6", "cap"):
        summarize(group, [line for line in lines if line.name.startswith(group)])
    if chosen.plot is not None:
        plot(lines, chosen.plot)
        print(f"gap against time: {chosen.plot}")


def files() -> Iterator[tuple[str, str, float]]:
    """Family, name and optimum of every file of the data folder."""
    yield from (("covering", name, float(best)) for name, best in best_known_covers().items())
    yield from (("location", name, best) for name, best in best_known_locations().items())


def measured(family: str, name: str, optimum: float, seconds: float) -> Line:
    """One saved and verified run beside the relaxation's value by HiGHS."""
    if family == "covering":
        path = str(data_path(f"scp/{name}.txt"))
        make, model = covering, covering_model(read_covering(Path(path)))
    else:
        path = str(data_path(f"cap/{name}.txt"))
        make, model = location, location_model(read_location(Path(path)))
    began = perf_counter()
    relaxed = model.optimum(relaxed=True)
    solved = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        options = {"instance": path}
        run = runs.execute(family, options, make(**options), seconds=seconds)
        ended = perf_counter()
        report = run_folder.save(run, Path(folder) / "run")
        saved = run_folder.load(Path(folder) / "run")
        wrong = run_folder.verify(saved, make(**saved.rebuild_options))
    return Line(
        name,
        relaxed,
        solved - began,
        report["lower_bound"],
        report["upper_bound"],
        optimum,
        report["status"],
        ended - solved,
        wrong,
        curve(run),
    )


def curve(run: runs.Finished) -> list[tuple[float, float]]:
    """The certified gap at the end of each step that improved a bound."""
    lower, upper = float("-inf"), float("inf")
    points: list[tuple[float, float]] = []
    for record in run.solution.trace:
        better = record.lower_bound > lower or record.upper_bound < upper  # NaN is neither
        if record.lower_bound > lower:
            lower = record.lower_bound
        if record.upper_bound < upper:
            upper = record.upper_bound
        if better and upper < float("inf"):
            points.append((record.seconds, max(0.0, (upper - lower) / abs(upper))))
    return points


def summarize(group: str, lines: list[Line]) -> None:
    if not lines:
        return
    missed, excess = [line.missed for line in lines], [line.excess for line in lines]
    print(
        f"{group}*: {len(lines)} files, {sum(not line.wrong for line in lines)} verified, "
        f"{sum(line.is_honest for line in lines)} bracket the optimum; bound lacks at most "
        f" {100 * max(missed):.4f} % of its relaxation; point above the optimum: median "
        f"{100 * median(excess):.2f} %, largest {100 * max(excess):.2f} %; relaxation below it: "
        f"median {100 * median(line.weakness for line in lines):.2f} %; seconds: median "
        f"{median(line.seconds for line in lines):.1f}, largest "
        f"{max(line.seconds for line in lines):.1f}"
    )


def plot(lines: list[Line], path: Path) -> None:
    """Certified gap against time, a panel for each group of files."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    groups = ("scp4", "scp5", "scp6", "cap")
    figure, panels = plt.subplots(1, len(groups), figsize=(14, 3.5), sharey=True)
    for group, panel in zip(groups, panels, strict=True):
        for line in lines:
            if line.name.startswith(group) and line.curve:
                seconds, gaps = zip(*line.curve, strict=True)
                shown = [max(100 * gap, 1e-7) for gap in gaps]
                panel.step(seconds, shown, where="post", linewidth=0.8)
        panel.set(title=f"{group}x" if group != "cap" else "cap", xscale="log", yscale="log")
        panel.set_xlabel("seconds")
    panels[0].set_ylabel("certified gap (%), at least 1e-7")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
