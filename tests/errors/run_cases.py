"""Runs, run folders, families, the command line: what they refuse."""

import json
import sys
from dataclasses import dataclass, replace

import numpy as np

import lagrange
from lagrange import demo, families, run_folder, runs
from lagrange.instances import Instance, Method
from lagrange.run_folder import RunError
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant
from tests.errors.case import Case, command
from tests.errors.small import Fixed, problem

TINY = ("--kind", "A", "--agents", "2", "--jobs", "4", "--steps", "3")


@dataclass(frozen=True)
class Later:
    """A block that does nothing twice, then raises."""

    error: BaseException

    def respond(self, price, query, start):
        if start is not None and start.cost >= 1:
            raise self.error
        return replace(
            Fixed({"a": np.ones(2)}).respond(price, query, start), cost=float(start is not None)
        )


def _instance(*blocks):
    method = Method(problem(*blocks), Subgradient(Constant(1.0)), 9)
    return Instance("own", "a test", {"subgradient": lambda steps: method})


def failing() -> Instance:
    return _instance(Later(ZeroDivisionError("the oracle gave up")))


def interrupted() -> Instance:
    return _instance(Later(KeyboardInterrupt()))


def fine(*, size: int = 1, fast: bool = False) -> Instance:
    return _instance()


def _own(function):
    return f"{__name__}:{function.__name__}"


def _saved(place, name="run"):
    """A small saved run."""
    folder = place.folder / name
    options = {"kind": "A", "agents": 2, "jobs": 4}
    run = runs.execute("assignment", options, families.resolve("assignment")(**options), steps=3)
    run_folder.save(run, folder)
    return folder


def saved_twice(place):
    folder = _saved(place)
    _saved(place, folder.name)


def solved_twice(place):
    folder = _saved(place)
    command(place, "solve", "assignment", *TINY, "--out", str(folder))


def unwritable(place):
    (place.folder / "run").write_text("a file")
    _saved(place)


def _changed(place, change):
    """run.json after a change of its text, loaded."""
    folder = _saved(place)
    file = folder / "run.json"
    file.write_text(change(file.read_text()))
    run_folder.load(folder)


def truncated_npz(place):
    folder = _saved(place)
    whole = (folder / "multipliers.npz").read_bytes()
    (folder / "multipliers.npz").write_bytes(whole[: len(whole) // 2])
    run_folder.load(folder)


def missing_npz(place):
    folder = _saved(place)
    (folder / "multipliers.npz").unlink()
    run_folder.load(folder)


def tampered(place):
    folder = _saved(place)
    document = json.loads((folder / "run.json").read_text())
    document["report"]["lower_bound"] += 1
    (folder / "run.json").write_text(json.dumps(document))
    command(place, "verify", str(folder))


def verify_own(place):
    run = runs.execute(_own(fine), {}, fine(), steps=3)
    run_folder.save(run, place.folder / "run")
    command(place, "verify", "run")


def hidden_torch(place):
    place.patch.setitem(sys.modules, "torch", None)
    place.patch.delitem(sys.modules, "problems.pruning", raising=False)
    families.resolve("pruning")


def hidden_matplotlib(place):
    for name in [n for n in sys.modules if n.startswith("matplotlib.")]:
        place.patch.delitem(sys.modules, name)
    place.patch.setitem(sys.modules, "matplotlib", None)
    for name in ("demo", "plots"):
        place.patch.delitem(sys.modules, f"lagrange.{name}", raising=False)
        place.patch.delattr(lagrange, name, raising=False)
    command(place, "demo")


def demo_of_a_failure(place):
    place.patch.setattr(demo, "PLAN", ((_own(failing), {}, "subgradient", 9.0),))
    demo.run(place.folder, None)


def demo_of_a_wrong_claim(place):
    place.patch.setattr(demo, "PLAN", ((_own(fine), {}, "subgradient", 9.0),))
    place.patch.setattr(run_folder, "verify", lambda *_: ["lower_bound: claimed 2, proved 1"])
    demo.run(place.folder, None)


def parse(*words):
    return families.parse_options(fine, words)


CASES = [
    # families
    *[
        Case(
            f"family {name!r}",
            lambda _, n=name: families.resolve(n),
            ValueError,
            (repr(name), "assignment, lasso, pruning", "module:function"),
        )
        for name in ("knapsack", "", ":f", "m:")
    ],
    Case(
        "module that is not there",
        lambda _: families.resolve("no_such_module:make"),
        ValueError,
        ("'no_such_module:make'", "No module named 'no_such_module'"),
    ),
    Case(
        "function that is not there",
        lambda _: families.resolve("problems.lasso:ridge"),
        ValueError,
        ("problems.lasso", "no function 'ridge'"),
    ),
    Case(
        "function that is a number",
        lambda _: families.resolve("problems.lasso:EXACT_COLUMNS"),
        ValueError,
        ("problems.lasso", "no function 'EXACT_COLUMNS'"),
    ),
    Case(
        "pruning without torch", hidden_torch, ValueError, ("'pruning' needs torch", "pip install")
    ),
    Case(
        "option unknown",
        lambda _: parse("--speed", "3"),
        ValueError,
        ("'--speed'", "--size, --fast"),
    ),
    Case("word that is no option", lambda _: parse("size=3"), ValueError, ("'size=3'", "--size")),
    Case(
        "option without a value", lambda _: parse("--size"), ValueError, ("--size", "needs a value")
    ),
    Case("option not a number", lambda _: parse("--size=x"), ValueError, ("--size", "int", "'x'")),
    Case(
        "option not whole", lambda _: parse("--size", "2.5"), ValueError, ("--size", "int", "'2.5'")
    ),
    Case(
        "option neither true nor false",
        lambda _: parse("--fast", "yes"),
        ValueError,
        ("--fast", "true or false", "'yes'"),
    ),
    # runs
    Case(
        "solver unknown",
        lambda _: runs.choose(fine(), "newton", None),
        ValueError,
        ("own", "'newton'", "it has subgradient"),
    ),
    Case("steps 0", lambda _: runs.choose(fine(), None, 0), ValueError, ("at least 1", "got 0")),
    # run folders
    Case(
        "run folder that is not there",
        lambda place: run_folder.load(place.folder / "lost"),
        RunError,
        ("lost", "not a run folder", "no such folder"),
    ),
    Case(
        "run folder without run.json",
        lambda place: run_folder.load(place.folder),
        RunError,
        ("not a run folder", "no run.json"),
    ),
    Case(
        "run.json truncated",
        lambda place: _changed(place, lambda text: text[: len(text) // 2]),
        RunError,
        ("run.json is broken",),
    ),
    Case("run.json empty", lambda place: _changed(place, lambda _: ""), RunError, ("is broken",)),
    Case(
        "run.json with a list",
        lambda place: _changed(place, lambda _: "[1]"),
        RunError,
        ("lacks", "report"),
    ),
    Case(
        "run.json of something else",
        lambda place: _changed(place, lambda _: '{"format": 1}'),
        RunError,
        ("not the record of a run", "report"),
    ),
    Case(
        "run.json of another format",
        lambda place: _changed(place, lambda text: text.replace('"format": 1', '"format": 77')),
        RunError,
        ("has format 77", "not 1"),
    ),
    Case("npz truncated", truncated_npz, RunError, ("cannot read", "multipliers.npz")),
    Case("npz missing", missing_npz, RunError, ("cannot read", "multipliers.npz")),
    Case("saved twice", saved_twice, RunError, ("already holds a run", "--out")),
    Case("folder that is a file", unwritable, RunError, ("run", "is a file", "--out")),
    # the command line: exit status and standard error
    Case(
        "--version", lambda p: command(p, "--version"), SystemExit, (f"0 {lagrange.__version__}",)
    ),
    Case("solved twice", solved_twice, SystemExit, ("1 error:", "already holds a run", "--out")),
    *[
        Case(
            f"--time-limit {limit}",
            lambda p, v=limit: command(p, "solve", "assignment", "--time-limit", v),
            SystemExit,
            ("1 error: --time-limit must be > 0", f"got {float(limit)}"),
        )
        for limit in ("0", "-1", "nan")
    ],
    Case(
        "block that fails",
        lambda p: command(p, "solve", _own(failing), "--out", "run"),
        SystemExit,
        ("1 error: step 3: the oracle gave up", "saved in run"),
    ),
    Case(
        "Ctrl-C",
        lambda p: command(p, "solve", _own(interrupted), "--out", "run"),
        SystemExit,
        ("130 ", "interrupted", "saved in run"),
    ),
    Case(
        "verify a family of one's own",
        verify_own,
        SystemExit,
        ("1 error: run names", _own(fine), "not built in", f"--family {_own(fine)}"),
    ),
    Case("verify a wrong claim", tampered, SystemExit, ("1 NOT PROVED", "lower_bound: claimed")),
    Case(
        "demo without matplotlib",
        hidden_matplotlib,
        SystemExit,
        ("1 error:", "needs matplotlib", "pip install"),
    ),
    Case("demo that fails", demo_of_a_failure, ValueError, ("failing", "the oracle gave up")),
    Case("demo that claims too much", demo_of_a_wrong_claim, ValueError, ("claimed 2, proved 1",)),
]
