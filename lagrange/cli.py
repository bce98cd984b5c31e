"""The command line: demo, solve, study, report, verify, certify, falsify."""

import inspect
import json
import os
import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lagrange import families, run_folder, runs
from lagrange.certify import certify_run
from lagrange.certify_saved import certify_saved, trusted_instance
from lagrange.falsify_command import falsify
from lagrange.live import Progress
from lagrange.meaning import meaning
from lagrange.status import Status
from lagrange.study_command import report as study_report
from lagrange.study_command import study
from lagrange.version import __version__

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
BEGAN = perf_counter()
FAMILIES = f"{', '.join(families.BUILT_IN)}, or module:function of your own."
LIMIT = "Seconds for the whole command but compiling loops: proving and saving included."
TOLD = 2.0  # seconds of compiling from which they are told
INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended
STOPPED = Status.INTERRUPTED.name.lower()


def main() -> None:
    """The entry point: every expected failure is one line on standard error and exit status 1."""
    # small networks: more threads only wait for each other. torch reads this when it is imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.path.append(str(Path.cwd()))  # module:function of one's own, as `python -m` finds it
    try:
        app()
    except (ValueError, OSError) as error:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        console.print(f"error: {error}", style="bold red")
        raise SystemExit(1) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Lagrangian decomposition for research."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def solve(
    context: typer.Context,
    family: Annotated[str, typer.Argument(help=FAMILIES)],
    solver: Annotated[str | None, typer.Option(help="One of the family's solvers.")] = None,
    time_limit: Annotated[float | None, typer.Option(help=LIMIT)] = None,
    steps: Annotated[
        int | None, typer.Option(help="Most steps; schedules are made for as many.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
) -> None:
    """Solve one instance of a family and save the run.

    Options of the family itself follow its name: see ``lagrange options FAMILY``.
    """
    options = families.parse_options(families.resolve(family), context.args)
    if time_limit is not None and not time_limit > 0:
        raise ValueError(f"--time-limit must be > 0, got {time_limit}")
    instance = families.make(family, options)
    folder = out or run_folder.default_folder(family, instance)
    run_folder.require_free(folder)
    seconds = None if time_limit is None else _for_the_solver(time_limit, instance.reserve)
    with Progress(instance.name, instance.sense) as progress:
        try:
            run = runs.execute(
                family, options, instance, solver, steps=steps, seconds=seconds, observe=progress
            )
        except KeyboardInterrupt:
            typer.echo("interrupted before the solver began: there is nothing to save", err=True)
            if as_json:
                typer.echo(json.dumps(runs.unmeasured(instance, STOPPED)))
            raise typer.Exit(INTERRUPTED) from None
    try:
        report = run_folder.save(run, folder)
    except KeyboardInterrupt:
        report = dict(run_folder.load(folder).report)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _print_report(run, report)
    if run.error is not None:
        raise ValueError(f"{run.error} (what was found before is saved in {folder})")
    if report["status"] == STOPPED:
        raise typer.Exit(INTERRUPTED)


@app.command("options")
def show_options(
    family: Annotated[str, typer.Argument(help=FAMILIES)],
) -> None:
    """List the options of a family, their defaults, and its solvers."""
    make = families.resolve(family)
    typer.echo(inspect.cleandoc(make.__doc__ or family))
    typer.echo("\noptions")
    defaults = inspect.signature(make).parameters
    for name, kind in families.option_types(make).items():
        default = defaults[name].default
        shown = "required" if name in families.required(make) else f"default {default}"
        typer.echo(f"  --{name.replace('_', '-')} {kind.__name__.upper()}  ({shown})")
    if not families.required(make):
        methods = list(families.make(family, {}).methods)
        typer.echo(f"solvers\n  {', '.join(methods)} (the first unless --solver names another)")


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    family: Annotated[
        str | None,
        typer.Option(help="Needed for a run of a module:function family, whose code will be run."),
    ] = None,
) -> None:
    """Prove the claims of a saved run again, in exact arithmetic, without the solver."""
    saved = run_folder.load(run)
    instance = trusted_instance(saved, family)
    wrong = run_folder.verify(saved, instance)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for line in wrong:
        console.print(f"NOT PROVED  {line}")
    if wrong:
        raise typer.Exit(1)
    proved = {"dual_value", "lower_bound", "upper_bound", "gap"}
    proved |= set(() if instance.exact is None else instance.exact.fact_names)
    if saved.report["status"] == Status.OPTIMAL.name.lower():
        proved.add("status")
    for name, value in saved.report.items():
        if value is None or name in ("run", "sense", "certified"):
            continue
        label = "proved     " if name in proved else "not checked"
        console.print(f"{label} {name} = {value}: {meaning(name, True, instance.sense).text}")
    console.print(
        f"{run}: bounds and counts are proved, in rational arithmetic; what was measured in the run "
        "is not checked"
    )


@app.command()
def certify(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    family: Annotated[
        str | None,
        typer.Option(help="Needed for a run of a module:function family, whose code will be run."),
    ] = None,
) -> None:
    """Say of every theorem that could license a saved run which of its hypotheses hold.

    Claims of run.json that are not proved are listed too. The exit status is 0 whatever is found, 1
    only where the run cannot be read: ``lagrange verify`` is the one that fails.
    """
    saved = run_folder.load(run)
    instance = trusted_instance(saved, family)
    for line in certify_saved(saved, instance).as_lines():
        typer.echo(line)
    for line in run_folder.verify(saved, instance) if instance.exact is not None else ():
        typer.echo(f"NOT PROVED    {line} (see lagrange verify)")


app.command()(study)
app.command("report")(study_report)
app.command()(falsify)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = Path("runs/demo"),
) -> None:
    """Three worlds in about a minute: assignment, lasso, pruning; plots and a table."""
    try:
        from lagrange import demo as demonstration  # matplotlib is an extra
    except ModuleNotFoundError as error:
        raise ValueError(f"the demo needs {error.name}: pip install 'lagrange[all]'") from None
    demonstration.run(out, Console(highlight=False))


def _for_the_solver(time_limit: float, reserve: float) -> float:
    """What is left of a time limit for the solver: a share is kept for proving and measuring."""
    return max(1e-3, (time_limit - (perf_counter() - BEGAN)) * (1.0 - reserve))


def _print_report(run: runs.Finished, report: dict[str, Any]) -> None:
    table = Table(title=f"{run.instance.name} by {run.solver_name} ({run.instance.sense}imization)")
    for column in ("", "value", "proved?", "meaning"):
        table.add_column(column, overflow="fold")
    for name, value in report.items():
        if name in ("run", "sense", "status", "certified", "error"):
            continue
        text = meaning(name, bool(report["certified"]), run.instance.sense)
        table.add_row(name, "–" if value is None else _shown(value), text.verdict(value), text.text)
    console = Console(highlight=False)
    console.print(table)
    console.print(run.solution.message, markup=False)
    if report["status"] == STOPPED and run.solution.status is not Status.INTERRUPTED:
        console.print("interrupted after that: what is not available was not measured")
    console.print(certify_run(run).line, markup=False)
    if run.instance.exact is None:
        console.print("bounds are the solver's own: this instance has no exact recomputation")
    if run.prepared > TOLD:
        console.print(f"loops were compiled in {run.prepared:.0f} s before that, off the clock")
    console.print(f"saved in {report['run']}", markup=False)
    if run.instance.use and report["status"] != STOPPED and run.error is None:
        line = run.instance.use.replace("{run}", report["run"])
        console.print(f"load it: {line}", markup=False, soft_wrap=True)


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
