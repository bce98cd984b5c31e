"""The tables of a report: numbers, comparisons, budgets, certificates, and the cells themselves."""

import math
from collections import Counter
from collections.abc import Sequence

from lagrange.certify import BESIDES
from lagrange.study.compare import Spread, compare, spread
from lagrange.study.document import Table
from lagrange.study.plan import Study
from lagrange.study.results import FINISHED, Result, by_seed, select
from lagrange.study.units import Unit, unit


def numbers(study: Study, results: Sequence[Result], problem: str) -> Table:
    """Mean ± standard deviation of each metric, a row a solver; n where it is not all seeds."""
    rows: list[list[str]] = []
    for label in study.labels(problem):
        found = select(results, problem, label)
        means = (
            _mean(spread([*by_seed(found, m).values()], study.confidence), len(found), unit(m))
            for m in study.metrics
        )
        rows.append([label, str(len(found)), *means])
    return Table(("solver", "runs", *(unit(m).heading for m in study.metrics)), rows)


def comparisons(study: Study, results: Sequence[Result], problem: str) -> Table | None:
    """Paired differences to the baseline; None where there is nothing to compare."""
    labels = study.labels(problem)
    baseline = study.baseline if study.baseline in labels else labels[0]
    rows: list[list[str]] = []
    for label in labels:
        if label == baseline:
            continue
        for metric in study.metrics:
            before, after = (
                by_seed(select(results, problem, s), metric) for s in (baseline, label)
            )
            found, verdict = compare(before, after, study.confidence)
            if found.n:
                interval = f"[{found.low:.3g}, {found.high:.3g}]" if found.n > 1 else "–"
                difference = f"{found.mean:+.3g}"
                pair, name = f"{label} − {baseline}", unit(metric).heading
                rows.append([pair, name, str(found.n), difference, interval, verdict])
    interval = f"{100 * study.confidence:g} % interval"
    header = ("difference", "metric", "n", "mean", interval, "verdict")
    return Table(header, rows) if rows else None


def budgets(study: Study) -> Table:
    """What each solver was allowed, a row for each different budget."""
    rows: dict[tuple[str, ...], None] = {}
    for cell in study.cells:
        limit = "–" if cell.seconds is None else f"{cell.seconds:g}"
        steps = "as the family advises" if cell.steps is None else str(cell.steps)
        rows[cell.problem, cell.label, cell.family, cell.solver, steps, limit] = None
    return Table(("problem", "label", "family", "solver", "steps", "seconds"), [*map(list, rows)])


def certificates(study: Study, results: Sequence[Result]) -> Table:
    """How many runs have bounds proved by exact recomputation, and how many each theorem on convergence
    licenses; ``certificate.md`` in a cell's folder says why the others do not.
    """
    rows: list[list[str]] = []
    for problem in study.problems:
        for label in study.labels(problem):
            found = select(results, problem, label)
            licensed = Counter(
                name
                for r in found
                for name in r.certificate["licensed"]
                if not name.endswith(BESIDES)
            )
            named = ", ".join(f"{name} ({count})" for name, count in licensed.items())
            proved = sum(bool(r.report.get("certified")) for r in found)
            rows.append([problem, label, str(len(found)), str(proved), named or "no theorem"])
    header = ("problem", "solver", "runs", "bounds proved", "convergence licensed by (runs)")
    return Table(header, rows)


def layers(study: Study, results: Sequence[Result], problem: str) -> Table | None:
    """Mean nonzeros of each layer; None where no run reports layers."""
    means = layer_means(study, results, problem)
    if not means:
        return None
    names = list(dict.fromkeys(name for by_layer in means.values() for name in by_layer))
    rows = [
        [label, *(_layer(by_layer.get(name)) for name in names)]
        for label, by_layer in means.items()
    ]
    return Table(("solver", *names), rows)


def layer_means(
    study: Study, results: Sequence[Result], problem: str
) -> dict[str, dict[str, tuple[float, int]]]:
    """By solver and layer: mean nonzeros over the seeds, and the size of the layer."""
    means: dict[str, dict[str, tuple[float, int]]] = {}
    for label in study.labels(problem):
        found = [r.marker["layers"] for r in select(results, problem, label)]
        for name in found[0] if found else ():
            counts = [by_layer[name] for by_layer in found]
            mean = math.fsum(nonzeros for nonzeros, _ in counts) / len(counts)
            means.setdefault(label, {})[name] = (mean, counts[0][1])
    return means


def cells(results: Sequence[Result]) -> Table:
    """One row a cell."""
    rows: list[list[str]] = []
    for r in results:
        seed = "–" if r.cell.seed is None else str(r.cell.seed)
        seconds = f"{r.marker['seconds']:.1f}" if r.marker else "–"
        said = str(r.report.get("status", "")) if r.state == FINISHED else ""
        note = "; ".join(filter(None, (said, r.marker.get("error"), r.marker.get("note"))))
        rows.append([r.cell.problem, r.cell.label, seed, r.state, seconds, note, r.folder.name])
    header = ("problem", "solver", "seed", "state", "seconds in all", "how it ended", "folder")
    return Table(header, rows)


def _mean(found: Spread, runs: int, shown: Unit) -> str:
    if found.n == 0:
        return "–"
    few = f" (n = {found.n})" if found.n < runs else ""
    mean = f"{found.mean:.{shown.digits}g}"
    if found.n == 1:
        return f"{mean}{few}"
    digits = ".2g" if found.deviation < 100 else ".0f"
    return f"{mean} ± {found.deviation:{digits}}{few}"


def _layer(found: tuple[float, int] | None) -> str:
    if found is None:
        return "–"
    nonzeros, size = found
    return f"{round(nonzeros, 1):.12g} of {size} ({100 * nonzeros / size:.3g} %)"
