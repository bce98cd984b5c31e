"""A study file and the cells that it stands for.

A study file is TOML:

[study]
name = "slr"
seeds = [0, 1, 2]               # given to the families' option ``seed``; a problem or a solver may
                                # have seeds of its own, the solver's first
metrics = ["gap", "seconds"]    # numbers of the run's report; the first is plotted
baseline = "subgradient"        # what the others are compared with, a solver's label
steps = 200                     # budget of a run; seconds = 60 besides or instead
checkpoint = 30                 # seconds between two checkpoints of a run
confidence = 0.95               # of the intervals

[[problem]]
family = "assignment"           # name = "..." unless the family's is to be shown
options = { agents = 5, jobs = [40, 60] }       # a list is an axis of the grid

[[solver]]
name = "surrogate"              # label = "..."; steps, seconds: a budget of its own
options = {}                    # more options of the family, for this solver
problems = ["assignment"]       # the problems that it is put to, all unless given
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, cast

from lagrange.study.lines import Lines

Options = Mapping[str, Any]  # of a family: numbers, strings, true and false
NUMBER, COUNT = (int, float), (int,)
STUDY = {
    "name": (str,),
    "seeds": (list,),
    "metrics": (list,),
    "baseline": (str,),
    "steps": COUNT,
    "seconds": NUMBER,
    "checkpoint": NUMBER,
    "confidence": NUMBER,
}
PROBLEM = {"family": (str,), "name": (str,), "options": (dict,), "seeds": (list,)}
SOLVER = {
    "name": (str,),
    "label": (str,),
    "options": (dict,),
    "problems": (list,),
    "seeds": (list,),
    "steps": COUNT,
    "seconds": NUMBER,
}


@dataclass(frozen=True)
class Cell:
    """One run. ``where``: the lines of the study file that it comes from."""

    problem: str
    label: str
    seed: int | None
    family: str
    options: Options
    solver: str
    steps: int | None
    seconds: float | None
    where: str

    @property
    def spec(self) -> dict[str, Any]:
        """What the numbers depend on; labels are not in it."""
        return {
            "family": self.family,
            "options": dict(sorted(self.options.items())),
            "solver": self.solver,
            "steps": self.steps,
            "seconds": self.seconds,
        }

    @property
    def folder(self) -> str:
        """Name of its folder: the same for the same spec, another for another."""
        digest = hashlib.sha256(json.dumps(self.spec).encode()).hexdigest()[:10]
        seed = "" if self.seed is None else f"-{self.seed}"
        return f"{self.family.replace(':', '.')}-{self.solver}{seed}-{digest}"

    def __str__(self) -> str:
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"{self.problem}, {self.label}{seed}"


@dataclass(frozen=True)
class Study:
    """What a study file says; ``cells`` in its order: problems, then solvers, then seeds."""

    name: str
    cells: tuple[Cell, ...]
    metrics: tuple[str, ...]
    baseline: str | None
    checkpoint: float
    confidence: float
    text: str

    @property
    def problems(self) -> tuple[str, ...]:
        """Labels in the order of the file."""
        return tuple(dict.fromkeys(cell.problem for cell in self.cells))

    def labels(self, problem: str) -> tuple[str, ...]:
        """Of the solvers that are put to a problem."""
        return tuple(dict.fromkeys(c.label for c in self.cells if c.problem == problem))


def read(path: Path) -> Study:
    """The study of a file. Raises ValueError with the line for what is not understood."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ValueError(f"there is no study file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"{path} is no study file: {said}") from None
    lines = Lines(str(path), text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is no TOML: {error}") from None
    for table in document:
        lines.require(table in ("study", "problem", "solver"), table, None, _TABLES)
    head = cast("Any", document.get("study"))
    lines.require(isinstance(head, dict), "study", None, _TABLES)
    for table in ("problem", "solver"):
        found: Any = document.get(table)
        entries = cast("list[Any]", found if isinstance(found, list) else [])
        whole = bool(entries) and all(isinstance(entry, dict) for entry in entries)
        lines.require(whole, table, None, _TABLES)
    _require_keys(lines, "study", None, head, STUDY, ("name",))
    cells = tuple(_cells(lines, head, document["problem"], document["solver"]))
    study = Study(
        name=head["name"],
        cells=cells,
        metrics=tuple(head.get("metrics", ("lower_bound", "upper_bound", "gap"))),
        baseline=head.get("baseline"),
        checkpoint=float(head.get("checkpoint", 30.0)),
        confidence=float(head.get("confidence", 0.95)),
        text=text,
    )
    _require_sense(lines, study)
    return study


_TABLES = "a study file has one [study] and at least one [[problem]] and one [[solver]]"


def _require_keys(
    lines: Lines,
    table: str,
    index: int | None,
    given: Mapping[str, Any],
    kinds: Mapping[str, tuple[type, ...]],
    needed: Sequence[str],
) -> None:
    for key, value in given.items():
        known = f"{key!r} is none of its keys: {', '.join(kinds)}"
        lines.require(key in kinds, table, index, known, key)
        fits = isinstance(value, kinds[key]) and not isinstance(value, bool)
        names = " or ".join(kind.__name__ for kind in kinds[key])
        lines.require(fits, table, index, f"{key} must be of type {names}, got {value!r}", key)
    for key in needed:
        lines.require(key in given, table, index, f"it needs {key} = ...")


def _cells(
    lines: Lines, head: Mapping[str, Any], problems: list[Any], solvers: list[Any]
) -> list[Cell]:
    """The whole grid."""
    for i, given in enumerate(problems):
        _require_keys(lines, "problem", i, given, PROBLEM, ("family",))
    for k, given in enumerate(solvers):
        _require_keys(lines, "solver", k, given, SOLVER, ("name",))
    _require_axes(lines, "problem", problems)
    _require_axes(lines, "solver", solvers)
    _require_seeds(lines, head, problems, solvers)
    names = [p.get("name", p["family"]) for p in problems]
    for k, solver in enumerate(solvers):
        for name in solver.get("problems", ()):
            text = f"there is no problem {name!r}; there are {', '.join(names)}"
            lines.require(name in names, "solver", k, text, "problems")
    cells: list[Cell] = []
    for (i, problem), (k, solver) in product(enumerate(problems), enumerate(solvers)):
        if names[i] in solver.get("problems", names):
            where = f"{lines.place('problem', i)} and {lines.place('solver', k)}"
            seeds = {**head, **problem, **solver}.get("seeds", [None])
            cells += _of_pair(head, problem, solver, seeds, where)
    lines.require(bool(cells), "solver", 0, "no solver is put to any problem")
    _require_distinct(cells)
    order = {name: i for i, name in reversed(list(enumerate(c.problem for c in cells)))}
    return sorted(cells, key=lambda cell: order[cell.problem])


def _require_axes(lines: Lines, table: str, entries: Sequence[Any]) -> None:
    """An axis of the grid without a value would leave no cell."""
    for i, given in enumerate(entries):
        for name, value in given.get("options", {}).items():
            text = (
                f"option {name} is a list, an axis of the grid: give it at least one value, got []"
            )
            lines.require(value != [], table, i, text, "options")


def _require_seeds(
    lines: Lines, head: Mapping[str, Any], problems: Sequence[Any], solvers: Sequence[Any]
) -> None:
    """Different whole numbers, and no option ``seed`` besides."""
    tables = [("problem", i, given) for i, given in enumerate(problems)]
    tables += [("solver", k, given) for k, given in enumerate(solvers)]
    for table, i, given in (("study", None, head), *tables):
        seeds = given.get("seeds", [0])
        whole = all(isinstance(seed, int) for seed in seeds)
        distinct = len(set(map(str, seeds))) == len(seeds) > 0
        text = f"seeds must be at least one whole number, all different, got {seeds!r}"
        lines.require(whole and distinct, table, i, text, "seeds")
    seeded = any("seeds" in given for given in (head, *problems, *solvers))
    for table, i, given in tables if seeded else ():
        once = "seed" not in given.get("options", {})
        lines.require(once, table, i, "there are seeds already: leave the option seed out")


def _of_pair(
    head: Mapping[str, Any],
    problem: Mapping[str, Any],
    solver: Mapping[str, Any],
    seeds: Sequence[int | None],
    where: str,
) -> list[Cell]:
    """The cells of one [[problem]] and one [[solver]]."""
    cells: list[Cell] = []
    for more, options in _grid(problem.get("options", {})):
        name = problem.get("name", problem["family"]) + more
        for extra, settings in _grid(solver.get("options", {})):
            label = solver.get("label", solver["name"]) + extra
            steps, seconds = (solver.get(k, head.get(k)) for k in ("steps", "seconds"))
            for seed in seeds:
                own = {} if seed is None else {"seed": seed}
                every = {**options, **settings, **own}
                limit = None if seconds is None else float(seconds)
                cells.append(
                    Cell(
                        name, label, seed, problem["family"], every, solver["name"],
                        steps, limit, where,
                    )
                )  # fmt: skip
    return cells


def _grid(options: Options) -> list[tuple[str, Options]]:
    """Every choice of an entry from each list among the options, and how to call it."""
    axes = [name for name, value in options.items() if isinstance(value, list)]
    out: list[tuple[str, Options]] = []
    for values in product(*(options[name] for name in axes)):
        chosen = dict(zip(axes, values, strict=True))
        called = "".join(f" {name}={value}" for name, value in chosen.items())
        out.append((called, {**options, **chosen}))
    return out


def _require_distinct(cells: Sequence[Cell]) -> None:
    seen: dict[Any, Cell] = {}
    for cell in cells:
        for key in (cell.folder, (cell.problem, cell.label, cell.seed)):
            if key in seen:
                raise ValueError(
                    f"{cell.where}: {cell} is there twice; give it a label or a name of its own, or "
                    f"other options than {seen[key].where}"
                )
            seen[key] = cell


def _require_sense(lines: Lines, study: Study) -> None:
    """Of what [study] says about the report and the budgets."""
    labels = sorted({cell.label for cell in study.cells})
    text = f"baseline must be the label of a solver: {', '.join(labels)}; got {study.baseline!r}"
    lines.require(study.baseline in (None, *labels), "study", None, text, "baseline")
    text = f"metrics must be names of numbers in a report, got {study.metrics!r}"
    metrics: tuple[Any, ...] = study.metrics
    named = bool(metrics) and all(isinstance(name, str) for name in metrics)
    lines.require(named, "study", None, text, "metrics")
    text = f"confidence must lie in (0, 1), got {study.confidence}"
    lines.require(0 < study.confidence < 1, "study", None, text, "confidence")
    text = f"checkpoint must be ≥ 0 seconds, got {study.checkpoint}"
    lines.require(study.checkpoint >= 0, "study", None, text, "checkpoint")
    for cell in study.cells:
        for name, limit in (("steps", cell.steps), ("seconds", cell.seconds)):
            if limit is not None and not limit > 0:
                raise ValueError(f"{cell.where}: {name} must be > 0, got {limit}")
