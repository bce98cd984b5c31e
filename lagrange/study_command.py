"""``lagrange study`` and ``lagrange report``: run a grid, resume it, write its report."""

from pathlib import Path
from typing import Annotated

import typer

from lagrange.study import cluster, plan, runner
from lagrange.study.cell import finished
from lagrange.study.check import check
from lagrange.study.live import GridProgress
from lagrange.study.report import build, remarks
from lagrange.study.results import FINISHED, cells_folder
from lagrange.whole_files import put

COPY = "study.toml"
INTERRUPTED = 130


def study(
    file: Annotated[Path, typer.Argument(help="The study file.")],
    workers: Annotated[int | None, typer.Option(help="Cells at a time; all processors.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; runs/study-NAME unless given.")] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler.")] = None,
) -> None:
    """Run a grid of problem × solver × settings × seed, each cell in a folder of its own.

    What is finished is not run again; what was killed goes on from its checkpoint, or anew where there
    is none. The report is written at the end: DIR/report.html, DIR/report.md, DIR/results.csv.
    """
    wanted = plan.read(file)
    if workers is not None:
        runner.require_workers(workers)
    check(wanted)
    folder = out or Path("runs") / f"study-{wanted.name}"
    _require_own(folder, wanted)
    folder.mkdir(parents=True, exist_ok=True)
    put(folder / COPY, wanted.text)
    try:
        _run(wanted, folder, workers or runner.default_workers(), dask)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the same command goes on: {folder}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _report(wanted, folder)


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a study.")],
) -> None:
    """Write the report of a study again, from its folder alone; nothing is run."""
    if not (folder / COPY).is_file():
        raise ValueError(
            f"{folder} is no folder of a study, as lagrange study leaves it: no {COPY} in it"
        )
    _report(plan.read(folder / COPY), folder)


def _require_own(folder: Path, wanted: plan.Study) -> None:
    """Another study's folder stays as it is; a study that has grown goes on in its own."""
    there = plan.read(folder / COPY).name if (folder / COPY).is_file() else wanted.name
    if there != wanted.name:
        raise ValueError(
            f"{folder} holds the study {there!r}, this one is {wanted.name!r}: give another --out"
        )


def _run(wanted: plan.Study, folder: Path, workers: int, dask: str | None) -> None:
    cells = cells_folder(folder)
    done = sum(finished(cells / cell.folder) for cell in wanted.cells)
    with GridProgress(wanted.name, len(wanted.cells), done) as progress:
        if dask is None:
            with runner.processes() as slots:
                runner.run(wanted, folder, slots, workers, progress)
        else:
            with cluster.cluster(dask) as (slots, count):
                runner.run(wanted, folder.resolve(), slots, count, progress)


def _report(wanted: plan.Study, folder: Path) -> None:
    results = build(wanted, folder)
    typer.echo(f"the report is in {folder / 'report.html'} and {folder / 'report.md'}")
    for remark in remarks(wanted, results, folder):
        typer.echo(remark, err=True)
    bad = [r for r in results if r.state != FINISHED]
    for r in bad:
        typer.echo(f"{r.state}: {r.cell}: {r.marker.get('error', 'run the study again')}", err=True)
    if bad:
        raise typer.Exit(1)
