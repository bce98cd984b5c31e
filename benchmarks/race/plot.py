"""Certified gap against time, a panel for each class and size, ours beside HiGHS's."""

import math
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.race.cells import Log, Spec, cell_file, read_cell
from benchmarks.race.summary import gap_at

COLORS = {"ours": "tab:blue", "highs": "tab:red", "highs-started": "tab:orange"}
NAMES = {"ours": "ours", "highs": "HiGHS", "highs-started": "HiGHS from our point"}


def plot(folder: Path, specs: list[Spec], limit: float, path: Path) -> None:
    kinds = sorted({spec.kind for spec in specs})
    sizes = list(dict.fromkeys(spec.size for spec in specs))
    figure = Figure(figsize=(max(5.0, 3.2 * len(sizes)), 2.6 * len(kinds)), layout="constrained")
    panels: Any = figure.subplots(len(kinds), len(sizes), squeeze=False, sharex=True)
    for spec in specs:
        axes = panels[kinds.index(spec.kind)][sizes.index(spec.size)]
        axes.set_title(f"{spec.kind} {spec.size}", fontsize="small")
        for contender, color in COLORS.items():
            file = cell_file(folder, spec, contender, limit)
            if file.exists():
                _draw(axes, read_cell(file)["log"], limit, color, NAMES[contender])
    for axes in panels.flat:
        axes.set(xscale="log", yscale="log", xlabel="seconds", ylabel="gap, %")
    handles, labels = panels[0][0].get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    figure.legend(named.values(), named.keys(), loc="outside upper right", ncols=3)
    figure.savefig(path, dpi=120)


def _draw(axes: Any, log: Log, limit: float, color: str, label: str) -> None:
    """Steps: a gap holds until the next one is better, what came a moment after the limit counts at it,
    as in the table. A closed gap is drawn at 1e-4 %.
    """
    times = [t for t, _, _ in log if t < limit]
    gaps = [max(100 * gap_at(log, t), 1e-4) for t in [*times, math.inf]]
    times.append(limit)
    axes.step(times, gaps, where="post", color=color, label=label, linewidth=1)
