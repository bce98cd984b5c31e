"""Plots of a trace and of a pruned network, as PNG files. Needs the extra ``lagrange[plots]``."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lagrange.records import Trace
from lagrange.stopping import relative_gap

SIZE = (8.0, 3.6)  # inches
RESOLUTION = 120  # dots an inch


def plot_bounds(trace: Trace, path: Path, *, title: str, sense: str = "min") -> None:
    """Proved bounds, best so far, and their gap on a log axis."""
    lower = _running(trace.column("lower_bound"), max)
    upper = _running(trace.column("upper_bound"), min)
    gap = [relative_gap(a, b) for a, b in zip(lower, upper, strict=True)]
    figure, (left, right) = _panels(title)
    sign = -1.0 if sense == "max" else 1.0
    steps = trace.column("step")
    left.plot(steps, [sign * x for x in lower], label="proved bound")
    left.plot(steps, [sign * x for x in upper], label="best feasible point")
    left.set(xlabel="step", ylabel="objective")
    left.legend()
    right.plot(steps, [100 * g if g > 0 else math.nan for g in gap])
    right.set(xlabel="step", ylabel="proved gap, %", yscale="log")
    if gap and gap[-1] == 0:
        right.set_title("closed: optimality proved", fontsize="small")
    _write(figure, path)


def plot_residuals(trace: Trace, path: Path, *, title: str) -> None:
    """Residuals and step size, both on log axes."""
    figure, (left, right) = _panels(title)
    steps = trace.column("step")
    for name, label in (("residual", "‖Ax − b‖"), ("dual_residual", "dual residual")):
        values = trace.column(name)
        if any(value > 0 for value in values):
            left.plot(steps, _positive(values), label=label)
    left.set(xlabel="step", ylabel="residual", yscale="log")
    if left.lines:
        left.legend()
    right.plot(steps, _positive(trace.column("step_size")))
    right.set(xlabel="step", ylabel="step size of the multipliers", yscale="log")
    _write(figure, path)


def plot_nonzeros(
    counts: Mapping[str, Mapping[str, int]], sizes: Mapping[str, int], path: Path, *, title: str
) -> None:
    """Share of nonzeros that is left in each layer, a bar for each method."""
    figure, (left, right) = _panels(title)
    layers = list(sizes)
    width = 0.8 / max(1, len(counts))
    for k, (method, by_layer) in enumerate(counts.items()):
        at = [i + (k - (len(counts) - 1) / 2) * width for i in range(len(layers))]
        left.bar(at, [by_layer[name] for name in layers], width, label=method)
        right.bar(at, [100 * by_layer[name] / sizes[name] for name in layers], width, label=method)
    for axes, label in ((left, "nonzeros"), (right, "nonzeros, % of the layer")):
        axes.set_xticks(range(len(layers)), layers, fontsize="small", rotation=20)
        axes.set(ylabel=label)
        axes.legend()
    _write(figure, path)


def _panels(title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=SIZE, layout="constrained")
    figure.suptitle(title)  # pyright: ignore[reportUnknownMemberType]
    axes: Any = figure.subplots(1, 2)  # pyright: ignore[reportUnknownMemberType]
    return figure, axes


def _running(values: Sequence[float], better: Any) -> list[float]:
    """Best so far; NaN until the first measurement."""
    best, out = math.nan, list[float]()
    for value in values:
        if not math.isnan(value):
            best = value if math.isnan(best) else better(best, value)
        out.append(best)
    return out


def _positive(values: Sequence[float]) -> list[float]:
    return [value if value > 0 else math.nan for value in values]


def _write(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=RESOLUTION)  # pyright: ignore[reportUnknownMemberType]
