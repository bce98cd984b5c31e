"""The figures of a report, drawn from the stored traces and markers. Needs ``lagrange[plots]``."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

from matplotlib.figure import Figure

from lagrange.stopping import relative_gap
from lagrange.study.compare import Spread, spread
from lagrange.study.plan import Study
from lagrange.study.results import Result, by_seed, select
from lagrange.study.tables import layer_means
from lagrange.study.units import unit

RESOLUTION = 110  # dots an inch
COLORS = 10  # of the palette
FAR = 10.0  # times the usual distance of a mean from the others
MARGIN = 0.08  # of what an axis shows, at each end
CURVES = (  # what over what, and what it is called; "gap" is computed
    ("gap", "step", "gap of the bounds so far, %"),
    ("gap", "seconds", "gap of the bounds so far, %"),
    ("residual", "step", "‖residual‖"),
    ("cost", "step", "cost of the answers"),
)


def metric(study: Study, results: Sequence[Result], problem: str, path: Path) -> bool:
    """Each seed's first metric, and the mean with its interval, around most of the means: what lies
    far off is written at the edge. False: nothing to draw.
    """
    shown, labels = unit(study.metrics[0]), study.labels(problem)
    found = [by_seed(select(results, problem, label), study.metrics[0]) for label in labels]
    if not any(found):
        return False
    figure, (axes,) = _panels(1, (2.0 + 1.2 * len(labels), 3.4), f"{problem}: {shown.heading}")
    for seed in dict.fromkeys(seed for numbers in found for seed in numbers):
        values = [numbers.get(seed, math.nan) for numbers in found]
        axes.plot(range(len(labels)), values, "o-", color="0.75", markersize=3, linewidth=0.6)
    spreads = [spread([*numbers.values()], study.confidence) for numbers in found]
    low, high = view(spreads, found)
    for i, s in enumerate(spreads):
        width = 0.0 if math.isnan(s.half_width) else s.half_width
        axes.errorbar(i, s.mean, width, fmt="s", color=_color(i), capsize=5, markersize=5)
        if s.n:
            at = min(max(s.mean, low), high)
            arrow = "" if at == s.mean else " ↓" if at > s.mean else " ↑"
            text = f"{s.mean:.{shown.digits}g}{arrow}"
            axes.annotate(text, (i, at), (7, 0), textcoords="offset points", fontsize="small")
    axes.set_xticks(range(len(labels)), labels, rotation=20, ha="right")
    axes.set(ylabel=shown.heading, xlim=(-0.5, len(labels) - 0.3))
    if high > low:
        axes.set_ylim(low - MARGIN * (high - low), high + MARGIN * (high - low))
    _write(figure, path)
    return True


def view(spreads: Sequence[Spread], found: Sequence[Mapping[Any, float]]) -> tuple[float, float]:
    """What an axis has to show: the numbers of all solvers but those whose means are far from the
    median of means, and intervals of three numbers and more.
    """
    means = [s.mean for s in spreads if s.n]
    middle = median(means)
    usual = max(
        median(abs(mean - middle) for mean in means),
        median(s.deviation if s.n > 1 else 0.0 for s in spreads if s.n),
    )
    ends: list[float] = []
    for s, numbers in zip(spreads, found, strict=True):
        if s.n and (usual == 0 or abs(s.mean - middle) <= FAR * usual):
            ends += [*numbers.values(), *((s.low, s.high) if s.n > 2 else ())]
    return min(ends), max(ends)


def convergence(study: Study, results: Sequence[Result], problem: str, path: Path) -> bool:
    """A line a run, a color a solver: what was measured along the way; False: nothing was."""
    labels = study.labels(problem)
    traces = [[_curves(r) for r in select(results, problem, label)] for label in labels]
    shown = [c for c in CURVES if any(_drawn(t[c[0]]) for runs in traces for t in runs)]
    if not shown:
        return False
    if shown[0][0] == "gap":
        shown = [c for c in shown if c[0] != "cost"]  # says nothing beside bounds
    figure, panels = _panels(len(shown), (4.2 * len(shown), 3.4), f"{problem}: a line a run")
    for axes, (name, over, called) in zip(panels, shown, strict=True):
        for i, runs in enumerate(traces):
            for k, trace in enumerate(runs):
                label = labels[i] if k == 0 else None
                axes.plot(trace[over], trace[name], color=_color(i), alpha=0.7, lw=1, label=label)
        axes.set(xlabel=over, ylabel=called)
        if not any(x <= 0 for runs in traces for t in runs for x in t[name]):
            axes.set_yscale("log")
    panels[0].legend(fontsize="small")
    _write(figure, path)
    return True


def layers(study: Study, results: Sequence[Result], problem: str, path: Path) -> bool:
    """A map of what is left of each layer, in percent; False: no run reports layers."""
    means = layer_means(study, results, problem)
    if not means:
        return False
    names = list(dict.fromkeys(name for by_layer in means.values() for name in by_layer))
    share = [
        [100 * n / size for n, size in (by_layer.get(name, (math.nan, 1)) for name in names)]
        for by_layer in means.values()
    ]
    size = (2.5 + 0.9 * len(names), 1.6 + 0.4 * len(means))
    figure, (axes,) = _panels(1, size, f"{problem}: nonzeros, % of each layer")
    logs = [[math.log10(max(x, 1e-3)) for x in row] for row in share]
    axes.imshow(logs, aspect="auto", cmap="Blues", vmin=-3, vmax=3.5)
    for i, row in enumerate(share):
        for j, x in enumerate(row):
            axes.text(j, i, f"{x:.2g}", ha="center", va="center", fontsize="small")
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right", fontsize="small")
    axes.set_yticks(range(len(means)), list(means))
    _write(figure, path)
    return True


def _curves(result: Result) -> dict[str, list[float]]:
    """Columns of a trace, what a log axis cannot show left out, and the gap of the bounds so far."""
    trace = result.trace()
    lower = accumulate(trace["lower_bound"], _best(max))
    upper = accumulate(trace["upper_bound"], _best(min))
    gaps = [100 * relative_gap(a, b) for a, b in zip(lower, upper, strict=True)]
    return {
        "step": trace["step"],
        "seconds": trace["seconds"],
        "gap": [_positive(x) for x in gaps],
        "residual": [_positive(x) for x in trace["residual"]],
        "cost": trace["cost"],
    }


def _best(better: Callable[[float, float], float]) -> Callable[[float, float], float]:
    """The better of two numbers; NaN is none."""

    def best(a: float, b: float) -> float:
        return b if math.isnan(a) else a if math.isnan(b) else better(a, b)

    return best


def _positive(x: float) -> float:
    return x if 0 < x < math.inf else math.nan


def _drawn(values: Sequence[float]) -> bool:
    return any(math.isfinite(x) for x in values)


def _color(i: int) -> str:
    return f"C{i % COLORS}"


def _panels(n: int, size: tuple[float, float], title: str) -> tuple[Figure, Any]:
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize="medium")  # pyright: ignore[reportUnknownMemberType]
    axes: Any = figure.subplots(1, n, squeeze=False)  # pyright: ignore[reportUnknownMemberType]
    return figure, axes[0]


def _write(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=RESOLUTION)  # pyright: ignore[reportUnknownMemberType]
