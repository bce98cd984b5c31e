"""The quick start: three worlds with the same solver classes, plots and a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from lagrange import families, plots, run_folder, runs
from lagrange.live import Progress
from lagrange.meaning import MEANINGS, meaning

WIDTH = 100  # of the table in its file
SHOWN = (
    "lower_bound",
    "upper_bound",
    "gap",
    "kkt_violation",
    "nonzeros",
    "compression",
    "accuracy_dense",
    "accuracy_one_shot",
    "accuracy_control",
    "accuracy_hard",
    "accuracy_final",
    "seconds",
)
# family, its options, solver, seconds
PLAN: tuple[tuple[str, Mapping[str, Any], str, float], ...] = (
    ("assignment", {"kind": "D", "agents": 5, "jobs": 60, "seed": 1}, "subgradient", 8.0),
    ("assignment", {"kind": "D", "agents": 5, "jobs": 60, "seed": 1}, "surrogate", 8.0),
    ("lasso", {}, "admm", 10.0),
    ("pruning", {}, "admm", 60.0),
    ("pruning", {}, "surrogate", 60.0),
)


class Results(NamedTuple):
    """What the runs left: reports by (family, solver), nonzeros by solver and layer, layer sizes."""

    reports: dict[tuple[str, str], Mapping[str, Any]]
    counts: dict[str, Mapping[str, int]]
    sizes: dict[str, int]


def run(out: Path, console: Console) -> None:
    """Runs the plan, replaces earlier results in ``out``, prints the table."""
    results = Results({}, {}, {})
    for family, options, solver, seconds in PLAN:
        _run_one(out, family, options, solver, seconds, results)
    plots.plot_nonzeros(
        results.counts, results.sizes, out / "nonzeros.png", title="What is left of each layer"
    )
    with (out / "table.txt").open("w") as file:
        for place in (console, Console(file=file, width=WIDTH)):
            place.print(_table(results))
            _explain(results, place)
    console.print(
        f"The table, runs, traces and plots are in {out}. "
        f"Prove one again: lagrange verify {out}/lasso-admm"
    )


def _run_one(
    out: Path,
    family: str,
    options: Mapping[str, Any],
    solver: str,
    seconds: float,
    results: Results,
) -> None:
    """One run, saved, plotted and verified from its folder."""
    instance = families.resolve(family)(**options)
    with Progress(f"{instance.name} {solver}") as progress:
        run = runs.execute(family, options, instance, solver, seconds=seconds, observe=progress)
    folder = out / f"{family}-{solver}"
    report = run_folder.save(run, folder, overwrite=True)
    if run.error is not None:
        raise ValueError(f"{family} by {solver}: {run.error}")
    wrong = run_folder.verify(run_folder.load(folder), instance)
    if wrong:
        raise ValueError(f"{folder}: {'; '.join(wrong)}")
    title, trace = f"{instance.name} by {solver}", run.solution.trace
    plots.plot_residuals(trace, folder / "residuals.png", title=title)
    if run.solution.state.best.multipliers is not None:  # bounds were proved along the way
        plots.plot_bounds(trace, folder / "bounds.png", title=title)
    results.reports[family, solver] = report
    if family == "pruning" and run.point is not None:
        layers = {name: run.point[name] for name in run.solution.multipliers}
        results.sizes.update({name: array.size for name, array in layers.items()})
        results.counts[solver] = {name: int((a != 0).sum()) for name, a in layers.items()}


def _table(results: Results) -> Table:
    table = Table(title="Three worlds, one engine")
    for column in ("world", "solver", "number", "value", "proved?"):
        table.add_column(column)
    for (family, solver), report in results.reports.items():
        for name in SHOWN:
            value = report.get(name)
            if value is None:
                continue
            shown = f"{value:.8g}" if isinstance(value, float) else str(value)
            verdict = meaning(name, bool(report["certified"])).verdict(value)
            table.add_row(family, solver, name, shown, verdict)
        table.add_section()
    return table


def _explain(results: Results, console: Console) -> None:
    """What each number in the table means, once."""
    present = {name for report in results.reports.values() for name in report}
    for name in SHOWN:
        if name in present:
            console.print(f"  {name}: {MEANINGS[name].text}")
