"""The command line and the demo: exit status and standard error."""

import json
import sys
from dataclasses import replace

import lagrange
from lagrange import compiled, demo, run_folder, runs
from lagrange.engine import solve
from lagrange.status import Status
from problems import compiling
from tests.errors.case import Case, command
from tests.errors.families import early, failing, fine, interrupted, name_of, saved_run

TINY = ("--kind", "A", "--agents", "2", "--jobs", "4", "--steps", "3")


def solved_twice(place):
    folder = saved_run(place)
    command(place, "solve", "assignment", *TINY, "--out", str(folder))


def tampered(place):
    folder = saved_run(place)
    document = json.loads((folder / "run.json").read_text())
    document["report"]["lower_bound"] += 1
    (folder / "run.json").write_text(json.dumps(document))
    command(place, "verify", str(folder))


def verify_own(place):
    run = runs.execute(name_of(fine), {}, fine(), steps=3)
    run_folder.save(run, place.folder / "run")
    command(place, "verify", "run")


def interrupted_small_run(place):
    def interrupted(*given, **more):
        return replace(solve(*given, **more), status=Status.INTERRUPTED)

    place.patch.setattr(compiling, "solve", interrupted)
    place.patch.setattr(compiled, "is_available", lambda: True)
    command(place, "solve", "covering", "--solver", "volume", "--out", "run")


def hidden_matplotlib(place):
    for name in [n for n in sys.modules if n.startswith("matplotlib.")]:
        place.patch.delitem(sys.modules, name)
    place.patch.setitem(sys.modules, "matplotlib", None)
    for name in ("demo", "plots"):
        place.patch.delitem(sys.modules, f"lagrange.{name}", raising=False)
        place.patch.delattr(lagrange, name, raising=False)
    command(place, "demo")


def demo_of_a_failure(place):
    place.patch.setattr(demo, "PLAN", ((name_of(failing), {}, "subgradient", 9.0),))
    demo.run(place.folder, None)


def demo_of_a_wrong_claim(place):
    place.patch.setattr(demo, "PLAN", ((name_of(fine), {}, "subgradient", 9.0),))
    place.patch.setattr(run_folder, "verify", lambda *_: ["lower_bound: claimed 2, proved 1"])
    demo.run(place.folder, None)


CASES = [
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
        lambda p: command(p, "solve", name_of(failing), "--out", "run"),
        SystemExit,
        ("1 error: step 3: ZeroDivisionError: the oracle gave up", "saved in run"),
    ),
    Case(
        "Ctrl-C while loops are compiled",
        interrupted_small_run,
        SystemExit,
        ("130 ", "interrupted before the solver began", "nothing to save"),
    ),
    Case(
        "Ctrl-C",
        lambda p: command(p, "solve", name_of(interrupted), "--out", "run"),
        SystemExit,
        ("130 ", "interrupted", "saved in run"),
    ),
    Case(
        "Ctrl-C before the solver began",
        lambda p: command(p, "solve", name_of(early), "--out", "run"),
        SystemExit,
        ("130 ", "before the solver began", "nothing to save"),
    ),
    Case(
        "verify a family of one's own",
        verify_own,
        SystemExit,
        ("1 error: run names", name_of(fine), "not built in", f"--family {name_of(fine)}"),
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
