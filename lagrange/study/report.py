"""The report of a study, from its folders alone: report.html (self-contained), report.md, figures/,
and results.csv with the numbers of every cell.

Nothing is run. Only finished cells whose files are whole count; the others are listed with what is
wrong with them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from lagrange.checkpoint import WENT_ON
from lagrange.study import tables
from lagrange.study.document import Heading, Part, Picture, Table, Text, as_html, as_markdown
from lagrange.study.plan import Study
from lagrange.study.results import FINISHED, STATES, Result, as_csv, cells_folder, collect, strays
from lagrange.whole_files import put

Draw = Callable[[Study, Sequence[Result], str, Path], bool]
PAIRED = (
    "Differences are paired by seed. An interval that contains 0 means: cannot be told apart at this "
    "number of seeds. Of many intervals some miss by chance, at {confidence:g} % about one in "
    "{one_in:.0f}."
)
RESUMED = (
    "Cells that went on from a checkpoint: {}. Their seconds leave out what lay between it and the "
    "end of that attempt."
)
STRAYS = "{} folders in {}/ belong to no cell of this study and are left out: {}, …"
UNEQUAL = "Budgets differ between solvers: see the table of budgets before comparing."
BY_THE_CLOCK = "Budgets in seconds: the numbers depend on the machine and are not repeatable."


def build(study: Study, folder: Path) -> list[Result]:
    """Writes the report of what is there, and returns the results it is made of."""
    results = collect(study, folder)
    parts: list[Part] = [Heading(study.name, 1), *_summary(study, results)]
    parts += [Text(remark) for remark in remarks(study, results, folder)]
    draw = _figures()
    for problem in study.problems:
        parts += _of_problem(study, results, problem, folder, draw)
    parts += [
        Heading("Certificates"),
        tables.certificates(study, results),
        Heading("Budgets"),
        tables.budgets(study),
        Heading("Cells"),
        tables.cells(results),
        *_versions(results),
    ]
    put(folder / "report.md", as_markdown(parts, folder))
    put(folder / "results.csv", as_csv(results))
    put(folder / "report.html", as_html(parts, study.name))
    return results


def _summary(study: Study, results: Sequence[Result]) -> list[Part]:
    states = Counter(r.state for r in results)
    counted = ", ".join(f"{states[state]} {state}" for state in STATES if states[state])
    minutes = sum(r.marker["seconds"] for r in results if r.marker) / 60
    parts: list[Part] = [Text(f"{len(results)} cells: {counted}; {minutes:.1f} minutes in all.")]
    begun = sum(r.marker.get("note", "").startswith(WENT_ON) for r in results)
    if begun:
        parts.append(Text(RESUMED.format(begun)))
    one_in = 1 / (1 - study.confidence)
    parts.append(Text(PAIRED.format(confidence=100 * study.confidence, one_in=one_in)))
    for problem in study.problems:
        cells = [c for c in study.cells if c.problem == problem]
        if len({(c.steps, c.seconds) for c in cells}) > 1:
            parts.append(Text(f"{problem}: {UNEQUAL}"))
    if any(c.seconds is not None for c in study.cells):
        parts.append(Text(BY_THE_CLOCK))
    return parts


def remarks(study: Study, results: Sequence[Result], folder: Path) -> list[str]:
    """What is likely a mistake: metrics that no run measured, runs of no cell."""
    out: list[str] = []
    measured = {name for r in results for name in r.report if r.number(name) is not None}
    unknown = [name for name in study.metrics if name not in measured]
    if unknown and measured:
        known = ", ".join(sorted(measured))
        out.append(f"No run measured {', '.join(unknown)}. They measured {known}.")
    if others := strays(study, folder):
        out.append(STRAYS.format(len(others), cells_folder(folder).name, ", ".join(others[:3])))
    return out


def _of_problem(
    study: Study,
    results: Sequence[Result],
    problem: str,
    folder: Path,
    draw: Sequence[tuple[str, Draw]],
) -> list[Part]:
    parts: list[Part] = [Heading(problem), tables.numbers(study, results, problem)]
    more = (
        tables.comparisons(study, results, problem),
        tables.layers(study, results, problem),
    )
    parts += [table for table in more if table is not None]
    (folder / "figures").mkdir(exist_ok=True)
    number = study.problems.index(problem) + 1
    for name, figure in draw:
        path = folder / "figures" / f"{number}-{name}.png"
        if figure(study, results, problem, path):
            parts.append(Picture(path, f"{problem}: {name}"))
    if not draw:
        parts.append(Text("No figures: they need matplotlib, pip install 'lagrange[plots]'."))
    return parts


def _figures() -> Sequence[tuple[str, Draw]]:
    try:
        from lagrange.study import figures  # matplotlib is an extra
    except ModuleNotFoundError:
        return ()
    return (
        ("metric", figures.metric),
        ("convergence", figures.convergence),
        ("layers", figures.layers),
    )


def _versions(results: Sequence[Result]) -> list[Part]:
    """Where and with what the finished cells were run; more than one row is worth a look."""
    seen: dict[tuple[str, str], int] = Counter()
    for r in results:
        if r.state == FINISHED:
            said = ", ".join(f"{name} {v}" for name, v in r.document["versions"].items())
            seen[r.marker["machine"], said] += 1
    rows = [[str(count), machine, said] for (machine, said), count in seen.items()]
    return [Heading("Where"), Table(("cells", "machine", "versions"), rows)] if rows else []
