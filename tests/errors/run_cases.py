"""Families by name, runs, run folders: what they refuse."""

import sys
from dataclasses import replace

import numpy as np

from lagrange import Feasible, families, run_folder, runs
from lagrange.run_folder import RunError
from tests.errors.case import Case
from tests.errors.families import fine, name_of, own_instance, saved_run
from tests.errors.small import Fixed


def saved_twice(place):
    folder = saved_run(place)
    saved_run(place, folder.name)


def unwritable(place):
    (place.folder / "run").write_text("a file")
    saved_run(place)


def not_empty(place):
    (place.folder / "run").mkdir()
    (place.folder / "run" / "notes.txt").write_text("mine")
    saved_run(place)


def interrupted_while_measuring(place):
    def measure(solution):
        raise KeyboardInterrupt

    instance = replace(own_instance(), measure=measure)
    run = runs.execute(name_of(fine), {}, instance, steps=1)
    run_folder.save(run, place.folder / "run")


def below_a_file(place):
    (place.folder / "run").write_text("a file")
    saved_run(place, "run/below")


def saving(point):
    """Saves a run whose feasible point is this."""
    instance = own_instance(Fixed({"a": np.zeros(2)}), recover=lambda _: Feasible(point, 0.0))
    run = runs.execute(name_of(fine), {}, instance, steps=1)
    return lambda place: run_folder.save(run, place.folder / "run")


def _changed(place, change):
    """run.json after a change of its text, loaded."""
    folder = saved_run(place)
    file = folder / "run.json"
    file.write_text(change(file.read_text()))
    run_folder.load(folder)


def truncated_npz(place):
    folder = saved_run(place)
    whole = (folder / "multipliers.npz").read_bytes()
    (folder / "multipliers.npz").write_bytes(whole[: len(whole) // 2])
    run_folder.load(folder)


def npz_of_words(place):
    folder = saved_run(place)
    np.savez(folder / "multipliers.npz", assign=np.array(["1", "2"]))
    run_folder.load(folder)


def missing_npz(place):
    folder = saved_run(place)
    (folder / "multipliers.npz").unlink()
    run_folder.load(folder)


def hidden_torch(place):
    place.patch.setitem(sys.modules, "torch", None)
    place.patch.delitem(sys.modules, "problems.pruning", raising=False)
    families.resolve("pruning")


def parse(*words):
    return families.parse_options(fine, words)


CASES = [
    # families
    *[
        Case(
            f"family {name!r}",
            lambda _, n=name: families.resolve(n),
            ValueError,
            (repr(name), "allocation, assignment", "lasso", "pruning", "module:function"),
        )
        for name in ("cutting_stock", "", ":f", "m:")
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
    Case(
        "option not a number",
        lambda _: parse("--size=x"),
        ValueError,
        ("--size", "a whole number", "'x'"),
    ),
    Case(
        "option not whole",
        lambda _: parse("--size", "2.5"),
        ValueError,
        ("--size", "a whole number", "'2.5'"),
    ),
    Case(
        "option neither true nor false",
        lambda _: parse("--fast", "yes"),
        ValueError,
        ("--fast", "true or false", "'yes'"),
    ),
    Case(
        "option that the family lacks",
        lambda _: families.make("lasso", {"speed": 3}),
        ValueError,
        ("'lasso'", "no option 'speed'", "'fraction'", "'table'"),
    ),
    *[
        Case(
            f"option {name} {value!r}",
            lambda _, n=name, v=value: families.make("lasso", {n: v}),
            ValueError,
            (repr(name), "'lasso'", f"must be {kind},", f"got {value!r}"),
        )
        for name, value, kind in (
            ("table", 5, "text"),
            ("rows", "5", "a whole number"),
            ("rows", 5.0, "a whole number"),
            ("rho", "1", "a number"),
            ("standardize", 1, "true or false"),
        )
    ],
    # runs
    Case(
        "solver unknown",
        lambda _: runs.choose(fine(), "newton", None),
        ValueError,
        ("'newton'", "it has subgradient"),
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
        lambda place: _changed(place, lambda text: text.replace('"format": 2', '"format": 77')),
        RunError,
        ("has format 77", "not 2"),
    ),
    Case(
        "run.json of an unknown status",
        lambda place: _changed(
            place, lambda text: text.replace('"status": "', '"status": "banana')
        ),
        RunError,
        ("status is 'banana", "optimal, gap_reached"),
    ),
    Case("npz of words", npz_of_words, RunError, ("multipliers.npz", "'assign' holds <U", "real")),
    Case("npz truncated", truncated_npz, RunError, ("cannot read", "multipliers.npz")),
    Case("npz missing", missing_npz, RunError, ("cannot read", "multipliers.npz")),
    Case("saved twice", saved_twice, RunError, ("already holds a run", "--out")),
    Case("folder that is a file", unwritable, RunError, ("run is a file", "--out")),
    Case("folder not empty", not_empty, RunError, ("run is not empty", "'notes.txt'", "--out")),
    Case("Ctrl-C while measuring", interrupted_while_measuring, KeyboardInterrupt, ()),
    Case("folder in a file", below_a_file, RunError, ("cannot write", "run", "Not a directory")),
    *[
        Case(
            f"point {what}",
            saving(point),
            RunError,
            ("'point'", "no array of numbers", "point_arrays"),
        )
        for what, point in (
            ("None", [None]),
            ("of words", ["a", "b"]),
            ("ragged", [[1.0], [2.0, 3.0]]),
        )
    ],
]
